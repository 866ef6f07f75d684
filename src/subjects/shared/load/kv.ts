/** `no`: certainly without effect. `perhaps`: nobody knows. */
export type Put = 'acknowledged' | 'no' | 'perhaps'
export type Got = { kind: 'value'; value: string | null } | { kind: 'failed' }

export interface KeyValue extends Disposable {
  put(key: string, value: string, signal: AbortSignal): Promise<Put>
  /** Linearizable: goes through consensus. */
  get(key: string, signal: AbortSignal): Promise<Got>
}
