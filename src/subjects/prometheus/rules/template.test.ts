import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithout } from '../../../../test/standins/prometheus.ts'
import { firingByPromtool } from '../../../../test/standins/promtool.ts'
import { render } from './template.ts'

/** As rules have them, and the forms in which the functions differ. */
const rendered = [
  'no action at all',
  '{{ $value }}',
  '{{$value}}',
  '  {{- $value -}}  ',
  'a {{- " b " -}} c',
  'a\n{{- "b" }}\n{{ "c" -}}\nd',
  '{{ .Value }} of {{ .Labels.job }}',
  '{{ $labels.instance }} is {{ $labels.no_such }} down',
  '{{ $labels }}',
  '{{ "{{" }} {{ `}}` }} {{ `raw \\n` }} {{ "tab\\t\\"quoted\\"" }}',
  '{{ humanize $value }}',
  '{{ $value | humanize }}',
  '{{ humanize1024 $value }}',
  '{{ humanizeDuration $value }}',
  '{{ humanizePercentage $value }}',
  '{{ humanizeTimestamp $value }}',
  '{{ printf "%.2f" $value }}',
  '{{ $value | printf "%.3f%%" }}',
  '{{ printf "%f %g %e %v" $value $value $value $value }}',
  '{{ printf "%.0f|%8.1f|%-8.1f|%08.1f|%+.1f" $value $value $value $value $value }}',
  '{{ printf "%d" 42 }} {{ printf "%5d|%-5d|%05d" 42 42 42 }}',
  '{{ printf "%s" $labels.instance }} {{ printf "%q" $labels.words }} {{ printf "%v" $labels.job }}',
  '{{ printf "%v %v" 1 1.5 }}',
  '{{ print "a" "b" $labels.job 1 2 $value }}',
  '{{ print 1 2 "x" 3 }}',
  '{{ println "a" $value }}',
  '{{ title $labels.words }} {{ $labels.words | title }}',
  '{{ toUpper $labels.words }} {{ toLower $labels.words }}',
  '{{ $labels.words | toUpper | toLower | title }}',
  '{{ reReplaceAll "(.*):.*" "$1" $labels.instance }}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference to a group, in Go's notation
  '{{ reReplaceAll "^([a-z]+)-(\\\\d+)" "${2}-$1!" $labels.instance }}',
  '{{ reReplaceAll "b" "$$ $0 $2x" $labels.instance }}',
  '{{ $labels.instance | reReplaceAll "(?i)DB" "x" }}',
  '{{ reReplaceAll "(?P<first>[a-z])" "<$first>" $labels.job }}',
  '{{ $labels.instance | stripPort }} {{ $labels.instance | stripDomain }}',
  '{{ stripPort "10.0.0.1:9100" }} {{ stripPort "[::1]:9100" }} {{ stripPort "host" }} {{ stripPort "::1" }}',
  '{{ stripDomain "10.0.0.1:9100" }} {{ stripDomain "a.b.c" }} {{ stripDomain "a" }} {{ stripDomain "::1" }}',
  '{{ parseDuration "1h30m" }}',
  '{{/* a comment */}}x {{- /* one more */ -}} y',
  '{{ (printf "%.1f" $value) }} {{ printf "%s-%s" (toUpper "a") ("b" | toUpper) }}',
  '{{ humanize "1234" }} {{ humanizeDuration "90" }} {{ humanize 1234 }}',
  '}} {{ $value }} }}',
  '{{ $value | toTime }}',
  '{{ "multi" | printf "%s %s" "a" }}',
  '{{ $labels.job }}:{{ $labels.instance }} {{ 1e3 }} {{ -3 }} {{ 1.50 }}',
  '{{ $labels.job }}{{ $labels.__proto__ }}{{ $labels.constructor }}',
]

/** Each has to stay as it is: not rendered here, or not by Prometheus either. */
const left = [
  '{{ printf "%.3g %.1e %G %E" $value $value $value $value }}',
  '{{ printf "%d" $value }}',
  '{{ printf "%s" $value }}',
  '{{ printf "%10s|%-10s|%.3s|%x" $labels.job $labels.job $labels.instance $labels.job }}',
  '{{ printf "%s" }}',
  '{{ printf "%s" "a" "b" }}',
  '{{ query "m" | first | value | humanize }}',
  '{{ index $labels "job" }}',
  '{{ len $labels.job }}',
  '{{ $value | value }}',
  '{{ match "d.*" $labels.instance }}',
  '{{ true }}',
  '{{ 0x10 }}',
  '{{ 1_000 }}',
  '{{ $externalLabels.cluster }}',
  '{{ $externalURL }}',
  '{{ reReplaceAll "[[:alpha:]]" "" $labels.job }}',
  '{{ reReplaceAll "\\\\pL" "" $labels.job }}',
  '{{ reReplaceAll "(a+)+$" "" $labels.job }}',
  '{{ printf "%.200f" $value }}',
  '{{ printf "%9999d" 1 }}',
  '{{ printf "%[2]d %[1]d" 1 2 }}',
  '{{ printf "%*d" 5 1 }}',
  '{{ if gt $value 10.0 }}much{{ else }}little{{ end }}',
  '{{ with $labels.no_such }}there{{ end }}',
  '{{ range query "up" }}x{{ end }}',
  '{{ $labels.job.x }}',
  '{{ safeHtml "<b>" }}',
  '{{ tableLink "up" }}',
]

const values = [
  '0',
  '1',
  '-1',
  '0.5',
  '-0.25',
  '3.14159265',
  '42',
  '59.9',
  '60',
  '3599',
  '3661',
  '90061',
  '-90061.5',
  '999',
  '999.95',
  '1000',
  '1024',
  '1048576',
  '123456',
  '999999',
  '1000000',
  '1234567.891',
  '9999500',
  '1e21',
  '123456789012345680000',
  '-1e30',
  '0.001',
  '0.0001234',
  '0.00001',
  '1e-7',
  '0.999999',
  '1700000000',
  '1700000000.123',
  '1e300',
  'NaN',
  'Inf',
  '-Inf',
  '2.5',
  '0.125',
  '1.005',
  '12345',
  '99995',
]

const labels = {
  instance: 'db-1.example.com:9100',
  job: 'api',
  words: 'the quick_brown fox\'s "d-day" 3rd éa',
}

test('templates are rendered as Prometheus does', skipWithout, () => {
  const written = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const series = Object.fromEntries(
    values.map((value, i) => [`m{${[...written, `i="${i}"`].join(',')}}`, value]),
  )
  // Each is an annotation of its own, so that one that cannot be rendered spoils no other.
  const annotations = Object.fromEntries(rendered.map((template, i) => [`t${i}`, template]))
  const rules = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'm', annotations }] }] })
  const [alerts = []] = firingByPromtool(rules, [{ series, name: 'A', minute: 0 }])
  assert.equal(alerts.length, values.length)
  const differences: string[] = []
  for (const { labels: found, annotations: texts } of alerts) {
    const { alertname: _, ...own } = found
    const value = values[Number(own.i)] ?? ''
    const scope = { labels: { __name__: 'm', ...own }, value: Number(value.replace('Inf', 'Infinity')) }
    for (const [i, template] of rendered.entries()) {
      const ours = render(template, scope)
      const theirs = texts[`t${i}`] ?? ''
      // A number that Go's 64 bits cannot hold: an error, or nonsense.
      const isBeyond = /^<error expanding|106751991167300d/.test(theirs)
      if (ours !== (isBeyond ? template : theirs))
        differences.push(`${value} ${template}: ${ours}, not ${theirs}`)
    }
  }
  assert.deepEqual(differences, [])
})

for (const template of left)
  test(`stays as it stands: ${template}`, () => {
    assert.equal(render(template, { labels, value: 3 }), template)
  })

test('an action that is left spoils no other', () => {
  const template = '{{ $labels.job }}: {{ query "up" | first | value }} of {{ $value }}'
  assert.equal(render(template, { labels, value: 3 }), 'api: {{ query "up" | first | value }} of 3')
})
