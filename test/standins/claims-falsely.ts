// A real agent process whose kind does nothing and says that it is done: `node claims-falsely.ts DB NAME`. Ends by SIGTERM.
import { runAgent } from '../../src/agent/loop.ts'
import { systemClock } from '../../src/core/clock.ts'
import { defaultLimits } from '../../src/core/work/limits.ts'
import type { ExecResult } from '../../src/sandbox/sandbox.ts'
import { openOperatorDb } from '../../src/store/operator/open.ts'

const commandsEach = 5

const [path = '', name = ''] = process.argv.slice(2)
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort(new Error('stopped by SIGTERM')))
const result: ExecResult = {
  stdout: 'up 3 days',
  stderr: '',
  exitCode: 0,
  timedOut: false,
  durationMs: 1,
  truncatedBytes: 0,
}

await using db = openOperatorDb(path)
await runAgent({
  db,
  agent: 'false',
  model: null,
  owner: name,
  clusters: null,
  verifyMs: 300,
  pollMs: 100,
  leaseMs: 10_000,
  limits: defaultLimits,
  clock: systemClock,
  signal: stop.signal,
  redact: (text) => text,
  summarize: async (text) => ({ text: text.slice(0, 20), by: 'first words' }),
  workplace: async () => ({
    briefing: '',
    sandbox: { describe: 'nowhere', exec: async () => result },
    kind: async ({ shell, note, spend }) => {
      for (let i = 0; i < commandsEach; i++) {
        await note(`${name} thinks ${i}`)
        await shell('uptime', `${name} looks ${i}`)
        await spend({ tokensIn: 10, tokensOut: 1, tokensCached: 0, costUsd: 0.25 })
      }
      return { status: 'fixed', rootCause: `${name} says so`, actions: [] }
    },
  }),
  onEvent: (event) => process.stderr.write(event.kind === 'trouble' ? `${name}: ${event.message}\n` : ''),
})
