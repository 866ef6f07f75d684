import { stringify } from 'csv-stringify/sync'
import { eachLine } from '../report/summaries.ts'
import { figuresOf } from './figures.ts'
import type { Source } from './source.ts'

/**
 * RFC 4180, a row per trial. Texts that a spreadsheet would take for a formula get a `'` before them
 * (https://owasp.org/www-community/attacks/CSV_Injection): names and reasons come from clusters and agents.
 */
export async function* csv({ db, which }: Source): AsyncGenerator<string> {
  let isFirst = true
  for await (const line of eachLine(db, which)) {
    yield stringify([figuresOf(line)], {
      header: isFirst,
      record_delimiter: '\r\n',
      escape_formulas: true,
      // A lone line feed is no delimiter here, but it is to most readers.
      quoted_match: /[\r\n]/,
    })
    isFirst = false
  }
}
