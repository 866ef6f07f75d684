/** An alert as a notification told of it last. */
export interface ReceivedAlert {
  name: string
  /** Without its name; with it, its identity. */
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  status: 'firing' | 'resolved'
  /** Epoch ms: when it began to fire, by whoever raised it. */
  startsAt: number
  /** Where whoever raised it shows it; empty: not told. */
  generatorUrl: string
  /** Epoch ms: when a notification last told of it. */
  receivedAt: number
}
