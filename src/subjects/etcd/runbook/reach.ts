import type { Work } from '../../../core/work/agent.ts'
import { type Finding, namesOf, type Service } from '../../shared/services.ts'

/** A line each: what the name leads to, the address of its own, and how it answers by name, by address, to itself. */
const tryConnections = (
  names: string,
) => `ask() { printf '%s %s ' "$1" "$2"; shift 2; "$@" -sm 2 -o /dev/null -w '%{http_code} %{time_connect}'; echo " $?"; }
for n in ${names}; do
  a=$(svc exec $n -- ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
  echo "$n address $a"
  echo "$n resolves $(getent hosts $n | awk '{ print $1; exit }')"
  ask $n name curl http://$n:2379/version
  [[ ! $a ]] || ask $n at curl http://$a:2379/version
  ask $n itself svc exec $n -- curl http://127.0.0.1:2379/version
done`

type Answer = 'answered' | 'refused' | 'unresolved' | 'not reached' | 'silent' | 'not asked'

/** Members that run and did not answer etcdctl: whether they are silent, or only not reached. */
export async function unanswered(work: Work, silent: readonly Service[]): Promise<Finding | null> {
  if (silent.length === 0) return null
  const { stdout } = await work.shell(
    tryConnections(silent.map(({ name }) => name).join(' ')),
    'Does it not answer, or is it not reached: by its name, at its address, by itself?',
  )
  const findings = silent.map(({ name }) => judged(name, stdout))
  const named = findings.find(({ remedy }) => remedy.length > 0)
  if (named) return named
  const what = findings.map((one) => one.what).join('; ')
  return { component: namesOf(silent).replaceAll(' ', ''), what, remedy: [] }
}

function judged(name: string, output: string): Finding {
  const value = (key: string) => new RegExp(`^${name} ${key} (\\S+)$`, 'm').exec(output)?.[1]
  const [byName, at, itself] = ['name', 'at', 'itself'].map((way) => answerOf(name, way, output))
  const [address, resolves] = [value('address'), value('resolves')]
  const found = (what: string, command?: string): Finding => ({
    component: name,
    what,
    remedy:
      command === undefined ? [] : [{ command, why: 'Every other name stands there with its address.' }],
  })
  if (at === 'answered' && resolves === undefined)
    return found(
      `the name ${name} cannot be resolved; at its address ${address} it answers`,
      `printf '%s\\t%s\\n' ${address} ${name} >> /etc/hosts`,
    )
  if (at === 'answered' && resolves !== address)
    return found(`the name ${name} leads to ${resolves}, but its address is ${address}, where it answers`)
  if (byName === 'answered' || at === 'answered')
    return found(`${name} answers a plain request, but not whether it is well (its status did not come)`)
  if (itself === 'answered')
    return found(
      `${name} cannot be reached from here (${byName ?? 'not asked'}); within its own network it answers`,
    )
  return found(`${name} runs but does not answer, not even within its own network (${itself ?? 'not asked'})`)
}

/** curl(1), EXIT CODES: 6 no such name, 7 no connection, 28 out of time, 52 nothing came, 56 the connection broke. */
function answerOf(name: string, way: string, output: string): Answer {
  const [, status = '', connectS = '', code = ''] =
    new RegExp(`^${name} ${way} (\\d+) ([\\d.]+) (\\d+)$`, 'm').exec(output) ?? []
  if (code === '') return 'not asked'
  if (Number(status) > 0) return 'answered'
  if (code === '6') return 'unresolved'
  if (code === '7') return 'refused'
  return Number(connectS) > 0 ? 'silent' : 'not reached'
}
