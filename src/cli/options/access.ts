import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { BadInput, messageOf } from '../../core/errors.ts'
import type { Access, Credentials, Tls } from '../../core/watch/access.ts'
import type { Endpoints } from '../../core/watch/topology.ts'

/** Paths only: what is in these files stands on no command line and in no log. */
export interface AccessOptions {
  ca?: string
  cert?: string
  key?: string
  userFile?: string
  bearerTokenFile?: string
}

const all = () => [
  new Option(
    '--ca <file>',
    'PEM file with the authorities that may sign the certificates of https endpoints',
  ),
  new Option('--cert <file>', 'PEM file with a client certificate, for nodes that ask for one'),
  new Option('--key <file>', 'PEM file with the key of --cert; only its owner may read it'),
  new Option('--user-file <file>', 'file with one line, user:password; only its owner may read it'),
  new Option('--bearer-token-file <file>', 'file with one line, a bearer token; only its owner may read it'),
]

export function withAccessOptions(command: Command, { hidden = false } = {}): Command {
  for (const option of all()) command.addOption(option.hideHelp(hidden))
  return command
}

/** Credentials that senders of notifications have to show, read from files. */
export function sendersOf(options: { receiverUserFile?: string; receiverTokenFile?: string }): Access {
  const { receiverUserFile: user, receiverTokenFile: token } = options
  return {
    ...(user !== undefined && { credentials: credentialsOf(user, '--receiver-user-file') }),
    ...(token !== undefined && { bearerToken: tokenOf(token, '--receiver-token-file') }),
  }
}

const mostBytes = 1 << 20

/** Reads what the options name; says of a file that is of no use what is wrong with it, and what helps. */
export function accessOf(options: AccessOptions, endpoints: Endpoints): Access {
  const tls = tlsOf(options)
  const isAnyTls = Object.values(endpoints).some(({ url }) => url.startsWith('https:'))
  if (tls && !isAnyTls) {
    const given = (['ca', 'cert', 'key'] as const).filter((name) => options[name] !== undefined)
    throw new BadInput(`--${given[0]} is for https endpoints, and none of these is one`)
  }
  return {
    ...(tls && { tls }),
    ...(options.userFile !== undefined && { credentials: credentialsOf(options.userFile) }),
    ...(options.bearerTokenFile !== undefined && { bearerToken: tokenOf(options.bearerTokenFile) }),
  }
}

function tlsOf({ ca, cert, key }: AccessOptions): Tls | null {
  if (cert !== undefined && key === undefined)
    throw new BadInput('--cert needs --key: the key that belongs to it')
  if (key !== undefined && cert === undefined)
    throw new BadInput('--key needs --cert: the certificate it belongs to')
  if (ca === undefined && cert === undefined) return null
  const tls: Tls = {}
  if (ca !== undefined) {
    tls.ca = text('--ca', ca)
    certificatesIn('--ca', ca, tls.ca)
  }
  if (cert !== undefined && key !== undefined) {
    tls.cert = text('--cert', cert)
    tls.key = text('--key', key, { secret: true })
    const [own] = certificatesIn('--cert', cert, tls.cert)
    if (!own?.checkPrivateKey(keyIn(key, tls.key)))
      throw new BadInput(`--key ${key}: does not belong to the first certificate in ${cert}`)
  }
  return tls
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

function certificatesIn(option: string, path: string, pem: string): X509Certificate[] {
  const blocks = pem.match(certificatePattern) ?? []
  if (blocks.length === 0) {
    const what = /PRIVATE KEY/.test(pem)
      ? 'it holds a key, and no certificate'
      : 'it holds no certificate as PEM'
    throw new BadInput(`${option} ${path}: ${what} (-----BEGIN CERTIFICATE-----)`)
  }
  return blocks.map((block) => {
    try {
      return new X509Certificate(block)
    } catch {
      throw new BadInput(`${option} ${path}: a certificate in it is damaged`)
    }
  })
}

function keyIn(path: string, pem: string): ReturnType<typeof createPrivateKey> {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw new BadInput(`--key ${path}: it holds no key as PEM (-----BEGIN PRIVATE KEY-----)`)
  try {
    return createPrivateKey(pem)
  } catch {
    const locked = /ENCRYPTED/.test(pem)
    throw new BadInput(
      locked
        ? `--key ${path}: the key has a passphrase; write one without: openssl pkey -in ${path} -out FILE`
        : `--key ${path}: the key in it is damaged`,
    )
  }
}

function credentialsOf(path: string, option = '--user-file'): Credentials {
  const lines = text(option, path, { secret: true }).trimEnd().split(/\r?\n/)
  const [line = ''] = lines
  const at = line.indexOf(':')
  // The message does not repeat the line, which may be a password.
  if (lines.length !== 1 || at < 1 || at === line.length - 1)
    throw new BadInput(`${option} ${path}: allowed is one line, user:password`)
  return { user: line.slice(0, at), password: line.slice(at + 1) }
}

function tokenOf(path: string, option = '--bearer-token-file'): string {
  const token = text(option, path, { secret: true }).trim()
  if (/[^\x21-\x7e]/.test(token)) throw new BadInput(`${option} ${path}: allowed is one line, a token`)
  return token
}

function text(option: string, path: string, { secret = false } = {}): string {
  let content: string
  try {
    const { mode, size, isFile } = statOf(path)
    if (!isFile) throw new BadInput(`${option} ${path}: is not a file`)
    if (size > mostBytes) throw new BadInput(`${option} ${path}: is too large for what it should be`)
    if (secret && (mode & 0o004) !== 0)
      throw new BadInput(`${option} ${path}: everybody on this machine can read it; chmod o-rwx ${path}`)
    content = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    if (error instanceof BadInput) throw error
    const { code } = error as NodeJS.ErrnoException
    const why = { ENOENT: 'there is no such file', EACCES: 'you may not read it' }[code ?? '']
    throw new BadInput(`${option} ${path}: ${why ?? messageOf(error)}`)
  }
  if (content.trim() === '') throw new BadInput(`${option} ${path}: is empty`)
  return content
}

function statOf(path: string): { mode: number; size: number; isFile: boolean } {
  const stat = statSync(path)
  return { mode: stat.mode, size: stat.size, isFile: stat.isFile() }
}
