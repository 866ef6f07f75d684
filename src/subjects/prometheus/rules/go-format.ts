// Numbers as Go writes them. JavaScript rounds halves up where Go rounds them to even, and changes to exponents elsewhere.

/** How Go writes what is no number; null: it is one. */
export function specialOf(value: number): string | null {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? null : value > 0 ? '+Inf' : '-Inf'
}

/** `%.3f`. */
export function fixed(value: number, digits: number): string {
  const special = specialOf(value)
  if (special !== null) return special
  const text = scaled(Math.abs(value), digits)
    .toString()
    .padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return signOf(value) + whole + (digits > 0 ? `.${text.slice(-digits)}` : '')
}

/** `%.3e`. */
export function exponential(value: number, digits: number): string {
  return specialOf(value) ?? signOf(value) + inExponents(decimals(value, digits))
}

/** `%.4g`, or the shortest text that is the same number. */
export function general(value: number, precision: number | null): string {
  const special = specialOf(value)
  if (special !== null) return special
  const found = precision === null ? shortest(value) : decimals(value, Math.max(precision, 1) - 1)
  const text = found.text.replace(/0+$/, '') || '0'
  const { exponent } = found
  // Go's own rule: of a number without a fraction each digit counts, however many were asked for.
  const wide = precision !== null && precision > text.length && text.length > exponent
  const most = precision === null ? shortestMost : wide ? text.length : Math.max(precision, 1)
  if (value !== 0 && (exponent < -4 || exponent >= most))
    return signOf(value) + inExponents({ text, exponent })
  if (exponent < 0) return `${signOf(value)}0.${'0'.repeat(-exponent - 1)}${text}`
  const whole = text.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const rest = text.slice(exponent + 1)
  return signOf(value) + whole + (rest === '' ? '' : `.${rest}`)
}

/** From this exponent on, Go writes the shortest text with an exponent: 1e+06 (strconv, %g). */
const shortestMost = 6

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '')

/** The digits of a number, the first of which is worth `10 ** exponent`. */
interface Decimals {
  text: string
  exponent: number
}

function inExponents({ text, exponent }: Decimals): string {
  const rest = text.slice(1)
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${text[0]}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${size}`
}

function shortest(value: number): Decimals {
  const [mantissa = '', exponent = ''] = Math.abs(value).toExponential().split('e')
  return { text: mantissa.replace('.', ''), exponent: Number(exponent) }
}

/** With so many digits after the first. */
function decimals(value: number, digits: number): Decimals {
  const { exponent } = shortest(value)
  const text = scaled(Math.abs(value), digits - exponent).toString()
  if (value === 0) return { text: '0'.repeat(digits + 1), exponent: 0 }
  // 9.99 may have been rounded to 10.0.
  const more = text.length - (digits + 1)
  return { text: text.slice(0, digits + 1), exponent: exponent + more }
}

/** `value * 10 ** power`, exactly, and then rounded to a whole number: halves to the even one. */
function scaled(value: number, power: number): bigint {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const stored = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & ((1n << 52n) - 1n)
  const exponent = (stored === 0 ? 1 : stored) - 1_075
  let above = stored === 0 ? fraction : fraction | (1n << 52n)
  let below = 1n
  if (exponent > 0) above <<= BigInt(exponent)
  else below <<= BigInt(-exponent)
  if (power > 0) above *= 10n ** BigInt(power)
  else below *= 10n ** BigInt(-power)
  const whole = above / below
  const twice = (above % below) * 2n
  const isUp = twice > below || (twice === below && whole % 2n === 1n)
  return isUp ? whole + 1n : whole
}
