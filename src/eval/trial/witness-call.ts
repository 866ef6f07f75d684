import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { CanaryVerdict, Fact, WorkloadSample, WorkloadVerdict } from '../../core/watch/subject.ts'
import { type Daemon, plainEnv, self, startDaemon } from '../../daemon.ts'
import type { Cluster } from '../../lab/contract.ts'
import { endpointArgv } from '../../operate.ts'
import { dropWatch, keyOf } from '../judge/state.ts'
import type { Drop, Probe, TrialSpec } from '../record.ts'
import { takeNotes } from './seen.ts'
import type { Instruction, WitnessMessage } from './witness.ts'

/** The witness process and everything that it has reported so far. */
export interface Witness extends AsyncDisposable {
  readonly probes: Probe[]
  readonly samples: WorkloadSample[]
  /** Facts that may only grow and have fallen. */
  readonly drops: Drop[]
  /** The newest value of every fact, from observations that began at `since` or later; null: there was none. */
  state(since: number): Fact[] | null
  /** Bytes that the files with planted data contain; null: nothing is planted yet. */
  mark(): Buffer | null
  /** Result of checking the planted data; null: there is none, or the witness has not answered yet. */
  canaries(): CanaryVerdict | null
  /** Verdict of the workload after its last read-back; null: the subject has no workload. Resolves when the load was stopped. */
  verdict(): WorkloadVerdict | null | undefined
  tell(instruction: Instruction): void
  readonly daemon: Daemon
}

export async function callWitness(
  cluster: Cluster,
  { seed, load }: Pick<TrialSpec, 'seed' | 'load'>,
  folder: string,
  /** Called after every message of the witness. */
  heard: () => void,
): Promise<Witness> {
  const settings = ['--subject', cluster.subject, '--seed', seed]
  if (load) settings.push('--clients', load.clients, '--ops', load.opsPerSecond)
  const argv = [...self(), 'witness', ...settings.map(String), ...endpointArgv(cluster.endpoints)]
  const daemon = await startDaemon(cluster.join(argv), {
    env: plainEnv(),
    logFile: join(folder, 'witness.log'),
    wantOutput: true,
  })
  const probes: Probe[] = []
  const samples: WorkloadSample[] = []
  const drops: Drop[] = []
  const fallen = dropWatch()
  const told = new Map<string, { at: number; fact: Fact }>()
  const notes = takeNotes(folder)
  let verdict: WorkloadVerdict | null | undefined
  let mark: Buffer | null = null
  let canaries: CanaryVerdict | null = null
  const hear = (message: WitnessMessage) => {
    switch (message.kind) {
      case 'probe': {
        const { facts, ...probe } = withoutKind(message)
        for (const fact of facts) told.set(keyOf(fact), { at: probe.at, fact })
        drops.push(...fallen(probe.at, facts))
        notes.add({ probe })
        return probes.push(probe)
      }
      case 'sample': {
        const sample = withoutKind(message)
        notes.add({ sample })
        return samples.push(sample)
      }
      case 'planted':
        mark = Buffer.from(message.mark, 'base64')
        return
      case 'verdict':
        verdict = message.verdict
        canaries = message.canaries
        return
      default:
        return message satisfies never
    }
  }
  if (daemon.output)
    createInterface({ input: daemon.output }).on('line', (line) => {
      const message = parsed(line)
      if (!message) return
      hear(message)
      heard()
    })
  return {
    probes,
    samples,
    drops,
    state: (since) => {
      const facts = [...told.values()].filter(({ at }) => at >= since).map(({ fact }) => fact)
      return facts.length > 0 ? facts : null
    },
    mark: () => mark,
    canaries: () => canaries,
    verdict: () => verdict,
    daemon,
    tell: (instruction) => daemon.send(instruction),
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]()
      notes[Symbol.dispose]()
    },
  }
}

/** null: a line that was cut off when the witness ended. Its end is noticed elsewhere. */
function parsed(line: string): WitnessMessage | null {
  try {
    return JSON.parse(line) as WitnessMessage
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const withoutKind = <T extends { kind: string }>({ kind: _, ...rest }: T): Omit<T, 'kind'> => rest
