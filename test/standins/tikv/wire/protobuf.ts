/**
 * As much of protobuf's encoding (protobuf.dev, Encoding) as the few messages need that we exchange with TiKV and PD:
 * proto3, no groups, no packed numbers, no maps. Unknown fields are skipped, as the format wants it.
 */
export interface Message<T> {
  /** What is left out has its default, and costs nothing. */
  encode(value: Partial<T>): Buffer
  /** @throws RangeError when the bytes are no such message. */
  decode(bytes: Uint8Array): T
}

type Wire = bigint | Uint8Array

interface Field<T> {
  number: number
  empty: T
  write(value: T): Wire[]
  read(values: Wire[]): T
}

type Fields = Record<string, Field<never> | Field<unknown>>
type ValueOf<F> = F extends Field<infer T> ? T : never

export function message<const F extends Fields>(fields: F): Message<{ [K in keyof F]: ValueOf<F[K]> }> {
  const known = Object.entries(fields) as [string, Field<unknown>][]
  return {
    encode: (value) =>
      Buffer.concat(
        known.flatMap(([name, field]) => {
          const given = (value as Record<string, unknown>)[name]
          return given === undefined ? [] : field.write(given).map((wire) => encodeField(field.number, wire))
        }),
      ),
    decode: (bytes) => {
      const found = decodeFields(bytes)
      const entries = known.map(([name, field]) => {
        const values = found.get(field.number)
        return [name, values ? field.read(values) : field.empty]
      })
      return Object.fromEntries(entries)
    },
  }
}

const number = (field: number): Field<bigint> => ({
  number: field,
  empty: 0n,
  write: (value) => (value === 0n ? [] : [value]),
  read: (values) => varint(values.at(-1)),
})

/** 64 bits do not fit a JavaScript number. */
export const uint64 = number

export const bool = (field: number): Field<boolean> => ({
  number: field,
  empty: false,
  write: (value) => (value ? [1n] : []),
  read: (values) => varint(values.at(-1)) !== 0n,
})

export const bytes = (field: number): Field<Uint8Array> => ({
  number: field,
  empty: new Uint8Array(),
  write: (value) => (value.length === 0 ? [] : [value]),
  read: (values) => chunk(values.at(-1)),
})

export const text = (field: number): Field<string> => ({
  number: field,
  empty: '',
  write: (value) => (value === '' ? [] : [Buffer.from(value)]),
  read: (values) => Buffer.from(chunk(values.at(-1))).toString(),
})

export const texts = (field: number): Field<string[]> => ({
  number: field,
  empty: [],
  write: (all) => all.map((value) => Buffer.from(value)),
  read: (values) => values.map((value) => Buffer.from(chunk(value)).toString()),
})

export const one = <T>(field: number, type: Message<T>): Field<Partial<T> | null> & Field<T | null> => ({
  number: field,
  empty: null,
  write: (value: Partial<T> | null) => (value === null ? [] : [type.encode(value)]),
  read: (values) => type.decode(chunk(values.at(-1))),
})

export const many = <T>(field: number, type: Message<T>): Field<T[]> => ({
  number: field,
  empty: [],
  write: (all) => all.map((value) => type.encode(value)),
  read: (values) => values.map((value) => type.decode(chunk(value))),
})

function varint(wire: Wire | undefined): bigint {
  if (typeof wire !== 'bigint') throw new RangeError('a number was expected')
  return wire
}

function chunk(wire: Wire | undefined): Uint8Array {
  if (!(wire instanceof Uint8Array)) throw new RangeError('bytes were expected')
  return wire
}

function encodeField(field: number, wire: Wire): Buffer {
  if (typeof wire === 'bigint') return Buffer.concat([encodeVarint(BigInt(field) << 3n), encodeVarint(wire)])
  return Buffer.concat([encodeVarint((BigInt(field) << 3n) | 2n), encodeVarint(BigInt(wire.length)), wire])
}

function encodeVarint(value: bigint): Buffer {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return Buffer.from(out)
}

function decodeFields(bytes: Uint8Array): Map<number, Wire[]> {
  const found = new Map<number, Wire[]>()
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('the message is cut off')
    at += length
    return bytes.subarray(at - length, at)
  }
  const next = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte = 0] = take(1)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError('a number is longer than ten bytes')
  }
  while (at < bytes.length) {
    const tag = next()
    const field = Number(tag >> 3n)
    const values = found.get(field) ?? []
    found.set(field, values)
    switch (Number(tag & 7n)) {
      case 0:
        values.push(next())
        break
      case 1:
        take(8)
        break
      case 2:
        values.push(take(Number(next())))
        break
      case 5:
        take(4)
        break
      default:
        throw new RangeError(`field ${field} has a wire type of no proto3 message`)
    }
  }
  for (const [field, values] of found) if (values.length === 0) found.delete(field)
  return found
}
