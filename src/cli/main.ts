#!/usr/bin/env node
import { CommanderError } from 'commander'
import { systemClock } from '../core/clock.ts'
import { BadInput, exitCodes, Interrupted, MachineLacks, messageOf } from '../core/errors.ts'
import { inert } from '../core/text.ts'
import { programWithoutVerbs } from './program.ts'
import { terminalIo } from './terminal/io.ts'
import { verbs } from './verbs.ts'

// The only place that listens to signals or ends the process: everything below gets one AbortSignal,
// so `await using` always unwinds.
const controller = new AbortController()
/** A wrapper such as npm or timeout passes on what the terminal has sent to us already: that is the same Ctrl-C. */
const sameMs = 300
let stoppedAt = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const now = systemClock.now()
    const again = controller.signal.aborted && name === 'SIGINT' && Math.abs(now - stoppedAt) > sameMs
    if (again) process.exit(exitCodes.interrupted) // a second Ctrl-C: now
    if (!controller.signal.aborted) stoppedAt = now
    controller.abort(new Interrupted(`stopped by ${name}`))
  })
}

// The reader of the output is gone (`| head -1`), or the disk is full. The error is printed, not thrown. Verbs that run for
// long listen to it, too, and end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.exitCode = exitCodes.no
  process.stderr.write(`operator: cannot print: ${error.message}\n`)
})
process.stderr.on('error', () => undefined) // nobody is left who could be told

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  const program = programWithoutVerbs()
  const io = terminalIo(controller.signal)
  const { plugins, rest } = pluginsIn(argv)
  try {
    if (plugins.length > 0) await (await import('../plugins.ts')).loadPlugins(plugins)
  } catch (error) {
    return explain(error)
  }
  const wanted = rest.find((word) => !word.startsWith('-'))
  const used = wanted === 'help' ? rest[rest.indexOf('help') + 1] : wanted
  for (const [name, verb] of Object.entries(verbs)) {
    if (name === used) (await verb.load()).register(program, io)
    else program.command(name, { hidden: verb.hidden ?? false }).description(verb.summary)
  }
  try {
    await program.parseAsync(rest, { from: 'user' })
    if (controller.signal.aborted) return exitCodes.interrupted
    return Number(process.exitCode ?? exitCodes.done)
  } catch (error) {
    return explain(error)
  }
}

/** Before the verb: what a plugin brings stands in the verbs' help, lists and checks. */
function pluginsIn(argv: readonly string[]): { plugins: string[]; rest: string[] } {
  const [plugins, rest]: [string[], string[]] = [[], [...argv]]
  for (;;) {
    const [option = '', value] = rest
    if (option === '--plugin' && value !== undefined) plugins.push(...rest.splice(0, 2).slice(1))
    else if (option.startsWith('--plugin='))
      plugins.push(rest.splice(0, 1)[0]?.slice('--plugin='.length) ?? '')
    else return { plugins, rest }
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput
  if (error instanceof Interrupted || controller.signal.aborted) return exitCodes.interrupted
  // A file, a database or a server may have put anything in it.
  process.stderr.write(`operator: ${inert(messageOf(error))}\n`)
  if (error instanceof BadInput) return exitCodes.badInput
  if (error instanceof MachineLacks) return exitCodes.machineLacks
  if (process.env.OPERATOR_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return exitCodes.no
}
