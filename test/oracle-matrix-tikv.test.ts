import { test } from 'node:test'
import { allTypesIn, oracleMatrix } from './conformance/oracle.ts'
import { cells, kinds } from './standins/cheats-tikv.ts'
import { standInsOnPath } from './standins/tikv/arena.ts'

await standInsOnPath()
oracleMatrix('the oracle of TiKV, cell by cell', cells)

test('every chaos type of TiKV is there', () => {
  allTypesIn(kinds, 'tikv', cells)
})
