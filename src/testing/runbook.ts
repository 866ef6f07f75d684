import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Observation, Subject } from '../core/watch/subject.ts'
import type { CommandResult, Shell, Work } from '../core/work/agent.ts'
import { defaultLimits } from '../core/work/limits.ts'

/** More is a loop: a session would run into its limit. */
const mostCommands = 60

const result = (stdout: string, exitCode: number | null, timedOut = false): CommandResult => ({
  stdout,
  stderr: '',
  exitCode,
  timedOut,
  durationMs: 1,
})

/** Shells in which nothing can be found out, so that nothing may be claimed. */
const blind: Record<string, () => CommandResult> = {
  'finds no program': () => result('', 127),
  'prints nothing': () => result('', 0),
  'ends no command in time': () => result('', null, true),
  'prints garbage': () => result('\x00\xff{"status":"ok"}\n-1\n', 0),
}

const running = 'running  pid 41  since 2026-01-01T00:00:00Z'
const killed = 'stopped  ended 2026-01-01T00:00:00Z by signal KILL'

/** Tests that every runbook has to pass: it claims nothing without proof, does not work endlessly, and ends when told to. */
export function runbookConformance<O extends Observation>({ name, runbook, topology }: Subject<O>): void {
  assert.ok(runbook, `subject ${name} has a runbook`)
  suite(`subject ${name}: runbook`, () => {
    for (const [what, answer] of Object.entries(blind))
      test(`claims no repair where the shell ${what}`, async () => {
        let commands = 0
        const claim = await runbook(
          workIn(async (command, reasoning) => {
            assert.ok(reasoning.trim() !== '', `"${command}" is run without a reason`)
            assert.ok(++commands <= mostCommands, `more than ${mostCommands} commands`)
            return answer()
          }),
        )
        assert.equal(claim.status, 'not_fixed', JSON.stringify(claim))
        assert.ok(claim.rootCause.trim() !== '', 'says what it found, or that it found nothing')
      })

    const nodes = topology?.(3).nodes.map((node) => node.name) ?? []
    if (nodes.length > 0)
      test('claims no repair where a service is started and nothing proves that it is well', async () => {
        let started = false
        const status = () =>
          nodes.map((node, i) => `${node}  ${i > 0 || started ? running : killed}\n`).join('')
        const claim = await runbook(
          workIn(async (command) => {
            if (command === 'svc status') return result(status(), 0)
            if (!/^svc (re)?start\b/.test(command)) return result('', 1)
            started = true
            return result('', 0)
          }),
        )
        assert.ok(started, 'a service that was killed is started again')
        assert.equal(claim.status, 'not_fixed', JSON.stringify(claim))
      })

    test('ends when its session does', async () => {
      const over = new AbortController()
      const reason = new Error('the session is over')
      const shell: Shell = async () => {
        over.abort(reason)
        throw reason
      }
      await assert.rejects(runbook({ ...workIn(shell), signal: over.signal }), reason)
    })
  })
}

const workIn = (shell: Shell): Work => ({
  tickets: [],
  briefing: '',
  history: [],
  shell,
  note: async () => undefined,
  spend: async () => undefined,
  limits: defaultLimits,
  signal: new AbortController().signal,
})
