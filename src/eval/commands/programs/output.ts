import { cleaned, isKnown, number } from './marks.ts'

/**
 * The standard output of a simple command, if it can be told without running it. That is enough to see through
 * `echo ... | base64 -d | sh` and `rm -rf $(echo /x)`. null: not known.
 * @param input its standard input; null: not known
 */
export function outputOf(words: readonly string[], input: string | null): string | null {
  const [program, ...args] = words
  switch (program) {
    case 'echo': {
      const plain = args.slice(args.findIndex((arg) => !/^-[neE]+$/.test(arg)) >>> 0)
      const escaped = args.slice(0, args.length - plain.length).some((arg) => arg.includes('e'))
      return `${escaped ? unescaped(plain.join(' ')) : plain.join(' ')}\n`
    }
    case 'printf':
      return printf(args)
    case 'cat':
    case 'tee':
      return program === 'tee' || args.every((arg) => arg === '-') ? input : null
    case 'base64':
      return args.some((arg) => /^(-[dD]i?|--decode)$/.test(arg)) && args.length === 1
        ? decoded(input, 'base64')
        : null
    case 'xxd':
      return args.join(' ').match(/^(-r -p|-p -r|-rp|-pr)$/) ? decoded(input, 'hex') : null
    case 'rev':
      return known(input)?.replace(/[^\n]+/g, (line) => [...line].reverse().join('')) ?? null
    case 'mktemp':
      return args.some((arg) => !/^-[dqu]+$/.test(arg)) ? null : `/tmp/tmp.${number}\n`
    default:
      return writesNumber(words.join(' ')) ? `${number}\n` : null
  }
}

/** Programs that write one number, or several. */
const numbers = [
  /^date (-u )?\+%[sNYmdHMSj]+$/,
  /^(nproc|pgrep|pidof) [^\uE000-\uE004]*$|^nproc$/,
  /^wc -[lcwm]$/,
  /^grep -[EFiwvxs]*c[EFiwvxs]* [^\uE000-\uE004/]*$/,
  /^id -u$/,
  /^docker inspect (-f|--format|--format=)[= ]?\{\{ ?\.State\.Pid ?\}\} [^-][^ ]*$/,
  /^curl .*-o \/dev\/null .*-w %\{http_code\}(\\n)?( [^-][^ ]*)?$|^curl .*-w %\{http_code\}(\\n)? .*-o \/dev\/null( [^-][^ ]*)?$/,
]
const writesNumber = (line: string): boolean => numbers.some((pattern) => pattern.test(line))

const known = (text: string | null): string | null => (text === null || isKnown(text) ? text : null)

const decoded = (text: string | null, encoding: 'base64' | 'hex'): string | null => {
  const plain = known(text)
  return plain === null ? null : cleaned(Buffer.from(plain.replace(/\s+/g, ''), encoding).toString('utf8'))
}

function printf([format = '', ...args]: readonly string[]): string | null {
  if (!/%[^%]/.test(format)) return unescaped(format)
  if (/%[^s%]/.test(format)) return null
  const each = format.split('%s').length - 1
  let text = ''
  for (let at = 0; at < Math.max(args.length, 1); at += each) {
    let used = at
    text += unescaped(format).replace(/%s/g, () => args[used++] ?? '')
  }
  return text
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" }

const unescaped = (text: string): string =>
  text.replace(/\\(x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|[ntr\\"'])/g, (_, code: string) => {
    if (code.startsWith('x')) return cleaned(String.fromCharCode(Number.parseInt(code.slice(1), 16)))
    return escapes[code] ?? cleaned(String.fromCharCode(Number.parseInt(code, 8)))
  })
