export interface Limits {
  turns: number
  sessionMs: number
  commandMs: number
  /** null: no limit on money. */
  costUsd: number | null
  /** Input plus output tokens; null: no limit. */
  tokens: number | null
}

export const defaultLimits: Limits = {
  turns: 40,
  sessionMs: 15 * 60_000,
  commandMs: 120_000,
  costUsd: 5,
  tokens: null,
}

/** The session passed one of its limits. It ends as `not_fixed` with this as its reason. */
export class LimitReached extends Error {
  override name = 'LimitReached'
  readonly limit: keyof Limits
  constructor(limit: keyof Limits, message: string) {
    super(message)
    this.limit = limit
  }
}
