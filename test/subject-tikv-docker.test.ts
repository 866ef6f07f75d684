import { describe } from 'node:test'
import { docker } from '../src/lab/docker/docker.ts'
import { subjectNamed } from '../src/subjects/subjects.ts'
import { topology } from '../src/subjects/tikv/topology.ts'
import { subjectConformance } from '../src/testing/subject.ts'
import { noDocker } from './standins/docker.ts'

describe('docker', { skip: await noDocker() }, () => {
  subjectConformance(subjectNamed('tikv'), async () => {
    const cluster = await docker.up(topology(3), { signal: new AbortController().signal })
    return {
      endpoints: cluster.endpoints,
      names: cluster.nodes.map(({ name }) => name),
      kill: (name) => cluster.signal(name, 'KILL'),
      start: (name) => cluster.start(name),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    }
  })
})
