import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Fact } from '../../core/watch/subject.ts'
import type { TrialRecord } from '../../eval/record.ts'
import { count } from './format.ts'
import { empty, type Html, scrolling } from './page.ts'

interface StateRow {
  name: string
  /** Values before the fault, with it, and at the end; null: not reported. */
  values: (readonly string[] | null)[]
  /** The value has changed. */
  isOther: boolean
  keep: Fact['keep']
}

/** The difference between the states before and after: changed values come first, the rest is folded. */
export function stateDifference({ states }: TrialRecord) {
  const { initial, broken, final, drops } = states ?? { initial: null, broken: null, final: null, drops: [] }
  const facts = initial ?? broken ?? final
  if (!facts) return empty('Nothing was recorded of its state.')
  const rows = facts.map((fact): StateRow => {
    const values = [initial, broken, final].map((all) => valueIn(all, fact))
    const [was, , is] = values
    return {
      name: fact.node === undefined ? fact.name : `${fact.name} of ${fact.node}`,
      values,
      isOther: !!was && !!is && textOf(was) !== textOf(is),
      keep: fact.keep,
    }
  })
  const [other, same] = [rows.filter(({ isOther }) => isOther), rows.filter(({ isOther }) => !isOther)]
  return html`${other.length > 0 ? stateTable('What is not as it was', other) : html`<p>At the end all of it was as before.</p>`}
${same.length > 0 ? html`<details id="same"><summary>${same.length === 1 ? 'one fact that is as it was' : `${count(same.length)} facts that are as they were`}</summary>${stateTable('What is as it was', same)}</details>` : ''}
${drops.map(({ name, from, to }) => html`<p class="warning">${inert(name)} fell from ${from} to ${to}.</p>`)}`
}

const textOf = (values: readonly string[]): string => JSON.stringify(values.toSorted())

function valueIn(all: readonly Fact[] | null, { name, node }: Fact): readonly string[] | null {
  const fact = all?.find((one) => one.name === name && one.node === node)
  if (!fact) return null
  return typeof fact.value === 'object' ? fact.value : [String(fact.value)]
}

/** New and removed members of a set, compared with the state before. */
function difference(was: readonly string[] | null, is: readonly string[] | null): Html | string {
  if (!is) return '-'
  const gone = was && (was.length > 1 || is.length !== 1) ? was.filter((one) => !is.includes(one)) : []
  const parts = [
    ...is.map((one) => (was?.includes(one) === false ? html`<ins>${inert(one)}</ins>` : html`${inert(one)}`)),
    ...gone.map((one) => html`<del>${inert(one)}</del>`),
  ]
  return parts.length === 0 ? 'none' : html`${parts.map((part, i) => html`${i > 0 ? ', ' : ''}${part}`)}`
}

const owed: Record<Fact['keep'], string> = {
  same: 'has to stay',
  grows: 'only grows',
  free: 'may change',
}

const stateTable = (title: string, rows: readonly StateRow[]) =>
  scrolling(
    title,
    html`<table class="list"><thead><tr><th scope="col">fact</th><th scope="col">before the fault</th><th scope="col">with it</th><th scope="col">at the end</th><th scope="col"></th></tr></thead><tbody>${rows.map(
      ({ name, values, isOther, keep }) => {
        const isWrong = isOther && keep === 'same'
        const [was = null] = values
        return html`<tr class="${isWrong ? 'changed' : ''}"><th scope="row">${inert(name)}</th>${values.map(
          (value) => html`<td class="wrap">${difference(was, value)}</td>`,
        )}<td>${isWrong ? html`<b>has to stay, and changed</b>` : owed[keep]}</td></tr>`
      },
    )}</tbody></table>`,
  )
