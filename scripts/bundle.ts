import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')

/** They look for files beside their own modules, and only TiKV's workload loads them. */
const unbundled = ['@grpc/grpc-js', 'protobufjs', 'protobufjs/*']

/** A process that runs from an older bundle may still load parts of it. */
const keptMs = 7 * 86_400_000

/**
 * Writes the command line into `folder` as a few files: to find and read its 600 modules takes longer than to run them. A module
 * still finds the files that it reads beside itself: they stay where they are.
 * @param modules where those are: `src`, or `dist` in the package
 */
export async function bundle(folder: string, modules: 'src' | 'dist'): Promise<void> {
  const startedAt = new Date()
  const { outputFiles } = await build({
    entryPoints: [join(source, 'cli/main.ts')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: unbundled,
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
    write: false,
    banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
    plugins: [modulesOfNode, ownPlace(folder, join(root, modules), modules === 'src' ? '.ts' : '.js')],
  })
  mkdirSync(folder, { recursive: true })
  // All names but that of the entry change with the content, so the entry comes last and at once.
  for (const { path, contents } of outputFiles) {
    const file = `${path}.${process.pid}`
    writeFileSync(file, contents)
    if (!isEntry(path)) renameSync(file, path)
  }
  for (const { path } of outputFiles.filter((file) => isEntry(file.path))) {
    const file = `${path}.${process.pid}`
    // What is edited while this runs is newer than the bundle.
    utimesSync(file, startedAt, startedAt)
    renameSync(file, path)
  }
  removeOld(folder, new Set(outputFiles.map(({ path }) => basename(path))))
}

const isEntry = (path: string): boolean => /^main\.js(\.map)?$/.test(basename(path))

function removeOld(folder: string, current: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (current.has(name) || !existsSync(file)) continue
    if (Date.now() - statSync(file).mtimeMs > keptMs) rmSync(file, { force: true })
  }
}

/** `import` of a module of Node's makes everything that it exports, of `node:http` all of undici; this only what is used. */
const modulesOfNode: Plugin = {
  name: 'modules of Node',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace: 'node' },
    )
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== 'default')
      const all = `const all = process.getBuiltinModule(${JSON.stringify(path)})\nexport default all`
      const each = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})()`)
      return { contents: [all, ...each].join('\n') }
    })
  },
}

/** `import.meta` names the module's own file, not that of the bundle. */
const ownPlace = (folder: string, modules: string, extension: string): Plugin => ({
  name: 'own place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (!path.startsWith(source) || !text.includes('import.meta')) return null
      const place = relative(folder, join(modules, relative(source, path)).replace(/\.ts$/, extension))
      const meta = [
        'const importMeta = (({ fileURLToPath }, url) => ({ url: url.href, filename: fileURLToPath(url), main: false,',
        "dirname: fileURLToPath(new URL('.', url)).slice(0, -1) }))",
        `(process.getBuiltinModule('node:url'), new URL(${JSON.stringify(place)}, import.meta.url));`,
      ]
      return { contents: meta.join(' ') + text.replaceAll('import.meta', 'importMeta'), loader: 'ts' }
    })
  },
})

if (import.meta.main) await bundle(join(root, '.tools/bundle'), 'src')
