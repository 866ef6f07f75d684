import type { Work } from '../../../core/work/agent.ts'
import { complaint, type Seen } from '../../shared/procedure.ts'
import { type Finding, namesOf, type Service, type Step } from '../../shared/services.ts'
import {
  type Alarm,
  alarmsIn,
  already,
  commandFor,
  type MemberStatus,
  membersIn,
  statusesIn,
} from './reading.ts'

/** From here on a quota is as good as reached. */
const nearQuota = 0.8

/** Alarms by kind: CORRUPT is left to a person, NOSPACE has a remedy. */
export async function alarmed(
  work: Work,
  services: readonly Service[],
  statuses: readonly MemberStatus[],
  seen: Seen,
): Promise<Finding | null> {
  // One that is cut off from the others would make us wait for what it cannot know.
  const led = statuses.filter(({ hasLeader }) => hasLeader)
  const asked = led.length > 0 ? led : services
  const list = await work.shell(commandFor(asked, 'alarm list'), 'Is an alarm raised?')
  const alarms = alarmsIn(list.stdout)
  const corrupt = alarms.filter(({ kind }) => kind === 'CORRUPT')
  if (corrupt.length > 0) {
    const whose = corrupt.map(({ memberId }) => memberId ?? 'no member in particular').join(', ')
    const what = `alarm CORRUPT of ${whose}: members hold different data; which of them is right is for a person to decide`
    return { component: 'cluster', what, remedy: [] }
  }
  const space = alarms.filter(({ kind }) => kind === 'NOSPACE')
  if (space.length > 0) return nospace(work, services, statuses, space)
  const near = work.tickets.some(({ invariant }) => /^database_/.test(invariant))
    ? await nearlyFull(work, services, statuses, seen)
    : null
  if (near) return near
  const [other] = alarms
  if (other) return { component: 'cluster', what: `alarm ${other.kind}, which is not known here`, remedy: [] }
  seen.push(list.exitCode === 0 ? 'no alarm is raised' : `alarms could not be read${complaint(list)}`)
  return null
}

async function nospace(
  work: Work,
  services: readonly Service[],
  statuses: readonly MemberStatus[],
  alarms: readonly Alarm[],
): Promise<Finding> {
  const disarm = { command: commandFor(services, 'alarm disarm'), why: 'There is space.' }
  const list = await work.shell(commandFor(services, 'member list -w json'), 'Whose alarm is it?')
  const members = membersIn(list.stdout)
  const strangers = alarms.filter(({ memberId }) => !members?.some(({ id }) => id === memberId))
  const full = await fullness(work, services, statuses)
  if (members && strangers.length === alarms.length && full.share !== null && full.share < nearQuota) {
    const whose = strangers.map(({ memberId }) => memberId ?? 'no member at all').join(', ')
    const what = `alarm NOSPACE of ${whose}, which is no member now; the quota is not reached: ${full.words}`
    return { component: 'cluster', what, remedy: [disarm] }
  }
  return {
    component: 'cluster',
    what: 'the database has reached its quota (alarm NOSPACE)',
    remedy: [...freeSpace(services, statuses), disarm],
    after: () => stillFull(work, services),
  }
}

async function nearlyFull(
  work: Work,
  services: readonly Service[],
  statuses: readonly MemberStatus[],
  seen: Seen,
): Promise<Finding | null> {
  const full = await fullness(work, services, statuses)
  const words =
    full.words === '' ? 'the size of the database could not be compared with its quota' : full.words
  if (full.share === null || full.share < nearQuota) {
    seen.push(words)
    return null
  }
  const tried = work.history.some((attempt) => / compact \d+/.test(attempt) && / defrag/.test(attempt))
  return {
    component: 'cluster',
    what: tried
      ? `live keys fill the quota: after compaction and defragmentation, ${words}; keys have to go, or the quota has to be raised`
      : `the database is near its quota: ${words}`,
    remedy: tried ? [] : freeSpace(services, statuses),
    after: () => stillFull(work, services),
  }
}

function freeSpace(services: readonly Service[], statuses: readonly MemberStatus[]): Step[] {
  const revision = Math.max(0, ...statuses.map((one) => one.revision))
  const compact = commandFor(services, `compact ${revision}`)
  return [
    { command: already(compact, 'has been compacted'), why: 'Old revisions fill the database.' },
    // One after the other: a member that is defragmented does not serve.
    ...services.map((service) => ({
      command: commandFor([service], 'defrag').replace('--command-timeout=2s', '--command-timeout=30s'),
      why: `Gives the free space of ${service.name} back.`,
    })),
  ]
}

async function stillFull(work: Work, services: readonly Service[]): Promise<string | null> {
  const again = await work.shell(
    commandFor(services, 'endpoint status -w json'),
    'How much space is free now?',
  )
  const { share, words } = await fullness(work, services, statusesIn(again.stdout))
  if (share === null || share < nearQuota) return null
  return `for now: live keys fill the quota (${words}), and only fewer keys or a larger quota last`
}

/** The fullest member's database as a share of its quota; null: not known. */
async function fullness(work: Work, services: readonly Service[], statuses: readonly MemberStatus[]) {
  const files = services.map(({ name }) => `/etc/etcd/${name}.yml`).join(' ')
  const config = await work.shell(
    `grep -H -- quota-backend-bytes ${files}; true`,
    'How large may the database become?',
  )
  const sizes = statuses.flatMap(({ name, dbBytes }) => {
    if (dbBytes === null) return []
    const set = new RegExp(`/${name}\\.yml:quota-backend-bytes:\\s*(\\d+)`).exec(config.stdout)?.[1]
    // https://etcd.io/docs/latest/op-guide/maintenance/#space-quota: 2 GiB where nothing or 0 is set.
    const quota = Number(set ?? 0) || 2 * 2 ** 30
    return [{ name, share: dbBytes / quota, words: `${mib(dbBytes)} of ${mib(quota)} MiB on ${name}` }]
  })
  const [first] = sizes.toSorted((a, b) => b.share - a.share)
  return sizes.length === services.length && first ? first : { share: null, words: '' }
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

/** Problems with data that only a person may repair, from the tickets and from the members. */
export async function dataInQuestion(
  work: Work,
  services: readonly Service[],
  statuses: readonly MemberStatus[],
  seen: Seen,
): Promise<Finding | null> {
  const ticket = work.tickets.find(({ invariant }) => /^(data_differs|revision_fell)$/.test(invariant))
  if (!ticket) return null
  // At one revision that all have, a second later: what is applied just then may not be in the file yet.
  const revision = Math.min(...statuses.map((one) => one.revision))
  const at = Number.isFinite(revision) && revision > 0 ? ` --rev=${revision}` : ''
  const hashes = await work.shell(
    `sleep 1; ${commandFor(services, `endpoint hashkv${at}`)}`,
    'Do the members hold the same data?',
  )
  const said = hashes.stdout.trim().split('\n').join('; ') || `hashes could not be read${complaint(hashes)}`
  const told = [...hashes.stdout.matchAll(/^[^,\s]+, (\d+)/gm)].map(([, hash]) => hash)
  if (ticket.invariant === 'data_differs' && told.length === services.length && new Set(told).size === 1) {
    seen.push(`all members have the same hash of their data at revision ${revision} (${said})`)
    return null
  }
  const why =
    ticket.invariant === 'data_differs'
      ? 'which of them is right is for a person to decide'
      : 'what is lost is not here, and restoring it is for a person'
  const component = ticket.node === 'cluster' || ticket.node === '*' ? namesOf(services) : ticket.node
  return { component, what: `${ticket.message} (hashes by member: ${said}); ${why}`, remedy: [] }
}
