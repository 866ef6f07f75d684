import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { requestsFile, requestsIn } from './requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'requests-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('all that was asked is read, in blocks of whole lines, from where one was', async () => {
  assert.deepEqual(await requestsIn(folder, null), { requests: [], mark: 0 })
  assert.deepEqual(await requestsIn(folder, 7), { requests: [], mark: 7 })
  const before = 'of somebody before\n'
  appendFileSync(requestsFile(folder), before)
  const { mark } = await requestsIn(folder, null)
  assert.equal(mark, before.length)
  const lines = Array.from({ length: 30_000 }, (_, i) => `${i} é ${'x'.repeat(i % 300)}`)
  appendFileSync(requestsFile(folder), `${lines.join('\n')}\nbegun, but not yet wr`)
  const read: string[] = []
  let blocks = 0
  for (let at = mark; ; ) {
    const next = await requestsIn(folder, at)
    if (next.mark === at) break
    at = next.mark
    read.push(...next.requests)
    blocks++
  }
  assert.deepEqual(read, lines)
  assert.ok(blocks > 3, `${blocks}`)
})
