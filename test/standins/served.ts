import { type LlmOptions, llmAgent } from '../../src/agent/kinds/llm.ts'
import { type ModelOptions, resolveModel } from '../../src/agent/model/model.ts'
import {
  type ChatOptions,
  type ChatReply,
  type ChatRequest,
  type ChatScript,
  openaiStandin,
} from './openai.ts'
import { type BenchOptions, bench, fixed } from './work.ts'

export const run = (command: string) => ({ tools: [{ name: 'shell', input: { command, reasoning: 'why' } }] })
export const tokensIn = ({ messages }: ChatRequest) => Math.ceil(JSON.stringify(messages).length / 4)
export const done = { text: fixed }
export const long = 'line\n'.repeat(600)

interface Setting extends BenchOptions, ChatOptions {
  model?: ModelOptions
  agent?: Partial<LlmOptions>
}

/** A session against a server that behaves as one of those that are in use. */
export async function served(script: ChatScript, { model = {}, agent = {}, ...setting }: Setting = {}) {
  await using server = await openaiStandin(script, setting)
  const resolved = resolveModel('openai-compatible:qwen3', { OPERATOR_BASE_URL: `${server.url}/v1` }, model)
  const seat = bench(setting)
  const remarks: string[] = []
  const outcome = await llmAgent({
    model: resolved,
    retry: { baseMs: 1, attempts: 4 },
    stallMs: 1_000,
    onRemark: (remark) => {
      remarks.push(remark)
    },
    ...agent,
  })(seat.work).then(
    (claim) => ({ claim, error: null }),
    (error: unknown) => ({ claim: null, error }),
  )
  return { ...seat, ...outcome, remarks, requests: server.requests.map(({ body }) => body) }
}

/** Works for so many commands, then claims; counts what was answered by what was run. */
export const worker = (turns: number) => {
  let answered = 0
  return (): ChatReply => (answered++ < turns ? run(`command-${answered - 1}`) : done)
}
