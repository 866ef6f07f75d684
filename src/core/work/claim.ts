/** What a session says when it ends. Only the monitor turns it into a resolution. */
export interface Claim {
  status: 'fixed' | 'not_fixed'
  rootCause: string
  /** The node or part it found at fault. */
  component?: string
  /** What it changed, in its own words, in order. */
  actions: string[]
  /** The agent said nothing: these are Operator's words for how the session ended, and no diagnosis. */
  unclaimed?: true
}
