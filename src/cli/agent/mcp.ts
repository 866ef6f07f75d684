import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'
import { call } from '../../agent/command/call.ts'
import { messageOf } from '../../core/errors.ts'
import type { Io, Verb } from '../terminal/io.ts'
import { version } from '../terminal/version.ts'

export const register: Verb['register'] = (program, io) => {
  program
    .command('mcp')
    .description('serve the tools of a program that works as the agent, over MCP on stdio')
    .addHelpText(
      'after',
      '\nExample, in the file from which a CLI agent reads its MCP servers:\n  { "mcpServers": { "operator": { "command": "operator", "args": ["mcp"] } } }',
    )
    .action(async () => {
      // Says at once when there is no session, instead of at the first call of a tool.
      await call({ want: 'tickets' }, { env: process.env, signal: io.signal })
      await served(io)
    })
}

function served(io: Io): Promise<void> {
  return new Promise((resolve) => {
    const handle = serveStdio(() => serverOf(io), { onerror: (error) => io.note(messageOf(error)) })
    const end = () => void handle.close().finally(resolve)
    process.stdin.once('end', end)
    process.stdin.once('close', end)
    io.signal.addEventListener('abort', end)
  })
}

type Content = { content: { type: 'text'; text: string }[]; isError?: boolean }

const answer = (text: string, isError = false): Content => ({
  content: [{ type: 'text', text }],
  ...(isError ? { isError } : {}),
})

/** A refusal, e.g. that a limit is reached, is an answer for the model to read. */
async function answered<T>(asked: Promise<T>, text: (value: T) => string): Promise<Content> {
  try {
    return answer(text(await asked))
  } catch (error) {
    return answer(messageOf(error), true)
  }
}

function serverOf(io: Io): McpServer {
  const server = new McpServer({ name: 'operator', version })
  const session = (signal: AbortSignal) => ({
    env: process.env,
    signal: AbortSignal.any([signal, io.signal]),
  })

  server.registerTool(
    'shell',
    {
      description:
        'Runs a command with bash where the system can be reached, and returns exit code, stdout and stderr. ' +
        'Every command starts in a new shell. All of it is audited.',
      inputSchema: z.object({
        command: z.string().min(1).describe('what to run'),
        reasoning: z.string().describe('why: what you expect to learn or to change, in one or two sentences'),
      }),
    },
    ({ command, reasoning }, { mcpReq }) =>
      answered(call({ want: 'shell', command, reasoning }, session(mcpReq.signal)), (result) =>
        JSON.stringify(result, null, 1),
      ),
  )
  server.registerTool(
    'tickets',
    {
      description: 'The tickets to work on, what is known of the system, earlier attempts, and the limits.',
      inputSchema: z.object({}),
    },
    (_, { mcpReq }) =>
      answered(call({ want: 'tickets' }, session(mcpReq.signal)), (brief) => JSON.stringify(brief, null, 1)),
  )
  server.registerTool(
    'claim',
    {
      description: 'Says what was found and done. The last claim counts; only the monitor closes tickets.',
      inputSchema: z.object({
        status: z.enum(['fixed', 'not_fixed']),
        rootCause: z.string().describe('what was wrong and why, in one or two sentences'),
        component: z.string().optional().describe('the node or part at fault'),
        actions: z.array(z.string()).describe('each change that was made, in order'),
      }),
    },
    (claim, { mcpReq }) =>
      answered(call({ want: 'claim', claim }, session(mcpReq.signal)), () => 'noted; end now'),
  )
  return server
}
