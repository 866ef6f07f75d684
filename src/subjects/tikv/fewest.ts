/** The lowest number within the last `ms`; null while it has not been watched for so long, or is not known now. */
export function fewestWithin(ms: number): (at: number, now: number | null) => number | null {
  let seen: { at: number; value: number }[] = []
  let since: number | null = null
  return (at, now) => {
    if (now === null) return null
    since ??= at
    seen.push({ at, value: now })
    seen = seen.filter((one) => one.at > at - ms)
    return at - since < ms ? null : Math.min(...seen.map(({ value }) => value))
  }
}
