import { existsSync, readFileSync } from 'node:fs'
import { BadInput } from '../../core/errors.ts'
import type { ClusterInfo } from '../../lab/contract.ts'
import type { Io } from '../terminal/io.ts'
import { running, theCluster } from './find.ts'

/** How long an owner may take to end its cluster in order. */
const patienceMs = 5_000

/** Ends clusters by ending their owners: one that a trial owns is the trial's business. */
export async function down(
  id: string | undefined,
  options: { all?: boolean; json?: boolean },
  io: Io,
): Promise<void> {
  const all = await running()
  const wanted = options.all ? all : all.filter(({ id: one }) => one === id)
  if (!options.all && wanted.length === 0) {
    const { id: only } = await theCluster(id)
    wanted.push(...all.filter((info) => info.id === only))
  }
  const ended: string[] = []
  for (const info of wanted) {
    const owner = commandOf(info.ownerPid)
    if (!/ lab up .*--foreground/.test(owner)) {
      const why = `cluster ${info.id} belongs to process ${info.ownerPid} (${owner}); end that instead`
      if (!options.all) throw new BadInput(why)
      io.note(why)
      continue
    }
    await end(info, io)
    ended.push(info.id)
    if (!options.json) io.print(`cluster ${info.id} is gone`)
  }
  if (options.json) io.printJson({ ended })
  else if (wanted.length === 0) io.print('no clusters are running')
}

async function end({ ownerPid }: ClusterInfo, io: Io): Promise<void> {
  process.kill(ownerPid, 'SIGTERM')
  const last = io.clock.now() + patienceMs
  while (existsSync(`/proc/${ownerPid}`)) {
    // Its death ends the cluster too.
    if (io.clock.now() > last) process.kill(ownerPid, 'SIGKILL')
    await io.clock.sleep(10, io.signal)
  }
}

const commandOf = (pid: number): string =>
  existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : ''
