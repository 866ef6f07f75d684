// In a mount namespace of its own, on a disk of one MiB: a monitor and an audit live through a full disk.
//   node full-disk.ts FOLDER     prints what came of it as JSON
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendEntry } from '../../src/store/audit/audit.ts'
import { verifyAudit } from '../../src/store/audit/verify.ts'
import { claimTickets } from '../../src/store/operator/sessions.ts'
import { listTickets } from '../../src/store/operator/tickets.ts'
import { watch } from './scripted.ts'

const dir = process.argv[2] ?? ''
execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir])
const filler = join(dir, 'filler')

await using m = watch([{ name: 'down' }, { name: 'other' }], { path: join(dir, 'operator.db') })
await m.observe({ 'other/b': 'bad' })
const who = { sessionId: 's1', agent: 'x', model: null, owner: 'me', clusters: null, leaseMs: 1e9 }
await claimTickets(m.db, who, m.clock.now())
const append = () =>
  appendEntry(m.db, { sessionId: 's1', at: 1, kind: 'tool_result', body: 'x'.repeat(20_000) })
await append()

let fillBytes = 1 << 20
for (; fillBytes > 256; fillBytes >>= 1) fill(fillBytes)
const troubles = () => m.events.filter((event) => event.kind === 'trouble').map((event) => event.message)
let cycles = 0
while (troubles().length < 5 && cycles < 500) {
  cycles++
  await m.observe({ 'other/b': 'bad', 'down/a': 'bad' })
  await m.observe({ 'other/b': 'bad' })
}
const refused = await append().then(
  () => null,
  (error: Error) => error.message,
)
rmSync(filler)
await m.observe({ 'other/b': 'bad' })
await append()
const down = (await listTickets(m.db)).filter((ticket) => ticket.invariant === 'down')
process.stdout.write(
  JSON.stringify({
    cycles,
    troubles: [...new Set(troubles())],
    refused,
    opened: down.length,
    resolved: down.filter(({ state }) => state === 'resolved').length,
    audit: await verifyAudit(m.db),
  }),
)

function fill(bytes: number): void {
  for (;;) {
    try {
      writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
  }
}
