/** Exit codes of every verb; see docs/cli.md. */
export const exitCodes = { done: 0, no: 1, badInput: 2, machineLacks: 3, interrupted: 130 } as const

/** Compares names, not classes: a plugin and the bundled command line each have their own copy of this module. */
const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name

/** The user's input cannot be used. The message names it and says what is allowed. */
export class BadInput extends Error {
  override name = 'BadInput'
  static override [Symbol.hasInstance](error: unknown): boolean {
    return isNamed(error, 'BadInput')
  }
}

/** This machine cannot do what was asked. The message says what is missing and how to get it. */
export class MachineLacks extends Error {
  override name = 'MachineLacks'
  static override [Symbol.hasInstance](error: unknown): boolean {
    return isNamed(error, 'MachineLacks')
  }
}

/** Ctrl-C or SIGTERM: the reason of every AbortSignal that such a signal aborts. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}

export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${messageOf(error.cause)}`
  return error.message + cause
}
