import {
  type AndOr,
  type Assignment,
  type Command,
  forEachChild,
  parse,
  type Redirection,
  type Script,
  type SyntaxNode,
  type Word,
} from 'unbash'
import {
  cleaned,
  isKnown,
  isKnownButNumbers,
  isStrange,
  mayBeMany,
  word as oneWord,
  unknown,
} from '../programs/marks.ts'
import { isProgram } from '../programs/match.ts'
import { outputOf } from '../programs/output.ts'
import { checkArithmetic, checkSubscript, checkTest } from './arithmetic.ts'
import { copyOf, type RunScript, type Scope } from './scope.ts'
import { changeShell, elsewhere, exportVariable, hasCode, setVariable } from './state.ts'
import { canonical, type Inner, unwrap } from './unwrap.ts'
import {
  conditional,
  deeper,
  type Input,
  limits,
  newScope,
  type Reading,
  type ShellAction,
  TooMuch,
  type Walk,
} from './walk.ts'
import { expand, heredocText, reader, substitutions, textOf } from './words.ts'

/**
 * What a line does, seen through everything that runs something else: pipes, loops, wrappers, scripts in arguments and
 * heredocs. Both sides of every condition count. Of a line that is no shell, what stands on the lines before its first
 * error: bash runs that before it notices.
 */
export function readLine(given: string): Reading {
  const actions: ShellAction[] = []
  let steps = 0
  const walk: Walk = {
    tell(action) {
      if (actions.push(action) > limits.actions) throw new TooMuch()
    },
    step() {
      if (++steps > limits.steps) throw new TooMuch()
    },
    depth: 0,
    conditions: 0,
  }
  const unreadable: Reading = { actions: [], readable: false }
  if (given.length > limits.length) return unreadable
  const text = cleaned(given)
  try {
    if (isStrange(given)) walk.tell({ kind: 'doubt', text: 'characters that are not seen' })
    const whole = parse(text)
    const [error] = whole.errors ?? []
    const tree = error ? parse(text.slice(0, text.lastIndexOf('\n', error.pos - 1) + 1)) : whole
    if (!tree.errors) walkList(walk, tree.commands, newScope(walk), undefined)
    return { actions, readable: !error && actions.every(({ kind }) => kind !== 'unreadable') }
  } catch (error) {
    // A RangeError: the stack, or a word, grew too long.
    if (error instanceof TooMuch || error instanceof RangeError) return unreadable
    throw error
  }
}

/** A script in an argument, or in what a shell reads. */
function walkScript(walk: Walk, text: string, scope: Scope, input: Input): void {
  // Text that only the shell knew may be code of its own.
  if (!isKnownButNumbers(text)) scope.doubt('a script with a part that only the shell knew')
  const tree = parse(text)
  if (tree.errors) walk.tell({ kind: 'unreadable', text })
  else deeper(walk, () => walkList(walk, tree.commands, scope, input))
}

/** Output of a command substitution, if it can be told. */
const runIn =
  (walk: Walk, scope: Scope, input: Input): RunScript =>
  (script: Script & { errors?: readonly unknown[] | undefined }, isFed = false) => {
    if (script.errors) walk.tell({ kind: 'unreadable', text: '' })
    // It shares what is read with the command that it stands in.
    const given = isFed ? null : shared(input)
    return deeper(walk, () => walkList(walk, script.commands, copyOf(scope), given))
  }

/** Several commands read from one input: what is left to each is not known. */
const shared = (input: Input): Input => (input ? null : input)

/** Returns what it writes to its standard output; null: not known. */
function walkList(walk: Walk, nodes: readonly SyntaxNode[], scope: Scope, input: Input): string | null {
  const outputs = nodes.map((node) => {
    const before = scope.directory
    const output = walkNode(walk, node, scope, input)
    // It may have failed; only after `&&` is it known that it did not.
    if (scope.directory !== before && !standing.has(scope.directory ?? '')) scope.directory = elsewhere
    return output
  })
  return outputs.length === 1 ? (outputs[0] ?? null) : null
}

function walkNode(walk: Walk, node: SyntaxNode, scope: Scope, input: Input): string | null {
  walk.step()
  switch (node.type) {
    case 'Statement':
      return walkNode(walk, node.command, node.background ? copyOf(scope) : scope, input)
    case 'Command':
      return walkCommand(walk, node, scope, input)
    case 'Pipeline': {
      const [only, ...more] = node.commands
      if (only && more.length === 0) return walkNode(walk, only, scope, input)
      let passed = input
      for (const command of node.commands)
        passed = walkNode(walk, command, copyOf(scope), command.type === 'Command' ? passed : shared(passed))
      return passed ?? null
    }
    case 'Redirected':
      walkNode(walk, node.command, scope, shared(redirect(walk, node.redirects, scope, ['{', '}'], input)))
      return null
    case 'Subshell':
      return walkList(walk, node.body.commands, copyOf(scope), input)
    case 'CompoundList':
    case 'BraceGroup':
      return deeper(walk, () =>
        walkList(walk, node.type === 'BraceGroup' ? node.body.commands : node.commands, scope, input),
      )
    case 'AndOr':
      return walkAndOr(walk, node, scope, input)
    case 'For':
    case 'Select': {
      const values = loopValues(walk, node.wordlist, scope, input)
      const isSure = [...values].every(isKnown) && node.type === 'For'
      conditional(walk, scope, !isSure, () => {
        for (const value of values) {
          setVariable(scope, node.name.value, [value])
          deeper(walk, () => walkNode(walk, node.body, scope, input))
        }
      })
      return null
    }
    case 'Function':
      if (walk.conditions > 0) scope.doubt(`${node.name.value}(): a function that may not be defined`)
      if (isProgram(node.name.value)) scope.doubt(`${node.name.value}(): a function by the name of a program`)
      scope.functions.set(node.name.value, node.body)
      return null
    case 'Word':
      substitutions(node, runIn(walk, scope, input))
      return null
    case 'TestCommand':
      checkTest(node.expression, scope, reader(scope, runIn(walk, scope, input)))
      return null
    case 'ArithmeticCommand':
      checkArithmetic(node.expression, scope, reader(scope, runIn(walk, scope, input)))
      return null
    case 'ArithmeticFor':
      for (const one of [node.initialize, node.test, node.update])
        checkArithmetic(one, scope, reader(scope, runIn(walk, scope, input)))
      conditional(walk, scope, true, () => walkNode(walk, node.body, scope, input))
      return null
    case 'While':
      conditional(walk, scope, true, () => {
        for (const part of [node.clause, node.body]) deeper(walk, () => walkNode(walk, part, scope, input))
      })
      return null
    case 'Coproc':
      deeper(walk, () => walkNode(walk, node.body, copyOf(scope), null))
      return null
    default:
      // Conditions: whatever is in them may run, in the order in which it stands.
      forEachChild(node, (child) => {
        if (child.type === 'Word') walkNode(walk, child, scope, input)
        else conditional(walk, scope, false, () => deeper(walk, () => walkNode(walk, child, scope, input)))
      })
      return null
  }
}

/** The first runs always; a chain of `&&` knows what was before, whatever comes after an `||` does not. */
function walkAndOr(walk: Walk, { commands, operators }: AndOr, scope: Scope, input: Input): string | null {
  const [first, ...rest] = commands
  if (first) deeper(walk, () => walkNode(walk, first, scope, input))
  if (operators.every((operator) => operator === '&&'))
    conditional(walk, scope, false, () => {
      for (const command of rest) deeper(walk, () => walkNode(walk, command, scope, input))
    })
  else
    for (const command of rest)
      conditional(walk, scope, false, () => deeper(walk, () => walkNode(walk, command, scope, input)))
  return null
}

/** Directories that are everywhere: going there does not fail. */
const standing = new Set(['/', '/tmp', '/var/tmp', '/dev/shm', '/var/log', '/var/lib', '/etc', '/root'])

function loopValues(
  walk: Walk,
  wordlist: readonly Word[] | undefined,
  scope: Scope,
  input: Input,
): ReadonlySet<string> {
  const words = wordlist?.flatMap((word) => expand(word, scope, runIn(walk, scope, input)))
  const values = new Set((words ?? [unknown]).map((word) => (mayBeMany(word) ? manyToOne(word) : word)))
  if (values.size > limits.values) throw new TooMuch()
  return values
}

/** One of the words that an expansion outside quotes becomes has no blanks; a file that a glob finds may. */
const manyToOne = (text: string): string =>
  /^[^\uE003]*$/.test(text) ? text.replaceAll('\uE001', oneWord) : unknown

const declares = new Set(['export', 'declare', 'typeset', 'local', 'readonly'])

function walkCommand(walk: Walk, node: Command, scope: Scope, input: Input): string | null {
  const run = runIn(walk, scope, input)
  const words = node.name ? expand(node.name, scope, run) : []
  const environment = assignBefore(walk, node, scope, words, input)
  const isDeclaration = declares.has(words[0] ?? '')
  for (const arg of node.args) {
    if (arg.type === 'Word') {
      const more = expand(arg, scope, run)
      words.push(...more)
      // A quoted assignment: not told apart by the parser.
      for (const word of isDeclaration ? more : [])
        if (word.includes('=')) setVariable(scope, word.replace(/=.*$/s, ''), [unknown])
    } else if (isDeclaration) words.push(assign(walk, arg, scope, input))
    else words.push(arg.value.type === 'Word' ? `${arg.name}=${textOf(arg.value, scope, run)}` : arg.text)
  }
  const given = redirect(walk, node.redirects, scope, words, input)
  if (words.length === 0) return ''
  if (words[0] === 'exec' && given !== input && given !== '') scope.doubt('exec <: what is read from now on')
  const body = scope.functions.get(words[0] ?? '')
  if (body) return callFunction(walk, body, scope, words.slice(1), given)
  // They run the builtin in this shell.
  while (/^(command|builtin)$/.test(words[0] ?? '') && words.length > 1 && !words[1]?.startsWith('-'))
    words.shift()
  changeShell(words, scope)
  perform(walk, words, environment, given)
  return outputOf(canonical(words), given ?? null)
}

/** Before a command it is that command's environment only; what is substituted in it runs all the same. */
function assignBefore(
  walk: Walk,
  node: Command,
  scope: Scope,
  [program]: readonly string[],
  input: Input,
): Scope {
  const items = node.prefix.filter((item) => item.type === 'Assignment')
  if (!node.name) for (const item of items) assign(walk, item, scope, input)
  if (!node.name || items.length === 0) return scope
  const environment = copyOf(scope)
  for (const { name, value } of items) {
    const text = value.type === 'Word' ? textOf(value, scope, runIn(walk, scope, input)) : unknown
    environment.variables.set(name, [text])
    // Where `read` splits what it reads decides nothing else.
    if (name === 'IFS' && program === 'read') continue
    exportVariable(scope, name)
    if (hasCode(text) || program === 'eval') scope.doubt(`${name}=: a value with code in it`)
  }
  return environment
}

function callFunction(
  walk: Walk,
  body: SyntaxNode,
  scope: Scope,
  args: readonly string[],
  input: Input,
): string | null {
  const inside: Scope = { ...scope, args }
  // A variable that it sets may be local to it.
  const output = conditional(walk, inside, false, () =>
    deeper(walk, () => walkNode(walk, body, inside, shared(input))),
  )
  scope.directory = inside.directory
  return output
}

/** Returns the assignment as a word. */
function assign(walk: Walk, { name, value, append, index }: Assignment, scope: Scope, input: Input): string {
  const run = runIn(walk, scope, input)
  const isArray = value.type === 'ArrayValue'
  if (index) checkSubscript(index, scope, reader(scope, run))
  const values = isArray
    ? value.elements.flatMap((element) => expand(element, scope, run))
    : [expand(value, scope, run).join(' ').replaceAll('\uE001', unknown)]
  const before = append ? (scope.variables.get(name) ?? [unknown]) : []
  const all = isArray ? [...before, ...values] : [before.join(' ') + values.join(' ')]
  // An element of an array may be any of it.
  setVariable(scope, name, index || all.some(mayBeMany) ? [unknown] : all)
  if (index) scope.variables.set(name, [unknown])
  return `${name}=${values.join(' ')}`
}

/** Tells of a command, or of what it runs. */
function perform(walk: Walk, given: readonly string[], scope: Scope, input: Input): void {
  walk.step()
  const words = canonical(given)
  const { inner, itself, own, form } = unwrap(words, input ?? null)
  const isStrangePlace = placeOf(given[0] ?? '')
  if (isStrangePlace) scope.doubt(isStrangePlace)
  const self = { kind: 'run', words, input, directory: scope.directory } as const
  if (itself) walk.tell(own ? { ...self, words: [words[0] ?? '', ...own] } : self)
  else if (own) walk.tell({ kind: 'wrap', form: form ?? '', own, directory: scope.directory })
  for (const one of inner) {
    if (one.kind === 'input' && (typeof input !== 'string' || !isKnown(input))) walk.tell(self)
    else deeper(walk, () => performInner(walk, one, scope, input))
  }
}

/** Why a program may not be what it is called; undefined: it is where programs are. */
function placeOf(program: string): string | undefined {
  const folder = /^(.*)\/[^/]*$/.exec(program)?.[1]
  return folder === undefined || /^((\/usr(\/local)?)?\/s?bin)?$/.test(folder)
    ? undefined
    : `${program}: a program by its path`
}

function performInner(walk: Walk, inner: Inner, scope: Scope, input: Input): void {
  switch (inner.kind) {
    case 'command':
      perform(walk, inner.words, inner.elsewhere ? { ...copyOf(scope), directory: elsewhere } : scope, input)
      break
    case 'script':
      walkScript(walk, inner.text, inner.own ? ownScope(walk, inner, scope) : scope, input)
      break
    case 'input':
      walkScript(walk, input ?? '', newScope(walk), undefined)
      break
    default:
      inner satisfies never
  }
}

/** Another shell: it may know this one's variables, or not. */
const ownScope = (
  walk: Walk,
  { args, elsewhere: other }: Extract<Inner, { kind: 'script' }>,
  scope: Scope,
): Scope => ({
  ...newScope(walk),
  variables: new Map([...scope.variables.keys()].map((name) => [name, [unknown]])),
  args,
  directory: other ? elsewhere : scope.directory,
})

/** Heredoc delimiters that all shells and parsers understand in the same way. */
const plainDelimiter = /^(\\?[\w.-]+|'[\w. -]+'|"[\w. -]+")$/

/** Tells of the files that are written; returns what is read: `inherited`, when that is not redirected. */
function redirect(
  walk: Walk,
  redirections: readonly Redirection[],
  scope: Scope,
  words: readonly string[],
  inherited: Input,
): Input {
  const run = runIn(walk, scope, inherited)
  let input = inherited
  for (const one of redirections) {
    // A here-string for another descriptor, such as `3<<<`, does not change standard input.
    const isInput =
      one.descriptor === undefined || (one.descriptor.type === 'FileDescriptor' && one.descriptor.value === 0)
    const read = (text: Input) => {
      if (isInput) input = text
    }
    if (one.type === 'HereDoc') {
      if (!plainDelimiter.test(one.delimiter?.text ?? ''))
        scope.doubt('<<: a heredoc of which the end is not plain')
      read(heredocText(one, scope, run))
    } else if (one.type === 'HereString') {
      read(one.target ? `${textOf(one.target, scope, run)}\n` : null)
    } else {
      const path = one.target ? textOf(one.target, scope, run) : unknown
      const isDescriptor = /^[<>]&$/.test(one.operator) && /^\d*-?$/.test(path)
      const appends = one.operator === '>>' || one.operator === '&>>' || one.operator === '<>'
      if (one.operator === '<') read(path === '/dev/null' ? '' : null)
      else if (isDescriptor) {
        if (one.operator === '<&') read(null)
        // Where it leads was said elsewhere, perhaps to a connection.
        else if (/^([3-9]|\d\d)/.test(path)) scope.doubt(`>&${path}: where that leads is not known`)
      } else {
        if (one.operator === '<>') read(null)
        if (!(one.operator === '<>' && path === '/dev/null'))
          walk.tell({ kind: 'write', path, appends, words, directory: scope.directory })
      }
    }
  }
  return input
}
