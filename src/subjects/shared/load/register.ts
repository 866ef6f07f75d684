/**
 * The values that a key may have, given the history of its only writer. A write without an answer may take effect at any later
 * time (a paused member still has it in its socket), so its value stays allowed for ever.
 */
export interface Register {
  /** Write number `n` was acknowledged. */
  acknowledged(n: number): void
  /** Write number `n` may or may not have happened. */
  indeterminate(n: number): void
  /** Judges a linearizable read. `n`: which of our writes was found; null: nothing; 'foreign': not one of ours. */
  read(n: number | null | 'foreign'): Judgement
  /** The write that must be found, unless an indeterminate one replaced it; null: none was acknowledged. */
  readonly current: number | null
}

export type Judgement = 'right' | 'lost' | 'phantom' | 'unproven'

export function registerOf(): Register {
  let current: number | null = null
  const open = new Set<number>()
  return {
    acknowledged(n) {
      current = n
    },
    indeterminate(n) {
      open.add(n)
    },
    read(n) {
      if (n === 'foreign') return current === null ? 'unproven' : 'phantom'
      if (n !== null && open.has(n)) {
        // Seen, hence it happened: from now on it is what must be found.
        open.delete(n)
        current = n
        return 'right'
      }
      if (current === null) return 'unproven'
      return n === current ? 'right' : 'lost'
    },
    get current() {
      return current
    },
  }
}
