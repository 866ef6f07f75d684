/** Files that take more than some twenty seconds, the longest first. Started late, one of them would end alone. */
export const longFiles: readonly string[] = [
  'test/oracle-cheats.test.ts',
  'test/oracle-matrix.test.ts',
  'test/trials-docker.test.ts',
  'test/oracle-matrix-tikv.test.ts',
  'test/chaos-remains.test.ts',
  'test/eval-run.test.ts',
  'test/eval-kill.test.ts',
  'test/etcd-runbook.test.ts',
  'test/eval-figures.test.ts',
  'test/docker-pull.test.ts',
  'test/tikv-campaign.test.ts',
  'test/chaos-etcd.test.ts',
  'test/lab-netns-inside.test.ts',
  'test/agent-daemon.test.ts',
  'test/docker-bounds.test.ts',
  'test/view.test.ts',
  'test/eval-campaign.test.ts',
  'test/eval-llm.test.ts',
  'test/view-live.test.ts',
  'test/chaos-hold.test.ts',
]

/** The same files, those that are known to take long before all others. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = new Map(longFiles.map((name, i) => [name, i]))
  const rankOf = (file: string) => rank.get(file.replace(/^\.\//, '')) ?? longFiles.length
  return files.toSorted((a, b) => rankOf(a) - rankOf(b))
}
