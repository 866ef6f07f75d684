import { count, finite, share } from './check.ts'

/** Normal quantiles of 0.975, for 95 % intervals and tests at 5 %, and of 0.8, for 80 % power. */
export const z95 = 1.959963984540054
export const z80 = 0.8416212335729143

/** P(Z > z): the series of Marsaglia 2004 (J. Stat. Softw. 11:4), Laplace's continued fraction in the tail. */
export function normalTail(z: number): number {
  finite('z', z)
  if (z < 0) return 1 - normalTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 3) {
    let fraction = z
    for (let k = 100; k > 0; k--) fraction = z + k / fraction
    return density / fraction
  }
  let [term, sum] = [z, z]
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (z * z) / k
    sum += term
  }
  return 0.5 - density * sum
}

/** The z with P(Z > z) = tail, by bisection. */
export function normalQuantile(tail: number): number {
  share('a tail', tail)
  return bisect(-40, 40, (z) => normalTail(z) <= tail)
}

/** Where, between the two, it begins to hold. */
function bisect(from: number, to: number, holds: (x: number) => boolean): number {
  let low = from
  let high = to
  for (let i = 0; i < 100 && high - low > 1e-15 * Math.abs(high); i++) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

/** The x with I_x(a, b) = p, by bisection. */
export const betaQuantile = (p: number, a: number, b: number): number =>
  bisect(0, 1, (x) => incompleteBeta(x, a, b) >= p)

/** I_x(a, b): the continued fraction of DLMF 8.17.22, by the method of Lentz 1976, Appl. Opt. 15:668. */
export function incompleteBeta(x: number, a: number, b: number): number {
  share('x', x)
  if (finite('a', a) <= 0 || finite('b', b) <= 0) throw new RangeError(`a and b are not positive: ${a}, ${b}`)
  if (x === 0 || x === 1) return x
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const nonZero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value)
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    let step = 1
    for (const term of [even, odd]) {
      d = 1 / nonZero(1 + term * d)
      c = nonZero(1 + term / c)
      step = c * d
      fraction *= step
    }
    if (Math.abs(step - 1) < 1e-15) break
  }
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b)
  return (Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) * fraction) / a
}

/** ln of the gamma function of a positive number: Stirling's series, above 16 after the recurrence. */
function logGamma(x: number): number {
  let [shifted, product] = [x, 1]
  for (; shifted < 16; shifted++) product *= shifted
  return stirling(shifted) - Math.log(product)
}

/** The 0.975 quantile of Student's t, for `degrees` >= 3: Abramowitz & Stegun 1964, 26.7.5. */
export function tCritical(degrees: number): number {
  finite('degrees of freedom', degrees, 3)
  const z = z95
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ]
  return terms.reduce((t, term, i) => t + term / degrees ** (i + 1), z)
}

/** ln n!: the product, or Stirling's series (Abramowitz & Stegun 1964, 6.1.41). */
function logFactorial(n: number): number {
  count('a factorial', n)
  if (n < 16) {
    let product = 1
    for (let i = 2; i <= n; i++) product *= i
    return Math.log(product)
  }
  return stirling(n + 1)
}

/** ln of the gamma function of 16 or more. */
function stirling(x: number): number {
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7)
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series
}

/** ln C(n, k) */
export const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

/** Quantile of sorted numbers, interpolated: Hyndman & Fan 1996, type 7, like R's `quantile`. null: there are none. */
export function quantile(sorted: ArrayLike<number>, q: number): number | null {
  share('q', q)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at))
}
