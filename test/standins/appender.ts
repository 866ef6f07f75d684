// Appends to a session's audit: `node appender.ts DB SESSION COUNT NAME`. With COUNT 0 until it is killed.
// Says `begun` once it has written the first one.
import { appendEntry } from '../../src/store/audit/audit.ts'
import { openOperatorDb } from '../../src/store/operator/open.ts'

const [path = '', sessionId = '', count = '', name = ''] = process.argv.slice(2)
await using db = openOperatorDb(path)
for (let i = 0; Number(count) === 0 || i < Number(count); i++) {
  // Now and then one that is compressed.
  const body = `${name} ${i} ${'x'.repeat(i % 10 === 0 ? 100_000 : 100)}`
  await appendEntry(db, { sessionId, at: i, kind: 'reasoning', body })
  if (i === 0) process.stdout.write('begun\n')
}
