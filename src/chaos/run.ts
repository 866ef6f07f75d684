import type { Cluster } from '../lab/contract.ts'

/** Limit for one command. Filling a database takes seconds, and more where the machine is busy. */
const patienceMs = 60_000

/** Runs a program in a node's network and returns its output. Fails with the program's error output. */
export async function run(
  cluster: Cluster,
  node: string,
  argv: readonly string[],
  input = '',
): Promise<string> {
  const { stdout, stderr, exitCode } = await cluster.run(node, argv, { input, timeoutMs: patienceMs })
  if (exitCode === 0) return stdout
  throw new Error(
    `${argv.join(' ')} in ${node}: ${stderr.trim().split('\n').at(-1) || `exit code ${exitCode}`}`,
  )
}

/** Like `bash`, with this host's programs instead of the cluster's. */
export async function outside(
  cluster: Cluster,
  node: string,
  script: string,
  ...args: string[]
): Promise<string> {
  const words = ['bash', '-c', script, 'bash', ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  const { stdout, stderr, exitCode } = await cluster.probe(node, words.join(' '))
  if (exitCode === 0) return stdout
  throw new Error(`a probe of ${node}: ${stderr.trim().split('\n').at(-1) || `exit code ${exitCode}`}`)
}

/** Runs `script` with `args` as $1, $2 ... The script comes on standard input, so the process list shows none of it. */
export const bash = (cluster: Cluster, node: string, script: string, ...args: string[]): Promise<string> =>
  run(cluster, node, ['bash', '-s', '--', ...args], script)
