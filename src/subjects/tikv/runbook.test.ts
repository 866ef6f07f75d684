import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastLines, panicOf } from '../../../test/standins/logs.ts'
import { bench } from '../../../test/standins/work.ts'
import { runbook } from './runbook.ts'

const names = ['pd-1', 'tikv-1', 'tikv-2', 'tikv-3']
const running = names.map((name, i) => `${name}  running  pid ${60 + i}  since 2026-11-22T17:51:02Z`)
const ports = names.slice(1).flatMap((name) => [`${name} status`, `${name} grpc`])

async function play(answers: {
  svc?: string
  ports?: string
  cpu?: string
  df?: string
  network?: string
  leaders?: string
  halted?: string
  logs?: string
}) {
  const it = bench({
    shell(command) {
      if (command === 'svc status') return answers.svc ?? running.join('\n')
      if (command.includes('/dev/tcp') && command.startsWith('for')) return answers.ports ?? ports.join('\n')
      if (command.includes('schedstat')) return answers.cpu ?? ''
      if (command.startsWith('df')) return answers.df ?? ''
      if (command.includes('iptables -S')) return answers.network ?? ''
      if (command.includes('http_code')) return answers.leaders ?? ''
      if (command.includes('halt-scheduling')) return answers.halted ?? ''
      if (command.startsWith('svc logs')) return lastLines(answers.logs ?? '', command)
      return ''
    },
  })
  return runbook(it.work)
}

test('says what it looked at and what it could not read, and what the ticket says', async () => {
  const blind = await play({ ports: '' })
  assert.match(blind.rootCause, /tikv-1, tikv-2, tikv-3 cannot be reached from here on every port/)
  assert.match(blind.rootCause, /not every disk of the nodes could be read/)
  assert.match(blind.rootCause, /rules and queues of pd-1, .* could not be read/)
  assert.match(blind.rootCause, /open: member_down/)
  assert.deepEqual([blind.status, blind.actions], ['not_fixed', []])
  const seen = await play({
    df: names.map((name) => `none 10 1 9 10% /var/lib/tikv/${name}`).join('\n'),
    network: names
      .map((name) => `${name} rule -P INPUT ACCEPT\n${name} qdisc qdisc noqueue 0: dev eth0 root`)
      .join('\n'),
  })
  assert.match(
    seen.rootCause,
    /every store answers on both of its ports; no disk is full; no rule that drops/,
  )
})

test('a store whose process has a CPU group of its own is restarted out of it', async () => {
  const cpu = names.map((name) => `${name} group 0::/${name === 'tikv-2' ? 'slow' : ''}`).join('\n')
  const claim = await play({ cpu })
  assert.deepEqual([claim.component, claim.actions[0]], ['tikv-2', 'svc restart tikv-2'])
})

test('all that are stopped are named, each with its end', async () => {
  const svc = running.with(1, 'tikv-1  stopped  ended 2026-11-22T17:51:09Z by signal KILL').join('\n')
  assert.match((await play({ svc })).rootCause, /tikv-1 not running \(killed by signal KILL\)/)
})

test('a PD without a leader and halted scheduling are named, and left to a person', async () => {
  const without = await play({ leaders: 'pd-1 503\n' })
  assert.deepEqual([without.rootCause, without.actions], ['pd-1 reaches no leader of PD', []])
  const { rootCause, actions } = await play({ leaders: 'pd-1 200\n', halted: 'pd-1 halted 1\n' })
  assert.deepEqual([rootCause, actions], ['halt-scheduling is true: PD moves and repairs nothing', []])
  const blind = await play({})
  assert.match(
    blind.rootCause,
    /whether pd-1 reaches a leader was not told; whether scheduling is halted could not/,
  )
})

test('the line that says why a store ended is part of the cause', async () => {
  const svc = running.with(1, 'tikv-1  stopped  ended 2026-11-22T17:51:09Z with status 1').join('\n')
  const logs = '[INFO] welcome\n[FATAL] [server.rs:1] ["cluster ID mismatch, local 1 != remote 2"]\n'
  assert.match((await play({ svc, logs })).rootCause, /its log ends with: \[FATAL\].*cluster ID mismatch/)
  const panic = panicOf('tocommit(254) is out of range [lastIndex(204)]')
  assert.match((await play({ svc, logs: panic })).rootCause, /its log ends with: .*tocommit/)
})
