import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)
/** nodejs.org, Single executable applications. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/**
 * A folder to put on PATH, with the stand-ins as `pd-server` and `tikv-server`. Each is one file that needs nothing of
 * this host's but its C library, since nothing else is there inside a cluster. Made once for each version of them.
 */
export async function standInFolder(): Promise<string> {
  const bundled = await build({
    entryPoints: [join(import.meta.dirname, 'program.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'error',
  })
  const code = bundled.outputFiles[0]?.text ?? ''
  const version = createHash('sha256').update(code).update(process.version).digest('hex').slice(0, 12)
  const folder = join(tmpdir(), `tikv-${userInfo().username}-${version}`)
  if (existsSync(folder)) return folder
  const fresh = mkdtempSync(`${folder}-`)
  const at = (name: string) => join(fresh, name)
  writeFileSync(at('main.cjs'), code)
  writeFileSync(
    at('sea.json'),
    JSON.stringify({ main: at('main.cjs'), output: at('blob'), disableExperimentalSEAWarning: true }),
  )
  const quiet: ExecFileSyncOptions = { stdio: ['ignore', 'ignore', 'pipe'] }
  execFileSync(process.execPath, ['--experimental-sea-config', at('sea.json')], quiet)
  copyFileSync(process.execPath, at('tikv-server'))
  chmodSync(at('tikv-server'), 0o755)
  const postject = join(require.resolve('postject'), '../cli.js')
  execFileSync(
    process.execPath,
    [postject, at('tikv-server'), 'NODE_SEA_BLOB', at('blob'), '--sentinel-fuse', fuse],
    quiet,
  )
  symlinkSync('tikv-server', at('pd-server'))
  for (const name of ['main.cjs', 'sea.json', 'blob']) rmSync(at(name))
  chmodSync(fresh, 0o755)
  try {
    renameSync(fresh, folder)
  } catch (error) {
    // Somebody else made it meanwhile.
    if (!existsSync(folder)) throw error
    rmSync(fresh, { recursive: true })
  }
  return folder
}

if (import.meta.main) process.stdout.write(`${await standInFolder()}\n`)
