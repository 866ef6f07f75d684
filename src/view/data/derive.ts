/**
 * What takes its time is derived in a process of its own, so that nobody else waits for it, and its memory goes with it;
 * one at a time.
 */

import { fileURLToPath } from 'node:url'
import { plainEnv } from '../../daemon.ts'
import type { Comparison } from '../../eval/compare/compare.ts'
import type { Analysis } from '../../eval/report/analyze.ts'
import { fork } from '../../spawn.ts'

/** What can be asked for, of campaigns. */
export type Question =
  | { kind: 'analysis'; campaign: number }
  | { kind: 'comparison'; reference: number; candidate: number }

/** null: there are too many trials for anybody to wait for it. */
export type Answer<Q extends Question> = Q extends { kind: 'analysis' } ? Analysis : Comparison | null

/** From trials as they are stored in the database. */
export type Derive = <Q extends Question>(question: Q) => Promise<Answer<Q>>

/** Beside this file, and of the same kind: as it is written, or built. */
const program = fileURLToPath(new URL(import.meta.url.replace(/derive(\.\w+)$/, 'deriving$1')))

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
