import { Interrupted, messageOf } from '../core/errors.ts'

/** A signal that also aborts when our output has no reader any more: a closed terminal, `| head -1`. */
export function untilUnread(signal: AbortSignal): AbortSignal {
  const unread = new AbortController()
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) =>
      unread.abort(new Interrupted(`what we print cannot be read: ${messageOf(error)}`)),
    )
  return AbortSignal.any([signal, unread.signal])
}
