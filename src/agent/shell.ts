import { messageOf } from '../core/errors.ts'
import type { CommandResult, Shell } from '../core/work/agent.ts'
import type { Limits } from '../core/work/limits.ts'
import type { ExecResult, Rest, Sandbox } from '../sandbox/sandbox.ts'
import type { EntryKind } from '../store/audit/audit.ts'
import { type Gapped, headAndTail, joined } from './output.ts'
import { auditRequests } from './secrets/engine-requests.ts'

/** Kept of one command's output in the audit, per stream: its beginning and its end. */
const auditBytes = 4 * 1024 * 1024
/** How many characters of each stream the agent sees: head and tail. */
const visibleChars = 12_000

/** Exit code of a shell for a command that it cannot run. */
const notExecutable = 126

/** Puts one entry into the audit; already redacted by the caller. */
export type Journal = (kind: EntryKind, body: string, meta?: Record<string, unknown>) => Promise<void>

export interface ShellOptions {
  sandbox: Sandbox
  journal: Journal
  redact(text: string): string
  limits: Limits
  signal: AbortSignal
}

/**
 * The one tool: why and what are in the audit before anything runs, so a command that cannot be recorded does not
 * run. One at a time. The agent and the audit see the output only with its secrets masked.
 */
export function auditedShell(options: ShellOptions): Shell {
  const { sandbox, journal, redact, limits } = options
  let previous: Promise<unknown> = Promise.resolve()
  let calls = 0

  const run = async (command: string, reasoning: string, signal: AbortSignal): Promise<CommandResult> => {
    signal.throwIfAborted()
    const call = ++calls
    await journal('tool_call', redact(command), { call, reasoning: redact(reasoning) })
    if (command.includes('\0')) {
      const said = 'a command cannot contain a NUL character; it was not run'
      await journal('tool_result', `--- stderr ---\n${said}`, { call, exitCode: notExecutable })
      return { stdout: '', stderr: said, exitCode: notExecutable, timedOut: false, durationMs: 0 }
    }
    const write = (body: string, meta: object) => journal('tool_result', body, { call, ...meta })
    const requests = () =>
      auditRequests(sandbox, redact, write).catch((error) => ({
        engineRequests: `not known: ${redact(messageOf(error))}`,
      }))
    const result = await sandbox
      .exec(command, { timeoutMs: limits.commandMs, signal, maxBytes: auditBytes })
      .catch(async (error) => {
        // It may have done something before: that it was cut short has to be known.
        const meta = { call, exitCode: null, ...(await requests()) }
        await journal('tool_result', `cut short: ${redact(messageOf(error))}`, meta)
        throw error
      })
    const asked = await requests()
    const stdout = printed(result.stdout, result.rests?.stdout, redact)
    const stderr = printed(result.stderr, result.rests?.stderr, redact)
    const [out, err] = [textOf(stdout), textOf(stderr)]
    await journal('tool_result', err === '' ? out : `${out}\n--- stderr ---\n${err}`, {
      call,
      ...measures(result),
      ...asked,
    })
    return {
      stdout: headAndTail(stdout, visibleChars),
      stderr: headAndTail(stderr, visibleChars),
      exitCode: result.exitCode,
      timedOut: result.timedOut,
      durationMs: result.durationMs,
    }
  }

  return (command, reasoning, signal) => {
    const stop = signal ? AbortSignal.any([options.signal, signal]) : options.signal
    const result = previous.then(() => run(command, reasoning, stop))
    previous = result.catch(() => undefined) // its caller gets the error; the next command runs anyway
    return result
  }
}

/** Masked in both parts: the sandbox cuts at line ends, so hardly a secret is cut in two. */
const printed = (head: string, rest: Rest | undefined, redact: (text: string) => string): string | Gapped =>
  rest ? { ...rest, head: redact(head), tail: redact(rest.tail) } : redact(head)

const textOf = (printed: string | Gapped): string => (typeof printed === 'string' ? printed : joined(printed))

const measures = (result: ExecResult) => ({
  exitCode: result.exitCode,
  durationMs: Math.round(result.durationMs),
  ...(result.timedOut ? { timedOut: true } : {}),
  ...(result.truncatedBytes > 0 ? { truncatedBytes: result.truncatedBytes } : {}),
})
