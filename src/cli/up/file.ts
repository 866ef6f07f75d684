import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { BadInput } from '../../core/errors.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import type { Attached } from '../../sandbox/attached.ts'
import { operatorDbPath } from '../../store/home.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import { parseYaml, placeIn, readText, strictKeys } from '../../yaml.ts'
import { placeOf, type WatchOptions, placeIn as whatToWatch } from '../monitor/where.ts'
import { type AgentSettings, addAgentOptions } from '../options/agent.ts'
import { asOptions, optionKeys } from '../options/from-file.ts'
import { withWatchOptions } from '../options/watch.ts'
import type { Io } from '../terminal/io.ts'
import { shellKey } from './shell-key.ts'

export interface WatchedCluster {
  watch: WatchOptions
  /** Where the agent's commands run; null: no agent works here, and tickets wait for people. */
  shell: Attached | null
  agent: AgentSettings
  /** What its own sessions may cost within 24 hours, where the file says so of this cluster. */
  day: { costUsd: number | null; tokens: number | null }
}

/** A checked file of `operator up`: plain data, without any secret. */
export interface UpFile {
  path: string
  database: string
  agent: AgentSettings
  /** Clusters that are worked on at the same time. */
  sessions: number
  clusters: Record<string, WatchedCluster>
}

/** An attached cluster is somebody's production, and is asked less often than a lab's, which is there for that. */
const defaultIntervalMs = 5_000

const watching = () => withWatchOptions(new Command())
const working = () => addAgentOptions(new Command())

/**
 * Reads and checks a file of `operator up`.
 * @throws BadInput one line for each fault: `file:line:column key: what is wrong, what is allowed`.
 */
export function readUpFile(path: string): UpFile {
  const text = readText(path)
  parseYaml(path, text, z.unknown().superRefine(refuseSecrets))
  const file = parseYaml(path, text, schemaOf(path))
  const agent = asOptions<AgentSettings>(working(), file.agent)
  return {
    path: resolve(path),
    database: file.database,
    agent,
    sessions: file.sessions,
    clusters: Object.fromEntries(
      Object.entries(file.clusters).map(([name, { shell, autonomy: _consent, agent: own, ...watch }]) => {
        const { cost_per_day: cost, tokens_per_day: tokens, ...session } = own
        return [
          name,
          {
            watch: {
              ...asOptions<WatchOptions>(watching(), watch, { interval: defaultIntervalMs }),
              cluster: name,
            },
            shell: shell ?? null,
            agent: asOptions<AgentSettings>(working(), session, agent),
            day: { costUsd: numberOr(null, cost), tokens: numberOr(null, tokens) },
          },
        ]
      }),
    ),
  }
}

/** @throws BadInput naming the cluster's place in the file. */
export function watchedBy(file: UpFile, name: string): { subject: string; endpoints: Endpoints } {
  const cluster = file.clusters[name]
  const { subject, endpoints } = cluster ? whatToWatch(cluster.watch) : {}
  if (subject !== undefined && endpoints !== undefined) return { subject, endpoints }
  throw new BadInput(
    `${placeIn(file.path, ['clusters', name])}: needed: subject and endpoints, or alertmanager`,
  )
}

/** Checks what only a subject and the files that are named can tell. @throws BadInput naming the cluster's place in the file. */
export function checkClusters(file: UpFile, io: Pick<Io, 'clock' | 'signal'>): void {
  for (const [name, { watch, shell, agent }] of Object.entries(file.clusters)) {
    const { subject, endpoints } = watchedBy(file, name)
    try {
      placeOf(watch, subject, endpoints, io)
      if (shell && agent.agent === 'runbook' && !subjectNamed(subject).runbook)
        throw new BadInput(`${subject} has no runbook; allowed: agent: {agent: llm}`)
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
      throw new BadInput(`${placeIn(file.path, ['clusters', name])}: ${error.message}`)
    }
  }
}

const numberOr = <T>(other: T, value: unknown) => (typeof value === 'number' ? value : other)

function schemaOf(path: string) {
  const agent = strictKeys(optionKeys(working(), path))
  const cluster = strictKeys({
    ...optionKeys(watching(), path),
    shell: shellKey(path).optional(),
    autonomy: z
      .literal('autonomous', { error: 'allowed: autonomous; without a shell no agent works here' })
      .optional(),
    agent: agent.default({}),
  }).superRefine(({ shell, autonomy }, context) => {
    if ((shell === undefined) === (autonomy === undefined)) return
    const message =
      'a shell and `autonomy: autonomous` need each other: with them an agent changes the cluster without asking'
    context.addIssue({ code: 'custom', path: [shell ? 'shell' : 'autonomy'], message })
  })
  return strictKeys({
    database: z
      .string()
      .transform((name) => resolve(dirname(path), name))
      .default(operatorDbPath()),
    sessions: z.int().min(1).max(64).default(4),
    agent: agent.default({}),
    clusters: z
      .record(z.string(), cluster)
      .refine((all) => Object.keys(all).length > 0, { error: 'allowed: one cluster or more' })
      .superRefine((all, context) => {
        const message = 'allowed in a name: letters, digits, . _ -'
        for (const name of Object.keys(all))
          if (!/^[\w.-]{1,100}$/.test(name)) context.addIssue({ code: 'custom', path: [name], message })
      }),
  })
}

const secretKey = /^(?:.*_)?(?:password|passwd|passphrase|token|secret|api_?key)$/i

/** Whoever reads the file, and every copy and backup of it, would have them. The value is not repeated. */
function refuseSecrets(value: unknown, context: z.RefinementCtx): void {
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
    const isSecret =
      (typeof value === 'string' && /-----BEGIN|^\w+:\/\/[^/\s]*:[^/\s]*@/.test(value)) ||
      (secretKey.test(String(path.at(-1))) && value !== null && typeof value !== 'object')
    if (!isSecret) return
    const message =
      'a secret has no place in this file; allowed: the name of a file that holds it (user_file, bearer_token_file, key)'
    context.addIssue({ code: 'custom', path, message })
  }
  walk(value, [])
}
