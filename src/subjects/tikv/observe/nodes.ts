import type { Endpoints, NodeEndpoint } from '../../../core/watch/topology.ts'
import { statusPort } from '../ports.ts'
import type { Member, StoreView } from './observation.ts'

/** By the default port of its endpoint, or else by its name; what is neither is a PD. */
export function kindOf(name: string, { url }: NodeEndpoint): 'pd' | 'tikv' | 'prometheus' | 'grafana' {
  const { port } = new URL(url)
  if (port === String(statusPort) || /^tikv/.test(name)) return 'tikv'
  if (port === '9090' || /^prometheus/.test(name)) return 'prometheus'
  if (port === '3000' || /^grafana/.test(name)) return 'grafana'
  return 'pd'
}

/** Whether PD means this endpoint: by its address, or because the store's host is called as the node is. */
export function isStoreAt(
  { address, statusAddress }: StoreView,
  name: string,
  { url }: NodeEndpoint,
): boolean {
  return statusAddress === new URL(url).host || hostOf(address) === name
}

export function isMemberAt(member: Member, name: string, { url }: NodeEndpoint): boolean {
  const { host } = new URL(url)
  return (
    member.name === name || member.clientUrls.some((one) => URL.canParse(one) && new URL(one).host === host)
  )
}

/**
 * Where an address that members or stores advertise leads from here: they advertise names. Empty: nowhere. Where ports are
 * mapped we stand in a network of this host, and not in the cluster's: nobody in there may send us to any other place.
 */
export function placeOf(address: string, endpoints: Endpoints): string {
  const name = hostOf(address)
  const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined
  if (!endpoint) return Object.values(endpoints).some(({ ports }) => ports) ? '' : address
  const { host, hostname } = new URL(endpoint.url)
  // A PD's address for clients is its endpoint, whatever the number there.
  if (kindOf(name, endpoint) === 'pd') return host
  const port = Number(address.split(':').at(-1))
  return endpoint.ports ? (endpoint.ports[port] ?? '') : `${hostname}:${port}`
}

export const hostOf = (address: string): string => address.replace(/:\d+$/, '')
