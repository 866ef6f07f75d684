import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { terminalIo } from '../src/cli/terminal/io.ts'
import { verbs } from '../src/cli/verbs.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

describe('what a verb prints', () => {
  const shell = (script: string) =>
    spawnSync('bash', ['-c', script, 'bash', process.execPath, main], { encoding: 'utf8' })

  test('and cannot be written is said in a line, with exit code 1', () => {
    for (const verb of ['--help', 'eval list-variants', 'lab ls']) {
      const { status, stderr } = shell(`"$1" "$2" ${verb} >/dev/full`)
      assert.equal(status, 1, verb)
      assert.match(stderr, /^operator: cannot print: ENOSPC[^\n]*\n$/, verb)
    }
  })

  test('and nobody reads any more is no error', () => {
    for (const verb of ['--help', 'eval list-variants', 'lab ls'])
      assert.equal(shell(`"$1" "$2" ${verb} | true`).stderr, '', verb)
  })
})

test('every verb shows in its help how it is used', async () => {
  const program = new Command('operator')
  const io = terminalIo(new AbortController().signal)
  for (const { load, hidden } of Object.values(verbs)) if (!hidden) (await load()).register(program, io)
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
  const all = leaves(program)
  assert.ok(all.length > 20)
  for (const leaf of all) {
    let help = ''
    leaf.configureOutput({
      writeOut: (text) => {
        help += text
      },
    })
    leaf.outputHelp()
    assert.match(help, /^Examples?\b.*:$/m, `${leaf.parent?.name()} ${leaf.name()}`)
  }
})
