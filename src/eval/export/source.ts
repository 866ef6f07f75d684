import type { Campaign, EvalDb } from '../../store/eval/trials.ts'
import type { Selection } from '../report/summaries.ts'

/** The data of an export: a campaign, or one trial of it. */
export interface Source {
  db: EvalDb
  which: Exclude<Selection, 'all'>
  campaign: CampaignHead
}

/** The campaign as documents name it. */
export interface CampaignHead extends Pick<Campaign, 'name' | 'seed'> {
  id: string
  started: string
  ended: string | null
}

export interface Format {
  /** One line for lists. */
  title: string
  /** The text, piece by piece as trials are read: no campaign is too long for it. */
  write(source: Source): AsyncIterable<string>
}
