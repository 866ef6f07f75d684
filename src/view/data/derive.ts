/**
 * What takes its time is derived in a thread of its own, so that nobody else waits for it; one at a time, and its memory
 * goes with it.
 */
import { Worker } from 'node:worker_threads'
import type { Analysis } from '../../eval/analyze.ts'
import type { Comparison } from '../../eval/compare/compare.ts'

/** What can be asked for, of campaigns. */
export type Question =
  | { kind: 'analysis'; campaign: number }
  | { kind: 'comparison'; reference: number; candidate: number }

/** null: there are too many trials for anybody to wait for it. */
export type Answer<Q extends Question> = Q extends { kind: 'analysis' } ? Analysis : Comparison | null

/** From trials as they are stored in the database. */
export type Derive = <Q extends Question>(question: Q) => Promise<Answer<Q>>

/** Beside this file, and of the same kind: as it is written, or built. */
const thread = new URL(import.meta.url.replace(/derive(\.\w+)$/, 'thread$1'))

/** More than this a campaign of 10,000 trials does not take. */
const limits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 192 }

export function openDerive(file: string, signal: AbortSignal): Derive {
  let before: Promise<unknown> = Promise.resolve()
  return (question) => {
    const answer = before.then(() => ask(file, question, signal))
    before = answer.catch(() => undefined) // whoever asked hears of it
    return answer
  }
}

async function ask<Q extends Question>(file: string, question: Q, signal: AbortSignal): Promise<Answer<Q>> {
  signal.throwIfAborted()
  const worker = new Worker(thread, { workerData: { file, question }, resourceLimits: limits })
  const stop = () => void worker.terminate()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(signal.reason ?? new Error('the thread ended without an answer')))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
