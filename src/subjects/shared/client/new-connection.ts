import net from 'node:net'
import tls, { type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { Tls } from '../../../core/watch/access.ts'
import { type Silence, silenceOf } from './client.ts'
import {
  type CertificateFault,
  certificateFault,
  handshakeEnded,
  plainWanted,
  spokenIn,
  tlsWanted,
  troubleInWords,
} from './trouble.ts'

/** Epoch ms; of the peer's certificate and those that signed it, the shortest life. */
export interface Validity {
  from: number
  until: number
}

/** Result of connecting to a peer as a new client. */
export type NewConnection = {
  /** null: plain HTTP, or no handshake came so far. */
  certificate: (Validity & { fault: CertificateFault | null }) | null
} & (
  | { kind: 'open'; status: number }
  /** `mistaken`: another protocol than the endpoint names was recognised. */
  | { kind: 'closed'; why: Silence; detail: string; mistaken: boolean }
)

/**
 * Asks for `path` over a connection of its own that nothing is kept of, no TLS session either. Nothing is sent to a peer
 * that is not trusted. Where another protocol answers, finds out which. Never rejects; an aborted signal is a `timeout`.
 */
export async function connectAnew(
  url: URL,
  path: string,
  { tls: given = {}, signal }: { tls?: Tls; signal: AbortSignal },
): Promise<NewConnection> {
  const isTls = url.protocol === 'https:'
  const first = await attempt(url, path, { isTls, given, signal })
  if (first.kind === 'open' || !(first.why === 'reset' || first.why === 'garbled')) return first
  if (first.mistaken || first.certificate !== null) return first
  const other = await attempt(url, path, { isTls: !isTls, given, signal })
  if (isTls && other.kind === 'open') return mistake(plainWanted)
  if (!isTls && (other.kind === 'open' || other.certificate !== null || saysTls(other)))
    return mistake(tlsWanted)
  return other.kind === 'closed' && other.mistaken ? other : first
}

const mistake = (detail: string): NewConnection => ({
  kind: 'closed',
  why: 'garbled',
  detail,
  mistaken: true,
  certificate: null,
})

/** An alert is TLS, too. */
const saysTls = (seen: Attempt): boolean => seen.kind === 'closed' && seen.alerted

type Attempt =
  | Extract<NewConnection, { kind: 'open' }>
  | (Extract<NewConnection, { kind: 'closed' }> & { alerted: boolean })

/** As many bytes as tell a protocol. */
const mostBytes = 200

function attempt(
  url: URL,
  path: string,
  { isTls, given, signal }: { isTls: boolean; given: Tls; signal: AbortSignal },
): Promise<Attempt> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  return new Promise((resolve) => {
    const socket = isTls
      ? tls.connect({
          ...given,
          host,
          port,
          rejectUnauthorized: false,
          // A name for SNI; an address is none (RFC 6066, 3).
          ...(net.isIP(host) === 0 && { servername: host }),
        })
      : net.connect({ host, port })
    let certificate: NewConnection['certificate'] = null
    let accepted = false
    const end = (seen: Attempt) => {
      signal.removeEventListener('abort', late)
      socket.destroy()
      resolve(seen)
    }
    const closed = (why: Silence, detail: string, more: { mistaken?: boolean; alerted?: boolean } = {}) =>
      end({ kind: 'closed', why, detail, certificate, mistaken: false, alerted: false, ...more })
    const late = () =>
      closed('timeout', accepted ? 'the connection is accepted, and nobody answers on it' : 'no connection')
    const ask = () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const alerted = /^ERR_SSL_.*ALERT/.test(error.code ?? '')
      const why = silenceOf(error)
      if (why === 'reset' && isTls && certificate === null) closed('garbled', handshakeEnded)
      else closed(why, troubleInWords(error, url, given), { alerted })
    })
    socket.on('connect', () => {
      accepted = true
      if (!isTls) ask()
    })
    socket.on('secureConnect', () => {
      const { authorizationError } = socket as TLSSocket
      const code = codeOf(authorizationError)
      const fault = code === null ? null : (certificateFault(code) ?? 'untrusted')
      certificate = { ...validityOf((socket as TLSSocket).getPeerCertificate(true)), fault }
      if (code === null) return ask()
      closed('garbled', troubleInWords(Object.assign(new Error(code), { code }), url, given))
    })
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk.subarray(0, mostBytes)])
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(bytes.toString('latin1', 0, 20))?.[1]
      if (status === '400' && !isTls && bytes.length < mostBytes && !bytes.includes('HTTPS')) return
      if (status && bytes.includes('HTTP request to an HTTPS'))
        return closed('garbled', tlsWanted, { mistaken: true })
      if (status) return end({ kind: 'open', status: Number(status), certificate })
      const spoken = spokenIn(bytes)
      if (spoken !== null || bytes.length >= 16)
        closed('garbled', `${spoken ?? 'something other than HTTP'} is spoken here`, {
          mistaken: spoken !== null,
        })
    })
    socket.on('end', () => {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(bytes.toString('latin1', 0, 20))?.[1]
      if (status) return end({ kind: 'open', status: Number(status), certificate })
      if (isTls && certificate === null) closed('garbled', handshakeEnded)
      else closed('reset', 'the connection is accepted and closed without an answer')
    })
    signal.addEventListener('abort', late)
    if (signal.aborted) late()
  })
}

/** Its type says Error, and it is the code as text or an error that has one. */
function codeOf(error: unknown): string | null {
  if (!error) return null
  return typeof error === 'object' && 'code' in error ? String(error.code) : String(error)
}

function validityOf(leaf: DetailedPeerCertificate): Validity {
  let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const seen = new Set<string>()
  for (let one = leaf; one?.fingerprint256 && !seen.has(one.fingerprint256); one = one.issuerCertificate) {
    seen.add(one.fingerprint256)
    from = Math.max(from, Date.parse(one.valid_from))
    until = Math.min(until, Date.parse(one.valid_to))
  }
  return { from, until }
}
