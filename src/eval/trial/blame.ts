import { MachineLacks } from '../../core/errors.ts'
import type { Daemon } from '../../daemon.ts'

// Once an agent has run a command, whatever breaks counts as its doing: it is root where the cluster is, and a failure of
// ours that it could bring about would be a way not to be judged. Only what nobody inside can do is proof of the contrary.

/** A daemon of the trial ended by itself. */
export class DaemonEnded extends Error {
  override name = 'DaemonEnded'
  readonly signal: NodeJS.Signals | null
  constructor(message: string, daemon: Daemon) {
    super(message)
    this.signal = daemon.endedBy()
  }
}

/** No process of ours can be seen from inside, so these come from this host: its user, or its kernel out of memory. */
const ofTheHost: readonly (NodeJS.Signals | null)[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']
/** This host's own disk and descriptors: we write nothing inside, and open one file at a time there. */
const lacking = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']
/** SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN: https://www.sqlite.org/rescode.html */
const storeLacking = [10, 13, 14]

/** Proof that this machine or its user made the trial fail; null: there is none. */
export function proofOfOurs(error: unknown, signal: AbortSignal): string | null {
  if (signal.aborted) return 'it was interrupted'
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code = '', errcode = 0 } = cause as { code?: string; errcode?: number }
    if (cause instanceof MachineLacks) return 'this machine lacks something'
    if (cause instanceof DaemonEnded && ofTheHost.includes(cause.signal))
      return `${cause.signal} from this host`
    if (lacking.includes(code)) return `${code} on this host`
    if (code === 'ERR_SQLITE_ERROR' && storeLacking.includes(errcode & 0xff))
      return 'its database on this host'
  }
  return null
}
