import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ticket } from '../../test/standins/work.ts'
import { notApplicable, ok, unknown, type Verdict, violated } from '../core/watch/invariant.ts'
import type { Ticket } from '../core/work/ticket.ts'
import { settle } from './verify.ts'

const bad = violated('x')
const blind = unknown('y')
const off = notApplicable('switched off')
const verifying: Partial<Ticket> = { state: 'verifying', verifyUntil: 1_000 }

const cases: [string, Partial<Ticket>, Verdict, boolean, number, ReturnType<typeof settle>][] = [
  ['open and seen well', { state: 'open' }, ok, false, 0, 'resolve'],
  ['open, well, still clearing', { state: 'open' }, ok, true, 0, 'wait'],
  ['open and violated', { state: 'open' }, bad, true, 9_000, 'wait'],
  ['open and unknown', { state: 'open' }, blind, false, 9_000, 'wait'],
  ['escalated and seen well', { state: 'escalated' }, ok, false, 0, 'resolve'],
  ['an agent works on it', { state: 'claimed' }, ok, false, 0, 'wait'],
  ['claimed fixed and seen well', verifying, ok, false, 0, 'resolve'],
  ['claimed fixed, still clearing', verifying, ok, true, 0, 'wait'],
  ['claimed fixed, still clearing after the window', verifying, ok, true, 9_000, 'wait'],
  ['claimed fixed, violated, within the window', verifying, bad, true, 999, 'wait'],
  ['claimed fixed, violated, the window is over', verifying, bad, true, 1_000, 'return'],
  ['claimed fixed, nobody can tell, the window is over', verifying, blind, true, 9_000, 'wait'],
  ['a person says so, and nothing is checked', { ...verifying, claimBy: 'person' }, off, false, 0, 'resolve'],
  ['an agent says so, and nothing is checked', { ...verifying, claimBy: 'agent' }, off, false, 999, 'wait'],
  [
    'an agent said so long ago, nothing is checked',
    { ...verifying, claimBy: 'agent' },
    off,
    false,
    1_000,
    'return',
  ],
  ['nobody says so, and nothing is checked', { state: 'open' }, off, false, 9_000, 'wait'],
  ['held and seen well', { state: 'open', held: true }, ok, false, 0, 'wait'],
  ['held, claimed fixed, seen well', { ...verifying, held: true }, ok, false, 0, 'wait'],
  ['held, claimed fixed, the window is over', { ...verifying, held: true }, bad, true, 9_000, 'wait'],
]

for (const [name, change, verdict, tracked, now, expected] of cases)
  test(`${name}: ${expected}`, () => {
    assert.equal(settle({ ...ticket, ...change }, verdict, tracked, now), expected)
  })
