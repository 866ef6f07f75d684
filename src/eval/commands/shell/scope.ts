import type { Function as FunctionNode, Script } from 'unbash'

/** State while a line is read: variables, functions, the current directory. */
export interface Scope {
  variables: Map<string, readonly string[]>
  functions: Map<string, FunctionNode['body']>
  /** $1, $2, ...; null: not known. */
  args: readonly string[] | null
  /** null: where the line began. It has a mark in it when it is not known. */
  directory: string | null
  /** Called with what makes it impossible to know what the line does. */
  doubt(why: string): void
}

export const emptyScope = (doubt: Scope['doubt']): Scope => ({
  variables: new Map(),
  functions: new Map(),
  args: null,
  directory: null,
  doubt,
})

/** Copy of a scope for a subshell, whose changes do not come back. */
export const copyOf = (scope: Scope): Scope => ({
  ...scope,
  variables: new Map(scope.variables),
  functions: new Map(scope.functions),
})

/** Reads the script of a substitution; its output when that can be told, else null. `isFed`: it reads what is written to it. */
export type RunScript = (script: Script, isFed?: boolean) => string | null
