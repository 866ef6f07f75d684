/** A viewer of `argv[2]` for somebody who may read that file and write nothing beside it. Prints its address; ends with its input. */

import { existingEvalDb } from '../../src/store/eval/trials.ts'
import { campaignHeads } from '../../src/store/reading.ts'
import { viewerOf } from './viewing.ts'

const path = process.argv[2] ?? ''
// Root may write everywhere. What is loaded is loaded by then: nobody else need be able to read this checkout.
if (process.getuid?.() === 0) {
  process.setegid?.(65_432)
  process.seteuid?.(65_432)
}
await using db = existingEvalDb(path)
const campaigns = await campaignHeads(db)
await using viewer = await viewerOf({ evalDb: path })
console.log(JSON.stringify({ url: viewer.url, campaigns: campaigns.length }))
process.stdin.resume()
await new Promise((resolve) => process.stdin.once('end', resolve))
