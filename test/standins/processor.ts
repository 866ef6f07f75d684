/** Processor time of this process during `work`, ms: unlike time on the wall, other programs change little of it. */
export function processorMs(work: () => unknown): number {
  const from = process.cpuUsage()
  work()
  return process.cpuUsage(from).user / 1_000
}
