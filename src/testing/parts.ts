import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chaosTypes } from '../chaos/faults.ts'
import { BadInput } from '../core/errors.ts'
import type { Observation, Subject } from '../core/watch/subject.ts'
import type { NodeSpec, Topology } from '../core/watch/topology.ts'

const smallestDiskBytes = 16 * 1024 * 1024
/** Somebody inside must not learn from a name that the system is broken on purpose. */
const telling = /\b(chaos|oracle|canary|benchmark|fault.?inject\w*)\b/i
/** Addresses are the lab's to give. Those that mean "here" and "everywhere" are none. */
const address = /\b(?!0\.0\.0\.0|127\.)\d{1,3}(?:\.\d{1,3}){3}\b/

/**
 * Checks the parts of a subject that need no running cluster: topology, storage and prompt.
 * @param own chaos types of the subject's own package
 */
export function partsConformance<O extends Observation>(
  subject: Subject<O>,
  own: readonly { name: string }[] = [],
): void {
  const { name, topology, prompt, storage = {} } = subject
  suite(`subject ${name}: prompt`, () => {
    test('tells an engineer who is new something', () =>
      assert.ok(prompt.trim().length >= 40, `it has ${prompt.trim().length} characters`))

    test('gives no answer away: no kind of damage is named', () => {
      const types = [...Object.keys(chaosTypes), ...own.map((type) => type.name)]
      const named = types.filter((type) => type.includes('_') && prompt.includes(type))
      assert.deepEqual(named, [])
      assert.doesNotMatch(prompt, telling)
    })
  })

  if (!topology) return
  suite(`subject ${name}: topology`, () => {
    for (const size of [1, 3, 5])
      test(`of size ${size} can be started by a lab, or is refused with a reason`, () => {
        const made = size === 3 ? topology(size) : unlessRefused(() => topology(size))
        if (!made) return
        const { subject: of, nodes, programs } = made
        assert.equal(of, name)
        assert.ok(nodes.length >= size)
        assertDistinct(nodes, ({ name }) => name, 'name')
        assertDistinct(nodes, ({ dataDir }) => dataDir, 'data directory')
        for (const node of nodes) {
          assertNode(node)
          const [program = ''] = node.argv
          const known = programs.map((one) => one.name)
          assert.ok(known.includes(program), `${program}, which ${node.name} runs, is one of its programs`)
        }
        for (const program of programs)
          assert.ok('package' in program ? program.package : program.source, `where to get ${program.name}`)
        const files = nodes.flatMap((node) => Object.entries(node.files))
        for (const [path, text] of files)
          for (const [other, otherText] of files)
            assert.ok(path !== other || text === otherText, `${path} is written twice with different texts`)
      })

    test('of each kind of node that has storage, there is one', () => {
      const kinds = topology(3).nodes.map((node) => node.name.replace(/-\d+$/, ''))
      for (const [kind, { file, needed }] of Object.entries(storage)) {
        assert.ok(
          kinds.includes(kind),
          `storage of '${kind}', which is no kind of node (${kinds.join(', ')})`,
        )
        assert.ok(!file.startsWith('/') && !file.includes('..'), `${file} is below the data directory`)
        assert.ok(needed(3) >= 1 && needed(3) <= 3, `${needed(3)} of 3 nodes are needed`)
      }
    })
  })
}

/** A subject may not know how to be of every size. */
function unlessRefused(make: () => Topology): Topology | null {
  try {
    return make()
  } catch (error) {
    if (error instanceof BadInput) return null
    throw error
  }
}

function assertNode(node: NodeSpec): void {
  const { name, argv, dataDir, diskBytes, files, endpoint, clientPorts = [] } = node
  assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*-\d+$/, 'a kind and a number')
  assert.doesNotMatch(JSON.stringify(node), telling)
  assert.ok(!/^(ba|da)?sh$/.test(argv[0] ?? ''), `${name} runs a shell, not the program itself`)
  assert.ok(dataDir.startsWith('/'), dataDir)
  assert.ok(diskBytes >= smallestDiskBytes, `${name} has a disk of ${diskBytes} bytes`)
  for (const port of [endpoint.port, ...clientPorts])
    assert.ok(Number.isInteger(port) && port > 0 && port < 65_536, `port ${port}`)
  assert.equal(new Set([endpoint.port, ...clientPorts]).size, 1 + clientPorts.length, 'ports are distinct')
  for (const [path, text] of Object.entries({ ...files, argv: argv.join(' ') })) {
    assert.ok(path === 'argv' || path.startsWith('/'), path)
    assert.doesNotMatch(text, address, `${path}: peers are named by their node names`)
  }
}

function assertDistinct<T>(of: readonly T[], key: (one: T) => string, what: string): void {
  const seen = of.map(key)
  assert.equal(new Set(seen).size, seen.length, `each has a ${what} of its own: ${seen.join(', ')}`)
}
