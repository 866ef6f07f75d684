import { subjectNamed } from '../src/subjects/subjects.ts'
import { partsConformance } from '../src/testing/parts.ts'
import { runbookConformance } from '../src/testing/runbook.ts'
import { subjectConformance } from '../src/testing/subject.ts'
import { startEtcd } from './standins/etcd.ts'

const etcd = subjectNamed('etcd')
partsConformance(etcd)
runbookConformance(etcd)
subjectConformance(etcd, () => startEtcd())
