import { ok, unknown, type Verdict, violated } from '../../../core/watch/invariant.ts'
import type { NodeView } from '../../../core/watch/subject.ts'
import type { Reply, Silence, Silent } from './client.ts'
import { answerInWords } from './trouble.ts'

/** How a node was reached in one observation. `answered`: at least one request was, so its process lives and we reach it. */
export type Reach = 'answered' | Silence

/** Result of asking a node, over any protocol: an answer, whatever it says, or the reason why there is none. */
export type Heard = { kind: 'answered' } | Silent

/** One understood answer proves a living process; only when nothing at all came back does silence count. */
export function reachOf(replies: readonly Heard[], understood: boolean): Reach {
  if (understood) return 'answered'
  const whys = replies.flatMap((reply) => (reply.kind === 'silent' ? [reply.why] : []))
  if (whys.length < replies.length || whys.includes('garbled')) return 'garbled'
  const order = ['local', 'timeout', 'unreachable', 'reset', 'refused'] as const
  return order.find((why) => whys.includes(why)) ?? 'garbled'
}

/** Why a node was not reached, in words. `who`: what it should have answered as. */
export function errorOf(
  reach: Reach,
  replies: readonly Heard[],
  { who, deadlineMs }: { who: string; deadlineMs: number },
): { error?: string } {
  if (reach === 'answered') return {}
  if (reach === 'timeout') return { error: `no answer within ${deadlineMs} ms` }
  const silent = replies.find((reply) => reply.kind === 'silent' && reply.why === reach)
  if (silent?.kind === 'silent') return { error: silent.detail }
  const said = replies.flatMap((reply) => (isHttp(reply) ? (answerInWords(reply) ?? []) : []))
  return { error: said[0] ?? `answers, but not as ${who} does` }
}

const isHttp = (heard: Heard): heard is Reply & { kind: 'answered' } =>
  heard.kind === 'answered' && 'status' in heard && 'body' in heard

/** Whether anybody was reached; where nobody is, the fault may be ours. */
export const someAnswer = (seen: readonly { reach: Reach }[]): boolean =>
  seen.some(({ reach }) => reach !== 'timeout' && reach !== 'unreachable' && reach !== 'local')

/** A node that is silent while others answer is down. `serves`: of one that answers. */
export function healthOf(
  reach: Reach,
  { serves, othersAnswer }: { serves: NodeView['healthy']; othersAnswer: boolean },
): NodeView['healthy'] {
  switch (reach) {
    case 'answered':
      return serves
    case 'refused':
    case 'reset':
      return false
    case 'timeout':
    case 'unreachable':
      return othersAnswer ? false : null
    case 'garbled':
    case 'local':
      return null
    default:
      return reach satisfies never
  }
}

/** Whether a node is there, for any subject. One observation proves that it is not if its port refused, or others answered. */
export function isThere(name: string, node: Pick<NodeView, 'healthy' | 'error'> & { reach: Reach }): Verdict {
  switch (node.reach) {
    case 'answered':
      return ok
    case 'refused':
    case 'reset':
      return violated(`${name}: ${node.error ?? node.reach}`)
    case 'timeout':
    case 'unreachable':
      return node.healthy === false
        ? violated(`${name}: ${node.error ?? node.reach}, while others answer`)
        : unknown('no node answers: the network on our side may be at fault')
    case 'garbled':
    case 'local':
      return unknown(`${name}: ${node.error ?? 'an answer that is not its own'}`)
    default:
      return node.reach satisfies never
  }
}
