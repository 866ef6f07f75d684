import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { stdout: version } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
/** Why there can be no certificates here; false: there can. */
export const noCertificates = /^OpenSSL [3-9]/.test(version ?? '')
  ? false
  : 'makes certificates with OpenSSL 3'

/** An authority, a server at 127.0.0.1 and a client that it has signed: PEM by name, `NAME` and `NAME-key`. */
export function certificates(): (name: string) => Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  try {
    for (const name of ['ca', 'server', 'client']) {
      const signed = name === 'ca' ? [] : ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem']
      const argv = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        `${name}-key.pem`,
        '-out',
        `${name}.pem`,
        ...signed,
      ]
      execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe' })
    }
    const names = ['ca', 'server', 'server-key', 'client', 'client-key']
    const all = new Map(names.map((name) => [name, readFileSync(join(folder, `${name}.pem`))]))
    return (name) => all.get(name) ?? Buffer.alloc(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
