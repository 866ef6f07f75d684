import type { Topology } from '../../src/core/watch/topology.ts'
import { toolsImage } from '../../src/lab/docker/engine/images.ts'

export const diskBytes = 8 * 2 ** 20
export const port = 8080

/** A cluster of echo servers: starts at once, says in its log when it listens, and needs nothing but socat. */
export function smallTopology(size = 2): Topology {
  const names = Array.from({ length: size }, (_, i) => `echo-${i + 1}`)
  return {
    subject: 'echo',
    programs: [{ name: 'socat', package: 'socat' }],
    nodes: names.map((name) => ({
      name,
      image: toolsImage,
      argv: ['socat', '-d', '-d', `TCP-LISTEN:${port},fork,reuseaddr`, `SYSTEM:cat /etc/echo/${name}; cat`],
      env: { GREETING: `from ${name}` },
      files: { [`/etc/echo/${name}`]: `I am ${name}\n` },
      dataDir: `/var/lib/echo/${name}`,
      diskBytes,
      endpoint: { scheme: 'http', port },
    })),
  }
}
