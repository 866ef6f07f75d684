import type { AgentKind, Usage, Work } from '../../core/work/agent.ts'
import type { Claim } from '../../core/work/claim.ts'
import { LimitReached } from '../../core/work/limits.ts'
import { type Confine, cannotConfine, confined, notConfined } from '../command/confine.ts'
import { openRoom, type ProgramEnd, runProgram } from '../command/program.ts'
import type { Request } from '../command/protocol.ts'
import { type Handle, serve } from '../command/serve.ts'
import { parseClaim, unclaimed } from '../llm/answer/claim.ts'
import { headAndTail } from '../output.ts'
import { shown } from '../prompt.ts'

export interface CommandOptions {
  /** The program and its arguments. */
  command: readonly string[]
  /** argv that runs `operator`: what the program calls to reach its session. */
  operator: readonly string[]
  /** Environment of the program, with its own keys. The sandbox of its commands gets none of it. */
  env: NodeJS.ProcessEnv
  /** Out of its reach. Without it a program is trusted, as one is that this process could run by itself. */
  confine?: Confine
}

/** A program's own model is not seen: what it costs is unknown, which is not 0. */
const unseen: Usage = { tokensIn: null, tokensOut: null, tokensCached: 0, costUsd: null }

/** How much of the program's other output goes into the audit. */
const wordsChars = 20_000

/**
 * Any program as the agent: the tickets on its standard input, audited commands through `operator shell` or `operator mcp`,
 * a claim on its standard output. A command is a turn.
 */
export function commandAgent({ command, operator, env, confine }: CommandOptions): AgentKind {
  return async (work) => {
    const brief = briefOf(work)
    const stop = new AbortController()
    const signal = AbortSignal.any([work.signal, stop.signal])
    let claim: Claim | null = null
    let calls = 0

    const countTurn = async () => {
      if (++calls > work.limits.turns)
        throw new LimitReached('turns', `no claim within ${work.limits.turns} turns`)
      await work.spend(unseen)
    }
    const handle: Handle = async (request: Request, gone) => {
      switch (request.want) {
        case 'tickets':
          return brief
        case 'claim':
          claim = parseClaim(JSON.stringify(request.claim))
          if (!claim) throw new Error('a claim has a status (fixed or not_fixed), a rootCause and actions')
          return { noted: true }
        case 'shell':
          await countTurn().catch((error) => {
            stop.abort(error)
            throw error
          })
          return await work.shell(request.command, request.reasoning, gone)
        default:
          return request satisfies never
      }
    }

    using room = openRoom(operator)
    await using _server = await serve(room.socket, handle)
    const own = confine ? await confined({ ...confine, room, command, env }) : { argv: command, env }
    const end = await runProgram(own.argv, {
      room,
      env: own.env,
      input: `${JSON.stringify(brief)}\n`,
      signal,
    })
    if (calls === 0 && end.exitCode === notConfined && end.stderr.includes(cannotConfine))
      throw new Error(end.stderr.trim())
    await noteWords(work, end)
    signal.throwIfAborted()
    return claimOf(end, claim)
  }
}

/** Input of the program, on standard input and from the `tickets` tool. */
const briefOf = ({ tickets, briefing, history, limits }: Work) => ({
  tickets: tickets.map(shown),
  briefing,
  history,
  limits: {
    turns: limits.turns,
    session_seconds: limits.sessionMs / 1_000,
    command_seconds: limits.commandMs / 1_000,
  },
})

async function noteWords(work: Work, { stdout, stderr }: ProgramEnd): Promise<void> {
  // A claim has an entry of its own.
  const last = lastLine(stdout)
  const output = last.startsWith('{') && parseClaim(last) ? stdout.trimEnd().slice(0, -last.length) : stdout
  for (const [where, text] of Object.entries({ output, 'standard error': stderr }))
    if (text.trim() !== '') await work.note(`its ${where}:\n${headAndTail(text.trim(), wordsChars)}`)
}

/** Shells say a signal so: 128 plus its number. */
const signalled = 128

function claimOf({ exitCode, stdout, stderr }: ProgramEnd, said: Claim | null): Claim {
  const lastWords = lastLine(stdout) || lastLine(stderr)
  if (exitCode === null || exitCode > signalled)
    return unclaimed(`the program was ended by a signal${lastWords && `; it said last: ${lastWords}`}`)
  const claim = said ?? parseClaim(stdout)
  if (claim) return claim
  if (exitCode === 0)
    return {
      status: 'fixed',
      rootCause: lastWords || 'the program did not say',
      actions: [],
      ...(lastWords === '' && { unclaimed: true as const }),
    }
  return lastWords === ''
    ? unclaimed(`the program ended with exit code ${exitCode}`)
    : { status: 'not_fixed', rootCause: lastWords, actions: [] }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim().slice(0, 2_000) ?? ''
