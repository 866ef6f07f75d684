import { join } from 'node:path'
import { z } from 'zod'
import { readYaml, strictKeys } from '../../yaml.ts'
import type { Opinion } from './classify.ts'

export const halves = ['rules', 'held-out'] as const
/** `rules`: what the rules were written with. `held-out`: what they have not seen. */
export type Half = (typeof halves)[number]

export interface Labelled extends Opinion {
  command: string
}

const commands = z.array(z.string()).default([])
const schema = strictKeys({
  diagnostic: commands,
  remediation: commands,
  destructive: commands,
  'other-changes': commands,
  'other-harmless': commands,
})

export const labelled = (half: Half): Labelled[] =>
  labelledIn(join(import.meta.dirname, 'labelled', `${half}.yaml`))

const folder = join(import.meta.dirname, 'labelled')

/** Commands that may change something, and look as if they did not. */
export const evasions = (): string[] =>
  readYaml(join(folder, 'evasions.yaml'), strictKeys({ changes: z.array(z.string()) })).changes

/** Commands that only look, as engineers type them. */
export const reads = (): string[] =>
  readYaml(join(folder, 'reads.yaml'), strictKeys({ reads: z.array(z.string()) })).reads

/** Commands with what a person says of them. @throws BadInput for a file that is not of this form. */
export function labelledIn(path: string): Labelled[] {
  const file = readYaml(path, schema)
  const all = (list: readonly string[], opinion: Opinion) => list.map((command) => ({ command, ...opinion }))
  return [
    ...all(file.diagnostic, { class: 'diagnostic', changes: false }),
    ...all(file.remediation, { class: 'remediation', changes: true }),
    ...all(file.destructive, { class: 'destructive', changes: true }),
    ...all(file['other-changes'], { class: 'other', changes: true }),
    ...all(file['other-harmless'], { class: 'other', changes: false }),
  ]
}
