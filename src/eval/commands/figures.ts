import { classify, effectOf } from './classify.ts'
import { thrashing } from './thrashing.ts'

/** An agent's commands in figures. */
export interface CommandFigures {
  total: number
  unique: number
  /** Commands that were repeated to no end, or undid the one before. */
  thrashing: number
  diagnostic: number
  remediation: number
  destructive: number
  other: number
  /** Those of `other` that may have changed something. */
  unknown: number
}

/** A command that an agent ran, at epoch ms. */
export interface CommandCall {
  at: number
  command: string
  exitCode: number | null
}

/** The commands of one trial in figures; in the order in which they were run. */
export function commandFigures(calls: readonly CommandCall[]): CommandFigures {
  const commands = calls.map(({ at, command }) => ({ at, judged: classify(command) }))
  const figures = { diagnostic: 0, remediation: 0, destructive: 0, other: 0 }
  for (const { judged } of commands) figures[judged.class]++
  const unknown = commands.filter(({ judged }) => effectOf(judged) === 'unknown').length
  return {
    total: calls.length,
    unique: new Set(commands.map(({ judged }) => judged.form)).size,
    thrashing: thrashing(commands).size,
    ...figures,
    unknown,
  }
}
