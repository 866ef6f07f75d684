import { describe } from 'node:test'
import { docker } from '../src/lab/docker/docker.ts'
import { engine } from '../src/lab/docker/engine/engine.ts'
import { latencyConformance } from './conformance/latency.ts'
import { noDocker } from './standins/docker.ts'

const skip = await noDocker()
describe('a link made slow on Docker', { skip }, async () => {
  const { delay } = await docker.abilities()
  if (!delay.can) return
  latencyConformance(docker, delay, async ({ id }, node) => {
    await engine().ask('POST', `/containers/${id}-delay-${node}/kill`)
  })
})
