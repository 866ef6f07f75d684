import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The default folder of the databases: OPERATOR_HOME, else the XDG data folder. */
export function operatorHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.OPERATOR_HOME) return env.OPERATOR_HOME
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local', 'share'), 'operator')
}

/** The parent folder of trials while they run. */
export const trialsFolder = (evalDb: string): string => `${evalDb}.trials`

/** Databases that a process may find: its own, those of the home folder, and its trial's. */
export function databasesAround(operatorDb: string, home = operatorHome()): string[] {
  const trials = dirname(dirname(resolve(operatorDb)))
  const around = [resolve(operatorDb), operatorDbPath(home), evalDbPath(home)]
  const evalDb = trials.endsWith('.trials') ? trials.slice(0, -'.trials'.length) : null
  return [...new Set(evalDb ? [...around, evalDb] : around)]
}

export const operatorDbPath = (home = operatorHome()): string => join(home, 'operator.db')
export const evalDbPath = (home = operatorHome()): string => join(home, 'eval.db')
