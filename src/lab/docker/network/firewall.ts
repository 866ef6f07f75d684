import { MachineLacks } from '../../../core/errors.ts'
import { type Engine, tolerating } from '../engine/engine.ts'
import { toolsImage } from '../engine/images.ts'
import { containerName, labels, ownerLabel } from '../labels.ts'
import { logsOf } from '../logs/logs.ts'

// On the bridge of a cluster's network the kernel answers for all addresses of the host, and gives the bridge an IPv6
// address although the engine gives it none. A process inside that builds its own frames would reach services of the host.
// So the host drops everything that comes in through that bridge. The cluster does not need it: it reaches the host only
// through the proxy.

const families = '[ -e /proc/net/if_inet6 ] && six=ip6tables; for tables in iptables $six; do'
const rule = 'INPUT -i "$1" -j DROP'
const scripts = {
  up: `${families} $tables -w -I ${rule} || exit 1; done`,
  down: `${families} while $tables -w -D ${rule} 2>/dev/null; do :; done; done`,
}

const bridgeOf = (network: string): string => `br-${network.slice(0, 12)}`

/** @param network id of the network. @throws MachineLacks */
export async function blockHost(engine: Engine, id: string, network: string): Promise<void> {
  const { exitCode, said } = await onHost(engine, id, scripts.up, bridgeOf(network))
  if (exitCode !== 0)
    throw new MachineLacks(
      `a cluster's access to the host cannot be blocked: iptables in the network of the Docker engine: ${said}. Try: sudo modprobe -a ip_tables ip6_tables nf_tables nft_compat`,
    )
}

/** Idempotent. A rule that cannot be removed applies to a bridge that will never exist again. */
export async function unblockHost(engine: Engine, id: string, network: string): Promise<void> {
  await tolerating([404, 409, 500], onHost(engine, id, scripts.down, bridgeOf(network)))
}

/** Runs a shell script in the engine's own network. */
async function onHost(engine: Engine, id: string, script: string, argument: string) {
  const name = containerName(id, 'firewall')
  await engine.ask('POST', '/containers/create', {
    query: { name },
    body: {
      Image: toolsImage,
      Cmd: ['sh', '-c', script, 'sh', argument],
      User: '0',
      Labels: { [labels.id]: id, [labels.owner]: ownerLabel(), [labels.role]: 'firewall' },
      HostConfig: {
        NetworkMode: 'host',
        CapDrop: ['ALL'],
        CapAdd: ['NET_ADMIN', 'NET_RAW'],
        PidsLimit: 16,
        Memory: 64 * 2 ** 20,
        ReadonlyRootfs: true,
        LogConfig: { Type: 'json-file' },
        Tmpfs: { '/run': 'size=1m' },
      },
    },
  })
  try {
    await engine.ask('POST', `/containers/${name}/start`)
    const { StatusCode } = await engine.ask<{ StatusCode: number }>('POST', `/containers/${name}/wait`)
    return { exitCode: StatusCode, said: StatusCode === 0 ? '' : await logsOf(engine, name, 1) }
  } finally {
    await tolerating(
      [404, 409],
      engine.ask('DELETE', `/containers/${name}`, { query: { force: '1', v: '1' } }),
    )
  }
}
