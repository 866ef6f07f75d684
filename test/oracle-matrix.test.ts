import { test } from 'node:test'
import { allTypesIn, oracleMatrix } from './conformance/oracle.ts'
import { cheats } from './standins/cheats.ts'
import { kinds, perType } from './standins/fixes.ts'

oracleMatrix('the oracle, type by type', perType)

test('every chaos type of etcd has somebody who does nothing, and the right fix or why there is none', () => {
  allTypesIn(kinds, 'etcd', [...perType, ...cheats])
})
