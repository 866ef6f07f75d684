import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { probe, sample } from '../../../test/standins/record.ts'
import { until } from '../../../test/standins/until.ts'
import { seenFile, seenIn, takeNotes } from './seen.ts'

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'seen-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

test('notes can be read while the trial runs, except a line that is still being written', async () => {
  using place = folder()
  using notes = takeNotes(place.path)
  notes.add({ probe: probe(0) })
  notes.add({ sample: sample(1_000, 3) })
  notes.add({ probe: probe(250, false) })
  const seen = { probes: [probe(0), probe(250, false)], samples: [sample(1_000, 3)] }
  await until('it is noted', async () => (await seenIn(place.path)).probes.length === 2)
  assert.deepEqual(await seenIn(place.path), seen)
  appendFileSync(seenFile(place.path), '{"probe":{"at":1')
  assert.deepEqual(await seenIn(place.path), seen)
})

test('without notes there is nothing to show', async () => {
  using place = folder()
  assert.deepEqual(await seenIn(join(place.path, 'none')), { probes: [], samples: [] })
})

test('a folder that cannot be written does not stop the trial', async () => {
  using place = folder()
  const gone = join(place.path, 'gone')
  using notes = takeNotes(gone)
  for (let i = 0; i < 100; i++) {
    notes.add({ sample: sample(i) })
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(existsSync(gone), false)
})
