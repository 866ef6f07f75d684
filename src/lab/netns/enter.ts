import { asLastingOwner, asWorldOwner, isRoot, noReboot } from './identity.ts'

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// What somebody who logs in finds. It is set outside, before nsenter: its own environment can be read from inside.
const environment = ['env', '-i', path, 'HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb']

/** argv that runs a program inside a world, in its own network or (`net`: a namespace file) in a node's. */
export function enterWorld(init: number, argv: readonly string[], net?: string): string[] {
  const network = net ? `--net=${net}` : '-n'
  // The uid is already the one that is root inside.
  const namespaces = ['-U', network, '-p', '-m', '-i', '-u', '-C', '-w', '--preserve-credentials']
  const nsenter = ['nsenter', '-t', String(init), ...namespaces, '--']
  // The second setpriv is for the program itself: it ends when the nsenter that waits for it ends.
  const bound = ['setpriv', ...noReboot, '--pdeathsig', 'KILL', '--']
  return [...asWorldOwner(), ...environment, ...nsenter, ...bound, ...argv]
}

/** argv that runs a host program, as the caller, in a world's network only, or (`net`: a namespace file) in a node's. */
export function joinWorld(init: number, argv: readonly string[], net?: string): string[] {
  // Root may join the network as it is, and keeps its power over the host's files; others must be root of the world first.
  const user = isRoot() ? [] : ['-U', '--preserve-credentials']
  return ['nsenter', '-t', String(init), ...user, net ? `--net=${net}` : '-n', '--', ...argv]
}

/** As `joinWorld`, with no power over anything of the host, whoever the caller is; it outlives the caller. */
export function joinAsOwner(init: number, argv: readonly string[], net: string): string[] {
  const nsenter = ['nsenter', '-t', String(init), '-U', '--preserve-credentials', `--net=${net}`]
  return [...asLastingOwner(), ...nsenter, '--', ...argv]
}
