import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { iso } from '../../core/clock.ts'
import { workerBy } from '../../core/work/variant.ts'
import { readVariants, variantFolders } from '../../eval/campaign/variant-file.ts'
import { type OutcomeCount, outcomeCounts } from '../../store/eval/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { inert, table } from '../../tui/text.ts'
import { evalDbOption, integer, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignNumber } from './ids.ts'

export function registerList(evaluation: Command, io: Io): void {
  subcommand(evaluation, 'list', 'list campaigns and their outcomes, newest first')
    .option('--limit <n>', 'how many to show', integer(1, 1_000), 20)
    .option('--before <id>', 'only campaigns older than this one (c30), for the next page', campaignNumber)
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval list\n  operator eval list --limit 100 --json\n  operator eval list --before c30',
    )
    .action((options) => list(options, io))

  subcommand(evaluation, 'list-variants', 'list the variants (configurations of the agent) that can be used')
    .option('--variants-dir <folder>', 'folder with your variants (default: ./variants)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval list-variants\n  operator eval list-variants --variants-dir ~/variants --json',
    )
    .action((options) => {
      const variants = [...readVariants(variantFolders(options.variantsDir)).values()]
      if (options.json) return io.printJson(variants)
      const rows = variants.map((variant) => {
        const { agent, model } = workerBy(variant, { agent: 'as started', model: 'as started' })
        const { name, command, system_prompt, limits } = variant
        const works = command ? `command: ${command.join(' ')}` : agent
        const limited = Object.entries(limits ?? {}).map(([key, value]) => `${key} ${value ?? 'none'}`)
        return [name, works, model ?? '-', system_prompt ? 'its own' : '-', limited.join(', ') || '-'].map(
          inert,
        )
      })
      io.print(table(['name', 'agent', 'model', 'prompt', 'limits'], rows))
    })
}

async function list(
  { evalDb, limit, before, json }: { evalDb: string; limit: number; before?: number; json?: boolean },
  io: Io,
): Promise<void> {
  // Looking makes no database.
  const rows = existsSync(evalDb)
    ? await campaignsIn(evalDb, { limit, ...(before !== undefined && { before }) })
    : []
  if (json)
    return io.printJson(
      rows.map((c) => ({
        campaign: `c${c.id}`,
        name: c.name,
        seed: c.seed,
        started: iso(c.startedAt),
        ended: iso(c.endedAt),
        trials: total(c.counts),
        outcomes: Object.fromEntries(c.counts.map(({ kind, trials }) => [kind, trials])),
      })),
    )
  if (rows.length === 0)
    return io.print(
      before === undefined
        ? 'no campaigns yet: operator eval run --subject etcd --chaos node_kill'
        : `no campaigns before c${before}`,
    )
  io.print(
    table(
      ['id', 'started', 'name', 'trials', 'outcomes'],
      rows.map((c) => [`c${c.id}`, iso(c.startedAt), inert(c.name), total(c.counts), countsText(c.counts)]),
    ),
  )
  const last = rows.at(-1)
  if (rows.length === limit && last && last.id > 1)
    io.note(`older ones: operator eval list --before c${last.id}`)
}

async function campaignsIn(evalDb: string, page: { limit: number; before?: number }) {
  await using db = store.existingEvalDb(evalDb)
  const campaigns = await store.listCampaigns(db, page)
  const counts = await outcomeCounts(
    db,
    campaigns.map(({ id }) => id),
  )
  return campaigns.map((campaign) => ({ ...campaign, counts: counts.get(campaign.id) ?? [] }))
}

const total = (counts: readonly OutcomeCount[]): number => counts.reduce((sum, { trials }) => sum + trials, 0)

const countsText = (counts: readonly OutcomeCount[]): string =>
  counts.map(({ kind, trials }) => `${trials} ${kind}`).join(', ')
