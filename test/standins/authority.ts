import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An authority of the tests' own. `file`: the path of a PEM: `NAME.pem` or `NAME-key.pem`; its own is `ca.pem`. */
export interface Authority extends Disposable {
  file(name: string): string
  /** Signs another. `days`: negative for one that has expired. */
  sign(name: string, given?: { days?: number; san?: string }): void
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

export function authority(): Authority {
  const cwd = mkdtempSync(join(tmpdir(), 'authority-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd, stdio: 'pipe' })
  openssl(
    ...['req', '-x509', ...key, '-days', '100', '-subj', '/CN=authority', '-keyout', 'ca-key.pem'],
    ...['-out', 'ca.pem'],
  )
  return {
    file: (name) => join(cwd, name),
    sign(name, { days = 90, san = 'IP:127.0.0.1,IP:::1,DNS:localhost' } = {}) {
      openssl(
        ...['req', ...key, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`],
        ...['-keyout', `${name}-key.pem`, '-out', `${name}.csr`],
      )
      openssl(
        ...['x509', '-req', '-in', `${name}.csr`, '-copy_extensions', 'copy', '-CA', 'ca.pem'],
        ...['-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', String(days), '-out', `${name}.pem`],
      )
    },
    [Symbol.dispose]: () => rmSync(cwd, { recursive: true }),
  }
}
