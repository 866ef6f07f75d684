/**
 * Writes the pages of docs/ that follow from the code.
 *   scripts/docs.ts            writes them (npm run docs)
 *   scripts/docs.ts --check    exit 1, and says which, when one of them is not what the code says
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliPage } from './docs/cli.ts'

const root = join(import.meta.dirname, '..')
/** Path from the root of the repository, and the text that belongs there. */
const pages: Record<string, () => Promise<string>> = {
  'docs/cli.md': cliPage,
}

const stale: string[] = []
for (const [path, write] of Object.entries(pages)) {
  const file = join(root, path)
  const text = await write()
  if (text === readIfThere(file)) continue
  stale.push(path)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
}
if (process.argv.includes('--check') && stale.length > 0) {
  process.stderr.write(`not what the code says; npm run docs writes it: ${stale.join(', ')}\n`)
  process.exitCode = 1
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
