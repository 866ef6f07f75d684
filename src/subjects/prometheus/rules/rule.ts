/** An alerting rule, from a file or as a Prometheus has it. */
export interface Rule {
  /** The alert's name. */
  name: string
  expr: string
  /** How long the expression must hold before it fires. */
  forMs: number
  /** How long it goes on firing once the expression holds no more. */
  keepFiringMs: number
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  /** `file: group`, where a person finds it. */
  place: string
}
