import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import { defaultModel, defaultSummaryModel, requirePrice, resolveModel } from './model.ts'

const env = { ANTHROPIC_API_KEY: 'k' }

/** `claude-opus-5-5` among those of its line: the highest version, dates left out. */
function newest(line: string, names: readonly string[]): string {
  const version = (name: string) => name.split('-').slice(2).map(Number)
  const ofLine = names.filter((name) => new RegExp(`^claude-${line}-\\d{1,2}(-\\d{1,2})?$`).test(name))
  const [first] = ofLine.sort((a, b) => {
    const [[aMajor = 0, aMinor = 0], [bMajor = 0, bMinor = 0]] = [version(a), version(b)]
    return bMajor - aMajor || bMinor - aMinor
  })
  return `anthropic:${first}`
}

test('the defaults are the newest Opus and Haiku that the installed SDK knows', async () => {
  const types = fileURLToPath(import.meta.resolve('@ai-sdk/anthropic')).replace(/\.m?js$/, '.d.ts')
  const names = [...(await readFile(types, 'utf8')).matchAll(/'(claude-[\w-]+)'/g)].map(
    ([, name = '']) => name,
  )
  assert.ok(names.length > 5)
  assert.equal(defaultModel, newest('opus', names))
  assert.equal(defaultSummaryModel, newest('haiku', names))
  assert.equal(
    newest('opus', ['claude-opus-5', 'claude-opus-4-8', 'claude-opus-4-20250514']),
    'anthropic:claude-opus-5',
  )
})

test('names: with a provider, bare, and with colons of their own', () => {
  assert.equal(resolveModel('claude-opus-5-5', env).spec, 'anthropic:claude-opus-5-5')
  assert.equal(resolveModel('anthropic:claude-next', env).id, 'claude-next')
  const local = resolveModel('openai-compatible:qwen3:8b', {}, { baseUrl: 'http://127.0.0.1:11434/v1' })
  assert.deepEqual([local.provider, local.id], ['openai-compatible', 'qwen3:8b'])
})

test('what cannot be a model is refused, saying what is allowed', () => {
  for (const spec of ['', 'gpt-5', 'openai:gpt-5', 'anthropic:', ':x', 'claude opus'])
    assert.throws(
      () => resolveModel(spec, env),
      (error) => error instanceof BadInput && /anthropic:MODEL, openai-compatible:MODEL/.test(error.message),
    )
})

test('no key: the two ways on are said', () => {
  for (const without of [{}, { ANTHROPIC_API_KEY: '' }])
    assert.throws(
      () => resolveModel(defaultModel, without),
      (error) =>
        error instanceof MachineLacks &&
        /set ANTHROPIC_API_KEY/.test(error.message) &&
        /--agent runbook/.test(error.message),
    )
  resolveModel(defaultModel, { ANTHROPIC_AUTH_TOKEN: 't' })
})

test('a compatible server needs an address, which must be one; a key it does not need', () => {
  assert.throws(() => resolveModel('openai-compatible:m', {}), /--base-url or OPERATOR_BASE_URL/)
  assert.throws(() => resolveModel('openai-compatible:m', { OPERATOR_BASE_URL: 'localhost:1' }), BadInput)
  resolveModel('openai-compatible:m', { OPERATOR_BASE_URL: 'http://127.0.0.1:1/v1' })
})

test('window and price come from the price list where it knows the model', () => {
  const opus = resolveModel('claude-opus-5-5', env)
  assert.equal(opus.contextTokens, 1_000_000)
  assert.ok(opus.priced)
  const unheard = resolveModel('claude-unheard-of-9', env)
  assert.equal(unheard.contextTokens, null)
  assert.equal(unheard.costUsd({ input: 1, cacheRead: 0, cacheWrite: 0, output: 1 }), null)
})

test('a limit on money needs a price', () => {
  const unheard = resolveModel('claude-unheard-of-9', env)
  assert.throws(() => requirePrice(unheard, { costUsd: 5 }), /--price-in and --price-out.*lift the limit/)
  requirePrice(unheard, { costUsd: null })
  requirePrice(resolveModel('claude-opus-5-5', env), { costUsd: 5 })
  const own = resolveModel('claude-unheard-of-9', env, { priceIn: 3, priceOut: 15 })
  requirePrice(own, { costUsd: 5 })
  assert.equal(own.costUsd({ input: 1e6, cacheRead: 5e5, cacheWrite: 0, output: 1e6 }), 18)
})

test('half a price and a price that is none are refused', () => {
  assert.throws(() => resolveModel('claude-opus-5-5', env, { priceIn: 3 }), BadInput)
  assert.throws(() => resolveModel('claude-opus-5-5', env, { priceIn: -1, priceOut: 1 }), BadInput)
  assert.throws(() => resolveModel('claude-opus-5-5', env, { priceIn: Number.NaN, priceOut: 1 }), BadInput)
})

test('thinking is asked for where the model has the adaptive kind', () => {
  const asks = (id: string) => Object.keys(resolveModel(id, env).providerOptions).length > 0
  for (const id of ['claude-opus-5-5', 'claude-sonnet-4-6', 'claude-haiku-5-5', 'claude-fable-5'])
    assert.ok(asks(id), id)
  for (const id of [
    'claude-3-haiku-20240307',
    'claude-opus-4-20250514',
    'claude-haiku-4-5',
    'claude-opus-4-1',
  ])
    assert.ok(!asks(id), id)
})
