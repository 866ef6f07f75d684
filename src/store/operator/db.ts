import type { Kysely, Transaction } from 'kysely'
import type { OperatorSchema } from './schema.ts'

/** The operator's database, or a transaction on it. */
export type Db = Kysely<OperatorSchema> | Transaction<OperatorSchema>
