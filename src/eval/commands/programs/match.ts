import { type Kind, kinds, rules } from '../rules.ts'
import type { Arguments } from './arguments.ts'
import { hasForm } from './grammar.ts'
import { isKnown, withoutGlobs } from './marks.ts'
import { isNearScratch, isRuntime, isScratch } from './places.ts'

export interface Verdict {
  kind: Kind
  /** Which rule decided, and its reason. */
  rule: string
}

/** A program's arguments, and where it was run. */
export interface Invocation {
  args: Arguments
  directory: string | null
}

/** The call that a pattern is matched against. */
interface Matching extends Invocation {
  /** It asked for a word that only the shell knew. */
  doubtful: boolean
}

/** Looks at operands from `at` on; returns where to go on, or -1: it does not hold. */
type Test = (matching: Matching, at: number) => number

interface Rule {
  alternatives: readonly (readonly Test[])[]
  verdict: Verdict
}

const signals = {
  abrupt: 'KILL SIGKILL 9 ABRT SIGABRT 6 SEGV SIGSEGV 11',
  gentle: 'HUP SIGHUP TERM SIGTERM INT SIGINT CONT SIGCONT STOP SIGSTOP USR1 SIGUSR1 USR2 SIGUSR2',
}
const anyCase = new Set(['redis-cli', 'valkey-cli'])

/** The rows of each program, as they stand; they are compiled when the program is first met. */
const sources = new Map<string, readonly string[]>()
for (const block of rules.trim().split('\n\n')) {
  const lines = block.split('\n')
  const rows = lines.filter((line) => line.startsWith('  '))
  for (const name of lines.slice(0, -rows.length).join(' ').split(' ')) sources.set(name, rows)
}
const compiled = new Map<string, readonly Rule[]>()

/** Whether anything is known of a program by that name. */
export const isProgram = (name: string): boolean => sources.has(name) || hasForm(name)

/** The verdict of the table on a call; null: the program is not in the table. */
export function ruleFor(program: string, invocation: Invocation): Verdict | null {
  const rows = sources.get(program)
  if (!rows) return hasForm(program) ? { kind: 'diagnostic', rule: `${program}: looks` } : null
  const all = compiled.get(program) ?? rows.map((row) => compile(program, row))
  compiled.set(program, all)
  const matching = { ...invocation, doubtful: false }
  const found = all.find(({ alternatives }) => alternatives.some((tests) => holds(tests, matching)))
  if (!found) throw new Error(`no rule of ${program} holds`)
  if (matching.doubtful && found.verdict.kind !== 'destructive')
    return { kind: 'unknown', rule: `${program}: what it was told to do, only the shell knew` }
  return found.verdict
}

/** Programs that take `--help` wherever it stands, and then do nothing else. */
const helpful = new Set(['etcdctl', 'etcdutl', 'kubectl', 'docker', 'pd-ctl', 'helm', 'kubeadm', 'crictl'])

/** Whether it is asked for its help or version, and nothing else. */
export function asksForHelp(program: string, { options, operands }: Arguments): boolean {
  if (!options.has('--help') && !options.has('--version')) return false
  return options.size === 1 && operands.length <= (helpful.has(program) ? (program === 'docker' ? 1 : 2) : 0)
}

function holds(tests: readonly Test[], matching: Matching): boolean {
  let at = 0
  for (const test of tests) {
    at = test(matching, at)
    if (at < 0) return false
  }
  return true
}

function compile(program: string, row: string): Rule {
  const [word = '', pattern = '', reason = ''] = row.trim().split(/ {2,}/)
  const kind = kinds.find((known) => known === word)
  if (!kind) throw new Error(`${program}: ${row.trim()}: what is ${JSON.stringify(word)}?`)
  const name = [program, ...(pattern === '.' ? [] : [shortened(pattern)])].join(' ')
  return {
    alternatives: pattern.split(' ; ').map((words) => words.split(' ').map((text) => testOf(text, program))),
    verdict: { kind, rule: reason ? `${name}: ${reason}` : name },
  }
}

const shortened = (pattern: string): string => (pattern.length > 40 ? `${pattern.slice(0, 39)}…` : pattern)

function testOf(text: string, program: string): Test {
  if (text === '.') return (_, at) => at
  if (text === '*') return ({ args }, at) => (args.operands.length > at ? at + 1 : -1)
  if (text === '$') return ({ args }, at) => (args.operands.length > at ? -1 : at)
  if (text === '?') return ({ args }, at) => (isKnown(args.operands[0] ?? '') ? -1 : at)
  if (text === '#') return ({ args }, at) => (/^\d+$/.test(args.operands[at] ?? '') ? at + 1 : -1)
  if (text === '@abrupt') return signalTest(signals.abrupt)
  if (text === '@gentle') return signalTest(signals.gentle)
  if (text.startsWith('!')) {
    const test = testOf(text.slice(1), program)
    return (matching, at) => (test(matching, at) < 0 ? at : -1)
  }
  if (text.includes('@')) return pathTest(text)
  return text.startsWith('-') ? optionTest(text.split('|')) : wordTest(text.split('|'), anyCase.has(program))
}

function wordTest(alternatives: readonly string[], lower: boolean): Test {
  const words = new Set(alternatives)
  return (matching, at) => {
    const operand = matching.args.operands[at]
    if (operand !== undefined && !isKnown(operand)) matching.doubtful = true
    return operand !== undefined && words.has(lower ? operand.toLowerCase() : operand) ? at + 1 : -1
  }
}

function optionTest(alternatives: readonly string[]): Test {
  const wanted = alternatives.map((option) => option.split('='))
  return ({ args: { options } }, at) => {
    const isGiven = wanted.some(([option = '', value]) =>
      value === undefined ? options.has(option) : options.get(option) === value,
    )
    return isGiven ? at : -1
  }
}

/** `-9`, `-s KILL`, `-n 9`, `--signal=KILL`. */
function signalTest(list: string): Test {
  const names = new Set(list.split(' '))
  return ({ args: { options } }, at) => {
    const given = ['-s', '-n', '--signal'].map((option) => options.get(option)?.toUpperCase() ?? '')
    const isGiven =
      given.some((name) => names.has(name)) || [...names].some((name) => options.has(`-${name}`))
    return isGiven ? at : -1
  }
}

function pathTest(text: string): Test {
  const [option = '', name = ''] = text.includes('=') ? text.split('=') : ['', text]
  const chosen = ({ args }: Invocation): readonly string[] => {
    if (option) return [args.options.get(option) ?? '']
    if (name === '@to-scratch') return args.operands.slice(-1)
    return name === '@rest-scratch' ? args.operands.slice(1) : args.operands
  }
  const fits = (path: string, directory: string | null): boolean => {
    if (name === '@assigns') return path.includes('=')
    if (name === '@near-scratch') return isNearScratch(path, directory)
    return name === '@runtime' ? isRuntime(path, directory) : isScratch(path, directory)
  }
  return (matching, at) => {
    const paths = chosen(matching)
    return paths.length > 0 && paths.every((path) => fits(withoutGlobs(path), matching.directory)) ? at : -1
  }
}
