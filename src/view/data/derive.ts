/**
 * Slow derivations run in a process of their own, one at a time, so that other requests do not wait and the memory is freed
 * with the process.
 */

import { fileURLToPath } from 'node:url'
import { plainEnv } from '../../daemon.ts'
import type { Comparison } from '../../eval/compare/compare.ts'
import type { Analysis } from '../../eval/report/analyze.ts'
import { fork } from '../../spawn.ts'

/** Derivations that can be requested for campaigns. */
export type Question =
  | { kind: 'analysis'; campaign: number }
  | { kind: 'comparison'; reference: number; candidate: number }

/** null: there are too many trials to wait for. */
export type Answer<Q extends Question> = Q extends { kind: 'analysis' } ? Analysis : Comparison | null

/** Derived from trials as they are stored in the database. */
export type Derive = <Q extends Question>(question: Q) => Promise<Answer<Q>>

/** Beside this file, and of the same kind: source or built. */
const program = fileURLToPath(new URL(import.meta.url.replace(/derive(\.\w+)$/, 'deriving$1')))

export function openDerive(file: string, signal: AbortSignal): Derive {
  let before: Promise<unknown> = Promise.resolve()
  return (question) => {
    const answer = before.then(() => ask(file, question, signal))
    before = answer.catch(() => undefined) // the caller gets the error
    return answer
  }
}

async function ask<Q extends Question>(file: string, question: Q, signal: AbortSignal): Promise<Answer<Q>> {
  signal.throwIfAborted()
  const child = fork(program, {
    env: plainEnv(),
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let wrong = ''
  child.stderr?.on('data', (text) => {
    wrong = `${wrong}${text}`.slice(-2_000)
  })
  const end = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', end, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', (answer) => resolve(answer as Answer<Q>))
      child.once('error', reject)
      child.once('close', (code) => reject(signal.reason ?? new Error(`ended with ${code}: ${wrong.trim()}`)))
      child.send({ file, question }, (error) => error && reject(error))
    })
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}
