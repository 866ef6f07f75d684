import { subjectNamed } from '../src/subjects/subjects.ts'
import { partsConformance } from '../src/testing/parts.ts'
import { runbookConformance } from '../src/testing/runbook.ts'
import { subjectConformance } from '../src/testing/subject.ts'
import { startTikv } from './standins/tikv/local.ts'

const tikv = subjectNamed('tikv')
partsConformance(tikv)
runbookConformance(tikv)
subjectConformance(tikv, () => startTikv())
