/**
 * PD writes 64-bit numbers as JSON numbers (`member_id`, `last_heartbeat`); beyond 2^53 they become strings here, with all
 * their digits. null: it is no JSON, or nested deeper than a reviver can follow.
 */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text, exact as (key: string, value: unknown) => unknown)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null
    throw error
  }
}

const exact = (_: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)
    ? source
    : value

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** `1.8TiB`, as Docker's go-units writes it, with four digits at most; null: it is no size. */
export function bytesOf(size: string): number | null {
  const [, amount, unit] = /^([\d.]+) ?([KMGTPE]?i?B)$/.exec(size) ?? []
  const i = units.indexOf(unit ?? '')
  const decimal = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'].indexOf(unit ?? '')
  if (i >= 0) return Math.round(Number(amount) * 1024 ** i)
  return decimal >= 0 ? Math.round(Number(amount) * 1000 ** decimal) : null
}
