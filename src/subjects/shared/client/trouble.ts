import type { Tls } from '../../../core/watch/access.ts'

// Why a peer cannot be asked, in sentences that name the option that helps. OpenSSL's own words are for those who know them.

/** Faults of this machine: nothing was asked, and nothing is known of the peer. */
const localByCode: Record<string, string> = {
  ENOTFOUND: 'its name cannot be resolved here',
  EAI_AGAIN: 'its name cannot be resolved here now: the name server does not answer',
  EAI_FAIL: 'its name cannot be resolved here',
  EMFILE: 'the monitor has no file descriptors left',
  ENFILE: 'this machine has no file descriptors left',
  ENOBUFS: 'this machine has no memory for another connection',
  ENOMEM: 'this machine has no memory for another connection',
  EADDRNOTAVAIL: 'this machine has no address or port left to come from',
  EACCES: 'this machine does not let us connect there',
  EPERM: 'this machine does not let us connect there: its firewall forbids it',
  EAFNOSUPPORT: 'this machine does not have this kind of address (IPv6?)',
}

export const isLocal = (code: string): boolean => code in localByCode

/** A problem of a peer's certificate. `untrusted`: its signer is unknown here, which may be our mistake. */
export type CertificateFault = 'expired' | 'not_yet_valid' | 'other_name' | 'revoked' | 'unfit' | 'untrusted'

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const faultByCode: Record<string, CertificateFault> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not_yet_valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other_name',
  HOSTNAME_MISMATCH: 'other_name',
  CERT_REVOKED: 'revoked',
  INVALID_PURPOSE: 'unfit',
  INVALID_CA: 'unfit',
  PATH_LENGTH_EXCEEDED: 'unfit',
  CERT_CHAIN_TOO_LONG: 'unfit',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  CERT_REJECTED: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
}

export const certificateFault = (code: string): CertificateFault | null => faultByCode[code] ?? null

function faultInWords(fault: CertificateFault, code: string, host: string, tls: Tls): string {
  switch (fault) {
    case 'expired':
      return 'its certificate, or one of those that signed it, has expired'
    case 'not_yet_valid':
      return 'its certificate is not valid yet: it is new, or a clock is wrong'
    case 'other_name':
      return `its certificate is for another name than ${host}: give an address that it names, or renew it`
    case 'revoked':
      return 'its certificate was revoked'
    case 'unfit':
      return 'its certificate may not be used for a server, or was signed by one that may not sign'
    case 'untrusted':
      if (tls.ca) return 'its certificate is not signed by an authority that --ca gives'
      return code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
        ? 'its certificate is signed by itself: give it with --ca'
        : 'its certificate is signed by an authority that is not known here: give it with --ca'
    default:
      return fault satisfies never
  }
}

/** Explains the alert with which a peer ends a handshake (RFC 8446, 6.2), from OpenSSL's error code. */
function alertInWords(alert: string, { cert }: Tls): string {
  if (/CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED/.test(alert)) {
    if (!cert) return 'it wants a certificate of its clients: give one with --cert and --key'
    if (/EXPIRED/.test(alert)) return 'it says that our certificate (--cert) has expired'
    if (/REVOKED/.test(alert)) return 'it says that our certificate (--cert) was revoked'
    if (/UNKNOWN_CA/.test(alert)) return 'it does not know who signed our certificate (--cert)'
    return 'it does not accept our certificate (--cert)'
  }
  if (/PROTOCOL_VERSION/.test(alert)) return 'it speaks another version of TLS than this machine does'
  if (/UNRECOGNIZED_NAME/.test(alert)) return 'it does not serve the name that the endpoint gives'
  if (/NO_APPLICATION_PROTOCOL/.test(alert)) return 'it does not speak HTTP/1.1, which is asked for here'
  if (/HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY/.test(alert))
    return cert
      ? 'it refuses the TLS handshake: no cipher in common, or it does not accept our certificate (--cert)'
      : 'it refuses the TLS handshake: no cipher in common, or it wants a certificate (--cert and --key)'
  return `it ended the TLS handshake (${alert.toLowerCase().replaceAll('_', ' ')})`
}

/** Explains the error of a connection or request to `url` in one line. */
export function troubleInWords(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  { hostname }: URL,
  tls: Tls,
): string {
  const { code = '', rawPacket } = error
  const local = localByCode[code]
  if (local !== undefined) return `${local} (${hostname})`
  const fault = certificateFault(code)
  if (fault !== null) return faultInWords(fault, code, hostname, tls)
  if (code.startsWith('HPE_'))
    return `${spokenIn(rawPacket) ?? 'something other than HTTP/1.1'} is spoken here`
  const alert = /^ERR_SSL_.*ALERT_(?:NUMBER_)?(\w+)$/.exec(code)?.[1]
  if (alert) return alertInWords(alert, tls)
  if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS_AVAILABLE/.test(code))
    return 'it speaks a version of TLS that is too old to be trusted'
  if (noTls.test(code)) return 'it does not speak TLS: give http:// if it speaks plain HTTP'
  if (/KEY_TOO_SMALL|MD_TOO_WEAK/.test(code)) return 'its certificate is too weak to be trusted'
  if (/^ERR_SSL_|^EPROTO$/.test(code)) return 'the TLS handshake with it fails'
  return (error.message.split('\n')[0] ?? code).slice(0, 300)
}

/** How OpenSSL says that what came back is no TLS at all. */
const noTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER|UNKNOWN_PROTOCOL/

/** The protocol of a peer by the first bytes that it sent; null: none that is known. */
export function spokenIn(bytes: Buffer | undefined): string | null {
  if (!bytes || bytes.length === 0) return null
  const text = bytes.toString('latin1', 0, 200)
  if (/^HTTP\/1\.[01] /.test(text)) return 'HTTP'
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = bytes
  // A record of TLS: its type, then its version.
  if (first >= 20 && first <= 23 && second === 3 && third <= 4) return 'TLS'
  // Its settings come first (RFC 9113, 3.4): a frame of type 4 on stream 0.
  if (first === 0 && fourth === 4 && bytes.length >= 9 && bytes.readUInt32BE(5) === 0) return 'HTTP/2 (gRPC)'
  if (text.startsWith('SSH-')) return 'SSH'
  if (/^[-+](ERR|OK|PONG|NOAUTH|DENIED)/.test(text)) return "Redis' protocol"
  if (/^220[ -]/.test(text)) return 'SMTP or FTP'
  if (fourth === 0 && fifth === 10 && /^\d/.test(text.slice(5))) return "MySQL's protocol"
  return null
}

/** Why an answer over HTTP is not what was asked for; null: nothing in it says. One line. */
export function answerInWords({
  status,
  body,
  location,
}: {
  status: number
  body: string
  location: string | null
}): string | null {
  if (status === 400 && /HTTP request to an HTTPS server/i.test(body)) return tlsWanted
  if (status >= 300 && status < 400 && location) {
    const place = URL.canParse(location) ? new URL(location).origin : 'another page'
    return `it sends us on to ${place} (${status}): give the address of the node itself, not of a proxy or a login page`
  }
  if (status === 401) return 'it wants to know who asks (401): give user and password with --user-file'
  if (status === 403) return 'it does not let us in (403): a proxy, or a user without the rights'
  if (status === 407)
    return 'a proxy stands before it and wants a password (407): give the address of the node itself'
  if (status === 429) return 'it, or a proxy before it, answers that we ask too often (429)'
  if (status >= 502 && status <= 504) return `a proxy answers, which does not reach it (${status})`
  if (/^\s*<(!doctype|html)/i.test(body))
    return `a web page answers (${status}): a proxy, or another server at this address`
  return null
}

/** For a peer that speaks TLS and was asked over plain HTTP. */
export const tlsWanted = 'it speaks TLS: give https:// instead of http://'
/** The other way round. */
export const plainWanted = 'it speaks plain HTTP: give http:// instead of https://'
/** The connection was accepted, so a process or a proxy lives there; only after the handshake is an end the peer's own. */
export const handshakeEnded =
  'it ended the connection during the TLS handshake: give http:// if it speaks plain HTTP, or a certificate (--cert and --key) if it wants one'
