import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { llmAgent } from '../src/agent/kinds/llm.ts'
import { type ModelOptions, resolveModel } from '../src/agent/model/model.ts'
import {
  anthropicStandin,
  type MessagesRequest,
  type Reply,
  run,
  type Script,
  say,
} from './standins/anthropic.ts'
import { bench, fixed } from './standins/work.ts'

/** A session over the Messages protocol, with a server or gateway that speaks it in its own way. */
async function session(script: Script, options: ModelOptions = {}, id = 'claude-opus-5-5') {
  await using server = await anthropicStandin(script)
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const seat = bench({ shell: () => 'line\n'.repeat(600) })
  const agent = llmAgent({ model: resolveModel(id, env, options), retry: { baseMs: 1, attempts: 3 } })
  const outcome = await agent(seat.work).then(
    (claim) => ({ claim, error: null }),
    (error: unknown) => ({ claim: null, error }),
  )
  return { ...seat, ...outcome, requests: server.requests.map(({ body }) => body) }
}

suite('what is sent back over Messages', () => {
  const said: Record<string, Reply> = {
    'a blank text beside a call': { blocks: [{ text: '\n\n' }, ...run('ls').blocks] },
    'half a surrogate in a call': run('echo \ud83d'),
    'half a surrogate in a thought': { blocks: [{ thinking: 'Hm \udc00' }, ...run('ls').blocks] },
    'an id of an earlier answer': {
      blocks: [{ tool: 'shell', input: { command: 'ls', reasoning: 'r' }, id: 'toolu_same' }],
    },
    'a name that is none': { blocks: [{ tool: 'run it!', input: {} }, ...run('ls').blocks] },
  }
  for (const [what, reply] of Object.entries(said))
    test(`${what} is taken by a strict server`, async () => {
      const { claim, commands, error } = await session([
        reply,
        reply,
        { blocks: [{ text: ' ' }] },
        say(fixed),
      ])
      assert.equal(error, null)
      assert.equal(claim?.status, 'fixed')
      assert.equal(commands.length, 2)
    })
})

suite('servers that speak Messages', () => {
  const tokens = (request: MessagesRequest) => Math.ceil(JSON.stringify(request.messages).length / 4)

  test('llama-server: a full window in a flat body', async () => {
    let turns = 0
    const { claim, error, commands } = await session(
      (request) => {
        if (tokens(request) > 3_000)
          return {
            status: 400,
            body: {
              error: {
                code: 400,
                message: 'the request exceeds the available context size, try increasing it',
                type: 'exceed_context_size_error',
                n_ctx: 4_096,
              },
            },
          }
        return turns++ < 8 ? run(`c${turns}`) : say(fixed)
      },
      { contextTokens: 200_000 },
    )
    assert.equal(error, null)
    assert.equal(claim?.status, 'fixed')
    assert.equal(commands.length, 8)
  })

  const has = (request: MessagesRequest, word: string) => JSON.stringify(request).includes(word)
  const words: Record<string, [string, string]> = {
    'no cache marks': [
      'cache_control',
      'messages.0.content.0.text.cache_control: Extra inputs are not permitted',
    ],
    'no adaptive thinking': ['adaptive', 'thinking: adaptive thinking is not supported on this model'],
    'no thoughts of others': [
      '"type":"thinking"',
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    ],
  }
  for (const [what, [word, message]] of Object.entries(words))
    test(`${what}: learned from one refusal`, async () => {
      let refused = 0
      let turns = 0
      const { claim, error, commands } = await session((request) => {
        if (has(request, word)) {
          refused++
          return { status: 400, message }
        }
        return turns++ < 3 ? { blocks: [{ thinking: 'Hm.' }, ...run('ls').blocks] } : say(fixed)
      })
      assert.equal(error, null)
      assert.equal(claim?.status, 'fixed')
      assert.deepEqual([refused, commands.length], [1, 3])
    })

  test('one whole answer in the place of a stream', async () => {
    const whole = (content: object[], stop_reason: string): Reply => ({
      status: 200,
      body: {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'x',
        content,
        stop_reason,
        usage: { input_tokens: 900, output_tokens: 9 },
      },
    })
    const { claim, commands, spent } = await session([
      whole(
        [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'a', name: 'shell', input: { command: 'ls', reasoning: 'r' } },
        ],
        'tool_use',
      ),
      whole([{ type: 'text', text: fixed }], 'end_turn'),
    ])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
    assert.equal(spent[0]?.tokensIn, 900)
  })

  test('every event twice', async () => {
    const { claim, commands } = await session([
      { ...run('ls'), doubled: true },
      { ...say(fixed), doubled: true },
    ])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
  })

  test('a gateway that counts nothing, or only zeros', async () => {
    const { spent } = await session([
      {
        ...say(fixed),
        usage: {
          input_tokens: 0,
          output_tokens: 0,
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 0,
        },
      },
    ])
    assert.deepEqual(spent, [{ tokensIn: null, tokensOut: null, tokensCached: 0, costUsd: null }])
  })
})
