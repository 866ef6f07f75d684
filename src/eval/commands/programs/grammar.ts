import { checks } from './checks.ts'
import { forms } from './forms.ts'
import { isKnown, mayBeMany, mayBeOption, withoutGlobs } from './marks.ts'
import { isScratch } from './places.ts'

/** The arguments with which a program changes nothing; see `forms.ts`. */
interface Form {
  any: boolean
  all: boolean
  words: boolean
  stop: boolean
  cwd: boolean
  mute: boolean
  /** Each option with whether it takes a value, and the check of that. */
  options: ReadonlyMap<string, Option>
  digits: boolean
  most: number
  operand: string | undefined
}

interface Option {
  value: 'none' | 'always' | 'attached'
  check: string | undefined
}

const sources = new Map<string, string>()
for (const line of forms.split('\n').filter((text) => text !== '')) {
  const [names = '', rest = ''] = line.split(/ \| ?/)
  for (const name of names.endsWith(' exec') ? [names] : names.split(' ')) sources.set(name, rest)
}
const compiled = new Map<string, Form>()

function formOf(program: string): Form | undefined {
  const source = sources.get(program)
  const found = compiled.get(program)
  if (source === undefined || found) return found
  const form = compile(source.split(' '))
  compiled.set(program, form)
  return form
}

function compile(tokens: readonly string[]): Form {
  const options = new Map<string, Option>()
  const has = (token: string) => tokens.includes(token)
  const words = has('words')
  for (const token of tokens) {
    const [, name = '', mark = '', check] = /^(-[^:?]+)([:?]?)(.*)$/.exec(token) ?? []
    if (name === '' || name === '-#') continue
    const value = mark === '' ? 'none' : mark === ':' ? 'always' : 'attached'
    const letters = words || name.startsWith('--') ? [name] : [...name.slice(1)].map((letter) => `-${letter}`)
    for (const option of letters) options.set(option, { value, check: check || undefined })
  }
  const most = tokens.find((token) => /^\$\d/.test(token))
  return {
    any: has('any'),
    all: has('all'),
    words,
    stop: has('stop'),
    cwd: has('cwd'),
    mute: has('mute'),
    digits: has('-#'),
    options,
    most: most ? Number(most.slice(1)) : Number.POSITIVE_INFINITY,
    operand: tokens.find((token) => token.startsWith('$:'))?.slice(2),
  }
}

/** Options of a program that take the next word as their value, as `argumentsOf` has them. */
export function valuedIn(program: string): string[] {
  const options = formOf(program)?.options ?? new Map<string, Option>()
  return [...options].flatMap(([name, { value }]) => (value === 'always' ? [name] : []))
}

export const hasForm = (program: string): boolean => sources.has(program) && !program.includes(' ')

export interface Call {
  /** Arguments, with the marks of `marks.ts`. */
  args: readonly string[]
  directory: string | null
  input?: string | null | undefined
}

/** Why a call is not known to change nothing; null: it is. */
export function doubtOf(program: string, call: Call): string | null {
  const form = formOf(program)
  if (!form) return 'its safe forms are not known'
  if (form.any) return null
  if (form.mute && !isMute(call.input)) return 'what it is given to read'
  if (
    form.cwd &&
    call.directory !== null &&
    (!isKnown(call.directory) || isScratch(`${call.directory}/x`, null))
  )
    return 'settings of the directory that it runs in'
  if (call.args.some((arg) => arg.includes('\uE001'))) return 'words that only the shell knew'
  return readArguments(form, call)
}

const isMute = (input: string | null | undefined): boolean =>
  input === undefined || (input !== null && /^\s*Q?\s*$/.test(input))

function readArguments(form: Form, { args, directory }: Call): string | null {
  const fits = (check: string | undefined, text: string) =>
    check === undefined || (checks[check]?.(text, directory) ?? false)
  let operands = 0
  let onlyOperands = form.all
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (!onlyOperands && arg === '--') {
      onlyOperands = true
      continue
    }
    if (onlyOperands || !/^-./.test(arg)) {
      if (!onlyOperands && mayBeOption(arg)) return `${shownArg(arg)}: may be an option`
      operands += mayBeMany(arg) && Number.isFinite(form.most) ? form.most + 1 : 1
      if (operands > form.most) return 'more operands than it only reads'
      if (!fits(form.operand, withoutGlobs(arg))) return `${shownArg(arg)}: not known to change nothing`
      if (form.stop) return null
      continue
    }
    const used = readOption(form, args, at, fits)
    if (typeof used === 'string') return used
    at += used
  }
  return null
}

/** How many further words an option takes, or why it is not safe. */
function readOption(
  { options, words, digits }: Form,
  args: readonly string[],
  at: number,
  fits: (check: string | undefined, text: string) => boolean,
): number | string {
  const arg = args[at] ?? ''
  const unsafe = `${shownArg(arg)}: an option that is not known to be safe`
  const value = (option: Option, attached: string | null): number | string => {
    if (option.value === 'none') return attached === null ? 0 : unsafe
    const text = attached ?? (option.value === 'always' ? args[at + 1] : '')
    if (text === undefined) return unsafe
    if (mayBeMany(text) || !fits(option.check, text)) return unsafe
    return attached === null && option.value === 'always' ? 1 : 0
  }
  if (digits && /^-\d+$/.test(arg)) return 0
  const equals = arg.indexOf('=')
  const whole = options.get(equals > 0 ? arg.slice(0, equals) : arg)
  if (whole && (words || arg.startsWith('--') || arg.length === 2))
    return value(whole, equals > 0 ? arg.slice(equals + 1) : null)
  if (words || arg.startsWith('--')) return unsafe
  for (let letter = 1; letter < arg.length; letter++) {
    const option = options.get(`-${arg[letter]}`)
    if (!option) return unsafe
    const rest = arg.slice(letter + 1)
    if (option.value !== 'none') return value(option, rest === '' ? null : rest)
  }
  return 0
}

const shownArg = (arg: string): string => (arg.length > 30 ? `${arg.slice(0, 29)}…` : arg)
