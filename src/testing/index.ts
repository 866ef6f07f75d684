/**
 * The published entry `operator-sre/testing`, for tests of a subject. Each suite declares tests of node:test, so call it at the
 * top of a test file: `subjectConformance(redis, startRedis)`.
 */
export { type Liar, type Lie, liar, lies } from './liar.ts'
export { partsConformance } from './parts.ts'
export { runbookConformance } from './runbook.ts'
export { type Running, type SubjectExtras, subjectConformance, untilWell, verdictsOf } from './subject.ts'
export { until } from './until.ts'
export { type Damageable, workloadConformance } from './workload.ts'
