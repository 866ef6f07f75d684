import { mkdirSync, statSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { iso } from '../../core/clock.ts'
import { BadInput, messageOf } from '../../core/errors.ts'
import { trajectories } from '../../eval/export/atif.ts'
import { formats as ofDocuments } from '../../eval/export/formats.ts'
import { jsonText } from '../../eval/export/json-text.ts'
import type { Format, Source } from '../../eval/export/source.ts'
import * as store from '../../store/eval/trials.ts'
import { evalDbOption, jsonOption, oneOf, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignOrTrial } from './ids.ts'

const formats: Record<string, Format> = {
  ...ofDocuments,
  html: {
    title: 'the pages of the viewer for people, in one file that loads nothing',
    write: async function* (source) {
      yield* (await import('../../view/copy.ts')).copy(source)
    },
  },
}
const names = Object.keys(formats)
const titles = Object.entries(formats).map(([name, { title }]) => `  ${name.padEnd(6)} ${title}`)

export function registerExport(evaluation: Command, io: Io): void {
  subcommand(evaluation, 'export <id>', 'export a campaign (c1) or a trial (t1) as data or as web pages')
    .option('--format <name>', `one of ${names.join(', ')} (default: json)`, oneOf(names))
    .option(
      '--output <path>',
      'file or folder to write; it appears when it is complete (default: standard output)',
    )
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\nFormats:\n${titles.join('\n')}\n\nExamples:\n  operator eval export c1 --format html --output c1.html\n  operator eval export c1 --format junit --output junit.xml\n  operator eval export c1 --format atif --output trajectories/\n  operator eval export t7 --format jsonl | jq .figures`,
    )
    .action((id, options) => run(id, options, io))
}

interface Options {
  format?: string
  output?: string
  evalDb: string
  json?: boolean
}

async function run(id: string, { format = 'json', output, evalDb, json }: Options, io: Io): Promise<void> {
  if (json && format !== 'json') throw new BadInput(`--json is --format json, and not ${format}: give one`)
  const which = campaignOrTrial(id)
  await using db = store.existingEvalDb(evalDb)
  const source = { db, which, campaign: await headOf(db, which, id) }
  if (output === undefined) {
    for await (const piece of formats[format]?.write(source) ?? []) {
      io.signal.throwIfAborted()
      await io.write(piece)
    }
    return
  }
  const isFolder = output.endsWith('/') || statSync(output, { throwIfNoEntry: false })?.isDirectory() === true
  if (!isFolder) {
    await whole(output, until(formats[format]?.write(source) ?? [], io.signal))
    return io.note(`${format} of ${id} written to ${output}`)
  }
  if (format !== 'atif') throw new BadInput(`--output ${output} is a folder; name a file`)
  // Not its parents: Node's recursive mkdir never ends where none can be made, as in /proc.
  if (!statSync(output, { throwIfNoEntry: false }))
    await intoBadInput(output, async () => mkdirSync(output, 0o700))
  const files = await eachTrajectory(source, output, io.signal)
  io.note(`${files} trajectories of ${id} written to ${output}`)
}

async function headOf(db: store.EvalDb, which: Source['which'], id: string): Promise<Source['campaign']> {
  const campaignId = 'campaign' in which ? which.campaign : (await store.trial(db, which.trial))?.campaignId
  const campaign = campaignId === undefined ? null : await store.campaign(db, campaignId)
  if (!campaign) throw new BadInput(`there is no '${id}'; operator eval list shows the campaigns there are`)
  const { name, seed, startedAt, endedAt } = campaign
  return { id: `c${campaign.id}`, name, seed, started: iso(startedAt), ended: iso(endedAt) }
}

async function* until<T>(pieces: AsyncIterable<T> | Iterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    yield piece
  }
}

/** Gives the file its name only when it is complete, since half an export would look like a whole one. */
async function whole(path: string, content: AsyncIterable<string> | string): Promise<void> {
  const part = `${path}.part`
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rm(part, { force: true }))
  await intoBadInput(path, async () => {
    await writeFile(part, content, { mode: 0o600 })
    await rename(part, path)
  })
}

/** A path that cannot be written is bad input: the person has to change it. */
async function intoBadInput(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    const isOurs = !(error instanceof Error && 'syscall' in error)
    throw isOurs ? error : new BadInput(`--output ${path} cannot be written: ${messageOf(error)}`)
  }
}

async function eachTrajectory(source: Source, folder: string, signal: AbortSignal): Promise<number> {
  let files = 0
  for await (const trajectory of until(trajectories(source), signal)) {
    const path = join(folder, `${trajectory.trajectory_id}.trajectory.json`)
    await whole(path, `${jsonText(trajectory, 2)}\n`)
    files += 1
  }
  return files
}
