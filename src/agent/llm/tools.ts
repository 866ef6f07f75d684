import type { ToolSet } from 'ai'
import { z } from 'zod'
import type { CommandResult, Work } from '../../core/work/agent.ts'
import type { toolNames } from '../../core/work/variant.ts'
import { headAndTail } from '../output.ts'
import { words } from '../prompt.ts'
import { loadSdk } from './sdk.ts'
import type { ToolCall } from './tool-call.ts'
import type { Reply } from './transcript.ts'

const input = z.object({
  command: z
    .string()
    .min(1)
    .refine((command) => !command.includes('\0'), 'a command cannot contain a NUL character')
    .describe('What to run, for bash -c'),
  reasoning: z.string().describe('Why: what you expect to learn or to change, in one or two sentences'),
})

/** The tools a model is given. None has an `execute`: what is run is decided when the answer is complete. */
export async function toolSet(enabled: readonly (typeof toolNames)[number][]): Promise<ToolSet> {
  const { tool } = await loadSdk()
  const all: Record<(typeof toolNames)[number], ToolSet[string]> = {
    shell: tool({
      description:
        'Runs a command where the system can be reached and returns its exit code, stdout and stderr. ' +
        'Every command starts in a new shell: nothing but the file system stays from one to the next.',
      inputSchema: input,
    }),
  }
  return Object.fromEntries(enabled.map((name) => [name, all[name]]))
}

export interface Answered {
  replies: Reply[]
  /** Our message that makes the model continue. */
  nudge?: string
}

/** Answers every call of a turn, in order, one at a time. A call that cannot be run is answered with why. */
export async function answerCalls(
  calls: readonly ToolCall[],
  work: Work,
  mark: string,
  { run }: { run: boolean },
): Promise<Answered> {
  const replies: Reply[] = []
  for (const call of calls) {
    work.signal.throwIfAborted()
    replies.push(run ? await answer(call, work, mark) : await refused(call, words.cutCall, work))
  }
  return run ? { replies } : { replies, nudge: words.cut }
}

async function answer(call: ToolCall, work: Work, mark: string): Promise<Reply> {
  if (call.defect !== null) return await refused(call, call.defect, work)
  const { command, reasoning } = input.parse(call.input)
  const result = await work.shell(command, reasoning)
  return {
    callId: call.id,
    tool: call.name,
    isError: false,
    text: shown(result, mark),
    fact: `- ${oneLine(command)} -> ${ending(result)}`,
  }
}

/** How many characters of the input of a refused call go into the audit. */
const auditChars = 2_000

/** Records a call that is not run. Otherwise a session with only such calls would leave no trace. */
async function refused(call: ToolCall, why: string, work: Work): Promise<Reply> {
  const asked = typeof call.input === 'string' ? call.input : JSON.stringify(call.input)
  await work.note(
    `A call of ${oneLine(call.name)} was not run: ${why}\nIts input: ${headAndTail(asked, auditChars)}`,
  )
  return {
    callId: call.id,
    tool: call.name,
    isError: true,
    text: why,
    fact: `- a call of ${oneLine(call.name)} that could not be run`,
  }
}

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}...` : line
}

const ending = ({ exitCode, timedOut, durationMs }: CommandResult): string => {
  if (timedOut) return `killed at its time limit after ${durationMs} ms`
  return exitCode === null
    ? `ended by a signal after ${durationMs} ms`
    : `exit code ${exitCode} after ${durationMs} ms`
}

/** The mark is random per session, and taken out of the output: what is printed cannot pretend to be outside of it. */
function shown(result: CommandResult, mark: string): string {
  const block = (name: string, text: string) =>
    text === ''
      ? ''
      : `\n${name}:\n<${mark}>\n${text.replaceAll(mark, 'output-').replace(/\n$/, '')}\n</${mark}>`
  const { stdout, stderr } = result
  const nothing = stdout === '' && stderr === '' ? '\n(no output)' : ''
  return ending(result) + nothing + block('stdout', stdout) + block('stderr', stderr)
}
