/** An alert in the state that the last notification reported. */
export interface ReceivedAlert {
  name: string
  /** The labels without the alert's name; together with the name they are its identity. */
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  status: 'firing' | 'resolved'
  /** Epoch ms: when the alert began to fire, according to its sender. */
  startsAt: number
  /** Link to the alert at its sender; empty: the notification had none. */
  generatorUrl: string
  /** Epoch ms: when a notification last reported it. */
  receivedAt: number
}
