import { z } from 'zod'

/** A whole number in its unit; also as text. */
export const whole = (unit: string, least: number, most: number) =>
  number(unit, least, most).refine(Number.isInteger, `a whole number of ${unit}`)

/** A number in its unit; also as text. */
export function number(unit: string, least: number, most: number) {
  const range = `${unit} from ${least} to ${most}`
  return z
    .union([z.number(), z.string().regex(/^\s*-?[\d.]+\s*$/, `a number: ${range}`)], `a number: ${range}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, range)
}

/** The value may also be text. */
export const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'true or false',
)
