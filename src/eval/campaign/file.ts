import { z } from 'zod'
import type { ChaosType } from '../../chaos/chaos-type.ts'
import { whyNotOne } from '../../chaos/target.ts'
import { parseYaml, readText, strictKeys } from '../../yaml.ts'

/** The names that a campaign may use. */
export interface Known {
  subjects: readonly string[]
  chaosTypes: Record<string, ChaosType>
  variants: readonly string[]
}

const oneOf = (what: string, known: readonly string[]) =>
  z.string().refine((name) => known.includes(name), { error: `unknown ${what}; known: ${known.join(', ')}` })

/** A fault as a campaign names it; its parameters are checked by its chaos type. */
function faultKeys({ chaosTypes }: Known) {
  return {
    type: oneOf('chaos type', Object.keys(chaosTypes)),
    params: z.record(z.string(), z.unknown()).default({}),
    target: z.string().default('random'),
    allow_quorum_loss: z.boolean().default(false),
  }
}

/** The keys of an object's schema, also when rules apply to several keys. */
function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodPipe) return keysOf(schema.in)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** Checks the parameters and how many targets by their chaos type, and fills in its defaults. */
function withParams({ chaosTypes }: Known) {
  return <F extends { type: string; target: string; params: Record<string, unknown> }>(
    fault: F,
    context: z.RefinementCtx,
  ): F => {
    const type = chaosTypes[fault.type]
    const schema = type?.params
    const result = schema?.safeParse(fault.params)
    if (result?.success) {
      const message = type?.takesOne?.(result.data) && whyNotOne(fault.target)
      if (message) context.addIssue({ code: 'custom', path: ['target'], message })
      return { ...fault, params: result.data as F['params'] }
    }
    const known = keysOf(schema).join(', ')
    for (const issue of result?.error?.issues ?? []) {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : [null]
      for (const key of keys)
        context.addIssue({
          code: 'custom',
          path: ['params', ...issue.path, ...(key === null ? [] : [key])],
          message: key === null ? issue.message : `unknown key; known: ${known || 'none'}`,
        })
    }
    return fault
  }
}

/** Twice the same would be two arms or columns of one name. */
const once = (schema: z.ZodArray<z.ZodType<string>>) =>
  schema.superRefine((names, context) => {
    for (const [i, name] of names.entries())
      if (names.indexOf(name) < i)
        context.addIssue({ code: 'custom', path: [i], message: `'${name}' is named twice` })
  })

/** Files or packages, from the campaign's own folder. */
const pluginKey = { plugins: z.array(z.string().min(1)).default([]) }

/** The plugins of a campaign file. They have to be loaded before the rest of the file can be checked. */
export const pluginsOf = (path: string, text: string): string[] =>
  parseYaml(path, text, z.looseObject(pluginKey)).plugins

function schemaOf(known: Known) {
  const fault = strictKeys(faultKeys(known)).transform(withParams(known))
  const chaos = strictKeys({
    ...faultKeys(known),
    /** Injected at the same moment as the first. */
    with: z.array(fault).max(3).default([]),
  })
    .superRefine(({ type, with: others }, context) => {
      const types = [type, ...others.map((other) => other.type)]
      for (const [i, one] of types.entries())
        if (types.indexOf(one) < i)
          context.addIssue({
            code: 'custom',
            path: ['with', i - 1, 'type'],
            message: `${one} is there already; one fault may have several targets: etcd-1,etcd-2`,
          })
    })
    .transform(withParams(known))
  const variant = oneOf('variant', known.variants)
  return strictKeys({
    name: z.string().min(1).max(100),
    ...pluginKey,
    subjects: once(z.array(oneOf('subject', known.subjects)).min(1)),
    chaos_types: z.array(chaos).min(1),
    trials_per_combination: z.int().min(1).max(10_000).default(1),
    variant: variant.optional(),
    variants: once(z.array(variant).min(1)).optional(),
    parallel: z.int().min(1).max(64).default(1),
    cooldown_seconds: z.number().min(0).max(3600).default(0),
    include_baseline: z.boolean().default(false),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional(),
    settle_seconds: z.number().min(1).max(600).optional(),
    size: z.int().min(1).max(9).optional(),
    load: strictKeys({
      clients_per_node: z.int().min(1).max(64),
      ops_per_client: z.int().min(1).max(1_000),
    }).optional(),
    limits: strictKeys({
      trial_minutes: z.number().positive().max(600).optional(),
      campaign_minutes: z.number().positive().optional(),
      cost_usd: z.number().positive().optional(),
    }).default({}),
  }).superRefine(({ variant, variants }, context) => {
    if (variant !== undefined && variants !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['variant'],
        message: "give 'variant' or 'variants', not both",
      })
  })
}

/** A campaign as its file has it, checked and with its defaults. */
export type CampaignFile = z.infer<ReturnType<typeof schemaOf>>

/** @throws BadInput naming file, line, column and key of everything that is wrong. */
export const readCampaign = (path: string, known: Known, text = readText(path)): CampaignFile =>
  parseYaml(path, text, schemaOf(known))

export const variantsOf = (file: CampaignFile): string[] => file.variants ?? [file.variant ?? 'default']
