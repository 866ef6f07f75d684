import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerInWords, spokenIn, troubleInWords } from './trouble.ts'

const url = new URL('https://db.example:2379')
const own = { cert: 'c', key: 'k' }

const codes: [string, object, RegExp][] = [
  ['ENOTFOUND', {}, /cannot be resolved here \(db\.example\)/],
  ['EMFILE', {}, /monitor has no file descriptors/],
  ['CERT_HAS_EXPIRED', {}, /has expired$/],
  ['CERT_NOT_YET_VALID', {}, /not valid yet/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', {}, /another name than db\.example/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', {}, /signed by itself: give it with --ca/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', {}, /give it with --ca/],
  ['SELF_SIGNED_CERT_IN_CHAIN', { ca: 'x' }, /not signed by an authority that --ca/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', {}, /give one with --cert and --key/],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', {}, /give one with --cert and --key/],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', own, /does not accept our certificate/],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', own, /was revoked/],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', own, /\(--cert\) has expired/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', own, /who signed our certificate/],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', {}, /another version of TLS/],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', {}, /too old/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', {}, /does not speak TLS: give http:/],
  ['EPROTO', {}, /TLS handshake/],
]
for (const [code, tls, says] of codes)
  test(`${code}${Object.keys(tls).length > 0 ? ` with ${Object.keys(tls)}` : ''} in words`, () => {
    const error = Object.assign(new Error('40:error:0A:SSL routines:\nnoise'), { code })
    const words = troubleInWords(error, url, tls)
    assert.match(words, says)
    assert.doesNotMatch(words, /\n|routines/)
  })

test('another protocol is named by its first bytes', () => {
  const of = (bytes: string | number[]) =>
    spokenIn(typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes))
  assert.deepEqual(
    ['SSH-2.0-OpenSSH', '-ERR unknown command', '220 mail', 'HTTP/1.1 200 OK', 'what', ''].map(of),
    ['SSH', "Redis' protocol", 'SMTP or FTP', 'HTTP', null, null],
  )
  assert.equal(of([0x15, 3, 1, 0, 2, 2, 0x46]), 'TLS')
  assert.equal(of([0, 0, 18, 4, 0, 0, 0, 0, 0]), 'HTTP/2 (gRPC)')
})

test('an answer of somebody else is told by status and body', () => {
  const of = (status: number, body = '', location: string | null = null) =>
    answerInWords({ status, body, location }) ?? ''
  assert.match(of(400, 'Client sent an HTTP request to an HTTPS server.'), /speaks TLS/)
  assert.match(of(302, '', 'https://sso.example/login?secret=1'), /on to https:\/\/sso\.example \(302\)/)
  assert.match(of(401), /--user-file/)
  assert.match(of(403), /does not let us in/)
  assert.match(of(502), /proxy/)
  assert.match(of(200, '<!DOCTYPE html><title>Hotel</title>'), /web page/)
  assert.equal(of(404, '{}'), '')
})
