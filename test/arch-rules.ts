/** A source file: its path from the root of the repository, with slashes. */
export interface Source {
  path: string
  text: string
}

/** A thing of ours that is imported: its place under src/. */
export interface Import {
  from: string
  to: string
}

const lowest = ['core', 'store', 'lab', 'chaos', 'subjects', 'monitor', 'agent', 'sandbox']
const operate = [
  'core',
  'yaml.ts',
  'store',
  'lab',
  'monitor',
  'agent',
  'sandbox',
  'subjects',
  'daemon.ts',
  'operate.ts',
]
const everythingBelow = [
  ...lowest,
  'spawn.ts',
  'yaml.ts',
  'daemon.ts',
  'operate.ts',
  'plugins.ts',
  'receive',
  'eval',
]

/** What each layer may import besides itself: folders, or single files. The picture is in docs/tour.md. */
export const layers: Record<string, readonly string[]> = {
  core: [],
  'spawn.ts': [],
  store: ['core'],
  'inside.ts': [],
  lab: ['core', 'inside.ts', 'spawn.ts'],
  chaos: ['core', 'lab/contract.ts'],
  'yaml.ts': ['core'],
  subjects: ['core', 'inside.ts', 'yaml.ts', 'lab/contract.ts'],
  sandbox: ['core', 'lab', 'spawn.ts'],
  monitor: ['core', 'store'],
  receive: ['core', 'store'],
  // What was injected, and how it is judged, must not be knowable from the agent's code.
  agent: ['core', 'store', 'sandbox', 'spawn.ts'],
  'daemon.ts': ['core', 'spawn.ts'],
  'operate.ts': operate,
  // Nothing of the product imports it but what reads plugins, which needs to know their marks.
  sdk: ['core', 'chaos', 'subjects/shared', 'lab/contract.ts', 'spawn.ts', 'eval/report/document.ts'],
  // The conformance suites: published, and used by the tests here. Nothing of the product imports them.
  testing: ['core', 'chaos'],
  'plugins.ts': ['core', 'daemon.ts', 'chaos', 'subjects', 'agent', 'lab/contract.ts', 'sdk/define.ts'],
  eval: [...operate, 'chaos'],
  view: everythingBelow,
  tui: everythingBelow,
  cli: [...everythingBelow, 'view', 'tui'],
}

/** A reader of files, by whatever name, that is given a path below a world's root or one that an endpoint has. */
const ofTheInside =
  /\b(?:open|read|stat|lstat|statfs|access|exists|readdir|readlink|realpath|copy|write|append|create|procFile)\w*\([^)\n]*(?:\/root\b|[`']root\/|\b(?:data|log)Path\b)/g

interface Rule {
  name: string
  /** What is wrong with it, if anything. */
  check(source: Source, code: string): string[]
}

export const rules: Rule[] = [
  { name: 'layers', check: (source) => importsOf(source).flatMap((edge) => layerBroken(edge) ?? []) },
  {
    name: 'database only in store',
    check: ({ path }, code) =>
      isProduct(path) && !path.startsWith('src/store/')
        ? found(code, /'(?:node:sqlite|kysely(?:\/[^']*)?)'/g)
        : [],
  },
  {
    // A child that is started in any other way may get descriptors of whoever started us.
    name: 'one way to start a process',
    check: ({ path }, code) =>
      isProduct(path) && path !== 'src/spawn.ts'
        ? found(code, /['"`](?:(?:node:)?child_process|node:cluster)['"`]|\bprocess\.binding\b/g)
        : [],
  },
  {
    name: 'one clock',
    check: ({ path }, code) =>
      isProduct(path) && path !== 'src/core/clock.ts' ? found(code, /\bDate\.now\b|\bnew Date\(\s*\)/g) : [],
  },
  { name: 'seeded randomness', check: (_, code) => found(code, /\bMath\.random\b/g) },
  {
    name: 'one exit',
    check: ({ path }, code) =>
      isProduct(path) && path !== 'src/cli/main.ts' ? found(code, /\bprocess\.exit\(/g) : [],
  },
  {
    name: 'short files',
    check: ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines > 400 ? [`${lines} lines; 400 are allowed`] : []
    },
  },
  {
    name: 'no test left out',
    check: (_, code) =>
      found(code, /\b(?:test|it|describe|suite|t)\.(?:skip|only|todo)\b|\b(?:skip|only|todo): true\b/g),
  },
  {
    // Who is inside makes links, pipes and devices there: inside.ts opens them so that none of these matters.
    name: 'files inside only by inside.ts',
    check: ({ path }, code) => (isProduct(path) && path !== 'src/inside.ts' ? found(code, ofTheInside) : []),
  },
  {
    // `import` paths are rewritten when the package is built; a path in a string is not, and is missing there.
    name: 'no path to a .ts file',
    check: ({ path }, code) =>
      isProduct(path) ? found(code, /(?<!\bfrom |\bimport |\bimport\()'\.{1,2}\/[^'\n]*\.ts'/g) : [],
  },
]

/** `path: rule: what is wrong`, for every source. */
export function broken(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const code = withoutComments(source.text)
    return rules.flatMap((rule) =>
      rule.check(source, code).map((what) => `${source.path}: ${rule.name}: ${what}`),
    )
  })
}

/** Every import of one of our modules by another, tests aside: they may reach for anything. */
export function importsOf({ path, text }: Source): Import[] {
  if (!isProduct(path)) return []
  const specifiers = withoutComments(text).matchAll(/\b(?:from\s+|import\s+|import\(\s*)'(\.[^']*)'/g)
  return [...specifiers].map(([, specifier]) => ({ from: path, to: resolve(path, specifier ?? '') }))
}

/** The files of each circle of imports, types included: `a -> b -> a`. */
export function circles(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source).map(({ to }) => to)]))
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, above: readonly string[]) => {
    const at = above.indexOf(path)
    if (at >= 0) found.push([...above.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const next of imports.get(path) ?? []) walk(next, [...above, path])
    done.add(path)
  }
  for (const path of imports.keys()) walk(path, [])
  return found
}

const mostFiles = 15

/** Folders of the product that hold too many files to see what is in them. */
export function crowded(paths: readonly string[]): string[] {
  const byFolder = Map.groupBy(
    paths.filter((path) => path.startsWith('src/')),
    (path) => path.slice(0, path.lastIndexOf('/')),
  )
  return [...byFolder].flatMap(([folder, files]) =>
    files.length > mostFiles ? [`${folder}: ${files.length} files; ${mostFiles} are allowed`] : [],
  )
}

function layerBroken({ from, to }: Import): string | undefined {
  const layer = layerOf(from)
  if (layerOf(to) === layer) return
  const allowed = layers[layer]
  if (!allowed) return `'${layer}' has no layer; give it one in test/arch-rules.ts`
  const inside = to.replace(/^src\//, '')
  const isAllowed = allowed.some((place) => inside === place || inside.startsWith(`${place}/`))
  return isAllowed
    ? undefined
    : `imports ${to}; ${layer} may import only: ${allowed.join(' ') || 'nothing of ours'}`
}

/** `src/lab/netns/up.ts` is in `lab`; a file right under src/ is a layer of its own. */
const layerOf = (path: string): string => path.split('/')[1] ?? path

const isProduct = (path: string): boolean => path.startsWith('src/') && !path.endsWith('.test.ts')

const resolve = (from: string, specifier: string): string =>
  decodeURIComponent(new URL(specifier, `file:///${from}`).pathname.slice(1))

const found = (code: string, pattern: RegExp): string[] => [...code.matchAll(pattern)].map(([match]) => match)

const withoutComments = (text: string): string =>
  text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '$1')
