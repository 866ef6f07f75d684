import { covering, playsAll } from './all.ts'
import { cheats } from './cheats.ts'
import { cells as tikvCells } from './cheats-tikv.ts'
import { perType } from './fixes.ts'
import { harms } from './harms.ts'
import type { Cell } from './matrix.ts'

/** The matrix of the oracle; what takes long comes after what shows the same sooner. */
export const allCells: readonly Cell[] = [...perType, ...harms, ...cheats, ...tikvCells]

/**
 * What a cell shows: a behaviour on a subject, a rule of the oracle on a subject, and that a chaos type is repaired (or that
 * there is nothing to repair). A type is shown on one subject; test/chaos*.test.ts try types on each.
 */
export function shownBy({ subject = 'etcd', behaviour, rule, chaos }: Cell): string[] {
  const shows = [`${behaviour} on ${subject}`, `${rule} on ${subject}`]
  return behaviour === 'repairs' || behaviour === 'has nothing to do'
    ? [...shows, `${chaos}: ${behaviour}`]
    : shows
}

/** The cells of the default run. */
export const sample: ReadonlySet<Cell> = covering(allCells, shownBy)

export const isPlayed = (cell: Cell): boolean => playsAll || sample.has(cell)
