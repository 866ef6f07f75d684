import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { classify } from './classify.ts'
import { commandFigures } from './figures.ts'
import { thrashing } from './thrashing.ts'

/** Commands, one each `everyMs`. */
const calls = (commands: readonly string[], everyMs = 1_000) =>
  commands.map((command, index) => ({ at: 1_000_000 + index * everyMs, command, exitCode: 0 }))

test('no commands, no figures', () => {
  const nothing = {
    total: 0,
    unique: 0,
    thrashing: 0,
    diagnostic: 0,
    remediation: 0,
    destructive: 0,
    other: 0,
    unknown: 0,
  }
  assert.deepEqual(commandFigures([]), nothing)
})

test('each command is of one class; the same one counts once as unique', () => {
  const lines = ['svc status', 'svc  status', 'svc start a', 'rm -rf /data', './x', 'echo "']
  assert.deepEqual(commandFigures(calls(lines)), {
    total: 6,
    unique: 5,
    thrashing: 0,
    diagnostic: 2,
    remediation: 1,
    destructive: 1,
    other: 2,
    unknown: 2,
  })
})

suite('thrashing', () => {
  const read = 'svc status'
  const cases: Record<string, { lines: string[]; lost: number[]; everyMs?: number }> = {
    'the third time, and every further one': { lines: [read, read, read, read], lost: [2, 3] },
    'with other looks between': { lines: [read, 'df', read, 'df -i', read], lost: [4] },
    'with pauses between': { lines: [read, `sleep 5; ${read}`, 'sleep 5', read], lost: [3] },
    'not after a change': { lines: [read, read, 'svc start a', read, read], lost: [] },
    'not after what may have changed something': { lines: [read, read, './fix', read, read], lost: [] },
    'not over more than a minute': { lines: [read, read, read], lost: [], everyMs: 31_000 },
    'within a minute': { lines: [read, read, read], lost: [2], everyMs: 30_000 },
    'a change that is made again and again': { lines: Array(3).fill('svc restart a'), lost: [2] },
    'pauses are none': { lines: Array(5).fill('sleep 1'), lost: [] },
    'the same of others is not the same': { lines: ['svc logs a', 'svc logs b', 'svc logs c'], lost: [] },
    'stop and start is a restart': { lines: ['svc stop a', 'svc start a'], lost: [] },
    'stop, start, stop, start': {
      lines: ['svc stop a', 'svc start a', 'svc stop a', 'svc start a'],
      lost: [2, 3],
    },
    'what is so already': {
      lines: ['svc stop a', 'svc start a', 'svc stop a', 'svc stop a'],
      lost: [2],
    },
    'in one line as well': { lines: ['svc stop a; svc start a; svc stop a'], lost: [0] },
    'of one thing': { lines: ['svc stop a', 'svc start a', 'svc stop b', 'svc start b'], lost: [] },
    'pause and continue': { lines: ['kill -STOP 7', 'kill -CONT 7', 'kill -STOP 7'], lost: [2] },
    'a rule': {
      lines: [
        'iptables -A INPUT -s b -j DROP',
        'iptables -D INPUT -s b -j DROP',
        'iptables -I INPUT -s b -j DROP',
      ],
      lost: [2],
    },
    'a queue': {
      lines: [
        'tc qdisc add dev e root netem loss 1%',
        'tc qdisc del dev e root',
        'tc qdisc add dev e root fq',
      ],
      lost: [2],
    },
    'another rule': {
      lines: [
        'iptables -A INPUT -s b -j DROP',
        'iptables -D INPUT -s b -j DROP',
        'iptables -A INPUT -s c -j DROP',
      ],
      lost: [],
    },
    'asking for the same state twice': { lines: ['svc start a', 'svc start a', 'svc stop a'], lost: [] },
    'long after': { lines: ['svc stop a', 'svc start a', 'svc stop a'], lost: [2], everyMs: 300_000 },
  }
  for (const [name, { lines, lost, everyMs }] of Object.entries(cases))
    test(name, () => {
      const run = calls(lines, everyMs)
      const judged = run.map(({ at, command }) => ({ at, judged: classify(command) }))
      assert.deepEqual([...thrashing(judged)].sort(), lost)
      assert.equal(commandFigures(run).thrashing, lost.length)
    })
})
