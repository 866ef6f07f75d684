import protobuf from 'protobufjs'
import type { Field, Message } from './schema.ts'

/** All messages that were coded so far, under their published names. */
const root = new protobuf.Root()

/** Fields that are left out have their default and take no bytes. @throws TypeError when a value is not of its field's type. */
export function encode<T>(message: Message<T>, value: Partial<T>): Buffer {
  const type = typeOf(message)
  return Buffer.from(type.encode(type.fromObject(value)).finish())
}

/** @throws Error when the bytes are no such message. */
export function decode<T>(message: Message<T>, bytes: Uint8Array): T {
  const type = typeOf(message)
  return type.toObject(type.decode(bytes), { longs: String, bytes: Buffer, defaults: true }) as T
}

function typeOf({ name, fields }: Message<unknown>): protobuf.Type {
  const parts = name.split('.')
  const own = parts.pop() ?? ''
  const place = root.define(parts)
  const known = place.get(own)
  if (known instanceof protobuf.Type) return known
  const type = new protobuf.Type(own)
  for (const [field, { number, type: of, repeated }] of Object.entries<Field<unknown>>(fields)) {
    const typeName = typeof of === 'string' ? of : typeOf(of).fullName
    type.add(new protobuf.Field(field, number, typeName, repeated ? 'repeated' : undefined))
  }
  place.add(type)
  return type
}
