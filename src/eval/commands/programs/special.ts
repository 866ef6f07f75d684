import type { Kind } from '../rules.ts'
import type { ShellAction } from '../shell/walk.ts'
import { argumentsOf } from './arguments.ts'
import { awkOnlyPrints } from './awk.ts'
import { doubtOf } from './grammar.ts'
import { curl, doesSomething, wget } from './http.ts'
import { isKnown, isKnownButNumbers, shown, withoutGlobs } from './marks.ts'
import { asksForHelp, ruleFor, type Verdict } from './match.ts'
import { valuedOptions } from './options.ts'
import { isKept, isScratch, resolved } from './places.ts'
import { sedOnlyPrints } from './sed.ts'
import { isSqlClient, sql } from './sql.ts'

type Run = Extract<ShellAction, { kind: 'run' }>
type Write = Extract<ShellAction, { kind: 'write' }>
type Wrap = Extract<ShellAction, { kind: 'wrap' }>

const one = (kind: Kind, rule: string): Verdict[] => [{ kind, rule }]

/** Whether it cannot have changed anything. */
const changesNothing = ({ kind }: Verdict): boolean => kind === 'diagnostic' || kind === 'harmless'

/**
 * What a command does that runs nothing but itself. The rules say what it is for; whether it changes nothing, only its
 * safe forms can.
 */
export function verdictsOfRun(run: Run): Verdict[] {
  const [program = '', ...rest] = run.words
  if (!isKnown(program)) return one('unknown', 'which program this is, only the shell knew')
  if (asksForHelp(program, argumentsOf(rest))) return one('diagnostic', `${program} --help`)
  const verdicts = judge(program, rest, run)
  if (!verdicts.every(changesNothing)) return verdicts
  // After the signal, all are processes.
  if (program === 'kill' && rest[0] === '-0') return verdicts
  const doubt = doubtOf(program, { args: rest, directory: run.directory, input: run.input })
  return doubt === null ? verdicts : one('unknown', `${program}: ${shown(doubt)}`)
}

/** Verdicts on a wrapper itself, without the program that it runs. */
export function verdictsOfWrap({ form, own, directory }: Wrap): Verdict[] {
  const doubt = doubtOf(form, { args: own, directory })
  return doubt === null ? [] : one('unknown', `${form}: ${shown(doubt)}`)
}

function judge(program: string, rest: readonly string[], { words, input, directory }: Run): Verdict[] {
  const special = specials[program]
  if (special && Object.hasOwn(specials, program)) return special(rest, directory, input, program)
  if (isSqlClient(program)) return sql(program, rest, input)
  const args = argumentsOf(rest, valuedOptions(program))
  const verdict = ruleFor(program, { args, directory })
  if (!verdict) return one('unknown', `${program}: not in the table`)
  if (args.operands.length === 0 && readsCommands.has(program) && input !== undefined) {
    if (input === null || !isKnown(input)) return one('unknown', `${program}: commands that were not seen`)
    const lines = input.split('\n').filter((line) => line.trim() !== '')
    return lines.flatMap((line) =>
      verdictsOfRun({
        kind: 'run',
        words: [...words, ...line.trim().split(/\s+/)],
        input: undefined,
        directory,
      }),
    )
  }
  if (program === 'etcdctl' && args.operands[0] === 'txn' && input !== undefined)
    return /^\s*del\b/m.test(input ?? '') ? one('destructive', 'etcdctl txn del: keys are gone') : [verdict]
  return [verdict]
}

const readsCommands = new Set(['redis-cli', 'valkey-cli', 'pd-ctl'])

type Special = (
  rest: readonly string[],
  directory: string | null,
  input: string | null | undefined,
  program: string,
) => Verdict[]

/** A program that runs what it is given: nothing was given, or it was not seen. */
const interpreter: Special = (rest, _directory, input, program) => {
  if (rest.some((arg) => /^(-V|--version)$/.test(arg)) && rest.length === 1)
    return one('diagnostic', `${program} --version: looks`)
  // A second file is written.
  if (
    rest[0] === '-m' &&
    rest[1] === 'json.tool' &&
    rest.slice(2).filter((arg) => !arg.startsWith('--')).length < 2
  )
    return one('diagnostic', `${program} -m json.tool: looks`)
  if (rest.length === 0 && input === undefined) return one('harmless', `${program}: nothing to do`)
  return one('unknown', `${program}: code that is not read`)
}

/** One that only passes on what it is told to run. */
const wrapper: Special = (_rest, _directory, input, program) =>
  input === undefined || program === 'exec'
    ? one('harmless', `${program}: nothing to do`)
    : one('unknown', `${program}: commands that were not seen`)

const harmlessSources =
  /^\/etc\/(os-release|profile|bash\.bashrc|environment|(default|svc|profile\.d)\/[\w.-]+)$/

const source: Special = ([file = ''], _directory, _input, program) =>
  harmlessSources.test(file)
    ? one('harmless', `${program}: settings`)
    : one('unknown', `${program}: a script that was not seen`)

const sed: Special = (rest, directory) => {
  const { options, operands } = argumentsOf(rest, valuedOptions('sed'))
  if (rest.some((arg) => /^(-[a-zA-Z]*i|--in-place)/.test(arg))) {
    const files = options.has('-e') ? operands : operands.slice(1)
    const only = files.length > 0 && files.every((file) => isScratch(withoutGlobs(file), directory))
    return only
      ? one('unknown', 'sed -i @scratch: its script may do more')
      : one('remediation', 'sed -i: edits a file')
  }
  const scripts = valuesOf(rest, /^(-[nErsuz]*e|--expression)$/)
  const script = (scripts.length > 0 ? scripts : operands.slice(0, 1)).join('\n').replaceAll('\uE004', '1')
  return isKnown(script) && sedOnlyPrints(script)
    ? one('diagnostic', 'sed: looks')
    : one('unknown', 'sed: a script that may write or run something')
}

/** Values of an option that may be given more than once. */
const valuesOf = (args: readonly string[], option: RegExp): string[] =>
  args.flatMap((arg, at) => (option.test(arg) ? [args[at + 1] ?? ''] : []))

const awk: Special = (rest, _directory, _input, program) => {
  const { operands } = argumentsOf(rest, valuedOptions(program))
  const code = operands[0]?.replaceAll('\uE004', '1') ?? ''
  return isKnown(code) && awkOnlyPrints(code)
    ? one('diagnostic', 'awk: looks')
    : one('unknown', 'awk: a program that may write or run something')
}

const dd: Special = (rest, directory) => {
  const targets = rest.flatMap((arg) => (arg.startsWith('of=') ? [arg.slice(3)] : []))
  if (targets.every((to) => to === '/dev/null')) return one('diagnostic', 'dd: reads')
  return targets.every((to) => isScratch(to, directory))
    ? one('harmless', 'dd of=@scratch: only scratch files')
    : one('destructive', 'dd of=: what was there is overwritten')
}

const openssl: Special = ([verb = ''], _directory, input) => {
  if (!/^(x509|verify|version|crl|asn1parse|s_client)$/.test(verb))
    return one('unknown', 'openssl: not known')
  // It sends what it reads.
  if (verb === 's_client' && input !== undefined && !(input !== null && /^\s*Q?\s*$/.test(input)))
    return one('unknown', 'openssl s_client: sends something')
  return one('diagnostic', `openssl ${verb}: looks`)
}

const setting = /^[-+][euxfvhBET]*o?$|^--$/
const optionName = /^(errexit|nounset|pipefail|xtrace|noglob|verbose|errtrace|functrace)$/

/** Not `-a` or `-k`, which make programs see what is set. */
const set: Special = (rest) => {
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  return own.every((arg, at) => setting.test(arg) || (/o$/.test(own[at - 1] ?? '') && optionName.test(arg)))
    ? one('harmless', 'set: only of the shell')
    : one('unknown', 'set: changes how the line is read')
}

const tee: Special = (rest, directory, _input, program) => {
  const { operands, options } = argumentsOf(rest)
  const appends = options.has('-a') || options.has('--append')
  const writes = operands.flatMap((path) =>
    verdictsOfWrite({ kind: 'write', path, appends, directory, words: [program, ...rest] }),
  )
  return writes.length > 0 ? writes : one('harmless', 'tee: only scratch files')
}

const unseen = '\uE000'

const nc: Special = (rest, _directory, input) => {
  if (input === undefined || input === '' || rest.some((arg) => /^-\w*z/.test(arg)))
    return one('diagnostic', 'nc: tries a connection')
  return isKnown(input ?? unseen) &&
    !doesSomething(input ?? unseen) &&
    /^\s*((ping|info( \w+)?|stats?|ruok|mntr|srvr|quit)\s*)+$|^(GET|HEAD) \S+ HTTP\/1\.[01]\r?\n(Host: \S+\r?\n)?\s*$/i.test(
      input ?? unseen,
    )
    ? one('diagnostic', 'nc: looks')
    : one('unknown', 'nc: sends something')
}

const perl: Special = (rest, directory, input, program) =>
  rest.some((arg) => /^-\w*i/.test(arg))
    ? one('remediation', 'perl -i: edits a file')
    : interpreter(rest, directory, input, program)

const specials: Record<string, Special> = {
  ...Object.fromEntries(
    'bash sh dash zsh ksh ash python python2 python3 ruby node deno bun lua php tclsh expect parallel make ansible'
      .split(' ')
      .map((name) => [name, interpreter]),
  ),
  ...Object.fromEntries(
    'sudo doas nohup time timeout nice ionice chrt taskset setsid stdbuf builtin exec busybox cgexec systemd-run watch flock nsenter unshare chroot gosu runuser ssh su script xargs eval'
      .split(' ')
      .map((name) => [name, wrapper]),
  ),
  '.': source,
  source,
  sed,
  openssl,
  set,
  tee,
  awk,
  gawk: awk,
  mawk: awk,
  dd,
  nc,
  ncat: nc,
  netcat: nc,
  perl,
  curl: (rest, directory) => curl(rest, directory),
  wget: (rest, directory) => wget(rest, directory),
}

/** Verdicts on a redirection that opens a file for writing. */
export function verdictsOfWrite({ path: given, appends, directory, words }: Write): Verdict[] {
  const path = withoutGlobs(given)
  if (/^\/dev\/(tcp|udp)\//.test(path)) {
    // Opening a connection, or an end of line, is how a port is tried.
    const tries = words.length === 0 || (words.length === 1 && /^(echo|:|true|exec)$/.test(words[0] ?? ''))
    return tries
      ? one('diagnostic', '> /dev/tcp: tries a connection')
      : one('unknown', '> /dev/tcp: sends something')
  }
  if (isScratch(path, directory)) return []
  const full = resolved(path, directory) ?? path
  if (!isKnownButNumbers(full) && !appends && !isKept(full))
    return one('unknown', '>: which file, only the shell knew')
  if (full === '/proc/sysrq-trigger') return one('destructive', '> /proc/sysrq-trigger: the host stops')
  if (/^\/(proc|sys)\//.test(full)) return one('remediation', '> /proc, /sys: a setting of the kernel')
  if (full.startsWith('/dev/')) return one('destructive', '> /dev: what was there is overwritten')
  if (appends) return one('remediation', '>>: adds to a file')
  return isKept(full)
    ? one('destructive', '>: what was in the data or log file is gone')
    : one('remediation', '>: writes a file')
}
