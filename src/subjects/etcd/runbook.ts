import type { AgentKind, Work } from '../../core/work/agent.ts'
import { cpuGroup } from '../shared/cpu.ts'
import { fullDisk } from '../shared/full-disk.ts'
import { network } from '../shared/network.ts'
import { complaint, follow, type Seen } from '../shared/procedure.ts'
import { type Finding, notRunning, paused, type Service } from '../shared/services.ts'
import { alarmed, dataInQuestion } from './runbook/alarms.ts'
import { strayConfig } from './runbook/config.ts'
import { descriptors } from './runbook/descriptors.ts'
import { fatalIn } from './runbook/fatal.ts'
import { oddMembers } from './runbook/members.ts'
import { lostMember } from './runbook/membership.ts'
import { unanswered } from './runbook/reach.ts'
import { commandFor, type MemberStatus, statusesIn } from './runbook/reading.ts'

const disks = { folder: '/var/lib/etcd', own: '*/member/*' }

/**
 * The first steps of an engineer as a fixed procedure: diagnose, repair once, diagnose again. It uses no model, and knows only
 * the output of its commands.
 */
export const runbook: AgentKind = (work) => follow(work, { isNode: () => true, diagnose, healthy })

async function diagnose(work: Work, services: Service[], seen: Seen): Promise<Finding | null> {
  const down = services.find(({ state }) => state === 'stopped')
  if (down) return stopped(work, down, services, seen)
  const held = services.filter(({ state }) => state === 'paused')
  if (held.length > 0) return paused(held)
  const status = await work.shell(
    commandFor(services, 'endpoint status -w json'),
    'Does every member answer, and what does it say?',
  )
  const answered = statusesIn(status.stdout)
  const silent = services.filter(({ name }) => !answered.some((one) => one.name === name))
  seen.push(
    silent.length === 0
      ? `all members answered${troubles(answered)}`
      : `not every member answered${complaint(status)}`,
  )
  return (
    (await alarmed(work, services, answered, seen)) ??
    (await dataInQuestion(work, services, answered, seen)) ??
    (silent.length > 0 || work.tickets.some(({ invariant }) => /disk/.test(invariant))
      ? await fullDisk(work, services, disks, seen)
      : null) ??
    (await network(work, services, seen)) ??
    (await unansweredButLimited(work, services, silent, seen)) ??
    (await oddMembers(work, services, answered, seen)) ??
    descriptors(work, services, seen)
  )
}

/** A member that gets no CPU time answers late or not at all: that cause comes before this symptom. */
const unansweredButLimited = async (work: Work, services: Service[], silent: Service[], seen: Seen) =>
  (await cpuGroup(work, services, seen)) ?? unanswered(work, silent)

/** Errors that members report about themselves, such as "no leader". */
function troubles(statuses: readonly MemberStatus[]): string {
  const said = statuses.flatMap(({ name, hasLeader, errors }) => {
    if (errors.length > 0) return [`${name}: ${errors.join(', ')}`]
    return hasLeader ? [] : [`${name} follows no leader`]
  })
  return said.length > 0 ? ` (${said.join('; ')})` : ''
}

/** Why a service ended decides what helps; one that a signal ended has nothing wrong with it. */
async function stopped(
  work: Work,
  node: Service,
  services: readonly Service[],
  seen: Seen,
): Promise<Finding> {
  // A panic leaves 25 lines of stack below its cause, and more where calls are deeper.
  const logs = await work.shell(`svc logs ${node.name} -n 80`, `Why did ${node.name} end?`)
  const full = /no space left on device/i.test(logs.stdout)
    ? await fullDisk(work, services, disks, seen)
    : null
  if (full) return full
  const all = services.filter(({ state }) => state === 'stopped')
  const start = `svc start ${all.map(({ name }) => name).join(' ')}`
  if (node.killed)
    return { component: namesIn(all), what: notRunning(all), remedy: [{ command: start, why: restart }] }
  const cause = fatalIn(logs.stdout)
  const found = (await strayConfig(work, node, services)) ?? (await lostMember(work, node, services, cause))
  if (found) return found
  const why = cause ? `: ${cause.what} (${cause.line})` : ''
  // An attempt before this one saw it end again: what keeps it from running is not over.
  const tried = cause !== null && work.history.some((attempt) => attempt.includes(start))
  return {
    component: namesIn(all),
    what: `${notRunning(all)}${why}`,
    remedy: tried ? [] : [{ command: start, why: restart }],
  }
}

const restart = 'A service that is not running is started again.'
const namesIn = (services: readonly Service[]): string => services.map(({ name }) => name).join(',')

/**
 * Waits for all members, in one command, so that the audit stays readable. Where etcd asks for a user, its own
 * /health still says whether a read through consensus works.
 */
async function healthy(work: Work, services: Service[]): Promise<boolean> {
  const plain = services.map(
    ({ name }) => `curl -sm 2 http://${name}:2379/health | grep -q '"health": *"true"'`,
  )
  const check = `{ ${commandFor(services, 'endpoint health')} || { ${plain.join(' && ')}; }; }`
  const wait = `until ${check}; do ((SECONDS < 15)) || exit 1; sleep 0.25; done`
  return (await work.shell(wait, 'Does every member become healthy?')).exitCode === 0
}
