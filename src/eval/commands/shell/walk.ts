import { emptyScope, type Scope } from './scope.ts'
import { maybe } from './state.ts'

/** Standard input of a command; null: not known; undefined: none. */
export type Input = string | null | undefined

/** One thing that a line does. */
export type ShellAction =
  /** `words`: program and arguments, as `canonical` gives them; `directory` null: not known. */
  | { kind: 'run'; words: readonly string[]; input: Input; directory: string | null }
  /** A file that the shell itself opens for writing, for the command `words`. */
  | { kind: 'write'; path: string; appends: boolean; words: readonly string[]; directory: string | null }
  /** A program that runs another one, with its own words. */
  | { kind: 'wrap'; form: string; own: readonly string[]; directory: string | null }
  /** Something because of which it cannot be known what the line does. */
  | { kind: 'doubt'; text: string }
  /** A script within the line that cannot be read. */
  | { kind: 'unreadable'; text: string }

export interface Reading {
  actions: readonly ShellAction[]
  /** False: the line, or a script in it, is no shell, or is too large to be read. */
  readable: boolean
}

/** Larger than anything written by hand. */
export const limits = { length: 32_768, actions: 2_000, depth: 20, values: 64, steps: 20_000 }

/** The line is longer, deeper or wider than that. */
export class TooMuch extends Error {
  override name = 'TooMuch'
}

export interface Walk {
  tell(action: ShellAction): void
  /** Counts what is walked through. */
  step(): void
  depth: number
  /** How many conditions and loops are around: what is defined within may not be. */
  conditions: number
}

export const newScope = (walk: Walk): Scope => emptyScope((text) => walk.tell({ kind: 'doubt', text }))

export function deeper<T>(walk: Walk, act: () => T): T {
  if (++walk.depth > limits.depth) throw new TooMuch()
  try {
    return act()
  } finally {
    walk.depth--
  }
}

/** Walks through a part that may run or not; with `again`, more than once. */
export function conditional<T>(walk: Walk, scope: Scope, again: boolean, act: () => T): T {
  walk.conditions++
  try {
    return maybe(scope, again, act)
  } finally {
    walk.conditions--
  }
}
