import type { Clock } from '../../../core/clock.ts'
import type { ResolvedModel } from '../../model/model.ts'
import { refusalIn } from './refusal.ts'

const maxChanges = 5

/** Asks again in another form where the server refuses the form, and remembers it for that server. */
export async function learning<T>(model: ResolvedModel, clock: Clock, ask: () => Promise<T>): Promise<T> {
  const { adjustments } = model.endpoint
  for (let changes = 0; ; changes++)
    try {
      return await ask()
    } catch (error) {
      const refusal = refusalIn(error, clock, adjustments)
      if (refusal.kind !== 'adjust' || changes >= maxChanges) throw error
      adjustments.add(refusal.adjustment)
    }
}
