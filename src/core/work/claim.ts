/** Statement of a session when it ends. Only the monitor can turn it into a resolution. */
export interface Claim {
  status: 'fixed' | 'not_fixed'
  rootCause: string
  /** The node or part that the agent found at fault. */
  component?: string
  /** The changes that the agent made, in its own words, in order. */
  actions: string[]
  /** The agent made no claim: Operator describes here how the session ended. It is no diagnosis. */
  unclaimed?: true
}
