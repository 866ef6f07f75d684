import { iso } from '../../core/clock.ts'
import * as store from '../../store/eval/trials.ts'
import { documentOf, type Trial } from '../report/document.ts'
import { figuresIn, trialsIn } from '../report/summaries.ts'
import { figuresOf } from './figures.ts'
import { jsonText } from './json-text.ts'
import type { Source } from './source.ts'

/** A line per trial: its document, all its figures in one flat object, its tickets and its whole transcript. */
export async function* jsonl({ db, which }: Source): AsyncGenerator<string> {
  for await (const trial of trialsIn(db, which))
    yield `${jsonText(wholeDocument(trial, await store.transcript(db, trial.id)))}\n`
}

/** The same trials as one document. */
export async function* json(source: Source): AsyncGenerator<string> {
  yield `{"campaign":${jsonText(source.campaign)},"trials":[`
  let before = '\n'
  for await (const line of jsonl(source)) {
    yield before + line.trimEnd()
    before = ',\n'
  }
  yield '\n]}\n'
}

function wholeDocument(trial: Trial, transcript: Awaited<ReturnType<typeof store.transcript>>) {
  return {
    ...documentOf(trial),
    figures: figuresOf({ ...trial, summary: figuresIn(trial) }),
    claims: trial.record?.sessions.map(({ claim }) => claim) ?? [],
    tickets: trial.record?.tickets ?? [],
    transcript: transcript.map((entry) => ({ ...entry, at: iso(entry.at) })),
  }
}
