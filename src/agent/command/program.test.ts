import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { slowed } from '../../../test/standins/until.ts'
import { allPids, procFile } from '../../lab/netns/process.ts'
import { openRoom, runProgram } from './program.ts'

/** A number that no other test's `sleep` has. */
const running = (word: string) => allPids().filter((pid) => procFile(pid, 'cmdline') === `sleep\0${word}\0`)

/** [what it does, the program]. Each goes to sleep for good, in its own way; SECONDS is its mark. */
const ways: [string, string][] = [
  ['leaves its session and forgets the session’s name', 'env -u OPERATOR_SESSION setsid sleep SECONDS &'],
  [
    'forks twice with an empty environment',
    '( env -i setsid sh -c "env -i sleep SECONDS & sleep SECONDS" & )',
  ],
  ['goes below a shell that is killed', 'sh -c "env -i setsid sleep SECONDS & kill -9 \\$\\$"'],
  ['ignores all that can be ignored', '(trap "" TERM HUP INT; exec env -i setsid sleep SECONDS) &'],
  ['starts itself again', 'f() { env -i setsid sleep SECONDS & sleep 0.05; f; }; f & sleep 0.2'],
]

for (const [i, [what, script]] of ways.entries()) {
  test(`nothing of a program is left that ${what}`, { skip: process.platform !== 'linux' }, async () => {
    const mark = `7${process.pid}${i}`
    for (const ended of ['by itself', 'by us']) {
      using room = openRoom(['true'])
      const stop = new AbortController()
      const rest = ended === 'by us' ? 'echo begun; sleep 60' : 'echo begun'
      const command = ['sh', '-c', `${script.replaceAll('SECONDS', mark)}\n${rest}`]
      const run = runProgram(command, { room, env: process.env, input: '', signal: stop.signal })
      if (ended === 'by us') setTimeout(() => stop.abort(), slowed(700))
      const { stdout } = await run
      assert.match(stdout, /begun/)
      assert.deepEqual(
        running(mark).map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8').slice(0, 200)),
        [],
        ended,
      )
    }
  })
}
