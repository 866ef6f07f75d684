/** A program's arguments, told apart. */
export interface Arguments {
  /** Every option as it is written, `-n`, `--name`, and every letter of a cluster, with its value or ''. */
  options: ReadonlyMap<string, string>
  operands: readonly string[]
  /** Where each operand stands among the arguments. */
  positions: readonly number[]
}

/** Which options take a value. */
interface Valued {
  /** From the same argument or the next one. */
  always: ReadonlySet<string>
  /** From the same argument only, as `-pSECRET`. */
  attached: ReadonlySet<string>
  /** Whether `-ab` is `-a -b`; not where options such as `-netns` have one dash and many letters. */
  clusters: boolean
}

const known = new Map<string, Valued>()

function valuedOf(list: string): Valued {
  const found = known.get(list)
  if (found) return found
  const options = list.split(' ')
  const valued = {
    always: new Set(options.filter((option) => !option.endsWith('?'))),
    attached: new Set(options.filter((option) => option.endsWith('?')).map((option) => option.slice(0, -1))),
    clusters: !options.some((option) => /^-[a-zA-Z]{2}/.test(option)),
  }
  known.set(list, valued)
  return valued
}

/** @param valuedOptions those that take a value, separated by blanks; `-p?`: only when it is in the same argument */
export function argumentsOf(args: readonly string[], valuedOptions = ''): Arguments {
  const valued = valuedOf(valuedOptions)
  const options = new Map<string, string>()
  const operands: string[] = []
  const positions: number[] = []
  let onlyOperands = false
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (!onlyOperands && arg === '--') {
      onlyOperands = true
    } else if (onlyOperands || !/^-./.test(arg)) {
      operands.push(arg)
      positions.push(at)
    } else {
      const waiting = readOption(arg, valued, options)
      if (waiting !== null) options.set(waiting, args[++at] ?? '')
    }
  }
  return { options, operands, positions }
}

/** Returns the option whose value is the next argument, if any. */
function readOption(
  arg: string,
  { always, attached, clusters }: Valued,
  options: Map<string, string>,
): string | null {
  if (always.has(arg)) return arg
  const equals = arg.indexOf('=')
  options.set(equals > 0 ? arg.slice(0, equals) : arg, equals > 0 ? arg.slice(equals + 1) : '')
  if (arg.startsWith('--') || !clusters) return null
  for (let at = 1; at < arg.length; at++) {
    const letter = `-${arg[at]}`
    const rest = arg.slice(at + 1)
    if (always.has(letter) && rest === '') return letter
    options.set(letter, always.has(letter) || attached.has(letter) ? rest : '')
    if (always.has(letter) || attached.has(letter)) return null
  }
  return null
}
