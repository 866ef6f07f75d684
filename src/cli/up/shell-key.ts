import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { Attached } from '../../sandbox/attached.ts'
import { strictKeys } from '../../yaml.ts'

/** No first letter that the program would take for an option. */
const word = z.string().regex(/^[^-\s]\S*$/, 'allowed: one word that does not begin with -')

const places = ['ssh', 'docker', 'kubectl', 'command'] as const

/** Where the agent's commands run: a table of one place with its settings. */
export function shellKey(file: string) {
  const path = z.string().transform((name) => resolve(dirname(file), name))
  const settings = strictKeys({
    ssh: strictKeys({
      host: word,
      hosts: z.record(z.string().regex(/^[\w.-]+$/, 'allowed: a name of letters, digits, . _ -'), word),
      known_hosts: path,
      identity_file: path,
      config: path,
    })
      .partial()
      .refine(({ host, hosts }) => (host === undefined) !== (hosts === undefined), {
        error: 'allowed: `host: user@host`, or `hosts` with one for each name',
      }),
    docker: strictKeys({ container: word }),
    kubectl: strictKeys({
      pod: word,
      namespace: word.exactOptional(),
      container: word.exactOptional(),
      context: word.exactOptional(),
      kubeconfig: path.exactOptional(),
    }),
    command: z.array(z.string().min(1)).min(1),
  })
    .partial()
    .refine((all) => Object.keys(all).length === 1, { error: `allowed: one of ${places.join(', ')}` })
  return settings.transform(({ ssh, docker, kubectl, command = [] }): Attached => {
    if (ssh) {
      const { host, hosts, known_hosts, identity_file, config } = ssh
      return {
        kind: 'ssh',
        hosts: hosts ?? { host: host ?? '' },
        ...(known_hosts !== undefined && { knownHosts: known_hosts }),
        ...(identity_file !== undefined && { identity: identity_file }),
        ...(config !== undefined && { config }),
      }
    }
    if (docker) return { kind: 'docker', ...docker }
    if (kubectl) return { kind: 'kubectl', ...kubectl }
    return { kind: 'command', argv: command }
  })
}
