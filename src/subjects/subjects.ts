import { BadInput } from '../core/errors.ts'
import type { Observation, Subject } from '../core/watch/subject.ts'
import { alertmanager } from './alertmanager/subject.ts'
import { etcd } from './etcd/subject.ts'
import { prometheus } from './prometheus/subject.ts'
import { tikv } from './tikv/subject.ts'

/**
 * Every kind of system we can watch. A subject's invariants only ever see observations of its own connection, so the
 * table may forget their exact type.
 */
const all: readonly Subject[] = [erased(etcd), erased(tikv), erased(prometheus), erased(alertmanager)]

export const subjects: Record<string, Subject> = Object.fromEntries(
  all.map((subject) => [subject.name, subject]),
)

/** The names of those that a lab can start; the others are watched where they run. */
export const labSubjects = (): string[] =>
  Object.values(subjects).flatMap(({ name, topology }) => (topology ? [name] : []))

export function subjectNamed(name: string): Subject {
  const subject = Object.hasOwn(subjects, name) ? subjects[name] : undefined
  if (!subject)
    throw new BadInput(
      `no subject is named "${name}"; known: ${Object.keys(subjects).join(', ')}; one of a plugin needs --plugin FILE`,
    )
  return subject
}

/** @throws BadInput for a name that is taken. */
export function addSubject(subject: Subject): void {
  if (Object.hasOwn(subjects, subject.name))
    throw new BadInput(`there is a subject '${subject.name}' already`)
  subjects[subject.name] = subject
}

function erased<O extends Observation>(subject: Subject<O>): Subject {
  return subject as unknown as Subject
}
