import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openEvalDb } from '../../src/store/eval/trials.ts'
import { slowed } from '../../src/testing/until.ts'
import { type PastTrial, pastCampaign } from '../standins/stored-trials.ts'
import { ran } from '../standins/viewing.ts'
import { type Block, root } from './pages.ts'

/** A folder in which the commands of one page are run, as in a clone: with a home of their own. */
export interface Workplace extends Disposable {
  folder: string
  home: string
}

/** Cluster ids are one list for the whole machine, which may run these tests twice at a time. */
const ownId = `first-lab-${process.pid}`

/** `blocks`: all of a page. Its YAML that begins with `# file: NAME` becomes that file. */
export function workplace(blocks: readonly Block[]): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'docs of a test-'))
  const home = join(folder, 'home')
  mkdirSync(home)
  symlinkSync(join(root, 'variants'), join(folder, 'variants'))
  // These find what belongs to them by their own path, so links would not do.
  for (const path of ['bin/operator', 'scripts/demo']) {
    mkdirSync(join(folder, path, '..'))
    writeFileSync(join(folder, path), `#!/bin/sh\nexec '${join(root, path)}' "$@"\n`, { mode: 0o755 })
  }
  for (const { text } of blocks) {
    const [, name] = /^# file: (\S+)\n/.exec(text) ?? []
    if (name !== undefined) writeFileSync(join(folder, name), text)
  }
  return { folder, home, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Puts campaigns there as an evaluation leaves them: c1 with two variants and a baseline, c2 with one of these. */
export async function storeTrials({ home }: Workplace): Promise<void> {
  await using db = openEvalDb(join(home, 'eval.db'))
  const seeds = Array.from({ length: 30 }, (_, i) => i + 1)
  const arm = (name: string): PastTrial[] =>
    seeds.map((seed) => ({
      spec: { seed, variant: { name }, baseline: name === 'baseline' },
      transcript: [...ran(1, 'svc status', 'etcd-2 stopped'), ...ran(3, 'rm -rf /var/lib/etcd/etcd-2', '')],
    }))
  await pastCampaign(db, [...arm('default'), ...arm('terse'), ...arm('baseline')], 'two-agents')
  await pastCampaign(db, arm('default'), 'later')
}

const limitMs = 90_000

/** Runs a block as bash would, until it and all that it left in the background have ended. */
export async function run(
  block: Pick<Block, 'text'>,
  { folder, home }: Workplace,
): Promise<{ code: number | null; stdout: string; output: string }> {
  const { PATH = '', HOME = '' } = process.env
  const path = [join(root, 'bin'), dirname(process.execPath), PATH].join(':')
  const script = block.text.replaceAll('first-lab', ownId)
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: { PATH: path, HOME, OPERATOR_HOME: home, TMPDIR: tmpdir() },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what a block leaves in the background can be ended.
    detached: true,
  })
  let stdout = ''
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGTERM')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const late = setTimeout(end, slowed(limitMs))
  const closed = once(child, 'close')
  const [code] = await once(child, 'exit')
  clearTimeout(late)
  // What it left in the background keeps its output open.
  end()
  await closed
  return { code, stdout, output }
}
