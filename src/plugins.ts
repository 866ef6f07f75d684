import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { addAgentKind } from './agent/kinds/kinds.ts'
import type { ChaosType } from './chaos/chaos-type.ts'
import { addChaosType } from './chaos/faults.ts'
import { BadInput, messageOf } from './core/errors.ts'
import type { Subject } from './core/watch/subject.ts'
import { handOnPlugin } from './daemon.ts'
import { capabilities } from './lab/contract.ts'
import { type Agent, type Marked, mark } from './sdk/define.ts'
import { addSubject } from './subjects/subjects.ts'

/** In the order in which they are named, and handed on to all processes that this one starts. */
export async function loadPlugins(names: readonly string[], folder?: string): Promise<void> {
  for (const name of names) {
    const path = await loadPlugin(name, folder)
    if (path !== null) handOnPlugin(path)
  }
}

const loaded = new Set<string>()

/**
 * Loads a module of somebody else's and adds what it defines to every list. It runs with all rights of this process.
 * @returns its absolute path, so that other processes find the same one wherever they start; null: it is loaded already.
 * @throws BadInput when it cannot be found or loaded, defines nothing, or defines what is there already.
 */
async function loadPlugin(name: string, folder = process.cwd()): Promise<string | null> {
  const path = pathOf(name, folder)
  if (loaded.has(path)) return null
  const exported = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new BadInput(`--plugin ${name}: cannot be loaded: ${messageOf(error)}`)
  })
  const definitions = new Set(Object.values(exported).flat().filter(isMarked))
  if (definitions.size === 0)
    throw new BadInput(
      `--plugin ${name}: exports nothing that defineSubject, defineChaosType or defineAgent returned`,
    )
  for (const definition of definitions) {
    try {
      add(definition)
    } catch (error) {
      throw new BadInput(`--plugin ${name}: ${messageOf(error)}`)
    }
  }
  loaded.add(path)
  return path
}

/** A path is relative to `folder`; anything else is a package that can be imported from there. */
function pathOf(name: string, folder: string): string {
  if (/^\.{0,2}\//.test(name) || isAbsolute(name) || /\.[cm]?[jt]s$/.test(name)) {
    const path = resolve(folder, name)
    if (existsSync(path) && statSync(path).isFile()) return path
    throw new BadInput(`--plugin ${name}: there is no such file`)
  }
  try {
    return createRequire(join(folder, 'plugin')).resolve(name)
  } catch {
    throw new BadInput(
      `--plugin ${name}: no such package in ${folder}; install it there, or give a file: ./${name}.ts`,
    )
  }
}

type Definition = Marked & (Subject | ChaosType | Agent)

const isMarked = (value: unknown): value is Definition =>
  typeof value === 'object' && value !== null && mark in value

/** A plugin need not have been type-checked. Only what would fail far from its cause is looked at. */
const needed = {
  subject: z.looseObject({
    title: z.string(),
    prompt: z.string(),
    invariants: z.array(
      z.looseObject({ name: z.string(), scope: z.enum(['node', 'cluster']), check: z.function() }),
    ),
    connect: z.function(),
  }),
  'chaos type': z.looseObject({
    description: z.string(),
    causes: z.array(z.instanceof(RegExp)),
    // A plugin may have a zod of its own.
    params: z.looseObject({ safeParse: z.function() }),
    needs: z.array(z.enum(capabilities)),
    plan: z.function(),
    inject: z.function(),
    landed: z.function(),
    revert: z.function(),
    clean: z.function(),
  }),
  agent: z.looseObject({ work: z.function() }),
}

function add(definition: Definition): void {
  const kind = definition[mark]
  const { name } = definition
  if (kind === undefined || !Object.hasOwn(needed, kind))
    throw new BadInput(`it defines '${kind}', which this version does not know`)
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]*$/.test(name))
    throw new BadInput(`${kind} '${name}': allowed in a name are lower-case letters, digits, _ and -`)
  const checked = needed[kind].safeParse(definition)
  if (!checked.success) throw new BadInput(`${kind} '${name}': ${z.prettifyError(checked.error)}`)
  if (kind === 'subject') addSubject(definition as Subject)
  if (kind === 'chaos type') addChaosType(definition as ChaosType)
  if (kind === 'agent') addAgentKind(definition as Agent)
}
