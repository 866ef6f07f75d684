import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Where databases live unless told otherwise: OPERATOR_HOME, else the XDG data folder. */
export function operatorHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.OPERATOR_HOME) return env.OPERATOR_HOME
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local', 'share'), 'operator')
}

/** Where the trials of an evaluation have their folders while they run. */
export const trialsFolder = (evalDb: string): string => `${evalDb}.trials`

/** The databases that a process which works on one of them can expect: its own, those of the home, and of its trial. */
export function databasesAround(operatorDb: string, home = operatorHome()): string[] {
  const trials = dirname(dirname(resolve(operatorDb)))
  const around = [resolve(operatorDb), operatorDbPath(home), evalDbPath(home)]
  const evalDb = trials.endsWith('.trials') ? trials.slice(0, -'.trials'.length) : null
  return [...new Set(evalDb ? [...around, evalDb] : around)]
}

export const operatorDbPath = (home = operatorHome()): string => join(home, 'operator.db')
export const evalDbPath = (home = operatorHome()): string => join(home, 'eval.db')
