import type { Sandbox } from '../../sandbox/sandbox.ts'

/** As many as the result of a command carries itself. */
const fewRequests = 200

type Write = (body: string, meta: object) => Promise<void>

/**
 * Puts everything that a command asked of a container engine into the audit, each request with its verdict; the same one
 * asked again and again is one line, with how often and until when. Few are returned, for the `meta` of the command's
 * result. Many become entries of their own before it, a line of JSON each, and only how many is returned.
 */
export async function auditRequests(
  { engineRequests }: Sandbox,
  redact: (text: string) => string,
  write: Write,
) {
  let asked = 0
  let waiting: string[] = []
  let isMany = false
  const flush = async () => {
    if (waiting.length > 0) await write(waiting.join('\n'), { engineRequests: waiting.length })
    waiting = []
  }
  for await (const block of engineRequests?.() ?? []) {
    asked += block.length
    // Never more than a block is held.
    if (waiting.length > 0) isMany = true
    if (isMany) await flush()
    waiting = folded(block).map(redact)
  }
  if (asked === 0) return {}
  if (!isMany && waiting.length <= fewRequests) return { engineRequests: waiting }
  await flush()
  return { engineRequests: `${asked} in the entries before this one` }
}

/** Lines that differ in nothing but their time, `at` in ms since the epoch, in the place of the first of them. */
function folded(lines: readonly string[]): string[] {
  const same = new Map<string, { first: object; times: number; until: unknown }>()
  for (const line of lines) {
    const { at, ...what } = JSON.parse(line) as { at: unknown }
    const key = JSON.stringify(what)
    const seen = same.get(key)
    same.set(key, { first: seen?.first ?? { at, ...what }, times: (seen?.times ?? 0) + 1, until: at })
  }
  return [...same.values()].map(({ first, times, until }) =>
    JSON.stringify(times === 1 ? first : { ...first, times, until }),
  )
}
