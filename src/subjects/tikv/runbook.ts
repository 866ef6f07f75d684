import type { AgentKind, Claim, Work } from '../../core/agent.ts'
import { fullDisk } from '../shared/full-disk.ts'
import { network } from '../shared/network.ts'
import { type Finding, namesOf, paused, type Service, servicesIn } from '../shared/services.ts'
import { pdPort, statusPort, storePort } from './ports.ts'

const disks = { folder: '/var/lib/tikv', own: '*/data/*' }

/**
 * What an engineer does first, as a fixed procedure: look, act once on what was seen, look again. It has no model and
 * knows only what its commands tell it.
 */
export const runbook: AgentKind = async (work) => {
  const status = await work.shell('svc status', 'Which services run, and which do not?')
  // What stands beside them is nobody's store.
  const services = servicesIn(status.stdout).filter(({ name }) => /^(pd|tikv)-/.test(name))
  if (services.length === 0) return notFixed('svc status named no service', [])
  const { finding, fine, blind } = await diagnose(work, services)
  if (!finding) {
    const unchecked =
      blind.length > 0 ? ` Not checked, as the command for it told nothing: ${blind.join('; ')}.` : ''
    await work.note(`Found to be as it should be: ${fine.join('; ')}.${unchecked}`)
    return notFixed(
      blind.length > 0
        ? `nothing wrong was found, and not all was seen: ${blind.join('; ')}`
        : 'nothing wrong was found',
      [],
    )
  }
  const { component, what, remedy } = finding
  await work.note(`${component}: ${what}`)
  const actions: string[] = []
  for (const { command, why } of remedy) {
    const { exitCode, stdout, stderr } = await work.shell(command, why)
    actions.push(command)
    if (exitCode !== 0) {
      const complaint = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
      return notFixed(`${what}; "${command}" failed: ${complaint}`, actions, component)
    }
  }
  if (remedy.length === 0) return notFixed(what, actions, component)
  return (await healthy(work, services))
    ? { status: 'fixed', rootCause: what, component, actions }
    : notFixed(`${what}; acted on it, but not every node became healthy`, actions, component)
}

interface Diagnosis {
  finding: Finding | null
  /** What was looked at and is in order. */
  fine: string[]
  /** What could not be looked at. */
  blind: string[]
}

async function diagnose(work: Work, services: readonly Service[]): Promise<Diagnosis> {
  const names = services.map(({ name }) => name)
  const diagnosis: Diagnosis = { finding: null, fine: [`${names.join(', ')} run`], blind: [] }
  const down = services.filter(({ state }) => state === 'stopped')
  if (down.length > 0) return { ...diagnosis, finding: await stopped(work, down, services) }
  const held = services.filter(({ state }) => state === 'paused')
  if (held.length > 0) return { ...diagnosis, finding: paused(held) }

  const of = (kind: string) => names.filter((name) => name.startsWith(kind))
  const steps: { what: string; nodes: string[]; look: (seen: Work) => Promise<Finding | null> }[] = [
    {
      what: 'both ports of every store answer',
      nodes: of('tikv'),
      look: (seen) => closedPorts(seen, services),
    },
    { what: 'no disk is full', nodes: names, look: (seen) => fullDisk(seen, services, disks) },
    {
      what: 'no rule or queue is in the way of their packets',
      nodes: names,
      look: (seen) => network(seen, services),
    },
    { what: 'every PD reaches a leader', nodes: of('pd'), look: (seen) => leaderless(seen, services) },
    { what: 'scheduling is not halted', nodes: of('pd'), look: (seen) => halted(seen, services) },
  ]
  for (const { what, nodes, look } of steps) {
    const output: string[] = []
    const finding = await look(listening(work, output))
    if (finding) return { ...diagnosis, finding }
    // A command that does not name every node has not seen all of them.
    const said = output.join('\n')
    const seen = nodes.every((name) => said.includes(name))
    ;(seen ? diagnosis.fine : diagnosis.blind).push(what)
  }
  return diagnosis
}

/** The same, and what its commands print. */
const listening = (work: Work, output: string[]): Work => ({
  ...work,
  shell: async (command, why, signal) => {
    const result = await work.shell(command, why, signal)
    output.push(result.stdout)
    return result
  },
})

/** Lines that say why a process of TiKV or PD ended for good. */
const fatal =
  /\[FATAL\]|cluster ID mismatch|address already in use|too many open files|descriptors|tombstone|duplicated store address|no such host/i

/** Why a service ended decides what helps. */
async function stopped(work: Work, down: readonly Service[], services: readonly Service[]): Promise<Finding> {
  const component = down[0]?.name ?? ''
  const logs = await work.shell(`svc logs ${component} -n 20`, `Why did ${component} end?`)
  const full = /no space left on device/i.test(logs.stdout) ? await fullDisk(work, services, disks) : null
  if (full) return full
  const names = down.map(({ name }) => name).join(' ')
  const last = down[0]?.killed ? undefined : logs.stdout.split('\n').findLast((line) => fatal.test(line))
  return {
    component,
    what: `${namesOf(down)} not running${last ? `; its log ends with: ${last.slice(0, 300)}` : ''}`,
    remedy: [{ command: `svc start ${names}`, why: 'A service that is not running is started again.' }],
  }
}

/** One that runs and reaches no leader while its network is as it should be: for a person. */
async function leaderless(work: Work, services: readonly Service[]): Promise<Finding | null> {
  const pds = services.filter(({ name }) => name.startsWith('pd'))
  const look = `for n in ${pds.map(({ name }) => name).join(' ')}; do
  echo "$n $(curl -sm 5 -o /dev/null -w '%{http_code}' http://$n:${pdPort}/pd/api/v1/leader)"
done`
  const { stdout } = await work.shell(look, 'Does every PD reach a leader?')
  const without = pds.filter(({ name }) => new RegExp(`^${name} (?!200)\\d+$`, 'm').test(stdout))
  const [first] = without
  return first
    ? { component: first.name, what: `${namesOf(without)} reaches no leader of PD`, remedy: [] }
    : null
}

/** Whoever set it had a reason: it is said, and left to a person. */
async function halted(work: Work, services: readonly Service[]): Promise<Finding | null> {
  const pds = services.filter(({ name }) => name.startsWith('pd'))
  const look = `for n in ${pds.map(({ name }) => name).join(' ')}; do
  curl -sfm 5 http://$n:${pdPort}/pd/api/v1/config/schedule | grep -c '"halt-scheduling": *"true"' | sed "s/^/$n halted /"
done; true`
  const { stdout } = await work.shell(look, 'May PD move replicas?')
  const told = pds.find(({ name }) => stdout.split('\n').includes(`${name} halted 1`))
  return told
    ? { component: told.name, what: 'halt-scheduling is true: PD moves and repairs nothing', remedy: [] }
    : null
}

/** A store whose status port answers, and whose port for clients does not listen, was told to pause gRPC. */
async function closedPorts(work: Work, services: readonly Service[]): Promise<Finding | null> {
  const stores = services.filter(({ name }) => name.startsWith('tikv'))
  const look = `for n in ${stores.map(({ name }) => name).join(' ')}; do
  curl -sfm 2 -o /dev/null http://$n:${statusPort}/status && echo "$n status"
  timeout 2 bash -c ": </dev/tcp/$n/${storePort}" 2>/dev/null && echo "$n grpc"
done; true`
  const { stdout } = await work.shell(look, 'Does every store answer on both of its ports?')
  const lines = stdout.split('\n')
  const closed = stores.filter(
    ({ name }) => lines.includes(`${name} status`) && !lines.includes(`${name} grpc`),
  )
  const [first] = closed
  if (!first) return null
  return {
    component: first.name,
    what: `gRPC of ${namesOf(closed)} is paused: its status port answers, its port for clients does not listen`,
    remedy: closed.map(({ name }) => ({
      command: `curl -sfm 5 -X PUT http://${name}:${statusPort}/resume_grpc`,
      why: 'TiKV has a switch for that; its opposite opens the port again.',
    })),
  }
}

/** Waits for all, in one command, so that the audit stays readable. */
async function healthy(work: Work, services: readonly Service[]): Promise<boolean> {
  const checks = services.map(({ name }) =>
    name.startsWith('tikv')
      ? `curl -sfm 2 -o /dev/null http://${name}:${statusPort}/status && timeout 2 bash -c ': </dev/tcp/${name}/${storePort}'`
      : `curl -sfm 2 -o /dev/null http://${name}:${pdPort}/pd/api/v1/leader`,
  )
  const wait = `until ${checks.join(' && ')}; do ((SECONDS < 20)) || exit 1; sleep 0.25; done`
  return (await work.shell(wait, 'Does every node serve?')).exitCode === 0
}

const notFixed = (rootCause: string, actions: string[], component?: string): Claim => ({
  ...{ status: 'not_fixed', rootCause, actions },
  ...(component !== undefined && { component }),
})
