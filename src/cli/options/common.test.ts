import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { BadInput } from '../../core/errors.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { endpointArgv } from '../../operate.ts'
import { dataPathOption, endpointsOption, logPathOption, portMapOption, withPaths } from './common.ts'

function read(argv: readonly string[]): Endpoints {
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(endpointsOption())
    .addOption(dataPathOption())
    .addOption(logPathOption())
    .addOption(portMapOption())
    .parse(argv, { from: 'user' })
  const options = command.opts()
  return withPaths(options.endpoints, options as Parameters<typeof withPaths>[1])
}

test('endpoints, with all that is said of them, survive the way over the command line', () => {
  const endpoints: Endpoints = {
    'pd-1': { url: 'http://127.0.0.1:40001', dataPath: '/var/lib/x', logPath: '/var/log/pd-1.log' },
    'tikv-1': { url: 'http://127.0.0.1:40002', ports: { 20160: '127.0.0.1:40003', 20161: '[::1]:40004' } },
    'tikv-2': { url: 'http://10.0.0.15:20180', ports: { 20160: 'far:1' } },
  }
  assert.deepEqual(read(endpointArgv(endpoints)), endpoints)
})

test('endpoints of every transport that a topology may have, and nothing without a host', () => {
  for (const url of ['http://a:1', 'https://a:1', 'redis://a:1', 'rediss://a:1', 'tcp://a:1'])
    assert.deepEqual(read(['--endpoints', `x-1=${url}`]), { 'x-1': { url } })
  for (const url of ['a:1', 'tcp:a', 'tcp://', 'file:///etc/passwd', 'unix:///a'])
    assert.throws(() => read(['--endpoints', `x-1=${url}`]), /is not name=url/, url)
})

test('what names no node, and what is no port, is refused with what is allowed', () => {
  const endpoints = ['--endpoints', 'tikv-1=http://10.0.0.15:20180']
  assert.throws(
    () => read([...endpoints, '--port-map', 'tikv-9:20160=127.0.0.1:1']),
    (error) => error instanceof BadInput && /--port-map: .*'tikv-9'; known: tikv-1/.test(error.message),
  )
  for (const odd of ['tikv-1=127.0.0.1:1', 'tikv-1:grpc=127.0.0.1:1', 'tikv-1:20160=127.0.0.1', ''])
    assert.throws(() => read([...endpoints, '--port-map', odd]), /allowed: tikv-1:20160=127\.0\.0\.1:32771/)
})

test('a name that would be no key of an object is no name of a node', () => {
  assert.throws(() => read(['--endpoints', '__proto__=http://127.0.0.1:1']), /cannot be named '__proto__'/)
  assert.ok(Object.hasOwn(read(['--endpoints', 'constructor=http://127.0.0.1:1']), 'constructor'))
})
