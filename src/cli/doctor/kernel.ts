import { asWorldOwner } from '../../lab/netns/world/enter.ts'
import { delayTrials } from '../../lab/trials.ts'
import { ask, type Check } from './check.ts'

/** The two ways to latency, of which a lab needs one: tried as a lab would use them. */
export async function kernelChecks(signal: AbortSignal): Promise<Check[]> {
  const world = [...asWorldOwner(), 'unshare', '--user', '--map-root-user', '--net', 'sh', '-c']
  const queue = `${delayTrials.queue} && exec "$@" </dev/null`
  const [netem, relay] = await Promise.all([
    ask([...world, delayTrials.netem], signal),
    ask([...world, queue, '_', ...delayTrials.relay], signal),
  ])
  return [
    netem.ok
      ? { group: 'machine', name: 'netem', can: true, detail: 'in the kernel' }
      : no('netem', netem.text, 'not needed where NFQUEUE is; else: sudo modprobe sch_netem'),
    relay.ok
      ? { group: 'machine', name: 'NFQUEUE', can: true, detail: 'latency where there is no netem' }
      : no(
          'NFQUEUE',
          relay.text,
          'not needed where netem is; else: sudo modprobe -a nfnetlink_queue xt_NFQUEUE',
        ),
  ]
}

const no = (name: string, said: string, fix: string): Check => ({
  group: 'machine',
  name,
  can: false,
  optional: true,
  fix,
  detail: said.split('\n')[0] ?? '',
})
