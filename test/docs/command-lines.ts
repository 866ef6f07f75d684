import { type Argument, type Command, InvalidArgumentError, type Option } from 'commander'
import { forEachChild, parse, type Command as ShellCommand, type SyntaxNode } from 'unbash'

/** The arguments of every call of the command line in a shell script, without the program's name. */
export function callsIn(script: string): string[][] {
  const calls: string[][] = []
  const walk = (node: SyntaxNode) => {
    if (node.type === 'Command') {
      const argv = ownArguments(wordsOf(node))
      if (argv) calls.push(argv)
    }
    forEachChild(node, (child) => void walk(child))
  }
  const parsed = parse(script)
  if (parsed.errors?.length) throw new Error(`this is no shell: ${parsed.errors[0]?.message}\n${script}`)
  walk(parsed as unknown as SyntaxNode)
  return calls
}

const wordsOf = ({ name, args }: ShellCommand): string[] =>
  [name, ...args].flatMap((word) => (typeof word?.value === 'string' ? [word.value] : []))

/** `operator ...` by any of the names that documents use, also behind `npx --`; null: another program. */
function ownArguments(words: readonly string[]): string[] | null {
  const [first = '', ...rest] = words
  if (first === 'npx') return ownArguments(rest[0] === '--' ? rest.slice(1) : rest)
  return /(^|\/)operator$/.test(first) ? rest : null
}

/** A word that stands for a value of the reader's, such as `ID`, `FILE` or `...`. */
const placeholder = /^(\.\.\.|[A-Z][A-Z_]*|\$\w+)$|\.\.\.|\bNAME\b|\bID\b/

/**
 * What is wrong with a call: an unknown verb or option, a value that is not allowed, too many words or too few.
 * `complete`: with nothing left out, as in a block that is to be copied.
 */
export function wrongIn(program: Command, argv: readonly string[], { complete = true } = {}): string | null {
  let command = program
  let operands: string[] = []
  const words = [...argv]
  while (words.length > 0) {
    const word = words.shift() ?? ''
    if (word === '--') {
      operands.push(...words.splice(0))
    } else if (word.startsWith('-') && word !== '-') {
      const wrong = takeOption(command, word, words)
      if (wrong) return wrong
    } else {
      const below = operands.length === 0 ? command.commands.find((one) => isCalled(one, word)) : undefined
      if (below) command = below
      else if (command === program && word === 'VERB') return null
      else operands = [...operands, word]
    }
  }
  const expected = command.registeredArguments
  const isOpen = expected.at(-1)?.variadic === true
  if (operands.length > expected.length && !isOpen)
    return expected.length === 0 && command.commands.length > 0
      ? `no such verb: ${operands[0]}`
      : `one word too many: ${operands[expected.length]}`
  for (const [i, operand] of operands.entries()) {
    const wrong = refusedBy(expected[Math.min(i, expected.length - 1)], operand)
    if (wrong) return wrong
  }
  if (!complete) return null
  const missing = expected.find((argument, i) => argument.required && i >= operands.length)
  if (missing) return `${missing.name()} is missing`
  const isGroup = command.commands.length > 0 && operands.length === 0 && command.options.length === 0
  return isGroup && !argv.includes('--help') ? 'a verb is missing' : null
}

const isCalled = (command: Command, word: string) =>
  command.name() === word || command.aliases().includes(word)

/** Takes the value of the option from the words that follow. */
function takeOption(command: Command, word: string, rest: string[]): string | null {
  const [name = '', given] = word.startsWith('--') ? splitAtEquals(word) : [word]
  if (name === '--help' || name === '-h' || name === '--version' || name === '-V') return null
  const option = command.options.find((one) => one.long === name || one.short === name)
  if (!option) return `no such option: ${name}`
  if (!option.required && !option.optional) return given === undefined ? null : `${name} takes no value`
  const value = given ?? (option.required || !rest[0]?.startsWith('-') ? rest.shift() : undefined)
  if (value === undefined) return option.required ? `${name} needs a value` : null
  return refusedBy(option, value)
}

const splitAtEquals = (word: string): [string, string | undefined] => {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function refusedBy(one: Option | Argument | undefined, value: string): string | null {
  if (!one || placeholder.test(value)) return null
  if (one.argChoices && !one.argChoices.includes(value)) return `${value} is none of ${one.argChoices}`
  try {
    one.parseArg?.(value, undefined as never)
    return null
  } catch (error) {
    if (error instanceof InvalidArgumentError) return `${value}: ${error.message}`
    throw error
  }
}
