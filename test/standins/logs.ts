/** What `svc logs NAME -n N` prints of a log. */
export function lastLines(log: string, command: string): string {
  const most = Number(/ -n (\d+)/.exec(command)?.[1] ?? 1_000)
  return log.trimEnd().split('\n').slice(-most).join('\n')
}

/** How a Go process ends in a panic: the cause first, and then the stack, which is as long as it is deep. */
export function panicOf(cause: string): string {
  const frames = Array.from({ length: 16 }, (_, i) => `main.call${i}(...)\n\tmain/main.go:${i} +0x49`)
  return [
    `{"level":"panic","msg":"${cause}"}`,
    `panic: ${cause}`,
    '',
    'goroutine 89 [running]:',
    ...frames,
  ].join('\n')
}
