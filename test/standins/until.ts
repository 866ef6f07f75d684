export { slowed, until } from '../../src/testing/until.ts'
