import {
  type Invariant,
  notApplicable,
  ok,
  unknown,
  type Verdict,
  violated,
} from '../../core/watch/invariant.ts'
import type { NodeView, Observation } from '../../core/watch/subject.ts'
import type { NewConnection } from './client/new-connection.ts'
import type { Reach } from './client/reach.ts'
import type { CertificateFault } from './client/trouble.ts'

// Checks that new clients can connect. The monitor's own connections are kept, so they work even when new ones do not.

/** A node at which new connections are tried; see new-connection-probe.ts. */
interface WithNewConnection extends NodeView {
  reach: Reach
  isTls: boolean
  newClient: NewConnection | null
}
type Observed = Observation & { nodes: Record<string, WithNewConnection> }

/** Settings of a system. */
interface System {
  /** The invariant that says that a node is down. */
  down: string
  /** Other invariants that explain why new clients are refused. */
  alsoExplainedBy?: readonly string[]
  /** Path that a new connection asks for. */
  asked: string
}

const notSeen = (node: WithNewConnection | undefined): Verdict =>
  unknown(node?.error ?? 'it did not answer this request')

/** Faults of the certificate itself; that we do not know who signed it may be ours. */
const faultWords: Partial<Record<CertificateFault, string>> = {
  expired: 'has expired',
  not_yet_valid: 'is not valid yet',
  other_name: 'is for another name than that of the endpoint',
  revoked: 'was revoked',
  unfit: 'may not be used for a server',
}

const dayMs = 86_400_000
const warnDays = 14
const dayOf = (ms: number) =>
  Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 16).replace('T', ' ') : '?'

/** Checks the certificate that was seen; without one, returns why. */
function withCertificate(
  node: WithNewConnection | undefined,
  judge: (certificate: NonNullable<NewConnection['certificate']>) => Verdict,
): Verdict {
  const certificate = node?.newClient?.certificate
  if (certificate) return judge(certificate)
  if (node?.reach !== 'answered') return notSeen(node)
  return node.isTls
    ? unknown('no certificate was seen at a new connection')
    : notApplicable('plain HTTP has no certificates')
}

/** Invariants of each node: new clients can come, and its certificate is of use, and will be. */
export const newClientInvariants = <O extends Observed>(system: System): Invariant<O>[] => [
  newClientsRefused(system),
  certificateBad(system),
  certificateExpires(system),
]

const newClientsRefused = ({ down, alsoExplainedBy = [], asked }: System): Invariant<Observed> => ({
  name: 'new_clients_refused',
  scope: 'node',
  severity: 'critical',
  // Three new connections or so.
  graceMs: 5_000,
  keepFiringMs: 3_000,
  description:
    'Connections that were made before go on working, and new ones do not: no client can come or return.',
  source: `our own: a new connection every two seconds, for ${asked}`,
  inhibitedBy: [down, 'certificate_bad', ...alsoExplainedBy],
  check({ nodes }, name) {
    const node = nodes[name]
    // Where nothing works at all, that is another fault.
    if (node?.reach !== 'answered') return notSeen(node)
    if (node.newClient === null) return unknown('no new connection was tried yet')
    if (node.newClient.kind === 'open')
      return node.newClient.status === 200
        ? ok
        : unknown(`a new connection gets status ${node.newClient.status} for ${asked}`)
    return violated(`${name}: a new connection gets no answer: ${node.newClient.detail}`)
  },
})

const certificateBad = ({ down }: System): Invariant<Observed> => ({
  name: 'certificate_bad',
  scope: 'node',
  severity: 'critical',
  graceMs: 1_000,
  keepFiringMs: 3_000,
  explainsUnobservable: true,
  description: 'The certificate of the node is of no use: clients that come new turn away.',
  source:
    'our own: the certificate as it is shown at a new connection, by the rules of TLS and HTTPS (RFC 9525)',
  inhibitedBy: [down],
  check({ nodes }, name) {
    return withCertificate(nodes[name], ({ fault, from, until }) => {
      const words = fault && faultWords[fault]
      if (!words)
        return fault === null ? ok : unknown(nodes[name]?.error ?? 'who signed it is not known here')
      return violated(
        `the certificate of ${name} ${words} (valid from ${dayOf(from)} to ${dayOf(until)} UTC)`,
      )
    })
  },
})

const certificateExpires = ({ down }: System): Invariant<Observed> => ({
  name: 'certificate_expires',
  scope: 'node',
  severity: 'warning',
  graceMs: 3_000,
  keepFiringMs: 3_000,
  description: 'The certificate of the node, or one of those that signed it, expires within two weeks.',
  source: `our own: ${warnDays} days, or a third of its life where that is shorter; clients turn away after it`,
  inhibitedBy: [down, 'certificate_bad'],
  check(observation, name) {
    return withCertificate(observation.nodes[name], ({ from, until }) => {
      const leftMs = until - observation.at
      if (leftMs <= 0) return unknown('it has expired already')
      if (leftMs >= Math.min(warnDays * dayMs, (until - from) / 3)) return ok
      const days = Math.floor(leftMs / dayMs)
      return violated(`the certificate of ${name} expires on ${dayOf(until)} UTC, in ${days} days`, { days })
    })
  },
})
