import { type ChaosType, type Cluster, chooseTarget, defineChaosType, z } from 'operator-sre'

/** Somebody turns the primary into a replica of its own replica. Nobody takes writes then, and all nodes answer. */
export const redisReadonly: ChaosType<Record<string, never>> = defineChaosType({
  name: 'redis_readonly',
  description: 'the primary is made a replica of one of its replicas: all nodes run, none takes writes',
  subjects: ['redis'],
  causes: [
    /\bno (node is the )?primary\b/i,
    /primary (was|is|became) (turned|made|demoted)/i,
    /(all|every|each) (nodes?|members?|of them) (are|is) (a )?replicas?/i,
    /\breplicaof\b.*\b(primary|master)\b/i,
  ],
  symptoms: [/writes? (fail|refused|rejected)/i],
  params: z.strictObject({}),
  needs: ['clusters'],
  clusterWide: true,
  async plan(plan) {
    const target = chooseTarget({ ...plan, target: plan.target === 'random' ? 'leader' : plan.target })
    const other = plan.cluster.nodes.find(({ name }) => name !== target)
    return { chaosType: 'redis_readonly', target, params: {}, undo: { follows: other?.name } }
  },
  inject: async (cluster, fault) => {
    await cli(cluster, fault.target, `REPLICAOF ${fault.undo.follows} 6379`)
  },
  landed: noneTakesWrites,
  remains: noneTakesWrites,
  // Somebody may have promoted another node: a second primary would be new damage.
  revert: async (cluster, fault) => {
    if (await noneTakesWrites(cluster)) await cli(cluster, fault.target, 'REPLICAOF NO ONE')
  },
  clean: async (cluster) => !(await noneTakesWrites(cluster)),
})

async function noneTakesWrites(cluster: Cluster): Promise<boolean> {
  const roles = await Promise.all(cluster.nodes.map(({ name }) => cli(cluster, name, 'ROLE')))
  return roles.every((role) => !role.startsWith('master'))
}

/** With this machine's redis-cli: somebody inside may have put another one in place of the cluster's. */
async function cli(cluster: Cluster, node: string, command: string): Promise<string> {
  const { address, port } = cluster.nodes.find(({ name }) => name === node) ?? {}
  const { stdout } = await cluster.probe(node, `timeout 5 redis-cli -h ${address} -p ${port} ${command}`)
  return stdout
}
