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

/** The first line that whoever holds our standard input writes, and a signal that also aborts when that is gone. */
export async function lineOfParent(signal: AbortSignal): Promise<{ line: string; signal: AbortSignal }> {
  let text = ''
  const whole = new Promise<string>((resolve) => {
    process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
  })
  const gone = untilParentGone(signal)
  const aborted = once(gone, 'abort').then(() => Promise.reject(gone.reason))
  return { line: await Promise.race([whole, aborted]), signal: gone }
}
