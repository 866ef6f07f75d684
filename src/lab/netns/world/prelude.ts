import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Topology } from '../../../core/watch/topology.ts'
import { filterFor } from '../bounds/filter.ts'
import { mayOpen } from '../identity.ts'
import { lostCapabilities } from './enter.ts'
import { flagsAt, hostMounts, mountsBelow } from './mounts.ts'

const asset = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')

/** Addresses are the same in every world: each has a network of its own. */
const gateway = '10.0.0.1'
export const addressOf = (index: number): string => `10.0.0.${11 + index}`

/** A host program that the world does not have through /usr. */
export interface Extra {
  name: string
  file: string
  /** Copied through this descriptor of the set-up shell; without it the file is bound. */
  descriptor?: number
}

/** Path inside of a program that the world does not have through /usr. */
export const copyOf = (name: string): string => `/usr/local/bin/${name}`

const merged = ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32']
const hostFolders = ['/etc/alternatives', '/etc/iproute2', '/etc/terminfo']
const hostFiles = [
  '/etc/ld.so.cache',
  '/etc/protocols',
  '/etc/services',
  '/etc/debian_version',
  '/etc/bash.bashrc',
]
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
const emptyFolders = [
  'proc',
  'sys',
  'root',
  'home',
  'srv',
  'opt',
  'mnt',
  'var/lib',
  'var/tmp',
  'var/cache',
  'etc/svc',
]
const mib = 2 ** 20
const tmpfs = { tmp: 256 * mib, run: 16 * mib, 'var/log': 64 * mib }

/**
 * Options of a tmpfs. Empty files and extended attributes use the kernel's memory but none of the size, so the number of
 * files is limited: one per page, but no fewer than a program may need on a small disk.
 */
const sized = (bytes: number): string =>
  `size=${bytes},nr_inodes=${Math.max(4_096, Math.ceil(bytes / 4_096))}`

/** The whole set-up of a world as one script for its first process. */
export function setupScript(
  topology: Topology,
  extras: readonly Extra[],
  { hasMemory }: { hasMemory: boolean },
): string {
  const base = buildPlace(extras)
  const copied = extras.filter((extra) => extra.descriptor !== undefined)
  const localBytes = copied.reduce((sum, { file }) => sum + statSync(file).size, 1 << 20)
  const usable = devices.filter((name) => mayOpen(`/dev/${name}`))
  const links = merged.map((name) => [name, linkTarget(`/${name}`)] as const)
  const bound = [...links.filter(([, to]) => to === null).map(([name]) => `/${name}`), ...hostFolders].filter(
    existsSync,
  )
  const system = readdirSync('/usr', { withFileTypes: true }).filter(({ name }) => name !== 'local')
  // Never bind /usr as a whole: below a mount over its `local`, the host's folder would still be there.
  const readOnly = [
    ...system.filter((entry) => entry.isDirectory()).map(({ name }) => `/usr/${name}`),
    ...bound,
  ]
  const hosts = hostMounts()
  const readOnlyAt = (path: string): string => ['ro', ...flagsAt(path, hosts)].join()
  const remounts = readOnly
    .flatMap((folder) => mountsBelow(folder, hosts))
    .map((path) => `mount -o remount,bind,${readOnlyAt(path)} ${quote(base + path)}`)
  const dirs = [
    ...emptyFolders,
    ...Object.keys(tmpfs),
    'usr/local',
    'dev/pts',
    'dev/shm',
    ...readOnly.map((folder) => folder.slice(1)),
    ...topology.nodes.map((node) => node.dataDir.slice(1)),
  ]
  const mounts = [
    ...readOnly.map((folder) => `${folder} ${base}${folder} none rbind,${readOnlyAt(folder)}`),
    `none ${base}/usr/local tmpfs ${sized(localBytes)},mode=755`,
    `proc ${base}/proc proc nosuid,nodev,noexec`,
    ...usable.map((name) => `/dev/${name} ${base}/dev/${name} none bind`),
    // Hides how this machine was started.
    `/dev/null ${base}/proc/cmdline none bind`,
    `devpts ${base}/dev/pts devpts newinstance,ptmxmode=0666,mode=620,nosuid,noexec`,
    ...Object.entries(tmpfs).map(([name, size]) => `none ${base}/${name} tmpfs ${sized(size)},mode=755`),
    ...topology.nodes.map((node) => `none ${base}${node.dataDir} tmpfs ${sized(node.diskBytes)},mode=700`),
  ]
  // Each is the arguments of one `ln -s`.
  const symlinks = [
    ...links.flatMap(([name, to]) => (to === null ? [] : [`${to} ${name}`])),
    ...system
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => `${readlinkSync(`/usr/${name}`)} usr/${name}`),
    '/proc/self/fd pts/ptmx dev',
    ...['stdin', 'stdout', 'stderr'].map((name, i) => `/proc/self/fd/${i} dev/${name}`),
    '/usr/lib/os-release etc',
    '/proc/self/mounts etc/mtab',
    '/run var',
  ]
  return [
    `base=${quote(base)} gateway=${gateway} hostname_=bastion root_options=${sized(64 * mib)}`,
    `mounts=${quote(mounts.join('\n'))}`,
    array('dirs', [...new Set(dirs)]),
    array('devices', usable),
    array('links', symlinks),
    array(
      'nodes',
      topology.nodes.map(({ name }) => name),
    ),
    array(
      'addresses',
      topology.nodes.map((_, i) => addressOf(i)),
    ),
    `init=${quote(asset('init.pl'))} lost=${lostCapabilities} filter=${filterFor({ hasMemoryGroup: hasMemory }) ?? "''"}`,
    `host_files() {\n${[...remounts, ...hostCopies(extras)].join('\n')}\n}`,
    `write_files() {\n${writeFiles(topology).join('\n')}\n}`,
    asset('world.sh'),
  ].join('\n')
}

function hostCopies(extras: readonly Extra[]): string[] {
  const files = hostFiles.filter(existsSync)
  return [
    `cp ${files.map(quote).join(' ')} etc/`,
    'mkdir -p usr/local/bin usr/local/sbin usr/local/lib',
    ...extras.map(({ name, file, descriptor }) => {
      const target = quote(copyOf(name).slice(1))
      if (descriptor !== undefined)
        return `cat <&${descriptor} >${target}; exec ${descriptor}<&-; chmod 755 ${target}`
      return `: >${target}; mount -o bind,${['ro', ...flagsAt(file, hostMounts())]} ${quote(file)} ${target}`
    }),
  ]
}

function writeFiles(topology: Topology): string[] {
  const hosts = topology.nodes.map((node, i) => `${addressOf(i)}\t${node.name}`)
  const files: Record<string, string> = {
    '/etc/passwd':
      'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    '/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    '/etc/hostname': 'bastion\n',
    '/etc/hosts': `127.0.0.1\tlocalhost\n${gateway}\tbastion\n${hosts.join('\n')}\n`,
    '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n',
    '/root/.bashrc': "PS1='\\u@\\h:\\w\\$ '\n",
  }
  for (const node of topology.nodes) {
    Object.assign(files, node.files)
    files[`/etc/svc/${node.name}`] = definition(node)
  }
  const folders = [...new Set(Object.keys(files).map(dirname))]
  return [
    `mkdir -p /run/svc ${folders.map(quote).join(' ')}`,
    ...Object.entries(files).map(([file, text]) => `printf %s ${quote(text)} >${quote(file)}`),
    `printf %s ${quote(asset('svc.sh'))} >/usr/local/bin/svc`,
    'chmod 755 /usr/local/bin/svc',
  ]
}

const definition = (node: Topology['nodes'][number]): string => {
  const environment = Object.entries(node.env).map(([name, value]) => `${name}=${value}`)
  return `${array('command', node.argv)}\n${array('environment', environment)}\ndirectory=${quote(node.dataDir)}\n`
}

/** Any existing folder works: it is covered only in the world's own mount namespace. */
function buildPlace(extras: readonly Extra[]): string {
  const free = ['/mnt', '/srv', '/media', '/opt', '/home'].find(
    (place) => existsSync(place) && !extras.some(({ file }) => file.startsWith(`${place}/`)),
  )
  if (!free)
    throw new Error(
      'no folder to build a root file system on: none of /mnt /srv /media /opt /home can be used',
    )
  return free
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

const array = (name: string, items: readonly string[]): string => `${name}=(${items.map(quote).join(' ')})`
