import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { type MonitorInfo, monitorState } from '../../store/operator/monitors.ts'
import { lasting, when } from './format.ts'

const dayMs = 24 * 3_600_000

/** The monitors of each cluster, now and until lately: without a monitor, no ticket means nothing. */
export interface Watched {
  now: readonly MonitorInfo[]
  /** Silent for less than a day, or with tickets that no monitor will close. */
  noMore: readonly MonitorInfo[]
}

/** For each cluster, the monitor with the newest heartbeat. */
export function watchedBy(
  monitors: readonly MonitorInfo[],
  tickets: readonly Ticket[],
  now: number,
): Watched {
  const latest = new Map<string, MonitorInfo>()
  for (const monitor of monitors.toSorted((a, b) => a.beatAt - b.beatAt)) latest.set(monitor.cluster, monitor)
  const waiting = new Set(tickets.flatMap(({ state, cluster }) => (state === 'resolved' ? [] : [cluster])))
  const all = [...latest.values()].map((monitor) => ({ monitor, state: monitorState(monitor, now) }))
  const isMissed = ({ monitor, state }: (typeof all)[number]) =>
    (state === 'silent' && now - monitor.beatAt < dayMs) ||
    (state !== 'running' && waiting.has(monitor.cluster))
  return {
    now: all.flatMap(({ monitor, state }) => (state === 'running' ? [monitor] : [])),
    noMore: all.flatMap((one) => (isMissed(one) ? [one.monitor] : [])),
  }
}

/**
 * The time since the last observation keeps counting in the page, because a dead monitor writes nothing that would update
 * it.
 */
export const watchedNow = ({ now: running, noMore }: Watched, now: number) =>
  html`${running.length === 0 ? html`<p class="warning">Nobody watches: no monitor runs.</p>` : html`<p class="quiet">Watched: ${running.map(({ cluster, beatAt }, i) => html`${i > 0 ? '; ' : ''}${inert(cluster)}, looked at ${lasting(now - beatAt)} ago`)}.</p>`}
${noMore.map(({ cluster, beatAt, endedAt }) => html`<p class="warning">${inert(cluster)} is not watched: its monitor ${endedAt === null ? 'was last heard of' : 'ended'} at ${when(endedAt ?? beatAt)} UTC.</p>`)}`
