import type { Cluster } from '../lab/contract.ts'

/** Filling a database takes seconds, and many where the machine is busy. */
const patienceMs = 60_000

/** Runs a program in a node's network; fails with what it complained about. Returns what it printed. */
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

/** As `bash`, with the programs of whoever looks from outside. */
export async function outside(
  cluster: Cluster,
  node: string,
  script: string,
  ...args: string[]
): Promise<string> {
  const words = ['bash', '-c', script, 'bash', ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  const { stdout, stderr, exitCode } = await cluster.probe(node, words.join(' '))
  if (exitCode === 0) return stdout
  throw new Error(`a look at ${node}: ${stderr.trim().split('\n').at(-1) || `exit code ${exitCode}`}`)
}

/** `script` with `args` as $1, $2 ...; it comes on standard input, so that the process list shows none of it. */
export const bash = (cluster: Cluster, node: string, script: string, ...args: string[]): Promise<string> =>
  run(cluster, node, ['bash', '-s', '--', ...args], script)
