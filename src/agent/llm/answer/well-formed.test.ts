import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AssistantModelMessage } from 'ai'
import { processorMs } from '../../../../test/standins/processor.ts'
import type { ToolCall } from '../tool-call.ts'
import { parseClaim } from './claim.ts'
import { callsInText, wantsToCall } from './text-calls.ts'
import { withoutThinking } from './thinking.ts'
import { cleaned, idKeeper } from './well-formed.ts'

type Content = Exclude<AssistantModelMessage['content'], string>
const clean = (content: Content, calls: ToolCall[] = [], id = idKeeper()) =>
  cleaned({ role: 'assistant', content }, calls, id)
const call = (id: string, input: unknown, defect: string | null = null): ToolCall => ({
  id,
  name: 'shell',
  input,
  defect,
})
const part = ({ id, name, input }: ToolCall): Content[number] => ({
  type: 'tool-call',
  toolCallId: id,
  toolName: name,
  input,
})

test('blank texts are left out, and an answer of nothing else is none', () => {
  const one = call('a', { command: 'ls' })
  const { message, thoughts, text } = clean([{ type: 'text', text: ' \n' }, part(one)], [one])
  assert.deepEqual(message?.content, [part(one)])
  assert.deepEqual([thoughts, text], [[], ''])
  assert.equal(clean([{ type: 'text', text: '\n\n' }]).message, null)
  assert.equal(clean([{ type: 'reasoning', text: 'Hm.' }]).message, null)
  assert.equal(cleaned(null, [], idKeeper()).message, null)
})

test('half a surrogate is repaired wherever it stands', () => {
  const one = call('a', { command: 'echo \ud83d', nested: ['\udc00'] })
  const { message, thoughts, calls } = clean(
    [{ type: 'reasoning', text: 'a\ud800' }, { type: 'text', text: 'b\udfff' }, part(one)],
    [one],
  )
  for (const kept of [message, thoughts, calls]) assert.doesNotMatch(JSON.stringify(kept), /\\ud[89a-f]/i)
  assert.deepEqual(calls[0]?.input, { command: 'echo \ufffd', nested: ['\ufffd'] })
})

test('ids are unique for the whole session, and never empty', () => {
  const id = idKeeper()
  const calls = ['call_0', 'call_0', '', ' '].map((id) => call(id, {}))
  const first = clean(calls.map(part), calls, id)
  const second = clean(calls.map(part), calls, id)
  const ids = [...first.calls, ...second.calls].map(({ id }) => id)
  assert.equal(new Set(ids).size, 8)
  assert.ok(ids.every((id) => id.trim() !== ''))
  assert.deepEqual(
    ((first.message?.content ?? []) as Content).map((part) => 'toolCallId' in part && part.toolCallId),
    first.calls.map(({ id }) => id),
  )
})

test('what is sent back of a call is an object under a name that is one', () => {
  const calls = [
    call('a', '{"command": ', 'no JSON'),
    call('b', [1], 'no object'),
    { ...call('c', { x: 'y'.repeat(100_000) }, 'no command'), name: 'run <|channel|> it' },
  ]
  const content = clean(calls.map(part), calls).message?.content as { input: unknown; toolName: string }[]
  assert.deepEqual(
    content.map(({ input }) => input),
    [{}, {}, {}],
  )
  assert.match(content[2]?.toolName ?? '', /^[\w-]+$/)
})

test('an endless answer is kept in the audit and not sent back whole', () => {
  const { message, thoughts } = clean([{ type: 'text', text: 'y\n'.repeat(2_500_000) }])
  assert.ok(JSON.stringify(message).length < 50_000)
  assert.ok((thoughts[0]?.length ?? 0) > 4_000_000)
})

const claim = '{"status": "fixed", "rootCause": "an example", "actions": []}'
const thinking: Record<string, [string, string]> = {
  'a pair': [`<think>Say ${claim}?</think>I look.`, 'I look.'],
  'only its end': [`They want ${claim}\n</think>\n\nI look.`, 'I look.'],
  'no end at all': [`<think>\nI end with ${claim}`, ''],
  'two of them': [`<thinking>${claim}</thinking>a<thought>${claim}</thought>b`, 'ab'],
  Magistral: [`[THINK]${claim}[/THINK]I look.`, 'I look.'],
  'gpt-oss': [
    `<|channel|>analysis<|message|>${claim}<|end|><|start|>assistant<|channel|>final<|message|>I look.<|return|>`,
    'I look.',
  ],
  'another case': [`<Think>${claim}</Think>I look.`, 'I look.'],
}
for (const [how, [text, said]] of Object.entries(thinking))
  test(`thinking within the text is no claim: ${how}`, () => {
    const split = withoutThinking(text)
    assert.equal(split.said, said)
    assert.ok(split.thoughts.some((thought) => thought.includes('an example')))
    assert.equal(parseClaim(split.said), null)
  })

test('a claim after thinking is one, and angle brackets are none', () => {
  assert.ok(parseClaim(withoutThinking(`<think>Hm.</think>\n${claim}`).said))
  assert.equal(withoutThinking('a < b and <thinker>').said, 'a < b and <thinker>')
})

const command = '{"command": "svc status", "reasoning": "look"}'
const asText: Record<string, string> = {
  Hermes: `<tool_call>\n{"name": "shell", "arguments": ${command}}\n</tool_call>`,
  'Hermes, cut': '<tool_call>\n{"name": "shell", "argu',
  'Qwen coder':
    '<tool_call>\n<function=shell>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>',
  'Llama 3': `<|python_tag|>{"name": "shell", "parameters": ${command}}`,
  'Llama 3, bare': `{"name": "shell", "parameters": ${command}}`,
  'Llama 3.2': `<function=shell>${command}</function>`,
  Mistral: `[TOOL_CALLS][{"name": "shell", "arguments": ${command}}]`,
  'Mistral, new': `[TOOL_CALLS]shell[ARGS]${command}`,
  DeepSeek: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>shell`,
  'DeepSeek 3.2': '<｜DSML｜function_calls>\n<｜DSML｜invoke name="shell">',
  Kimi: '<|tool_calls_section_begin|><|tool_call_begin|>functions.shell:0<|tool_call_argument_begin|>{}',
  GLM: '<tool_call>shell\n<arg_key>command</arg_key>\n<arg_value>ls</arg_value>\n</tool_call>',
  MiniMax: '<minimax:tool_call>\n<invoke name="shell">\n<parameter name="command">ls</parameter>',
  Claude: '<function_calls>\n<invoke name="shell">\n<parameter name="command">ls</parameter>',
  'gpt-oss': `<|channel|>commentary to=functions.shell <|constrain|>json<|message|>${command}<|call|>`,
  Cline: '<execute_command>\n<command>ls</command>\n</execute_command>',
  ReAct: 'Thought: I look.\nAction: shell\nAction Input: {"command": "ls"}',
  Gemini: '```tool_code\nprint(default_api.shell(command="ls", reasoning="look"))\n```',
  pythonic: '[shell(command="svc status", reasoning="look")]',
  functools: `functools[{"name": "shell", "arguments": ${command}}]`,
  Qwen1: '✿FUNCTION✿: shell\n✿ARGS✿: {}',
  'the input alone': command,
  'as of the API': `{"tool_calls": [{"id": "1", "function": {"name": "shell"}}]}`,
  LangChain: `{"action": "shell", "action_input": "ls"}`,
  'LM Studio': '[TOOL_REQUEST]{"name":"shell","arguments":{}}[END_TOOL_REQUEST]',
  Granite: `<|tool_call|>[{"name": "shell", "arguments": ${command}}]`,
}
for (const [who, text] of Object.entries(asText))
  test(`a call as text, as of ${who}`, () => assert.ok(callsInText(`I look first.\n${text}`)))

test('commands in a fence want to be run; a claim and plain words do not', () => {
  assert.ok(wantsToCall('Run this:\n```bash\nsvc start etcd-2\n```'))
  for (const text of [
    claim,
    `\`\`\`json\n${claim}\n\`\`\``,
    'The shell says "command not found" (etcd).',
    'I am done.',
    '',
  ])
    assert.ok(!wantsToCall(text), text)
})

test('hostile text takes no time', () => {
  const texts = [
    '<think>',
    '{"name":"a",',
    '<tool_call',
    '{"command":"',
    '[THINK]',
    '<|channel|>a<|message|>',
    '</think',
  ]
  const ms = processorMs(() => {
    for (const long of texts.flatMap((text) => [text.repeat(50_000), text + 'x'.repeat(500_000)])) {
      withoutThinking(long)
      wantsToCall(long)
    }
  })
  assert.ok(ms < 3_000, `${ms}`)
})
