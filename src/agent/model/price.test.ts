import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listedPrice, ownPrice } from './price.ts'

const anthropic = { providerId: 'anthropic' }

test('a million tokens in and out of the default model', () => {
  const price = listedPrice('claude-opus-5-5', anthropic)
  assert.equal(price?.cost({ input: 1e6, cacheRead: 0, cacheWrite: 0, output: 1e6 }), 24)
})

test('a date after the name is the same model, a higher version is not', () => {
  assert.ok(listedPrice('claude-haiku-4-5-20251001', anthropic))
  assert.equal(listedPrice('claude-opus-5-5-5', anthropic), null)
  // The list answers with the price of claude-sonnet-5 here, by prefix.
  assert.equal(listedPrice('claude-sonnet-5-5', anthropic), null)
})

test('a local server has no listed price, whatever it calls its model', () => {
  assert.equal(listedPrice('gpt-5', { providerApiUrl: 'http://127.0.0.1:8000/v1' }), null)
})

test('an own price charges all input alike', () => {
  const { cost } = ownPrice({ input: 2, output: 10 })
  assert.equal(cost({ input: 5e5, cacheRead: 4e5, cacheWrite: 1e5, output: 1e5 }), 2)
})
