// Runs a program in the first node of a cluster on Docker until it is killed: `node runs-and-dies.ts ID PROGRAM...`.
import { docker } from '../../src/lab/docker/docker.ts'

const [, , id = '', ...argv] = process.argv
const cluster = await docker.attach(id)
await cluster.run(cluster.nodes[0]?.name ?? '', argv)
