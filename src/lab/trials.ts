import type { Ability } from './contract.ts'
import { queueRule, relayArgv } from './delay.ts'

/** Result of trying an ability in the place where it is used. */
export interface Outcome {
  exitCode: number | null
  complaint: string
}

export const can = ({ exitCode, complaint }: Outcome, fix: string): Ability =>
  exitCode === 0 ? { can: true } : { can: false, why: complaint || `exit code ${exitCode}`, fix }

/** Scripts and, for the relay, argv with an empty input, for a network of their own. All end at once, with exit code 0. */
export const delayTrials = {
  netem: 'ip link add d0 type veth peer name p0 && tc qdisc add dev d0 root netem delay 1ms',
  queue: `iptables -w -t mangle -A PREROUTING ${queueRule}`,
  relay: [...relayArgv(1, 1), 'self'],
} as const

/** @param queue result of the rule, or of the relay if the rule worked */
export function delayAbility(netem: Outcome, queue: Outcome): Ability {
  if (netem.exitCode === 0) return { can: true, by: 'netem' }
  if (queue.exitCode === 0) return { can: true, by: 'queue' }
  const fix =
    'sudo modprobe sch_netem; or sudo modprobe -a nfnetlink_queue xt_NFQUEUE, with iptables and perl'
  return can({ ...queue, complaint: `${netem.complaint}; without netem: ${queue.complaint}` }, fix)
}
