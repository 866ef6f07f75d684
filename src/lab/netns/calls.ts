/** Numbers of the kernel's calls: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const numbers = {
  x64: {
    ioctl: 16,
    shmget: 29,
    socket: 41,
    clone: 56,
    semget: 64,
    msgget: 68,
    syslog: 103,
    setsid: 112,
    setgroups: 116,
    setresuid: 117,
    setresgid: 119,
    modify_ldt: 154,
    prctl: 157,
    acct: 163,
    settimeofday: 164,
    mount: 165,
    swapon: 167,
    swapoff: 168,
    reboot: 169,
    iopl: 172,
    ioperm: 173,
    init_module: 175,
    delete_module: 176,
    quotactl: 179,
    lookup_dcookie: 212,
    clock_settime: 227,
    kexec_load: 246,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    unshare: 272,
    perf_event_open: 298,
    fanotify_init: 300,
    fanotify_mark: 301,
    prlimit64: 302,
    name_to_handle_at: 303,
    open_by_handle_at: 304,
    setns: 308,
    finit_module: 313,
    memfd_create: 319,
    kexec_file_load: 320,
    seccomp: 317,
    bpf: 321,
    userfaultfd: 323,
  },
  arm64: {
    ioctl: 29,
    shmget: 194,
    socket: 198,
    clone: 220,
    semget: 190,
    msgget: 186,
    syslog: 116,
    setsid: 157,
    setgroups: 159,
    setresuid: 147,
    setresgid: 149,
    modify_ldt: null,
    prctl: 167,
    acct: 89,
    settimeofday: 170,
    mount: 40,
    swapon: 224,
    swapoff: 225,
    reboot: 142,
    iopl: null,
    ioperm: null,
    init_module: 105,
    delete_module: 106,
    quotactl: 60,
    lookup_dcookie: 18,
    clock_settime: 112,
    kexec_load: 104,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    unshare: 97,
    perf_event_open: 241,
    fanotify_init: 262,
    fanotify_mark: 263,
    prlimit64: 261,
    name_to_handle_at: 264,
    open_by_handle_at: 265,
    setns: 268,
    finit_module: 273,
    memfd_create: 279,
    kexec_file_load: 294,
    seccomp: 277,
    bpf: 280,
    userfaultfd: 282,
  },
} as const

/** Later calls have one number on every machine. */
const everywhere = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  openat2: 437,
  mount_setattr: 442,
  quotactl_fd: 443,
  memfd_secret: 447,
  statmount: 457,
  listmount: 458,
} as const

export type Call = keyof (typeof numbers)['x64'] | keyof typeof everywhere

/** linux/audit.h: what the kernel calls this machine's kind of program. */
const architectures = { x64: 0xc000003e, arm64: 0xc00000b7 }

export interface Calls {
  architecture: number
  /** null: this machine has no such call. */
  number(call: Call): number | null
}

/** null: an architecture whose numbers are not known here. */
export function callsOf(arch: string): Calls | null {
  if (arch !== 'x64' && arch !== 'arm64') return null
  const all: Record<Call, number | null> = { ...numbers[arch], ...everywhere }
  return { architecture: architectures[arch], number: (call) => all[call] }
}
