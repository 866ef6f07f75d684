import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadInput } from '../../../core/errors.ts'
import { engineAddress, nameOf } from './address.ts'

test('DOCKER_HOST is read as Docker’s own CLI does', () => {
  const at = (DOCKER_HOST: string) => engineAddress({ DOCKER_HOST })
  assert.deepEqual(at('unix:///run/x.sock'), { socketPath: '/run/x.sock' })
  assert.deepEqual(at('tcp://10.0.0.5'), { host: '10.0.0.5', port: 2375 })
  assert.equal(nameOf(at('tcp://engine:99')), 'tcp://engine:99')
  for (const odd of ['ssh://host', 'tcp://a/b', 'nonsense'])
    assert.throws(
      () => at(odd),
      (error) => error instanceof BadInput && /unix:.*tcp:/.test(error.message),
    )
})
