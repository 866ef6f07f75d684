import type { Engine } from './engine/engine.ts'

const periodUs = 100_000

/** The container's share of one CPU, from its control group. It also applies to a process that is started later. */
export async function limitCpuOf(engine: Engine, container: string, percent: number): Promise<void> {
  await update(engine, container, { CpuPeriod: periodUs, CpuQuota: (periodUs * percent) / 100 })
}

export async function unlimitCpuOf(engine: Engine, container: string): Promise<void> {
  if ((await cpuLimitOf(engine, container)) === null) return
  await update(engine, container, { CpuPeriod: periodUs, CpuQuota: -1 })
}

export async function cpuLimitOf(engine: Engine, container: string): Promise<number | null> {
  const { HostConfig, State } = await engine.ask<{
    HostConfig: { CpuPeriod: number; CpuQuota: number }
    State: { Running: boolean }
  }>('GET', `/containers/${container}/json`)
  const { CpuPeriod, CpuQuota } = HostConfig
  if (CpuQuota <= 0) return null
  return State.Running ? (CpuQuota / (CpuPeriod || periodUs)) * 100 : 0
}

const update = (engine: Engine, container: string, body: Record<string, number>): Promise<unknown> =>
  engine.ask('POST', `/containers/${container}/update`, { body })
