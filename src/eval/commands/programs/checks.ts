import { isSpecial, mayBeExported } from '../shell/names.ts'
import { isKnown, isKnownButNumbers, unknown } from './marks.ts'
import { isDirect, isScratch } from './places.ts'

type Check = (text: string, directory: string | null) => boolean

const matches =
  (pattern: RegExp): Check =>
  (text) =>
    isKnown(text) && pattern.test(text)

const nameOf = (text: string): string => text.replace(/=.*$/s, '')

/** Conditions on values and operands, by the names that `forms.ts` uses. */
export const checks: Record<string, Check> = {
  // Files.
  scratch: (path, directory) => path === '-' || isScratch(path, directory),
  /** Directly in a scratch directory: a deeper path may lead elsewhere through a link. */
  link: isDirect,
  tofile: (path) => !path.startsWith('-'),
  repo: (path) => isKnown(path) && path.startsWith('/') && !isScratch(`${path}/x`, null),
  local: matches(/^[^:]*$/),
  scan: matches(/^[SnTUV]$/),
  // Text without a meaning of its own at its start.
  plain: (text) => !/^[+|!@\uE000\uE001\uE002]/.test(text),
  known: isKnown,
  oneline: (text) => isKnownButNumbers(text) || !text.includes('\n'),
  nosemi: matches(/^[^;\n]*$/),
  noassign: matches(/^[^=]*$/),
  datefmt: (text) => text.startsWith('+'),
  // The shell's own.
  name: matches(/^[A-Za-z_]\w*$/),
  declared: (text) => /^[A-Za-z_]\w*(=|$)/.test(text) && !isSpecial(nameOf(text)),
  shopt: matches(/^(nullglob|extglob|globstar|dotglob|failglob|nocasematch|nocaseglob)$/),
  /** `-v` evaluates a subscript; an unknown word may be `-v`. */
  test: (text) => !/^-[vR]$/.test(text) && !text.includes('\uE001'),
  size: matches(/^(size|speed)$/),
  assigns: (text) => isKnown(nameOf(text)) && mayBeExported(nameOf(text)),
  shell: matches(/^\/bin\/(ba)?sh$/),
  // Checks for single programs.
  dd: (text) => /^(if|of|bs|ibs|obs|count|skip|seek|status|iflag|conv)=/.test(text),
  trace: matches(/^(trace=)?[\w,%]+$/),
  zero: matches(/^0$/),
  json: matches(/^json\.tool$/),
  pset: matches(/^(pager=off|format=\w+|border=\d|null=\w*|footer=\w+|tuples_only=\w+)$/),
  sshopt: matches(
    /^(BatchMode|ConnectTimeout|ConnectionAttempts|StrictHostKeyChecking|LogLevel|ServerAlive\w+|PasswordAuthentication|Port|User|UserKnownHostsFile)[= ](\w+|\/dev\/null)$/i,
  ),
  // Checks for curl and wget.
  line: matches(/^[^@\r\n][^\r\n]*$/),
  cookie: (text) => text.includes('=') && !/[\r\n]/.test(text),
  header: (text) =>
    /^(accept|accept-\w+|content-type|authorization|user-agent|cache-control|if-none-match|x-auth-token|x-vault-token|x-scope-orgid|host|range|cookie) *:[^\r\n]*$/i.test(
      text,
    ),
  data: (text) => !/^[@\uE000\uE001\uE002]/.test(text) && !/^\w*@/.test(text),
  fmt: (text) => !/%output|%\{output|^@/.test(text) && !text.startsWith(unknown),
}
