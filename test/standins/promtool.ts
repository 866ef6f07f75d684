import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../src/lab/netns/programs.ts'

/** An alert as promtool found it. */
export interface FoundAlert {
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** Samples by series, one a minute from 0 on, in promtool's notation. */
export type Series = Record<string, string>

export interface Question {
  series: Series
  /** Which alerts of this name fire so many minutes after the first sample. */
  name: string
  minute: number
}

/** Which alerts Prometheus' own rule tests find firing, for each question. `rules` is a rule file. */
export function firingByPromtool(rules: string, questions: readonly Question[]): FoundAlert[][] {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'))
  try {
    writeFileSync(join(folder, 'rules.yml'), rules)
    return questions.map(({ series, name, minute }) => {
      // JSON is YAML. Nothing is expected, so that everything that fires is reported.
      const file = {
        rule_files: ['rules.yml'],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
            alert_rule_test: [{ eval_time: `${minute}m`, alertname: name }],
          },
        ],
      }
      writeFileSync(join(folder, 'test.yml'), JSON.stringify(file))
      const program = findProgram('promtool') ?? 'promtool'
      const { stdout, stderr, status } = spawnSync(program, ['test', 'rules', 'test.yml'], {
        cwd: folder,
        encoding: 'utf8',
      })
      if (status === 0) return []
      const found = alertsIn(`${stdout}\n${stderr}`)
      if (found.length === 0) throw new Error(`promtool: ${stdout}${stderr}`)
      return found
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function alertsIn(text: string): FoundAlert[] {
  const found = text.slice(text.indexOf('got:['))
  return [...found.matchAll(/Labels:(\{.*\})\s*Annotations:(\{.*\})/g)].map(
    ([, labels = '', annotations = '']) => ({
      labels: labelsIn(labels),
      annotations: labelsIn(annotations),
    }),
  )
}

/** `{name="value", ...}`, quoted as Go does; of its escapes these are JSON's, too, but for `\x` and `\a`. */
function labelsIn(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)
  return Object.fromEntries([...pairs].map(([, name, quoted = '']) => [name, JSON.parse(quoted)]))
}
