/** A service of the host, as `svc status` shows it. */
export interface Service {
  name: string
  state: 'running' | 'paused' | 'stopped'
  pid: number | null
  /** A signal ended it: nothing about the member itself kept it from running. */
  killed: boolean
  /** How a stopped one ended, in the words of `svc`; empty when it never ran. */
  ended: string
}

/** A problem and its remedy. */
export interface Finding {
  component: string
  what: string
  /** Empty: known, but nothing this procedure dares to do. */
  remedy: Step[]
  /** Called once everything is healthy again: returns a problem that is left. */
  after?(): Promise<string | null>
}

export interface Step {
  command: string
  why: string
}

/** `etcd-2  stopped  ended ...` or `etcd-1  running  pid 123  since ...`, a service a line. */
export function servicesIn(status: string): Service[] {
  return status.split('\n').flatMap((line): Service[] => {
    const [name, state, , pid] = line.trim().split(/\s+/)
    if (!name || (state !== 'running' && state !== 'paused' && state !== 'stopped')) return []
    const stopped = state === 'stopped'
    const ended = (stopped && /\b(by signal \S+|with status \d+)/.exec(line)?.[1]) || ''
    return [{ name, state, pid: stopped ? null : Number(pid), killed: ended.startsWith('by signal'), ended }]
  })
}

export const namesOf = (services: readonly Service[]): string => services.map(({ name }) => name).join(', ')

/** Services that do not run, with how each ended. */
export const notRunning = (services: readonly Service[]): string =>
  services
    .map(({ name, ended, killed }) => {
      const how = killed ? ended.replace(/^by/, 'killed by') : ended && `ended ${ended}`
      return `${name} not running${how && ` (${how})`}`
    })
    .join(', ')

/** Processes that a signal holds. */
export const paused = (held: readonly Service[]): Finding => ({
  component: held.map(({ name }) => name).join(','),
  what: `the process of ${namesOf(held)} is stopped by a signal (state T)`,
  remedy: [
    {
      command: `kill -CONT ${held.map(({ pid }) => pid).join(' ')}`,
      why: 'A process that was stopped by a signal is continued; it has lost nothing.',
    },
  ],
})
