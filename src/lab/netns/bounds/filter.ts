import { type Call, type Calls, callsOf } from '../calls.ts'

// The system calls of everything inside a world, as a seccomp filter (classic BPF, linux/filter.h). docs/isolation.md has
// the list as a table, with the reasons.

const errno = { EPERM: 1, ENOSYS: 38, EPROTONOSUPPORT: 93, EAFNOSUPPORT: 97 }
type Errno = keyof typeof errno

/** A program that gets ENOSYS assumes an old kernel and uses another call: glibc falls back to clone, mount to mount(2). */
const missing: Call[] = [
  ...(['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'userfaultfd', 'clone3'] as const),
  ...(['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'] as const),
  ...(['memfd_secret', 'statmount', 'listmount', 'quotactl_fd', 'lookup_dcookie'] as const),
]

const refused: Call[] = [
  ...(['add_key', 'request_key', 'keyctl', 'bpf', 'perf_event_open', 'syslog', 'reboot', 'acct'] as const),
  ...(['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'swapon'] as const),
  ...(['swapoff', 'quotactl', 'settimeofday', 'clock_settime', 'modify_ldt', 'iopl', 'ioperm'] as const),
  ...(['fanotify_init', 'fanotify_mark', 'name_to_handle_at', 'open_by_handle_at'] as const),
]

/** Memory that belongs to no process and no file system of ours: only a memory group can limit it. */
const unbounded: Call[] = ['memfd_create', 'shmget', 'msgget', 'semget']

/** The newest known call, removexattrat(2). Newer ones may do what older ones are refused for. */
const newestKnown = 466

// linux/sched.h. Under a new user namespace every capability comes back; the cgroup namespace marks a command's processes.
const clone = { time: 0x80, cgroup: 0x0200_0000, user: 0x1000_0000 }
// linux/mount.h
const ms = {
  readOnly: 1,
  remount: 0x20,
  bind: 0x1000,
  move: 0x2000,
  propagation: 0x1e_0000,
  magic: 0xc0ed_0000,
}
// asm-generic/ioctls.h: puts input into a terminal; selects text on a console.
const terminalInput = [0x5412, 0x541c]
// linux/socket.h: UNIX, INET, INET6, NETLINK, PACKET (tcpdump).
const families = [1, 2, 10, 16, 17]
const netlink = 16
// linux/netlink.h: ROUTE, SOCK_DIAG, XFRM, NETFILTER, GENERIC.
const protocols = [0, 4, 6, 12, 16]

type Instruction = [code: number, yes: number, no: number, value: number]
// linux/bpf_common.h, linux/seccomp.h
const load = (offset: number): Instruction => [0x20, 0, 0, offset]
const ifEqual = (value: number, yes: number, no: number): Instruction => [0x15, yes, no, value]
const ifAbove = (value: number, yes: number, no: number): Instruction => [0x25, yes, no, value]
const ifAnyBit = (value: number, yes: number, no: number): Instruction => [0x45, yes, no, value]
const keepBits = (value: number): Instruction => [0x54, 0, 0, value]
const allow: Instruction = [0x06, 0, 0, 0x7fff_0000]
const deny = (why: Errno): Instruction => [0x06, 0, 0, 0x0005_0000 | errno[why]]
const callNumber = 0
const architecture = 4
/** The lower half of an argument: the kernel uses no more of those that are checked here. */
const argument = (index: number): number => 16 + 8 * index

export interface FilterOptions {
  /** The world has a memory group, which limits this memory. */
  hasMemoryGroup: boolean
}

/** The filter for this machine, as hexadecimal; null: no filter is known for its architecture. */
export function filterFor(options: FilterOptions, arch: string = process.arch): string | null {
  const calls = callsOf(arch)
  return calls && encoded(program(calls, options))
}

function program(calls: Calls, { hasMemoryGroup }: FilterOptions): Instruction[] {
  const simple = (names: readonly Call[], why: Errno) =>
    names.flatMap((name) => onCall(calls, name, [deny(why)]))
  return [
    load(architecture),
    ifEqual(calls.architecture, 1, 0),
    deny('ENOSYS'), // programs for another kind of machine, whose calls have other numbers
    load(callNumber),
    ifAbove(newestKnown, 0, 1), // x32's numbers are above it, too
    deny('ENOSYS'),
    ...simple(missing, 'ENOSYS'),
    ...simple(refused, 'EPERM'),
    ...(hasMemoryGroup ? [] : simple(unbounded, 'ENOSYS')),
    ...onCall(calls, 'socket', socketRules),
    ...onCall(calls, 'clone', noBits(0, clone.user | clone.cgroup)),
    ...onCall(calls, 'unshare', noBits(0, clone.user | clone.cgroup | clone.time)),
    // 0 stands for any kind, whatever the descriptor is.
    ...onCall(calls, 'setns', [
      load(argument(1)),
      ifEqual(0, 1, 0),
      ifAnyBit(clone.user | clone.cgroup | clone.time, 0, 1),
      deny('EPERM'),
      allow,
    ]),
    ...onCall(calls, 'mount', mountRules),
    // New limits for the first process could end it, and all of the world with it.
    ...onCall(calls, 'prlimit64', [load(argument(0)), ...oneOf([1], deny('EPERM'), allow)]),
    ...onCall(calls, 'ioctl', [load(argument(1)), ...oneOf(terminalInput, deny('EPERM'), allow)]),
    allow,
  ]
}

/** Rules for one call; they must end in a decision. */
function onCall(calls: Calls, name: Call, rules: readonly Instruction[]): Instruction[] {
  const number = calls.number(name)
  return number === null ? [] : [ifEqual(number, 0, rules.length), ...rules]
}

const noBits = (index: number, bits: number): Instruction[] => [
  load(argument(index)),
  ifAnyBit(bits, 0, 1),
  deny('EPERM'),
  allow,
]

function oneOf(values: readonly number[], then: Instruction, otherwise: Instruction): Instruction[] {
  const tests = values.map((value, i) => ifEqual(value, values.length - i, 0))
  return [...tests, otherwise, then]
}

const socketRules: Instruction[] = [
  load(argument(0)),
  ifEqual(netlink, 0, 2 + protocols.length + 1),
  load(argument(2)),
  ...oneOf(protocols, allow, deny('EPROTONOSUPPORT')),
  ...oneOf(families, allow, deny('EAFNOSUPPORT')),
]

/**
 * Binds, moves and propagation changes, told apart from a new or a larger file system. The host's folders and programs are
 * bound read-only and must stay so: some of their files may belong to the caller.
 */
const mountRules: Instruction[] = [
  load(argument(3)),
  ifAnyBit(ms.remount, 0, 4),
  ifAnyBit(ms.bind, 0, 1), // a remount that is no bind changes the file system itself
  ifAnyBit(ms.readOnly, 1, 0),
  deny('EPERM'),
  allow,
  ifAnyBit(ms.bind | ms.move, 0, 1),
  allow,
  // The kernel ignores the upper half when it contains the magic number of old programs.
  keepBits(0xffff_0000),
  ifEqual(ms.magic, 1, 0),
  ifAnyBit(ms.propagation, 1, 0),
  deny('EPERM'),
  allow,
]

/** struct sock_filter in this machine's memory layout: both architectures are little-endian. */
function encoded(instructions: readonly Instruction[]): string {
  const bytes = Buffer.alloc(8 * instructions.length)
  for (const [i, [code, yes, no, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, 8 * i)
    bytes.writeUInt8(yes, 8 * i + 2)
    bytes.writeUInt8(no, 8 * i + 3)
    bytes.writeUInt32LE(value >>> 0, 8 * i + 4)
  }
  return bytes.toString('hex')
}
