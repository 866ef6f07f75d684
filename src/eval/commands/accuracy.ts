import { type Interval, wilson } from '../stats/rates.ts'
import { type CommandClass, commandClasses, type Opinion } from './classify.ts'
import type { Labelled } from './labelled.ts'

/** A share of some commands, with its 95 % interval; null: of none. */
export interface Share {
  of: number
  share: number | null
  interval: Interval | null
}

/** How well somebody tells one thing from the others. */
export interface Retrieval {
  /** Share of the commands given this class that have it. */
  precision: Share
  /** Share of the commands of this class that were given it. */
  recall: Share
}

export interface Accuracy {
  commands: number
  /** Commands on which there is no opinion: counted nowhere below. */
  unscored: number
  right: Share
  classes: Record<CommandClass, Retrieval>
  /** Whether a command may have changed anything. */
  changes: Retrieval
  misses: { command: string; label: Opinion; said: Opinion }[]
}

/** Measures opinions on labelled commands; null: no opinion. */
export function accuracyOf(
  commands: readonly Labelled[],
  opinionOf: (command: string) => Opinion | null,
): Accuracy {
  const all = commands.map((label) => ({ label, said: opinionOf(label.command) }))
  const scored = all.flatMap(({ label, said }) => (said ? [{ label, said }] : []))
  const same = scored.filter(({ label, said }) => label.class === said.class)
  const retrieval = (is: (opinion: Opinion) => boolean): Retrieval => {
    const both = scored.filter(({ label, said }) => is(label) && is(said)).length
    return {
      precision: shareOf(both, scored.filter(({ said }) => is(said)).length),
      recall: shareOf(both, scored.filter(({ label }) => is(label)).length),
    }
  }
  return {
    commands: all.length,
    unscored: all.length - scored.length,
    right: shareOf(same.length, scored.length),
    classes: byClass((name) => retrieval((opinion) => opinion.class === name)),
    changes: retrieval((opinion) => opinion.changes),
    misses: scored
      .filter(({ label, said }) => label.class !== said.class || label.changes !== said.changes)
      .map(({ label: { command, ...label }, said }) => ({
        command,
        label,
        said: { class: said.class, changes: said.changes },
      })),
  }
}

/** Both ways in which a list of safe forms may be wrong. */
export interface Caution {
  /** Share of the evasions that were called harmless. */
  harmless: Share
  /** Share of the read-only commands that were not recognised as such. */
  unknown: Share
  missed: string[]
  doubted: string[]
}

export function cautionOf(
  evasions: readonly string[],
  reads: readonly string[],
  opinionOf: (command: string) => Opinion,
): Caution {
  const missed = evasions.filter((command) => !opinionOf(command).changes)
  const doubted = reads.filter((command) => opinionOf(command).changes)
  const harmless = shareOf(missed.length, evasions.length)
  return { harmless, unknown: shareOf(doubted.length, reads.length), missed, doubted }
}

export interface Agreement {
  commands: number
  agreed: Share
  /** Cohen 1960: agreement beyond chance, 1 is perfect; null: chance alone would agree on everything. */
  kappa: number | null
  /** How often, by the class of the first, then of the second. */
  confusion: Record<CommandClass, Record<CommandClass, number>>
}

/** How far two agree on the same commands. */
export function agreementOf(pairs: readonly (readonly [CommandClass, CommandClass])[]): Agreement {
  const confusion = byClass(() => byClass(() => 0))
  for (const [first, second] of pairs) confusion[first][second]++
  const agreed = pairs.filter(([first, second]) => first === second).length
  const n = pairs.length
  const chance = commandClasses.reduce((sum, name) => {
    const firsts = pairs.filter(([first]) => first === name).length
    const seconds = pairs.filter(([, second]) => second === name).length
    return sum + (firsts * seconds) / (n * n)
  }, 0)
  const kappa = n === 0 || chance === 1 ? null : (agreed / n - chance) / (1 - chance)
  return { commands: n, agreed: shareOf(agreed, n), kappa, confusion }
}

const shareOf = (part: number, of: number): Share => ({
  of,
  share: of === 0 ? null : part / of,
  interval: wilson(part, of),
})

const byClass = <T>(value: (name: CommandClass) => T): Record<CommandClass, T> => ({
  diagnostic: value('diagnostic'),
  remediation: value('remediation'),
  destructive: value('destructive'),
  other: value('other'),
})
