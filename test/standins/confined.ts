// Runs a script as the agent of `agent: command`, with a database, a trial and another session that it must not reach, and
// prints what it said: `node confined.ts PLACE own|self CANARY`, the script on standard input.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { confinement } from '../../src/agent/command/confine.ts'
import { commandAgent } from '../../src/agent/kinds/command.ts'
import { bench } from './work.ts'

/** The canary is in every file, environment and command line that must stay out of reach. */
const [place = '', how = 'own', canary = ''] = process.argv.slice(2)
const evalDb = join(place, 'home', 'eval.db')
const trial = `${evalDb}.trials/t1`
mkdirSync(trial, { recursive: true })
mkdirSync(join(place, 'programs'))
for (const file of [evalDb, `${evalDb}-wal`, join(trial, 'operator.db'), join(trial, 'agent.log')])
  writeFileSync(file, canary, { mode: 0o600 })
const otherRoom = mkdtempSync(join(tmpdir(), 'operator-'))
writeFileSync(join(otherRoom, 'input'), canary)
const server = createServer((socket) => socket.end(canary)).listen(join(otherRoom, 'session'))
// What the harness' processes look like from outside: arguments, environment, an open file, a working folder.
const harness = spawn('sleep', ['600'], {
  argv0: canary,
  env: { KEY: canary },
  cwd: trial,
  stdio: ['ignore', 'ignore', 'ignore'],
})
const path = join(place, 'programs', 'agent.sh')
const values = `EVAL_DB='${evalDb}' TRIAL='${trial}' ROOM='${otherRoom}' HARNESS=${harness.pid} PARENT=${process.pid}`
writeFileSync(path, `#!/bin/bash\n${values}\n${readFileSync(0, 'utf8')}\n`, { mode: 0o700 })
const it = bench()
const { PATH, HOME } = process.env
const confine = { databases: [join(trial, 'operator.db'), evalDb], asSelf: how === 'self' }
await commandAgent({ command: [path], operator: ['true'], env: { PATH, HOME }, confine })(it.work)
console.log(JSON.stringify({ confinement: await confinement(), said: it.log.join('\n') }))
harness.kill()
server.close()
