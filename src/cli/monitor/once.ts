import { iso } from '../../core/clock.ts'
import type { Observation } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { type Check, unobservable } from '../../monitor/check.ts'
import { type ObserveOptions, observeAndCheck } from '../../monitor/monitor.ts'
import { inert, table } from '../../tui/text.ts'
import type { Io } from '../terminal/io.ts'
import { placeOf, type RunOptions } from './where.ts'

/** Rates need a second observation, and some figures a few. Until then they are unknown, so it observes again. */
const onceMs = 10_000
const betweenMs = 500

/** Observes until no check is unknown or one is violated, for up to 10 s. Stores nothing. */
export async function observeUntilKnown(
  place: ObserveOptions<Observation>,
  { clock, signal }: Pick<Io, 'clock' | 'signal'>,
) {
  await using connection = place.subject.connect(place.endpoints, {
    ...place.access,
    ...(place.settings.watch && { watch: place.settings.watch }),
  })
  const end = clock.now() + onceMs
  let { observation, checks } = await observeAndCheck(place, connection)
  const settled = () => {
    const kinds = checks.filter((check) => check.invariant !== unobservable).map((c) => c.verdict.kind)
    return kinds.includes('violated') || !kinds.includes('unknown')
  }
  while (!settled() && clock.now() < end) {
    await clock.sleep(betweenMs, signal)
    ;({ observation, checks } = await observeAndCheck(place, connection))
  }
  const left = checks.filter((check) => check.verdict.kind === 'not_applicable')
  const bad = checks.filter(({ verdict }) => verdict.kind === 'violated' || verdict.kind === 'unknown')
  const healthy = bad.length === 0 && left.length < checks.length
  return { observation, checks, left, bad, healthy }
}

export async function observeOnce(
  options: RunOptions,
  subjectName: string,
  given: Endpoints,
  io: Io,
): Promise<void> {
  const found = await observeUntilKnown(placeOf(options, subjectName, given, io), io)
  const { observation, checks, left, bad, healthy } = found
  if (options.json)
    io.printJson({
      healthy,
      at: iso(observation?.at ?? io.clock.now()),
      nodes: observation?.nodes ?? {},
      checks: checks.map(({ key, severity, verdict }) => ({ key, severity, ...verdict })),
    })
  else {
    const nodes = Object.entries(observation?.nodes ?? {})
    io.print(
      table(
        ['node', 'healthy', 'role', 'trouble'],
        nodes.map(([name, view]) => [
          name,
          view.healthy === null ? 'unknown' : view.healthy ? 'yes' : 'no',
          view.role ?? '',
          inert(view.error ?? ''),
        ]),
      ),
    )
    io.print(
      healthy
        ? `\nall ${checks.length - left.length} checks are ok`
        : `\n${bad.length} of ${checks.length - left.length} checks are not ok:`,
    )
    for (const check of bad) io.print(`  ${check.key}  ${check.severity}  ${textOf(check)}`)
    if (left.length > 0) io.print('\nnot checked:')
    for (const check of left) io.print(`  ${check.key}  ${textOf(check)}`)
  }
  if (!healthy) io.answerNo()
}

export function textOf({ verdict }: Check): string {
  switch (verdict.kind) {
    case 'violated':
      return inert(verdict.message)
    case 'unknown':
      return inert(`unknown: ${verdict.reason}`)
    case 'not_applicable':
      return inert(verdict.reason)
    case 'ok':
      return ''
    default:
      return verdict satisfies never
  }
}
