import type { Classified } from './classify.ts'

/** A command that was run, in the order in which it was. */
export interface Judged {
  /** Epoch ms. */
  at: number
  judged: Classified
}

const windowMs = 60_000
const repeats = 3

/** Which of the commands led nowhere: what was run again and again, and what undid and redid. By their index. */
export function thrashing(commands: readonly Judged[]): ReadonlySet<number> {
  return new Set([...repeated(commands), ...undone(commands)])
}

/**
 * The third time, and every further one, that the same is run within a minute, with nothing between that may have changed
 * what it shows or does. Pauses are no repetition.
 */
function repeated(commands: readonly Judged[]): number[] {
  const found: number[] = []
  let times = new Map<string, number[]>()
  for (const [index, { at, judged }] of commands.entries()) {
    if (judged.class === 'other' && !judged.changes) continue
    const own = (times.get(judged.form) ?? []).filter((before) => at - before <= windowMs)
    own.push(at)
    if (judged.changes) times = new Map()
    times.set(judged.form, own)
    if (own.length >= repeats) found.push(index)
  }
  return found
}

/** Words that undo each other: left and right. */
const opposites: readonly (readonly [string, string])[] = [
  ['stop', 'start'],
  ['pause', 'unpause'],
  ['-STOP', '-CONT'],
  ['STOP', 'CONT'],
  ['-A -I --append --insert', '-D --delete'],
  ['down', 'up'],
  ['add', 'del delete remove'],
  ['disable', 'enable'],
  ['mask', 'unmask'],
  ['cordon', 'uncordon'],
  ['umount', 'mount'],
]
const sides = new Map<string, { pair: string; side: 'left' | 'right' }>()
for (const [left, right] of opposites) {
  for (const word of left.split(' ')) sides.set(word, { pair: left, side: 'left' })
  for (const word of right.split(' ')) sides.set(word, { pair: left, side: 'right' })
}

/** Commands that bring something back to an earlier state: stop, start, stop. One stop and one start is a restart. */
function undone(commands: readonly Judged[]): number[] {
  const found = new Set<number>()
  const things = new Map<string, { side: string; turns: number }>()
  for (const [index, { judged }] of commands.entries())
    for (const { text, class: kind } of judged.parts) {
      const move = kind === 'remediation' ? moveOf(text.split(' ')) : null
      if (!move) continue
      const before = things.get(move.thing)
      const turns = (before?.turns ?? 0) + (before && before.side !== move.side ? 1 : 0)
      things.set(move.thing, { side: move.side, turns })
      if (before?.side !== move.side && turns >= 2) found.add(index)
    }
  return [...found]
}

/** Which thing a command moves, and to which side. */
function moveOf(words: readonly string[]): { thing: string; side: string } | null {
  for (const [at, word] of words.entries()) {
    const found = sides.get(word)
    if (!found) continue
    const { pair, side } = found
    // `ip route add X via Y` is undone by `ip route del X`, `mount A B` by `umount B`.
    const after =
      pair === 'umount' ? words.slice(-1) : words.slice(at + 1, pair === 'add' ? at + 3 : undefined)
    return { thing: [...words.slice(0, at), pair, ...after].join(' '), side }
  }
  return null
}
