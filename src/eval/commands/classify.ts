import { createHash } from 'node:crypto'
import { shown } from './programs/marks.ts'
import type { Verdict } from './programs/match.ts'
import { verdictsOfRun, verdictsOfWrap, verdictsOfWrite } from './programs/special.ts'
import type { Kind } from './rules.ts'
import { readLine } from './shell/shell.ts'
import type { ShellAction } from './shell/walk.ts'

export const commandClasses = ['diagnostic', 'remediation', 'destructive', 'other'] as const
export type CommandClass = (typeof commandClasses)[number]

export interface Opinion {
  class: CommandClass
  /** Whether it may have changed anything. */
  changes: boolean
}

export type Effect = 'none' | 'unknown' | 'changes' | 'destructive'

/** The effect that a command may have had on the system. `unknown` counts as a change, but is not shown as one. */
export function effectOf({ class: name, changes }: Opinion): Effect {
  if (!changes) return 'none'
  return name === 'other' ? 'unknown' : name === 'destructive' ? 'destructive' : 'changes'
}

/** As it is shown: its class, and apart from what is known to be harmless what is not known. */
export const shownClass = (opinion: Opinion): CommandClass | 'unknown' =>
  effectOf(opinion) === 'unknown' ? 'unknown' : opinion.class

/** `class` is the gravest of the parts'. */
export interface Classified extends Opinion {
  /** False: it is no shell, or too long to be read; what it did is not known. */
  parsed: boolean
  parts: readonly Part[]
  /** The same for commands that do the same, whatever their white space, comments and pauses. */
  form: string
}

interface Part extends Opinion {
  text: string
  /** Which rule decided, and its reason. */
  rule: string
}

/** Gravest last. What may have done anything is graver than what looked, what can have done nothing is not. */
const gravity: readonly Kind[] = ['harmless', 'diagnostic', 'unknown', 'remediation', 'destructive']

const cacheSize = 4_096
const longestCached = 2_000
const cache = new Map<string, Classified>()

/** Classifies a command line of an agent by the rules. Synchronous; never throws, whatever the line is. */
export function classify(command: string): Classified {
  const known = cache.get(command)
  if (known) return known
  const result = judge(command)
  if (command.length <= longestCached) {
    // The oldest goes: a campaign asks for the same lines again soon, or never.
    if (cache.size >= cacheSize) cache.delete(cache.keys().next().value ?? '')
    cache.set(command, result)
  }
  return result
}

function judge(command: string): Classified {
  const { actions, readable } = readLine(command)
  const judged = actions.map((action) => ({ action, text: textOf(action), verdicts: verdictsOf(action) }))
  const kinds = [...judged.flatMap(({ verdicts }) => verdicts.map(({ kind }) => kind))]
  if (!readable) kinds.push('unknown')
  const kind = kinds.reduce<Kind>((worst, next) => (graver(next, worst) ? next : worst), 'harmless')
  const parts = judged.flatMap(({ text, verdicts }) =>
    verdicts.map(({ kind: own, rule }) => ({
      text: text.slice(0, longestText),
      class: classOf(own),
      changes: mayChange(own),
      rule,
    })),
  )
  const form = readable ? formOf(judged) : command.trim().replace(/\s+/g, ' ')
  return { class: classOf(kind), changes: mayChange(kind), parsed: readable, parts, form: hash(form) }
}

const graver = (a: Kind, b: Kind): boolean => gravity.indexOf(a) > gravity.indexOf(b)

/** Pauses and words to the terminal do not make a command another one; what it reads does. */
function formOf(
  judged: readonly { action: ShellAction; text: string; verdicts: readonly Verdict[] }[],
): string {
  const acts = judged.filter(({ verdicts }) => verdicts.some(({ kind }) => kind !== 'harmless'))
  return (acts.length > 0 ? acts : judged)
    .map(({ action, text }) => `${text}\n${action.kind === 'run' ? (action.input ?? '') : ''}`)
    .join('\n')
}

function verdictsOf(action: ShellAction): Verdict[] {
  switch (action.kind) {
    case 'run':
      return verdictsOfRun(action)
    case 'write':
      return verdictsOfWrite(action)
    case 'wrap':
      return verdictsOfWrap(action)
    case 'doubt':
      return [{ kind: 'unknown', rule: 'not to be known from the line' }]
    case 'unreadable':
      return [{ kind: 'unknown', rule: 'a script that cannot be read' }]
    default:
      return action satisfies never
  }
}

function classOf(kind: Kind): CommandClass {
  switch (kind) {
    case 'destructive':
    case 'remediation':
    case 'diagnostic':
      return kind
    case 'unknown':
    case 'harmless':
      return 'other'
    default:
      return kind satisfies never
  }
}

const mayChange = (kind: Kind): boolean => kind !== 'diagnostic' && kind !== 'harmless'

function textOf(action: ShellAction): string {
  switch (action.kind) {
    case 'run':
      return shown(action.words.join(' '))
    case 'write':
      return shown(`${action.appends ? '>>' : '>'} ${action.path}`)
    case 'wrap':
      return shown([action.form, ...action.own].join(' '))
    case 'doubt':
    case 'unreadable':
      return shown(action.text)
    default:
      return action satisfies never
  }
}

/** Longest text of a part that is shown. Commands are compared by the whole text. */
const longestText = 500

const hash = (text: string): string => createHash('sha1').update(text).digest('base64')
