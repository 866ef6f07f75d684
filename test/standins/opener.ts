// Opens a database at the same moment as others: `node opener.ts DB`. Waits for a line, then says what it found.
import { once } from 'node:events'
import { openOperatorDb } from '../../src/store/operator/open.ts'
import { listTickets } from '../../src/store/operator/tickets.ts'

process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
await using db = openOperatorDb(process.argv[2] ?? '')
process.stdout.write(`${(await listTickets(db)).length} tickets\n`)
