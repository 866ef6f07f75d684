import type { AgentKind, Work } from '../../core/work/agent.ts'
import { cpuGroup } from '../shared/cpu.ts'
import { fullDisk } from '../shared/full-disk.ts'
import { network } from '../shared/network.ts'
import { follow, type Seen } from '../shared/procedure.ts'
import { type Finding, namesOf, notRunning, paused, type Service } from '../shared/services.ts'
import { pdPort, statusPort, storePort } from './ports.ts'

const disks = { folder: '/var/lib/tikv', own: '*/data/*' }

/**
 * The first steps of an engineer as a fixed procedure: diagnose, repair once, diagnose again. It uses no model, and knows only
 * the output of its commands.
 */
export const runbook: AgentKind = (work) =>
  // A service that stands beside them is no store.
  follow(work, { isNode: (name) => /^(pd|tikv)-/.test(name), diagnose, healthy })

async function diagnose(work: Work, services: readonly Service[], seen: Seen): Promise<Finding | null> {
  const down = services.filter(({ state }) => state === 'stopped')
  if (down.length > 0) return stopped(work, down, services, seen)
  const held = services.filter(({ state }) => state === 'paused')
  if (held.length > 0) return paused(held)
  return (
    (await closedPorts(work, services, seen)) ??
    (await fullDisk(work, services, disks, seen)) ??
    (await network(work, services, seen)) ??
    (await cpuGroup(work, services, seen)) ??
    (await leaderless(work, services, seen)) ??
    halted(work, services, seen)
  )
}

/** Lines that say why a process of TiKV or PD ended for good. */
const fatal =
  /\[FATAL\]|^panic:|cluster ID mismatch|address already in use|too many open files|descriptors|tombstone|duplicated store address|no such host/i

/** Why a service ended decides what helps. */
async function stopped(
  work: Work,
  down: readonly Service[],
  services: readonly Service[],
  seen: Seen,
): Promise<Finding> {
  const first = down[0]?.name ?? ''
  const component = down.map(({ name }) => name).join(',')
  // A panic leaves 25 lines of stack below its cause, and more where calls are deeper.
  const logs = await work.shell(`svc logs ${first} -n 80`, `Why did ${first} end?`)
  const full = /no space left on device/i.test(logs.stdout)
    ? await fullDisk(work, services, disks, seen)
    : null
  if (full) return full
  const names = down.map(({ name }) => name).join(' ')
  const why = 'A service that is not running is started again.'
  // A process that was killed could not log the reason.
  const last = down[0]?.killed ? undefined : logs.stdout.split('\n').findLast((line) => fatal.test(line))
  return {
    component,
    what: `${notRunning(down)}${last ? `; its log ends with: ${last.slice(0, 300)}` : ''}`,
    remedy: [{ command: `svc start ${names}`, why }],
  }
}

/** One that runs and reaches no leader while its network is as it should be: for a person. */
async function leaderless(work: Work, services: readonly Service[], seen: Seen): Promise<Finding | null> {
  const pds = services.filter(({ name }) => name.startsWith('pd'))
  const look = `for n in ${pds.map(({ name }) => name).join(' ')}; do
  echo "$n $(curl -sm 5 -o /dev/null -w '%{http_code}' http://$n:${pdPort}/pd/api/v1/leader)"
done`
  const { stdout } = await work.shell(look, 'Does every PD reach a leader?')
  const told = (pattern: string) =>
    pds.filter(({ name }) => new RegExp(`^${name} ${pattern}$`, 'm').test(stdout))
  const without = told('(?!200)\\d+')
  const [first] = without
  if (first) return { component: first.name, what: `${namesOf(without)} reaches no leader of PD`, remedy: [] }
  const unasked = pds.filter((pd) => !told('200').includes(pd))
  seen.push(
    unasked.length === 0
      ? 'every PD reaches a leader'
      : `whether ${namesOf(unasked)} reaches a leader was not told`,
  )
  return null
}

/** Somebody set this on purpose, so it is reported and left to a person. */
async function halted(work: Work, services: readonly Service[], seen: Seen): Promise<Finding | null> {
  const pds = services.filter(({ name }) => name.startsWith('pd'))
  const look = `for n in ${pds.map(({ name }) => name).join(' ')}; do
  curl -sfm 5 http://$n:${pdPort}/pd/api/v1/config/schedule | grep -c '"halt-scheduling": *"true"' | sed "s/^/$n halted /"
done; true`
  const { stdout } = await work.shell(look, 'May PD move replicas?')
  const lines = stdout.split('\n')
  const told = pds.find(({ name }) => lines.includes(`${name} halted 1`))
  if (told)
    return { component: told.name, what: 'halt-scheduling is true: PD moves and repairs nothing', remedy: [] }
  const isTold = pds.some(({ name }) => lines.includes(`${name} halted 0`))
  seen.push(isTold ? 'scheduling is not halted' : 'whether scheduling is halted could not be read')
  return null
}

/** A store whose status port answers, and whose port for clients does not listen, was told to pause gRPC. */
async function closedPorts(work: Work, services: readonly Service[], seen: Seen): Promise<Finding | null> {
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
  if (!first) {
    const open = stores.filter(
      ({ name }) => lines.includes(`${name} status`) && lines.includes(`${name} grpc`),
    )
    const silent = stores.filter((store) => !open.includes(store))
    seen.push(
      silent.length === 0
        ? 'every store answers on both of its ports'
        : `${namesOf(silent)} cannot be reached from here on every port`,
    )
    return null
  }
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
      : `curl -sfm 2 -o /dev/null http://${name}:2379/pd/api/v1/leader`,
  )
  const wait = `until ${checks.join(' && ')}; do ((SECONDS < 20)) || exit 1; sleep 0.25; done`
  return (await work.shell(wait, 'Does every node serve?')).exitCode === 0
}
