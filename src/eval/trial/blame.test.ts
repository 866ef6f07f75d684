import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Interrupted, MachineLacks } from '../../core/errors.ts'
import type { Daemon } from '../../daemon.ts'
import { DaemonEnded, proofOfOurs } from './blame.ts'

const on = new AbortController().signal
const endedBy = (signal: NodeJS.Signals | null) => new DaemonEnded('x', { endedBy: () => signal } as Daemon)
const coded = (code: string, errcode?: number) => Object.assign(new Error('x'), { code, errcode })

/** [what, error, whether it proves that this machine did it] */
const cases: [string, unknown, boolean][] = [
  ['a daemon that the host killed', endedBy('SIGKILL'), true],
  ['a daemon that the user ended', endedBy('SIGTERM'), true],
  ['a daemon that crashed', endedBy('SIGABRT'), false],
  ['a daemon that ended with an error', endedBy(null), false],
  ['a full disk', coded('ENOSPC'), true],
  ['a full disk, told by somebody else', new Error('y', { cause: coded('ENOSPC') }), true],
  ['a disk that is full inside, by its words', new Error('tee: No space left on device (ENOSPC)'), false],
  ['a folder in the place of a file', coded('EISDIR'), false],
  ['a string without end', coded('ERR_STRING_TOO_LONG'), false],
  ['no engine', new MachineLacks('no engine'), true],
  ['a full database', coded('ERR_SQLITE_ERROR', 13), true],
  ['a constraint of a database', coded('ERR_SQLITE_ERROR', 19), false],
  ['no error', 'x', false],
]
for (const [what, error, proves] of cases)
  test(`${what} is ${proves ? '' : 'no '}proof of our own failure`, () => {
    assert.equal(proofOfOurs(error, on) !== null, proves)
  })

test('whatever broke in a trial that was interrupted, that did it', () => {
  assert.equal(
    proofOfOurs(new Error('x'), AbortSignal.abort(new Interrupted('Ctrl-C'))),
    'it was interrupted',
  )
})
