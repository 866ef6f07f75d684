import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Command } from 'commander'
import { systemClock } from '../../core/clock.ts'
import { duration } from '../options/common.ts'
import { helpOf, pathOf, wholeProgram } from '../program.ts'
import { verbs } from '../verbs.ts'
import { typedDuration } from './help.ts'
import { terminalIo } from './io.ts'

suite('--help', () => {
  const helps: [string, string][] = []

  test('every verb ends with an example of its own', async () => {
    const program = await wholeProgram({ ...terminalIo(AbortSignal.abort()), clock: systemClock })
    for (const [name, verb] of Object.entries(verbs))
      assert.equal(
        program.commands.some((command) => command.name() === name),
        !verb.hidden,
        name,
      )
    for (const command of withoutChildren(program)) helps.push([pathOf(command), helpOf(command)])
    assert.ok(helps.length > 25, `${helps.length} verbs`)
    for (const [path, text] of helps) {
      const examples = /\nExamples?\b.*:\n((?: {2}.*\n?)+)/.exec(text)?.[1] ?? ''
      // People do not type this command: an MCP client has it in its configuration.
      if (path !== 'operator mcp')
        assert.match(examples, new RegExp(`${path}( |$)`, 'm'), `${path}:\n${text}`)
    }
  })

  test('defaults are shown as they are typed', () => {
    for (const [path, wrapped] of helps) {
      const text = wrapped.replaceAll(/\n {4,}/g, ' ')
      for (const [, shown = ''] of text.matchAll(/\(default: ([^)]*)\)/g))
        assert.doesNotMatch(shown, /^[{["]/, `${path}: ${shown}`)
      for (const [, shown = ''] of text.matchAll(/<duration>[^<]*?\(default: ([^)]*)\)/g)) {
        assert.doesNotThrow(() => duration(shown), `${path}: ${shown}`)
        assert.match(shown, /[a-z]$/, `${path}: ${shown} would be seconds`)
      }
    }
  })

  test('a duration is shown in its largest whole unit', () => {
    for (const [ms, text] of [
      [1_000, '1s'],
      [1_500, '1500ms'],
      [90_000, '90s'],
      [120_000, '2m'],
      [3_600_000, '1h'],
      [0, '0ms'],
    ] as const) {
      assert.equal(typedDuration(ms), text)
      assert.equal(duration(text), ms)
    }
  })
})

function* withoutChildren(command: Command): Iterable<Command> {
  // `eval run` and `eval commands` are verbs that have verbs below them, too.
  if (command.commands.length === 0 || command.registeredArguments.length > 0) yield command
  for (const child of command.commands) yield* withoutChildren(child)
}
