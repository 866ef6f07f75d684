/** About this many round numbers within a range: 1, 2 or 5 times a power of ten. */
export function niceTicks(from: number, to: number, about: number): number[] {
  const rough = (to - from) / about
  if (!(rough > 0)) return [from]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((times) => power * times >= rough) ?? 10)
  const first = Math.ceil(from / step)
  const last = Math.floor(to / step)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}
