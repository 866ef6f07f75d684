/** How a program is started in such a place. */
export interface Route {
  /** argv that runs a program there, with our standard input as its own. */
  argv(program: readonly string[]): string[]
  env: Record<string, string | undefined>
}

/** Routes by name: one, or one for each host. */
export interface Routes extends AsyncDisposable {
  named: Readonly<Record<string, Route>>
}

/** What such a program needs of our environment. Keys of models are not among it. */
export const plain = (...more: string[]): Record<string, string | undefined> =>
  Object.fromEntries(['PATH', 'HOME', 'LANG', ...more].map((name) => [name, process.env[name]]))
