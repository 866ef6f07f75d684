import type { Cluster } from '../lab/contract.ts'
import { execThrough, guardArgv } from './guarded.ts'
import type { Sandbox } from './sandbox.ts'

/** Runs commands where an engineer of the cluster would log in. */
export function labSandbox(cluster: Cluster): Sandbox {
  // Requests that background processes make between two commands are reported with the next command.
  let mark: number | undefined
  async function* engineRequests() {
    for (;;) {
      const asked = mark === undefined ? undefined : await cluster.engineRequests?.(mark)
      if (!asked || asked.mark === mark) return
      mark = asked.mark
      yield asked.requests
    }
  }
  return {
    describe: `a shell in cluster ${cluster.id} (${cluster.lab}): its network, files and processes, nothing of this host's`,
    exec: async (command, options) => {
      mark ??= (await cluster.engineRequests?.(null))?.mark
      // The model's key is in our environment. No process on the way in gets it.
      const env = { PATH: process.env.PATH }
      return execThrough(
        cluster.command
          ? { argv: cluster.command, env, takes: 'counted' }
          : // What starts it may end it when the starter dies; the guard has to outlive us for the moment of its cleanup.
            { argv: cluster.enter(['setpriv', '--pdeathsig', 'clear', ...guardArgv]), env, takes: 'guard' },
        command,
        options,
      )
    },
    ...(cluster.endLeftBehind && { end: () => cluster.endLeftBehind?.() ?? Promise.resolve() }),
    ...(cluster.engineRequests && { engineRequests }),
  }
}
