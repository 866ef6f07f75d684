interface Fatal {
  line: RegExp
  what: string
  /** The member's own data is of no use to it: it joins again with nothing. */
  rejoins?: true
}

/**
 * How etcd says why it ends, in its text logs (3.4 by default) and in JSON (zap). Words of server/etcdmain,
 * etcdserver, embed, wal, snap and bbolt, 3.4 to 3.6; the first that fits is the most exact.
 */
const fatals: readonly Fatal[] = [
  {
    line: /has already been bootstrapped/,
    what: 'it is already bootstrapped as a member, and its data directory is empty: it lost its data',
    rejoins: true,
  },
  {
    line: /permanently removed from (the )?cluster|data-?dir(ectory)? used by this member must be removed/,
    what: 'it was removed from the cluster, and its data directory must be removed before it may join again',
  },
  {
    line: /"error":"(proto|wal|walpb|snap): |crc mismatch|(file|db|database) checksum|checksum error|invalid database|unexpected EOF|wal: (file not found|max entry size)|snap: (empty|no available)|failed to (recover|find) (v3 backend|database snapshot)/,
    what: 'it cannot read its data: the files are damaged',
    rejoins: true,
  },
  {
    line: /\b(tocommit|applied|state\.commit)[( ]\d+\)? is out of range|raft log corrupted/,
    what: 'its Raft log lacks entries that it had acknowledged: its data were lost in part, or are those of an old copy',
    rejoins: true,
  },
  {
    line: /found data inconsistency with peers|checkInitialHashKV|alarm:CORRUPT/,
    what: 'its data are not those of its peers',
  },
  { line: /address already in use/, what: 'its address is already in use by another process' },
  {
    line: /cannot assign requested address/,
    what: 'its configuration has an address that this host does not have',
  },
  { line: /too many open files/, what: 'too many open files: its file descriptors are used up' },
  { line: /no space left on device|disk quota exceeded/, what: 'no space left on its disk' },
  {
    line: /cluster.?id.?mismatch|mismatched cluster ID|member count is unequal/i,
    what: 'its data and its peers belong to different clusters (cluster ID mismatch)',
  },
  {
    line: /(unmatched|mismatch).{0,60}(PeerURLs|peer urls)|initial-cluster.{0,80}(does not match|mismatch|has.{0,40}but missing)|--initial-advertise-peer-urls|couldn't find local name/i,
    what: 'its peer URL is not the one that its list of members has',
  },
  {
    line: /no such host|cannot resolve|failed to resolve|could not resolve|error resolving|server misbehaving/i,
    what: 'it cannot resolve a name',
  },
  {
    line: /certificate has expired or is not yet valid|x509: certificate has expired/,
    what: 'a certificate has expired',
  },
  {
    line: /x509: |tls: (failed|private|bad)|failed to (load|find).{0,20}(cert|key)/i,
    what: 'its TLS certificate is refused or unreadable',
  },
  { line: /permission denied/, what: 'permission denied on its files' },
  { line: /read-only file system/, what: 'its file system is read-only' },
  { line: /cannot allocate memory|out of memory/, what: 'no memory left' },
  { line: /input\/output error/, what: 'its disk fails to read or write' },
  {
    line: /is election timeout|--election-timeout|error unmarshaling|could not parse|invalid value|error verifying flags|cannot unmarshal/i,
    what: 'its configuration is refused',
  },
  { line: /^panic:|"level":"panic"|^goroutine \d+ \[running\]/, what: 'it ended with a panic' },
]

/** Lines that say why a process ended; warnings about others say nothing of it. */
const ends =
  /"level":"(fatal|panic|error)"|^panic:|^\S+ \S+ [CE] \||^fatal error:|^(etcd: )?error |\[fatal\]|^conflicting environment/i

export interface Cause {
  what: string
  /** The line itself, shortened. */
  line: string
  rejoins: boolean
}

/** Why a member ended, by the newest start in the end of its log; null: its last lines say nothing that is known here. */
export function fatalIn(logs: string): Cause | null {
  const lines = logs.split('\n')
  // An older start may have ended for another reason.
  const start = lines.findLastIndex((line) =>
    /"msg":"(Running: |etcd-version|the server is already initialized)|etcd Version: /.test(line),
  )
  const last = lines.slice(Math.max(0, start)).filter((line) => ends.test(line))
  for (const fatal of fatals) {
    const line = last.findLast((one) => fatal.line.test(one))
    if (line !== undefined)
      return { what: fatal.what, line: shortened(line), rejoins: fatal.rejoins === true }
  }
  return null
}

const shortened = (line: string): string => {
  const said = [...line.matchAll(/"(?:msg|error)":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text)
  const text = said.length > 0 ? said.join(': ') : line.replace(/^\S+ \S+ [CE] \| /, '')
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`
}
