export interface ToolCall {
  id: string
  name: string
  input: unknown
  /** Why it cannot be run: not JSON, fields missing, no such tool. */
  defect: string | null
}
