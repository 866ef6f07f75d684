import type { Work } from '../../core/work/agent.ts'
import type { Seen } from './procedure.ts'
import type { Finding, Service } from './services.ts'

/** Where the disks of a subject's nodes are, and what on them is its own, as find's -path has it. */
export interface Disks {
  folder: string
  own: string
}

/** A full disk of a node, and what on it is none of its own. */
export async function fullDisk(
  work: Work,
  services: readonly Service[],
  { folder, own }: Disks,
  seen: Seen,
): Promise<Finding | null> {
  const df = await work.shell(`df -P ${folder}/*`, 'Is a disk full?')
  const node = df.stdout.split('\n').flatMap((line) => {
    const [, , , , used, path] = line.trim().split(/\s+/)
    const full = Number.parseInt(used ?? '', 10) >= 99
    return full ? services.filter(({ name }) => path === `${folder}/${name}`) : []
  })[0]
  if (!node) {
    const read = services.filter(({ name }) => df.stdout.includes(`${folder}/${name}`))
    seen.push(
      read.length === services.length ? 'no disk is full' : 'not every disk of the nodes could be read',
    )
    return null
  }
  const findLarge = `find ${folder}/${node.name} -xdev -type f -size +1M -not -path '${own}'`
  const large = (await work.shell(findLarge, 'What on it is none of its data?')).stdout
    .split('\n')
    .filter(Boolean)
  // Core dumps may be deleted. Other files are left to a person.
  const dumps = large.filter((path) => /\/core\.\d+$/.test(path))
  if (dumps.length === 0)
    return { component: node.name, what: `the disk of ${node.name} is full`, remedy: [] }
  return {
    component: node.name,
    what: `the disk of ${node.name} is full: ${dumps.join(', ')}`,
    remedy: [
      { command: `rm ${dumps.join(' ')}`, why: 'A core dump is no data, and the member needs the space.' },
      { command: `svc start ${node.name}`, why: 'There is space again.' },
    ],
  }
}
