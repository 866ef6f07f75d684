import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callsOf } from '../calls.ts'
import { filterFor } from './filter.ts'

/** Runs classic BPF as the kernel does: what it decides for one call. */
function decide(hex: string, arch: number, call: number, args: readonly number[]): number {
  const bytes = Buffer.from(hex, 'hex')
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call >>> 0, 0)
  data.writeUInt32LE(arch >>> 0, 4)
  for (const [i, arg] of args.entries()) data.writeBigUInt64LE(BigInt(arg), 16 + 8 * i)
  let kept = 0
  for (let at = 0; at < bytes.length / 8; at++) {
    const [code, value] = [bytes.readUInt16LE(8 * at), bytes.readUInt32LE(8 * at + 4)]
    const jump = (isTrue: boolean) => {
      at += bytes.readUInt8(8 * at + (isTrue ? 2 : 3))
    }
    if (code === 0x20) kept = data.readUInt32LE(value)
    else if (code === 0x54) kept = (kept & value) >>> 0
    else if (code === 0x15) jump(kept === value)
    else if (code === 0x25) jump(kept > value)
    else if (code === 0x45) jump((kept & value) !== 0)
    else if (code === 0x06) return value
    else throw new Error(`code ${code}`)
  }
  throw new Error('it ends without a decision')
}

const allowed = 0x7fff_0000
const [EPERM, ENOSYS] = [1, 38]

for (const arch of ['x64', 'arm64'] as const) {
  const calls = callsOf(arch)
  assert.ok(calls)
  const verdict = (name: Parameters<typeof calls.number>[0], args: number[] = [], hasMemoryGroup = true) => {
    const result = decide(
      filterFor({ hasMemoryGroup }, arch) ?? '',
      calls.architecture,
      calls.number(name) ?? -1,
      args,
    )
    return result === allowed ? 'allowed' : result & 0xffff
  }
  test(`${arch}: a mount is told from a new file system`, () => {
    const [remount, bind, magic] = [0x20, 0x1000, 0xc0ed_0000]
    for (const flags of [0, 1, 0xf, magic, magic | 1, magic | 0x8000, 2 ** 32, 2 ** 31])
      assert.equal(
        verdict('mount', [0, 0, 0, flags >= 2 ** 32 ? flags : flags >>> 0]),
        EPERM,
        flags.toString(16),
      )
    for (const flags of [bind, bind | remount | 1, 0x2000, 0x40000, 0x4000 | 0x80000, (magic | bind) >>> 0])
      assert.equal(verdict('mount', [0, 0, 0, flags], false), 'allowed', flags.toString(16))
    assert.equal(verdict('mount', [0, 0, 0, remount]), EPERM)
    for (const writable of [bind | remount, bind | remount | 0xe, (magic | bind | remount) >>> 0])
      assert.equal(verdict('mount', [0, 0, 0, writable], false), EPERM, writable.toString(16))
    assert.equal(verdict('mount', [0, 0, 0, remount | 0x2000]), EPERM)
    assert.equal(verdict('mount', [0, 0, 0, remount], false), EPERM)
    assert.equal(verdict('mount', [0, 0, 0, remount | 0x40000], false), EPERM)
  })

  test(`${arch}: memory that belongs to nobody wants a memory group`, () => {
    for (const name of ['memfd_create', 'shmget', 'msgget', 'semget'] as const) {
      assert.equal(verdict(name), 'allowed')
      assert.equal(verdict(name, [], false), ENOSYS)
    }
  })

  test(`${arch}: namespaces by their kind`, () => {
    assert.equal(verdict('setns', [3, 0x4000_0000]), 'allowed')
    for (const kind of [0, 0x1000_0000, 0x200_0000, 0x4200_0000])
      assert.equal(verdict('setns', [3, kind]), EPERM)
    assert.equal(verdict('unshare', [0x6c02_0000]), 'allowed')
    for (const kind of [0x1000_0000, 0x200_0000, 0x80]) assert.equal(verdict('unshare', [kind]), EPERM)
    assert.equal(verdict('clone', [0x3d_0f00]), 'allowed', 'a thread')
    assert.equal(verdict('clone', [0x1000_0011]), EPERM)
    assert.equal(verdict('clone3'), ENOSYS)
  })

  test(`${arch}: another kind of program, and calls to come, do not exist`, () => {
    const filter = filterFor({ hasMemoryGroup: true }, arch) ?? ''
    for (const other of [0x4000_0003, 0x4000_0028, 0xc000_00f3])
      assert.equal(decide(filter, other, 0, []) & 0xffff, ENOSYS)
    for (const call of [467, 1000, 0x4000_0000, 0xffff_ffff])
      assert.equal(decide(filter, calls.architecture, call, []) & 0xffff, ENOSYS)
    assert.equal(decide(filter, calls.architecture, 0, []), allowed)
  })
}

test('an architecture that is not known has no filter', () => {
  assert.equal(filterFor({ hasMemoryGroup: true }, 'riscv64'), null)
})
