import { execFile } from '../../spawn.ts'

/** One answer of `operator doctor`. */
export type Check = {
  group: 'machine' | 'model' | 'subjects' | 'labs' | 'bounds' | 'chaos'
  name: string
  /** The thing that was found, or why it is missing. */
  detail: string
} & (
  | { can: true }
  | { can: false; fix: string /** Nothing that works today waits for it. */; optional?: boolean }
)

export interface Answer {
  ok: boolean
  /** Both streams, trimmed. */
  text: string
}

/** Runs a program for a moment. Never rejects: that it cannot run is an answer. */
export function ask(argv: readonly string[], signal: AbortSignal): Promise<Answer> {
  const [program = '', ...args] = argv
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` }
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5_000, signal, env }, (error, stdout, stderr) => {
      const text = `${stdout}${stderr}`.trim() || (error?.message ?? '')
      resolve({ ok: error === null, text })
    })
  })
}

export const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
