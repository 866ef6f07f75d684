/*
 * NaN and Infinity compare as neither smaller nor larger, so a formula turns them into a result that looks sure. Every
 * exported function of this folder refuses them.
 */

/** Refuses what is not a finite number of at least `least`. */
export function finite(what: string, value: number, least = Number.NEGATIVE_INFINITY): number {
  if (Number.isFinite(value) && value >= least) return value
  throw new RangeError(
    `${what} has to be a finite number${least === Number.NEGATIVE_INFINITY ? '' : ` of at least ${least}`}, not ${value}`,
  )
}

/** Refuses what is not a whole number of at least 0. */
export function count(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`${what} has to be a whole number of at least 0, not ${value}`)
}

/** Refuses what is not between 0 and 1. */
export function share(what: string, value: number): number {
  if (value >= 0 && value <= 1) return value
  throw new RangeError(`${what} has to be between 0 and 1, not ${value}`)
}

/** Refuses more successes than trials, or numbers that count nothing. */
export function rateOf(successes: number, trials: number): void {
  count('successes', successes)
  if (count('trials', trials) < successes)
    throw new RangeError(`there cannot be ${successes} successes of ${trials} trials`)
}

export function allFinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) finite(what, values[i] as number)
}
