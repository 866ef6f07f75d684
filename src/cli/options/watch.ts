import type { Command } from 'commander'
import { subjects } from '../../subjects/subjects.ts'
import { withAccessOptions } from './access.ts'
import {
  address,
  dataPathOption,
  duration,
  durationPair,
  endpointsOption,
  integer,
  logPathOption,
  pause,
  portMapOption,
} from './common.ts'

/** Options that say what to watch, and how: of `monitor run`, and of each cluster in a file of `up`. */
export function withWatchOptions(command: Command): Command {
  command
    .option('--subject <name>', `kind of system: ${Object.keys(subjects).join(', ')}`)
    .addOption(endpointsOption())
    .addOption(dataPathOption())
    .addOption(logPathOption())
    .addOption(portMapOption())
  return withAccessOptions(command)
    .option(
      '--rules <file|glob>',
      "alerting rules of your own, which Prometheus evaluates; repeatable (default: Prometheus' own alerts)",
      (text: string, all: string[] = []) => [...all, text],
    )
    .option(
      '--match <matchers>',
      'which alerts become tickets: \'severity=~"critical|warning"\' (default: all)',
    )
    .option('--node-label <label>', 'label that names the node of an alert (default: instance)')
    .option(
      '--alertmanager <url>',
      'watch the alerts of this Alertmanager, instead of a subject and its endpoints',
    )
    .option(
      '--alertmanager-listen <host:port>',
      'receive notifications of Alertmanager at this address (docs/prometheus.md has the receiver to paste)',
      address,
    )
    .option('--alertmanager-repeat <duration>', "Alertmanager's repeat_interval (default: 4h)", duration)
    .option(
      '--receiver-token-file <file>',
      'file with the token that notifications have to carry; only its owner may read it',
    )
    .option(
      '--receiver-user-file <file>',
      'file with the user:password that notifications have to carry; only its owner may read it',
    )
    .option('--interval <duration>', 'time between two observations', pause, 1_000)
    .option(
      '--grace <invariant=duration>',
      'how long an invariant has to be violated before a ticket opens (repeatable)',
      durationPair,
      {},
    )
    .option(
      '--skip <invariant[/node]>',
      'switch a check off, everywhere or for one node (repeatable)',
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option('--variant <name|file|json>', 'configuration of the agent that works on these tickets')
    .option(
      '--attempts <n>',
      'how many claims may fail before a ticket is escalated to a person',
      integer(1, 100),
      3,
    )
}
