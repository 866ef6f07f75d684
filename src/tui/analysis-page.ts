import { sectionsOf } from '../eval/report/analysis-tables.ts'
import type { Analysis } from '../eval/report/analyze.ts'
import { inert, table } from './text.ts'

/** A campaign in figures, for a person at a terminal. */
export const analysisPage = (analysis: Analysis): string =>
  sectionsOf(analysis)
    .map((section) => {
      if (typeof section === 'string') return section
      const rows = section.rows.map((row) => row.map((cell) => inert(String(cell))))
      return `${section.title}\n${table(section.head, rows)}`
    })
    .join('\n\n')
