import type { Format } from './source.ts'

/** Loaded when used: no other verb waits for their libraries. */
export const formats: Record<string, Format> = {
  json: {
    title: 'everything of every trial, with transcripts, as one document',
    write: async function* (source) {
      yield* (await import('./json.ts')).json(source)
    },
  },
  jsonl: {
    title: 'the same, a trial a line',
    write: async function* (source) {
      yield* (await import('./json.ts')).jsonl(source)
    },
  },
  csv: {
    title: 'figures, a trial a row, for spreadsheets and statistics',
    write: async function* (source) {
      yield* (await import('./csv.ts')).csv(source)
    },
  },
  junit: {
    title: 'test cases, as CI systems show them',
    write: async function* (source) {
      yield* (await import('./junit.ts')).junit(source)
    },
  },
  atif: {
    title: 'trajectories (ATIF 1.7), a session a line, or a file each where --output is a folder',
    write: async function* (source) {
      yield* (await import('./atif.ts')).atif(source)
    },
  },
}
