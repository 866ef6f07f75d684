import { dirname, resolve } from 'node:path'
import { type Command, InvalidArgumentError, type Option } from 'commander'
import { z } from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'allowed: a text or a number' })
const given = z.union(
  [scalar, z.array(scalar), z.record(z.string(), z.union([scalar, z.record(z.string(), scalar)]))],
  { error: 'allowed: a text or a number, or a list or table of these' },
)
type Given = z.infer<typeof given>

/**
 * The options of a verb as keys of a file: `--cost-per-day 5` is `cost_per_day: 5`. A list repeats the option, and so does a table,
 * as `name=value`. Paths are those beside the file.
 */
export function optionKeys(command: Command, file: string): Record<string, z.ZodType> {
  return Object.fromEntries(command.options.map((option) => [keyOf(option), schemaOf(option, file)]))
}

/** What such keys say, as the verb gets its options; what they leave out is as in `defaults`, else as when it is not typed. */
export function asOptions<Options>(
  command: Command,
  said: Record<string, unknown>,
  defaults: Partial<Options> = {},
): Options {
  const all: Record<string, unknown> = { ...defaults }
  for (const option of command.options) {
    const name = option.attributeName()
    const value = said[keyOf(option)] ?? all[name] ?? option.defaultValue
    if (value !== undefined) all[name] = value
  }
  return all as Options
}

const keyOf = (option: Option): string => option.name().replaceAll('-', '_')

function schemaOf(option: Option, file: string) {
  return given
    .transform((value, context) => {
      try {
        return parsed(option, value, file)
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        context.addIssue({ code: 'custom', message: error.message })
        return z.NEVER
      }
    })
    .optional()
}

function parsed(option: Option, value: Given, file: string): unknown {
  const texts = textsOf(option, value).map((text) =>
    isPath(option, text) ? resolve(dirname(file), text) : text,
  )
  let all: unknown = option.defaultValue
  for (const text of texts) all = option.parseArg ? option.parseArg(text, all) : text
  return all
}

/** A variant may be a file as well as a name. */
const isPath = (option: Option, text: string): boolean =>
  /<file(\|glob)?>/.test(option.flags) ||
  (option.flags.includes('|file|') && /^[^{]*(\/|\.ya?ml$)/.test(text))

/** One text for each time that the option would be typed. */
function textsOf(option: Option, value: Given): string[] {
  if (typeof value !== 'object') return [String(value)]
  const listed = Array.isArray(value)
    ? value.map(String)
    : Object.entries(value).flatMap(([name, one]) =>
        typeof one === 'object'
          ? Object.entries(one).map(([port, place]) => `${name}:${port}=${place}`)
          : [`${name}=${one}`],
      )
  // The one option that is a list in itself.
  return option.flags.includes('<list>') ? [listed.join(',')] : listed
}
