import { join } from 'node:path/posix'
import { unknown } from '../programs/marks.ts'
import { isSpecial, mayBeExported } from './names.ts'
import type { Scope } from './scope.ts'

/** A directory that is not known, after a `cd` to somewhere. */
export const elsewhere = unknown

/** Arithmetic, or another expansion of the value, would run it. */
export const hasCode = (value: string): boolean => /\$\(|\$\{|`/.test(value)

/** Sets a variable, with whatever doubt its name or value brings. */
export function setVariable(scope: Scope, name: string, values: readonly string[]): void {
  if (isSpecial(name)) scope.doubt(`${name}=: decides what programs do`)
  if (values.some(hasCode)) scope.doubt(`${name}=: a value with code in it`)
  scope.variables.set(name, values)
}

/** A variable that a program sees. */
export function exportVariable(scope: Scope, name: string): void {
  if (!mayBeExported(name)) scope.doubt(`${name}: may decide what programs do`)
}

/** Builtins that change the shell itself, which are told apart from what they may be given besides. */
export function changeShell([name, ...args]: readonly string[], scope: Scope): void {
  switch (name) {
    case 'cd':
    case 'pushd':
      scope.directory = directoryAfter(scope.directory, args)
      break
    case 'popd':
      scope.directory = elsewhere
      break
    case 'export':
    case 'declare':
    case 'typeset':
      if (name === 'export' || args.some((arg) => /^-\w*x/.test(arg)))
        for (const arg of args) if (!arg.startsWith('-')) exportVariable(scope, arg.replace(/=.*$/s, ''))
      break
    case 'read':
    case 'mapfile':
    case 'readarray':
    case 'getopts':
      for (const arg of args) if (/^[A-Za-z_]\w*$/.test(arg)) setVariable(scope, arg, [unknown])
      for (const own of ['REPLY', 'MAPFILE', 'OPTARG']) scope.variables.set(own, [unknown])
      break
    case 'unset':
      if (scope.functions.size > 0) scope.doubt('unset: of a function, perhaps')
      for (const arg of args) scope.variables.delete(arg)
      break
    case 'set':
      if (args[0] === '--') scope.args = args.slice(1)
      else if (args.some((arg) => !/^[-+]/.test(arg))) scope.args = null
      break
    case 'shift':
      scope.args = args.length === 0 ? (scope.args?.slice(1) ?? null) : null
      break
  }
}

function directoryAfter(from: string | null, args: readonly string[]): string {
  const [to = elsewhere, ...more] = args.filter((arg) => !/^-[LPe]+$/.test(arg) && arg !== '--')
  if (more.length > 0 || /^[~+-]|[\uE000-\uE004]/.test(to)) return elsewhere
  if (to.startsWith('/')) return join(to)
  return from === null ? elsewhere : join(from, to)
}

/**
 * Runs what may not happen: afterwards, what it changed is not known any more. With `again`, it may happen more than
 * once, so that its own changes come before it as well.
 */
export function maybe<T>(scope: Scope, again: boolean, act: () => T): T {
  const before = new Map(scope.variables)
  const { directory, args } = scope
  let result = act()
  if (forget(scope, before, directory) && again) result = act()
  forget(scope, before, directory)
  if (scope.args !== args) scope.args = null
  return result
}

function forget(
  scope: Scope,
  before: ReadonlyMap<string, readonly string[]>,
  directory: string | null,
): boolean {
  let changed = scope.directory !== directory
  if (changed) scope.directory = elsewhere
  for (const name of new Set([...before.keys(), ...scope.variables.keys()])) {
    const value = scope.variables.get(name)
    if (value === before.get(name)) continue
    changed = true
    const isNumber = [value, before.get(name)].every(
      (one) => one?.length === 1 && /^[\d\uE004]+$/.test(one[0] ?? ''),
    )
    scope.variables.set(name, [isNumber ? '\uE004' : unknown])
  }
  return changed
}
