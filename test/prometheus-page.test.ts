import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { parse } from 'yaml'
import { findProgram } from '../src/lab/netns/programs.ts'
import { freePorts } from './standins/etcd.ts'
import { operator } from './standins/operator.ts'
import { skipWithout, startAlertmanager, startPrometheus } from './standins/prometheus.ts'
import { until } from './standins/until.ts'

const page = readFileSync(new URL('../docs/prometheus.md', import.meta.url), 'utf8')
const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text)
const commands = blocks('sh').flatMap((text) => text.trim().split('\n'))

describe('docs/prometheus.md', skipWithout, () => {
  const home = mkdtempSync(join(tmpdir(), 'page-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  test('its commands run against a real Prometheus and a real Alertmanager', async () => {
    const rule = { alert: 'Never', expr: 'up == 2' }
    await using prometheus = await startPrometheus({
      rules: JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }),
    })
    await using alertmanager = await startAlertmanager('http://127.0.0.1:1/')
    assert.ok(commands.length >= 5, page)
    for (const command of commands) {
      const [port = 0] = await freePorts(1)
      const ports = { 9090: prometheus.port, 9093: alertmanager.port, 9095: port }
      const [, ...argv] = command.replace(/\s#.*/, '').trim().split(/\s+/)
      const here = argv.map((word) =>
        word.replace(/:(909[035])/, (_, known: keyof typeof ports) => `:${ports[known]}`),
      )
      await using running = operator(here, { OPERATOR_HOME: home })
      if (here[0] === 'monitor' && !here.includes('--once')) {
        const saysSo = () => /watching /.test(running.stderr())
        await until(`${command}: ${running.stderr()}`, () => saysSo() || running.child.exitCode !== null)
        assert.ok(saysSo(), running.stderr())
        assert.equal(running.child.exitCode, null, running.stderr())
      } else {
        const { exitCode } = await running.ended
        assert.ok(exitCode === 0 || here.includes('--once'), `${command}: ${running.stderr()}`)
        assert.doesNotMatch(running.stderr(), /error|unknown option/)
      }
    }
  })

  test('Alertmanager takes its receiver, also with the token', () => {
    const [block = ''] = blocks('yaml')
    const withToken = block.replace(/# (http_config)/, '$1')
    for (const text of [block, withToken]) {
      const config = { route: { receiver: 'operator' }, ...parse(text) }
      writeFileSync(join(home, 'alertmanager.yml'), JSON.stringify(config))
      const argv = ['check-config', join(home, 'alertmanager.yml')]
      assert.match(execFileSync(findProgram('amtool') ?? 'amtool', argv, { encoding: 'utf8' }), /SUCCESS/)
    }
    assert.notEqual(withToken, block)
  })
})
