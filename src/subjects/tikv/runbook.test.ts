import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bench } from '../../../test/standins/work.ts'
import { runbook } from './runbook.ts'

const pds = ['pd-1', 'pd-2', 'pd-3']
const stores = ['tikv-1', 'tikv-2', 'tikv-3']
const all = [...pds, ...stores]
const up = all.map((name, i) => `${name.padEnd(16)} running  pid ${i + 60}     since 2026-11-22T17:51:02Z`)
const lines = (names: string[], line: (name: string) => string) => `${names.map(line).join('\n')}\n`

interface Scene {
  svc?: string
  logs?: string
  ports?: string
  df?: string
  network?: string
  leaders?: string
  halted?: string
}

/** Answers as the real commands do. */
async function play(scene: Scene) {
  const notes: string[] = []
  const it = bench({
    shell(command) {
      if (command === 'svc status') return scene.svc ?? up.join('\n')
      if (command.startsWith('svc logs')) return scene.logs ?? ''
      if (command.includes('echo "$n grpc"'))
        return scene.ports ?? lines(stores, (name) => `${name} status\n${name} grpc`)
      if (command.startsWith('df'))
        return scene.df ?? lines(all, (name) => `tmpfs 1024 10 1014 1% /var/lib/tikv/${name}`)
      if (command.includes('iptables -S'))
        return scene.network ?? lines(all, (name) => `${name} qdisc qdisc noqueue 0: dev eth0 root refcnt 2`)
      if (command.includes('http_code')) return scene.leaders ?? lines(pds, (name) => `${name} 200`)
      if (command.includes('halt-scheduling')) return scene.halted ?? lines(pds, (name) => `${name} halted 0`)
      return ''
    },
  })
  const work = { ...it.work, note: async (text: string) => void notes.push(text) }
  const claim = await runbook(work)
  return { claim, commands: it.commands, notes: notes.join('\n') }
}

describe('the runbook of TiKV', () => {
  test('says what it has looked at, and claims no more', async () => {
    const { claim, notes } = await play({})
    assert.deepEqual([claim.status, claim.rootCause], ['not_fixed', 'nothing wrong was found'])
    for (const what of ['tikv-3 run', 'both ports', 'no disk', 'no rule', 'every PD', 'not halted'])
      assert.match(notes, new RegExp(what))
    assert.doesNotMatch(notes, /Not checked/)
  })

  const blind: [string, Scene, RegExp][] = [
    ['disks that df does not list', { df: 'df: no such file' }, /no disk is full/],
    [
      'a network that nobody shows',
      { network: lines(all.slice(1), (name) => `${name} rule -P INPUT ACCEPT`) },
      /no rule/,
    ],
    ['ports that were not tried', { ports: '' }, /both ports/],
    ['leaders that nobody asked for', { leaders: 'pd-1 200\n' }, /every PD/],
    ['a configuration that nobody got', { halted: '' }, /not halted/],
  ]
  for (const [what, scene, pattern] of blind)
    test(`says what it has not seen: ${what}`, async () => {
      const { claim, notes } = await play(scene)
      const [fine = '', unchecked = ''] = notes.split('Not checked')
      assert.match(unchecked, pattern)
      assert.doesNotMatch(fine, pattern)
      assert.match(claim.rootCause, /not all was seen/)
    })

  test('names a PD without a leader and halted scheduling, and leaves both to a person', async () => {
    const without = await play({ leaders: 'pd-1 503\npd-2 200\npd-3 000\n' })
    assert.deepEqual(
      [without.claim.rootCause, without.claim.actions],
      ['pd-1, pd-3 reaches no leader of PD', []],
    )
    const { claim } = await play({ halted: 'pd-1 halted 1\npd-2 halted 1\npd-3 halted 1\n' })
    assert.deepEqual([claim.status, claim.actions], ['not_fixed', []])
    assert.match(claim.rootCause, /halt-scheduling is true/)
  })

  test('quotes the line that says why a process ended for good, and starts it once', async () => {
    const svc = [...up.slice(0, 5), 'tikv-3           stopped  ended 2026-11-22T17:51:09Z with code 1'].join(
      '\n',
    )
    const logs =
      '[2026/11/30 23:03:02.104 +00:00] [FATAL] [server.rs:1099] ["failed to start node: cluster ID mismatch, local 1 != remote 2"]'
    const { claim, commands } = await play({ svc, logs })
    assert.match(claim.rootCause, /tikv-3 not running; its log ends with: .*cluster ID mismatch/)
    assert.equal(commands.filter((command) => command.startsWith('svc start')).length, 1)
  })
})
