import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { docker } from '../src/lab/docker/docker.ts'
import { engine } from '../src/lab/docker/engine/engine.ts'
import { toolsImage } from '../src/lab/docker/engine/images.ts'
import { type Container, containersOf } from '../src/lab/docker/remove.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import { noDocker } from './standins/docker.ts'
import { port, smallTopology } from './standins/small-topology.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal

/** The tools once more, with folders that the engine would keep on the host's disk. */
const greedy = 'greedy:1'
async function imageWithVolumes() {
  const docker = engine()
  const { Id } = await docker.ask<{ Id: string }>('POST', '/containers/create', {
    body: { Image: toolsImage, Cmd: ['true'] },
  })
  const changes = 'VOLUME /var/greed /var/lib/echo/echo-2 /tmp'
  await docker.ask('POST', '/commit', {
    query: { container: Id, repo: 'greedy', tag: '1', changes },
    body: {},
  })
  await docker.ask('DELETE', `/containers/${Id}`)
}

interface Inspected {
  Name: string
  SizeRw?: number
  HostConfig: { Memory: number; PidsLimit: number }
}

describe('what can be used up from inside a cluster', { skip: await noDocker() }, () => {
  const undo = new AsyncDisposableStack()
  let cluster: Cluster
  before(async () => {
    await imageWithVolumes()
    undo.defer(async () => void (await engine().ask('DELETE', `/images/${greedy}`)))
    const topology = smallTopology()
    const [one, ...others] = topology.nodes
    const nodes = [...(one ? [one] : []), ...others.map((node) => ({ ...node, image: greedy }))]
    cluster = undo.use(await docker.up({ ...topology, nodes }, { signal: never }))
  })
  after(() => undo.disposeAsync())
  const exec = async (command: string) => {
    const { stdout, stderr } = await labSandbox(cluster).exec(command, {
      timeoutMs: slowed(60_000),
      signal: never,
      maxBytes: 100_000,
    })
    return stdout + stderr
  }

  test('a full folder says so wherever it is, and nothing of it is on the host’s disk', async () => {
    const id = cluster.id
    const places: [string, string[]][] = [
      ['', ['/tmp', '/var/tmp', '/root', '/run', '/mnt', '/etc/echo', '/etc/svc', '/usr/local/sbin']],
      ['svc exec echo-1 -- ', ['/tmp', '/root', '/etc/echo']],
      [`docker exec ${id}-echo-1 `, ['/tmp', '/run', '/etc/echo']],
      [`docker exec ${id}-echo-2 `, ['/tmp', '/var/greed']],
      [`docker exec ${id}-mine `, ['/tmp', '/var/tmp', '/run', '/var/greed']],
    ]
    await exec(`docker run -d --name ${id}-mine ${greedy} sleep 300`)
    for (const [where, folders] of places)
      for (const folder of folders) {
        const fill = `${where}dd if=/dev/zero of=${folder}/fill bs=1M count=1024; ${where}rm -f ${folder}/fill`
        assert.match(await exec(fill), /No space left on device/, `${where}${folder}`)
      }
    for (const [where] of places)
      for (const folder of ['/', '/usr/lib', '/var/lib', '/etc'])
        assert.match(await exec(`${where}touch ${folder}/more`), /Read-only file system/, `${where}${folder}`)
    const all = await containersOf(engine(), id)
    const sizes = all.map(({ Id }) =>
      engine().ask<Container & { SizeRw?: number }>('GET', `/containers/${Id}/json`, {
        query: { size: '1' },
      }),
    )
    for (const { Name, SizeRw = 0, HostConfig } of (await Promise.all(sizes)) as unknown as Inspected[]) {
      assert.equal(SizeRw, 0, Name)
      assert.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0, `${Name} may take the machine`)
    }
    await exec(`docker rm -f ${id}-mine`)
  })

  test('work goes on: scripts in /tmp, files of the topology, what is copied in and out', async () => {
    const script = 'echo "#!/bin/sh\necho ran" >/tmp/try; chmod +x /tmp/try; /tmp/try'
    assert.equal(await exec(script), 'ran\n')
    await exec('echo changed >>/etc/echo/echo-1')
    assert.match(await exec(`docker exec ${cluster.id}-echo-1 cat /etc/echo/echo-1`), /changed/)
    const there = `${cluster.id}-echo-1:/tmp/try`
    assert.equal(
      await exec(`docker cp /tmp/try ${there} && docker cp ${there} /root/back && /root/back`),
      'ran\n',
    )
    assert.match(
      await exec('cat /etc/hostname; svc restart echo-1; svc status echo-1'),
      /^bastion\n.* running /,
    )
    assert.match(await exec(`docker exec ${cluster.id}-echo-1 cat /etc/echo/echo-1`), /changed/)
  })

  test('the proxy is not there for the cluster, from whatever side it is tried', async () => {
    const { host } = new URL(cluster.endpoints['echo-1']?.url ?? '')
    const answers = async () => {
      const [program = '', ...argv] = cluster.join(['socat', '-t', '1', '-', `TCP:${host}`])
      return (
        spawnSync(program, argv, { input: 'x\n', encoding: 'utf8', timeout: slowed(10_000) }).stdout !== ''
      )
    }
    await until('the host reaches a node', answers)
    const proxy = (await containersOf(engine(), cluster.id)).find(({ Names }) => Names[0]?.endsWith('-proxy'))
    const networks = proxy?.NetworkSettings.Networks ?? {}
    const inner = networks[cluster.id]?.IPAddress ?? ''
    const outer = networks.bridge?.IPAddress ?? ''
    assert.ok(inner && outer)
    const ways = [
      `timeout 3 bash -c "exec 3<>/dev/tcp/${inner}/20001" && echo REACHED`,
      `ip route replace ${outer}/32 via ${inner}; timeout 3 bash -c "exec 3<>/dev/tcp/${outer}/20001" && echo REACHED`,
    ]
    for (const way of ways)
      for (const where of ['', 'svc exec echo-2 -- ']) {
        const said = await exec(`${where}bash -c '${way}'`)
        assert.doesNotMatch(said, /REACHED/)
      }
    const answered = await cluster.run('echo-2', [
      'bash',
      '-c',
      `exec 3<>/dev/tcp/echo-1/${port} && echo REACHED`,
    ])
    assert.match(answered.stdout, /REACHED/)
    assert.ok(await answers())
  })
})
