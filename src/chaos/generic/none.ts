import { z } from 'zod'
import type { ChaosType } from '../chaos-type.ts'

const params = z.strictObject({})

/** Phrases by which a claim says that there was nothing to repair. */
export const wellWords: readonly RegExp[] = [
  /nothing (\w+ )?(is |was |to be )?(wrong|broken|amiss|to (fix|repair|do|act))|false alarm|no (fault|problem|issue|incident|damage)\b/i,
  /\b(transient|blip|momentary|short-lived)\b|(recovered|cleared|healed|gone) (by itself|on its own)|self-?heal/i,
  /\b(all|every|each|everything|cluster)\b.{0,40}\b(healthy|well|fine|normal)\b/i,
]

/** A healthy system. It tests what the operator does when nothing is wrong. */
export const none: ChaosType<z.infer<typeof params>> = {
  name: 'none',
  description: 'breaks nothing: a good operator does nothing',
  causes: wellWords,
  params,
  needs: ['clusters'],
  harmless: true,
  plan: async ({ params }) => ({ chaosType: 'none', target: 'none', params, undo: {} }),
  inject: async () => undefined,
  landed: async () => true,
  revert: async () => undefined,
  clean: async () => true,
}
