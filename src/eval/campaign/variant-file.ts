import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { knownAgentKinds } from '../../agent/kinds/kinds.ts'
import { modelSpec } from '../../agent/model/model.ts'
import { BadInput, messageOf } from '../../core/errors.ts'
import { toolNames, type Variant, workerBy } from '../../core/work/variant.ts'
import { parseYaml, readYaml, strictKeys } from '../../yaml.ts'

const model = z.string().transform((text, context) => {
  try {
    return modelSpec(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
    return z.NEVER
  }
})

const keys = strictKeys({
  name: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, 'allowed: lower-case letters, digits, . _ -'),
  // When it is read: plugins bring kinds of their own.
  agent: z
    .string()
    .refine((kind) => knownAgentKinds().includes(kind), {
      error: () => `unknown kind of agent; known: ${knownAgentKinds().join(', ')}`,
    })
    .exactOptional(),
  command: z.array(z.string().min(1)).min(1).exactOptional(),
  run_as: z.literal('self').exactOptional(),
  model: model.exactOptional(),
  context_tokens: z.int().min(512).exactOptional(),
  output_tokens: z.int().min(64).exactOptional(),
  system_prompt: z.string().min(1).exactOptional(),
  tools_config: strictKeys({
    tool_choice: z.enum(['auto', 'required']).exactOptional(),
    enabled_tools: z.array(z.enum(toolNames)).exactOptional(),
  }).exactOptional(),
  limits: strictKeys({
    turns: z.int().min(1).max(10_000).exactOptional(),
    session_minutes: z
      .number()
      .positive()
      .max(24 * 60)
      .exactOptional(),
    command_seconds: z
      .number()
      .positive()
      .max(24 * 3_600)
      .exactOptional(),
    cost_usd: z.number().min(0).nullable().exactOptional(),
    tokens: z.int().min(1).nullable().exactOptional(),
  }).exactOptional(),
})

/** Refuses keys that would have no effect. */
const schema = keys.superRefine((variant, context) => {
  const refuse = (key: keyof Variant, message: string, ...path: string[]) =>
    context.addIssue({ code: 'custom', path: [key, ...path], message })
  const { agent } = workerBy(variant, { agent: 'as started', model: null })
  if (agent === 'command' && !variant.command) refuse('command', "needed with 'agent: command'")
  if (agent !== 'command' && variant.command) refuse('command', "only with 'agent: command'")
  if (agent !== 'command' && variant.run_as) refuse('run_as', "only with 'agent: command'")
  for (const key of ['model', 'system_prompt', 'tools_config', 'context_tokens', 'output_tokens'] as const)
    if (agent !== 'llm' && variant[key] !== undefined)
      refuse(key, `only a model heeds that; agent is '${agent}'`)
  for (const key of ['cost_usd', 'tokens'] as const)
    if (agent === 'command' && variant.limits?.[key] !== undefined)
      refuse('limits', 'what a program of yours consumes cannot be seen, and so not limited', key)
  const { tool_choice: choice, enabled_tools: enabled } = variant.tools_config ?? {}
  if (choice === 'required' && enabled?.length === 0)
    refuse('tools_config', "'required' needs a tool to call", 'tool_choice')
  if (variant.name === 'baseline') refuse('name', "'baseline' is what trials without an agent are called")
})

/**
 * A program named by a path with a dot stands beside the variant's file.
 * @throws BadInput naming file, line, column and key.
 */
const readVariant = (path: string): Variant => beside(dirname(path), readYaml(path, schema))

function beside(folder: string, variant: Variant): Variant {
  const [program = '', ...args] = variant.command ?? []
  return /^\.\.?\//.test(program) ? { ...variant, command: [resolve(folder, program), ...args] } : variant
}

/** A person's own variants, then those that come with the program, from a checkout or installed. */
export const variantFolders = (own = 'variants'): string[] => [
  own,
  join(import.meta.dirname, '../../../variants'),
]

/**
 * Every variant in the folders, by name; the first folder that has a name wins.
 * @throws BadInput for a file that is not one: none is skipped in silence.
 */
export function readVariants(folders: readonly string[]): Map<string, Variant> {
  const variants = new Map<string, Variant>()
  for (const folder of folders.filter((folder) => existsSync(folder))) {
    const own = new Map<string, string>()
    for (const name of readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()) {
      const path = join(folder, name)
      const variant = readVariant(path)
      const earlier = own.get(variant.name)
      if (earlier) throw new BadInput(`${path}: name: '${variant.name}' is the name of ${earlier}, too`)
      own.set(variant.name, path)
      if (!variants.has(variant.name)) variants.set(variant.name, variant)
    }
  }
  return variants
}

/** A variant as the command line names it: `{...}` is the variant itself, a path its file, else it is a known one's name. */
export function variantNamed(text: string, folders: readonly string[]): Variant {
  if (text.trimStart().startsWith('{')) return beside('.', parseYaml('--variant', text, schema))
  if (/\/|\.ya?ml$/.test(text)) return readVariant(text)
  const known = readVariants(folders)
  const found = known.get(text)
  if (found) return found
  throw new BadInput(
    `--variant: no variant '${text}'; known: ${[...known.keys()].join(', ')}; or give a file: ./${text}.yaml`,
  )
}
