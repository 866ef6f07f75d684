/** Fields of a protobuf message by name: their JavaScript types and, for the codec, their form on the wire. */
export interface Message<T> {
  /** Full name, with the package. */
  name: string
  fields: { [K in keyof T]: Field<T[K]> }
}

export interface Field<T> {
  number: number
  type: 'uint64' | 'int32' | 'bool' | 'bytes' | 'string' | Message<never>
  repeated: boolean
  /** Type of its values; never set at run time. */
  value?: T
}

type Fields = Record<string, Field<unknown>>
type ValuesOf<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never }

export const message = <const F extends Fields>(name: string, fields: F): Message<ValuesOf<F>> =>
  ({ name, fields }) as Message<ValuesOf<F>>

const field =
  <T>(type: Field<T>['type'], repeated = false) =>
  (number: number): Field<T> => ({ number, type, repeated })

/** A 64-bit number as decimal text, since a JavaScript number cannot hold it. */
export const uint64 = field<string>('uint64')
/** Also of an enumeration. */
export const int32 = field<number>('int32')
export const bool = field<boolean>('bool')
export const bytes = field<Uint8Array>('bytes')
export const string = field<string>('string')
export const strings = field<string[]>('string', true)

/** null where there is none. */
export const one = <T>(number: number, type: Message<T>) => field<T | null>(type as Message<never>)(number)
export const many = <T>(number: number, type: Message<T>) => field<T[]>(type as Message<never>, true)(number)

/** A method of a gRPC service that takes one message and gives one. */
export interface Method<Q, A> {
  path: string
  request: Message<Q>
  answer: Message<A>
}
