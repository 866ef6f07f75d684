import { stringify } from 'yaml'
import type { Topology } from '../../core/watch/topology.ts'
import { imagesOf } from './engine/images.ts'
import { nodePath } from './spec.ts'

/** `$` starts a variable in compose files. */
const literal = (text: string): string => text.replaceAll('$', '$$$$')

const keyOf = (path: string): string => path.slice(1).replaceAll(/[^\w]+/g, '-')

/**
 * A topology as a file for `docker compose`: it contains the files, publishes ports on loopback under free numbers, and
 * keeps data in volumes.
 */
export function composeOf(topology: Topology): string {
  const images = imagesOf(topology, {})
  const files = Object.assign({}, ...topology.nodes.map((node) => node.files)) as Record<string, string>
  const services = topology.nodes.map(({ name, argv, env, files, dataDir, endpoint, clientPorts = [] }) => [
    name,
    {
      image: images[name],
      hostname: name,
      user: '0',
      entrypoint: argv.slice(0, 1),
      command: argv.slice(1).map(literal),
      environment: Object.fromEntries(
        Object.entries({ PATH: nodePath, ...env }).map(([key, value]) => [key, literal(value)]),
      ),
      configs: Object.keys(files).map((target) => ({ source: keyOf(target), target })),
      volumes: [`${name}:${dataDir}`],
      ports: [endpoint.port, ...clientPorts].map((port) => `127.0.0.1::${port}`),
    },
  ])
  const contents = Object.entries(files).map(([path, text]) => [keyOf(path), { content: literal(text) }])
  const document = {
    name: topology.subject,
    services: Object.fromEntries(services),
    configs: Object.fromEntries(contents),
    volumes: Object.fromEntries(topology.nodes.map(({ name }) => [name, {}])),
  }
  const head = `# The cluster of \`operator lab up ${topology.subject}\`, for docker compose 2.23.1 or later. Written by \`operator lab compose\`.`
  return `${head}\n${stringify(document, { lineWidth: 0 })}`
}
