// Runs one command in a lab's sandbox until it is killed: `node sandbox-user.ts LAB CLUSTER_ID COMMAND`.
import { labNamed } from '../../src/lab/labs.ts'
import { labSandbox } from '../../src/sandbox/lab.ts'
import { slowed } from './until.ts'

const [, , lab = '', id = '', command = ''] = process.argv
const sandbox = labSandbox(await labNamed(lab).attach(id))
const signal = new AbortController().signal
await sandbox.exec(command, {
  timeoutMs: slowed(60_000),
  signal,
  maxBytes: 100_000,
  onOutput: (text) => process.stdout.write(text),
})
