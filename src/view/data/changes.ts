import { statSync } from 'node:fs'
import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Clock } from '../../core/clock.ts'
import { seenFile } from '../../eval/trial/seen.ts'
import type { OperatorDb } from '../../store/operator/open.ts'
import { dataVersion } from '../../store/reading.ts'
import { folderOfTrial, operatorDbOf } from './trials.ts'

const pollEveryMs = 500
/** More pages than a user has open. */
const maxListeners = 100
/** Interval of keep-alive messages; without them a closed connection would not be noticed. */
const pingEveryPolls = 30

/** Something that changes: its text differs whenever it has changed. */
export interface Watch extends AsyncDisposable {
  version(): Promise<string>
}

/** A database that is closed elsewhere. */
export const watchOf = (db: Parameters<typeof dataVersion>[0]): Watch => ({
  version: async () => String(await dataVersion(db)),
  [Symbol.asyncDispose]: async () => undefined,
})

/** Files of a running trial: the actions of its operator and the observations of the oracle. */
export function watchTrial(evalDbPath: string, trialId: number): Watch {
  const folder = folderOfTrial(evalDbPath, trialId)
  let db: OperatorDb | null = null
  return {
    version: async () => {
      db ??= await operatorDbOf(folder)
      const seen = statSync(seenFile(folder), { throwIfNoEntry: false })?.size
      return `${db ? await dataVersion(db) : '-'} ${seen}`
    },
    [Symbol.asyncDispose]: async () => db?.destroy(),
  }
}

export type Changes = (c: Context, watches: readonly Watch[]) => Response

/**
 * Server-sent events: `change` whenever something was written. The client then asks for the page again. The number of
 * listeners is limited.
 */
export function openChanges({ clock, signal }: { clock: Clock; signal: AbortSignal }): Changes {
  let listeners = 0
  return (c, watches) => {
    // The body of a HEAD request is never read, so the stream would never end.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
    if (listeners >= maxListeners)
      return c.text('too many pages follow already: reload this one by hand\n', 503, { 'retry-after': '5' })
    listeners += 1
    return streamSSE(c, async (stream) => {
      try {
        await follow(c, stream, watches)
      } finally {
        listeners -= 1
      }
    })
  }

  async function follow(c: Context, stream: SSEStreamingApi, watches: readonly Watch[]): Promise<void> {
    await using watched = new AsyncDisposableStack()
    for (const watch of watches) watched.use(watch)
    const stop = AbortSignal.any([signal, c.req.raw.signal])
    let last = ''
    for (let poll = 0; !stop.aborted && !stream.aborted; poll++) {
      const now = (await Promise.all(watches.map((watch) => watch.version()))).join(' ')
      if (last !== '' && now !== last) await stream.writeSSE({ event: 'change', data: '' })
      else if (poll % pingEveryPolls === 0) await stream.writeSSE({ event: 'ping', data: '' })
      last = now
      await clock.sleep(pollEveryMs, stop).catch(() => undefined) // the loop sees that it is over
    }
  }
}
