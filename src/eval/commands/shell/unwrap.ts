import { basename } from 'node:path/posix'
import { type Arguments, argumentsOf } from '../programs/arguments.ts'
import { glob, isKnown, words as manyWords, unknown, withoutGlobs } from '../programs/marks.ts'
import { valuedOptions } from '../programs/options.ts'
import { type Wrapper, wrappers } from './wrappers.ts'

/** The command that a wrapper runs. */
export type Inner =
  | { kind: 'command'; words: readonly string[]; elsewhere: boolean }
  /** `own`: a shell of its own reads it, which does not know this one's variables. */
  | { kind: 'script'; text: string; args: readonly string[] | null; own: boolean; elsewhere?: boolean }
  /** It reads what it runs from its input. */
  | { kind: 'input' }

export interface Unwrapped {
  inner: readonly Inner[]
  /** Whether it does something itself as well. */
  itself: boolean
  /** The wrapper's own arguments, and the program of `forms.ts` that they are checked as. */
  own?: readonly string[]
  form?: string
}

const nothing: Unwrapped = { inner: [], itself: true }
const only = (...inner: Inner[]): Unwrapped => ({ inner, itself: inner.length === 0 })
const script = (text: string, args: readonly string[] | null = null, elsewhere = false): Inner => ({
  kind: 'script',
  text,
  args,
  own: true,
  elsewhere,
})
const command = (words: readonly string[], elsewhere = false): Inner => ({
  kind: 'command',
  words,
  elsewhere,
})

const otherNames: Record<string, string> = {
  podman: 'docker',
  nerdctl: 'docker',
  'docker-compose': 'docker compose',
  oc: 'kubectl',
}

/** The command as its program is called in the tables: without path, without another name for the same. */
export function canonical(words: readonly string[]): string[] {
  const [program = '', ...rest] = words
  const name = isKnown(program) ? basename(withoutGlobs(program)) : program
  return [...(otherNames[name]?.split(' ') ?? [name]), ...rest]
}

/**
 * Finds the command that another command runs, such as the one after `sudo`.
 * @param words as `canonical` gives them
 * @param input what it reads, where that is known
 */
export function unwrap(words: readonly string[], input: string | null): Unwrapped {
  const [program = '', ...rest] = words
  if (/^(ba|da|z|k|a)?sh$/.test(program)) return shell(rest)
  switch (program) {
    case 'eval':
      return only({ kind: 'script', text: rest.join(' '), args: null, own: false })
    case 'trap':
      return trap(rest)
    case 'su':
    case 'script':
      return optionScript(program, rest)
    case 'find':
      return find(rest)
    case 'xargs':
      return xargs(rest, input)
    case 'tiup':
      return tiup(rest)
    case 'etcdctl':
      return etcdctl(rest)
    case 'command':
      return /^-[vV]/.test(rest[0] ?? '') ? nothing : wrapped(program, rest)
    case 'flock':
      return rest.includes('-c') ? optionScript(program, rest) : wrapped(program, rest)
    default:
      return wrapped(program, rest)
  }
}

function wrapped(program: string, rest: readonly string[]): Unwrapped {
  for (const wrapper of Object.hasOwn(wrappers, program) ? (wrappers[program] ?? []) : []) {
    const found = argumentsOf(rest, wrapper.valued)
    const verbs = verbsOf(wrapper, found)
    if (verbs === null) continue
    const before = verbs + (wrapper.skip ?? 0)
    const words = rest.slice(found.positions[before] ?? rest.length)
    const own = rest.slice(0, rest.length - words.length)
    while (!wrapper.joined && /^\w+=/.test(words[0] ?? '')) own.push(words.shift() ?? '')
    const about = { own, form: wrapper.form ?? program }
    if (wrapper.joined && words.length === 0 && found.operands.length > 0)
      return { ...only({ kind: 'input' }), ...about }
    const inner = wrapper.joined
      ? script(words.join(' '), null, wrapper.elsewhere)
      : command(words, wrapper.elsewhere)
    return words.length === 0 ? nothing : { inner: [inner], itself: wrapper.itself ?? false, ...about }
  }
  return nothing
}

/** How many operands its verb takes; null: it is another verb. */
function verbsOf({ verb }: Wrapper, { operands }: Arguments): number | null {
  if (!verb) return 0
  for (const length of [1, 2]) if (verb.test(operands.slice(0, length).join(' '))) return length
  return null
}

function shell(rest: readonly string[]): Unwrapped {
  let isText = false
  let at = 0
  for (; /^[-+]./.test(rest[at] ?? ''); at++) {
    const option = rest[at] ?? ''
    if (option === '--version' || option === '--help') return nothing
    if (option === '--') {
      at++
      break
    }
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(option)) isText = true
    if (/^[-+][a-zA-Z]*[oO]$/.test(option) || option === '--rcfile') at++
  }
  const first = rest[at]
  const about = { own: rest.slice(0, at), form: 'bash' }
  if (isText) return { ...only(script(first ?? '', rest.slice(at + 2))), ...about }
  if (first === undefined || first === '-' || first === '/dev/stdin')
    return { ...only({ kind: 'input' }), ...about }
  return rest.slice(0, at).some((arg) => /^-[a-z]*s$/.test(arg))
    ? { ...only({ kind: 'input' }), ...about }
    : nothing
}

/** `su -c`, `script -c`, `flock -c`. */
function optionScript(program: string, rest: readonly string[]): Unwrapped {
  const text = argumentsOf(rest, '-c --command').options
  const found = text.get('-c') ?? text.get('--command')
  return found === undefined ? nothing : { ...only(script(found, null, true)), own: rest, form: program }
}

/** It runs at the end, or on a signal; what may run at any time changes what else is known. */
function trap(rest: readonly string[]): Unwrapped {
  const [text = '', ...signals] = rest.filter((arg, at) => at > 0 || arg !== '--')
  if (signals.length === 0 || text === '-' || text.startsWith('-')) return nothing
  const late = signals.every((name) => /^(EXIT|0|(SIG)?(INT|TERM|HUP|QUIT)|1|2|3|15)$/.test(name))
  return { ...only(script(text, null, true)), ...(late ? {} : { own: rest, form: 'trap at any time' }) }
}

function find(rest: readonly string[]): Unwrapped {
  const own: string[] = []
  for (let at = 0; at < rest.length; at++) {
    own.push(rest[at] ?? '')
    if (/^-(exec|ok)(dir)?$/.test(rest[at] ?? ''))
      for (at++; at < rest.length && rest[at] !== ';' && rest[at] !== '+'; ) at++
  }
  return { inner: findActions(rest), itself: true, own, form: 'find' }
}

/** Every -exec, -delete as the rm that it is, and what is written to a file as by tee; `{}` stands for something below where the search starts. */
function findActions(rest: readonly string[]): Inner[] {
  const firstTest = rest.findIndex((arg) => /^[-(!]/.test(arg) && !/^-[HLPO]\d?$/.test(arg))
  const starts = rest.slice(0, firstTest < 0 ? rest.length : firstTest).filter((arg) => !arg.startsWith('-'))
  const found = (starts.length > 0 ? starts : ['.']).map((start) => `${start}/${unknown}`)
  const inner: Inner[] = rest.includes('-delete') ? [command(['rm', ...found])] : []
  for (let at = 0; at < rest.length; at++) {
    if (/^-f(ls|print0?|printf)$/.test(rest[at] ?? '')) inner.push(command(['tee', rest[at + 1] ?? '']))
    if (!/^-(exec|ok)(dir)?$/.test(rest[at] ?? '')) continue
    const length = rest.slice(at + 1).findIndex((arg) => arg === ';' || arg === '+')
    const words = rest.slice(at + 1, length < 0 ? rest.length : at + 1 + length)
    // With `+`, many at once.
    const many =
      rest[at + 1 + words.length] === '+'
        ? found.map((path) => path.replace(unknown, `${glob}${unknown}`))
        : found
    inner.push(command(words.flatMap((word) => (word === '{}' ? many : [word.replaceAll('{}', unknown)]))))
    at += words.length
  }
  return inner
}

const xargsOptions = '-I -n -P -d -a -L -s -E --max-args --max-procs --delimiter --arg-file --max-lines'

function xargs(rest: readonly string[], input: string | null): Unwrapped {
  const { options, positions } = argumentsOf(rest, xargsOptions)
  const words = rest.slice(positions[0] ?? rest.length)
  const own = rest.slice(0, rest.length - words.length)
  // Without a command it is echo, whatever it reads.
  if (words.length === 0) return { ...only(command(['echo'])), own, form: 'xargs' }
  // It takes quotes and backslashes away, or splits elsewhere.
  const plain =
    input !== null && !/["'\\]/.test(input) && !/^-(0|d|a|-null|-delimiter|-arg-file)/m.test(own.join('\n'))
  const read = plain ? input.split(/\s+/).filter((word) => word !== '') : [manyWords]
  const place = options.get('-I')
  const filled = place
    ? words.map((word) =>
        word.replaceAll(place, read.length === 1 && isKnown(read[0] ?? '') ? (read[0] ?? '') : unknown),
      )
    : [...words, ...read]
  return { ...only(command(filled)), own, form: 'xargs' }
}

/** `tiup ctl:v7.5.0 pd ...` is pd-ctl. */
function tiup(rest: readonly string[]): Unwrapped {
  const [first = '', component = '', ...args] = rest
  if (/^ctl(:|$)/.test(first)) {
    const program = component === 'etcd' ? 'etcdctl' : `${component}-ctl`
    return only(command([program, ...args], true))
  }
  return rest.includes('exec') ? optionScript('tiup', rest) : nothing
}

/** `lock NAME COMMAND`, `watch KEY -- COMMAND`. */
function etcdctl(rest: readonly string[]): Unwrapped {
  const { operands, positions } = argumentsOf(rest, valuedOptions('etcdctl'))
  const dashes = operands[0] === 'watch' ? rest.indexOf('--') : -1
  const at = operands[0] === 'lock' ? positions[2] : dashes < 0 ? undefined : dashes + 1
  const words = at === undefined ? [] : rest.slice(at)
  if (words.length === 0) return nothing
  return {
    inner: [command(words)],
    itself: true,
    own: rest.slice(0, rest.length - words.length),
    form: 'etcdctl',
  }
}
