import type { Context } from 'hono'
import type { Clock } from '../core/clock.ts'
import type { EvalSchema } from '../store/eval/schema.ts'
import type { OperatorSchema } from '../store/operator/schema.ts'
import type { Changes } from './data/changes.ts'
import type { Opened } from './data/opened.ts'
import type { Access } from './guard.ts'
import type { Page } from './parts/page.ts'

export interface Databases {
  evaluation: Opened<EvalSchema> | null
  operation: Opened<OperatorSchema> | null
}

export interface AppOptions extends Databases {
  access: Access
  clock: Clock
  /** Aborts when the viewer stops. */
  signal: AbortSignal
}

/** Settings that the pages of both databases share. */
export interface Shared extends AppOptions {
  show: Show
  changes: Changes
}

/** Shows a page in its frame. null: not found. */
export type Show = (c: Context, page: Page | null) => Response | Promise<Response>
