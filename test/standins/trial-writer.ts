import { openEvalDb } from '../../src/store/eval/trials.ts'
import { pastCampaign } from './stored-trials.ts'
import { ran } from './viewing.ts'

// `node trial-writer.ts EVAL_DB N`: writes campaigns as a lane does, one after the other.
const [path = '', times = ''] = process.argv.slice(2)
await using db = openEvalDb(path)
for (let i = 0; i < Number(times); i++)
  await pastCampaign(
    db,
    Array(4).fill({ transcript: ran(1, `written ${process.pid}`, 'line\n'.repeat(500)) }),
  )
