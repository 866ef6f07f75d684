import { once } from 'node:events'
import { Interrupted } from '../../core/errors.ts'

/** A signal that also aborts when the process that holds our standard input is gone. */
export function untilParentGone(signal: AbortSignal): AbortSignal {
  const gone = new AbortController()
  process.stdin.on('end', () => gone.abort(new Interrupted('its owner is gone')))
  process.stdin.on('error', (error) => gone.abort(error))
  process.stdin.resume()
  // Waiting for the owner must not outlast the work, should that be stopped some other way.
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  return AbortSignal.any([signal, gone.signal])
}

/** Resolves when anything arrives on standard input. */
export async function word(signal: AbortSignal): Promise<void> {
  await once(process.stdin, 'data', { signal })
}
