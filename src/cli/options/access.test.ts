import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { authority } from '../../../test/standins/authority.ts'
import { accessOf } from './access.ts'

const endpoints = { n: { url: 'https://10.0.0.1:2379' } }

test('files that are of no use are refused with their name and what is wrong, and no secret', () => {
  using pki = authority()
  pki.sign('me')
  pki.sign('you')
  const write = (name: string, text: string, mode = 0o600) => {
    writeFileSync(pki.file(name), text)
    chmodSync(pki.file(name), mode)
    return pki.file(name)
  }
  const [ca, cert, key] = ['ca.pem', 'me.pem', 'me-key.pem'].map(pki.file) as [string, string, string]
  chmodSync(key, 0o600)
  assert.equal(accessOf({ ca, cert, key }, endpoints).tls?.cert?.toString().includes('BEGIN'), true)
  const user = write('user', 'root:a:b\r\n')
  assert.deepEqual(accessOf({ userFile: user }, endpoints).credentials, { user: 'root', password: 'a:b' })
  const wrong: [Parameters<typeof accessOf>[0], RegExp][] = [
    [{ ca: '/no/such' }, /--ca \/no\/such: there is no such file/],
    [{ ca: write('empty', '\n') }, /empty: is empty/],
    [{ ca: key }, /holds a key, and no certificate/],
    [{ ca: write('der', '0\u0082\u0001') }, /no certificate as PEM/],
    [{ ca: '/' }, /is not a file/],
    [{ cert }, /--cert needs --key/],
    [{ key }, /--key needs --cert/],
    [{ cert, key: write('k', 'hello') }, /holds no key/],
    [{ cert: pki.file('you.pem'), key }, /does not belong/],
    [{ userFile: write('open', 'root:hunter2', 0o644) }, /everybody.*chmod/],
    [{ userFile: write('two', 'root:hunter2\nmore') }, /one line/],
    [{ userFile: write('none', 'hunter2') }, /one line/],
  ]
  for (const [options, says] of wrong)
    assert.throws(
      () => accessOf(options, endpoints),
      (error: Error) => says.test(error.message) && !/hunter2/.test(error.message),
      String(says),
    )
  assert.throws(() => accessOf({ ca }, { n: { url: 'http://10.0.0.1:2379' } }), /for https endpoints/)
})
