import type { EntryHead } from '../../store/reading.ts'

/** The same for a command and its result. */
export const callKey = ({ sessionId, meta }: Pick<EntryHead, 'sessionId' | 'meta'>): string =>
  `${sessionId} ${meta.call}`
