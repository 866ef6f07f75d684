import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { docker } from '../src/lab/docker/docker.ts'
import { engine } from '../src/lab/docker/engine/engine.ts'
import { toolsImage } from '../src/lab/docker/engine/images.ts'
import { aboutFrom, labels } from '../src/lab/docker/labels.ts'
import { allContainers, noDocker } from './standins/docker.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed } from './standins/until.ts'

const never = new AbortController().signal
const secret = 'foreign-7c1d'

describe('the Docker socket in a cluster', { skip: await noDocker() }, () => {
  const undo = new AsyncDisposableStack()
  let cluster: Cluster
  let foreign: Cluster
  let slow: Promise<unknown>
  /** Values that attempts need: names and ids of what is theirs and of what is not. */
  const known: Record<string, string> = {}
  before(async () => {
    cluster = undo.use(await docker.up(smallTopology(), { signal: never }))
    if ((await docker.abilities()).delay.can) await cluster.delay('echo-2', { minMs: 1, maxMs: 1 })
    foreign = undo.use(await docker.up(smallTopology(1), { signal: never }))
    const all = await allContainers()
    const idOf = (name: string) => all.find(({ Names }) => Names.includes(`/${name}`))?.Id ?? ''
    Object.assign(known, {
      ID: cluster.id,
      NODE: `${cluster.id}-echo-1`,
      NODE_ID: idOf(`${cluster.id}-echo-1`),
      THEIRS: `${foreign.id}-echo-1`,
      THEIR_ID: idOf(`${foreign.id}-echo-1`),
      PROXY: `${cluster.id}-proxy`,
      PROXY_ID: idOf(`${cluster.id}-proxy`),
      IMAGE: toolsImage,
      DELAY: `${cluster.id}-delay-echo-2`,
      DELAY_ID: idOf(`${cluster.id}-delay-echo-2`),
    })
    const bastion = all.find(({ Names }) => Names.includes(`/${cluster.id}-bastion`))
    known.SOCKET = join(aboutFrom(bastion?.Labels[labels.about] ?? '').folder, 'docker.sock')
    const socket = connect(known.SOCKET)
    socket.write('GET /v1.41/containers/json HTTP/1.1\r\nHost:')
    socket.resume()
    slow = once(socket, 'close', { signal: AbortSignal.timeout(slowed(60_000)) })
    slow.catch(() => undefined) // it is waited for at the end
    // Somebody's container with the beginning of one of the cluster's ids for a name.
    known.TRAP = known.NODE_ID?.slice(0, 12) ?? ''
    await engine().ask('POST', '/containers/create', {
      query: { name: known.TRAP },
      body: { Image: toolsImage, Cmd: ['sleep', '600'], Env: [`SECRET=${secret}`] },
    })
    undo.defer(async () => void (await engine().ask('DELETE', `/containers/${known.TRAP}?force=1`)))
  })
  after(() => undo.disposeAsync())

  const inside = async (argv: readonly string[], input = '') => {
    const [program = '', ...args] = cluster.enter(argv)
    const child = spawn(program, args, { stdio: 'pipe', timeout: slowed(30_000) })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.stdin.on('error', () => undefined) // it may end before it has read everything
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, output }
  }
  const shell = (command: string) => {
    const given = Object.entries(known).map(([name, value]) => `${name}='${value}'\n`)
    return inside(['bash', '-c', `${given.join('')}${command}`])
  }
  /** Bytes as they are to the same socket, and what comes back. `$LENGTH` is what the body has. */
  const raw = async (bytes: string) => {
    const text = bytes.replaceAll(/\$([A-Z_]+)/g, (all, name: string) => known[name] ?? all)
    const length = Buffer.byteLength(text.slice(text.indexOf('\r\n\r\n') + 4))
    const socket = connect(known.SOCKET ?? '')
    let output = ''
    socket.on('data', (chunk) => {
      output += chunk
    })
    socket.on('error', () => undefined) // it may hang up before it has read everything
    // Not ended: an answer to whoever has hung up halfway is not sent.
    socket.write(text.replace('$LENGTH', String(length)))
    await once(socket, 'close', { signal: AbortSignal.timeout(slowed(20_000)) })
    return { output }
  }
  const requests = async () => (await cluster.engineRequests?.(0))?.requests ?? []

  /** [command of the real CLI, what its output must match] */
  const allowed: [string, RegExp][] = [
    ['docker version', /API version/],
    [
      'docker inspect -f "{{.State.Status}} {{.Name}}" $NODE $(cut -c-12 <<<$NODE_ID) $NODE_ID',
      /^(running \/\w+-echo-1\n){3}$/,
    ],
    ['docker logs $NODE', /listening on/],
    ['timeout 5 docker logs -f $NODE 2>&1 | grep -m 1 listening', /listening on/],
    ['socat -t 5 EXEC:"docker exec -it $NODE-net tty",pty,setsid,ctty - </dev/null', /^\/dev\/pts\/\d/m],
    ['docker top $NODE', /socat/],
    ['docker stats --no-stream --format "{{.Name}}" $NODE', /-echo-1/],
    ['echo typed | docker exec -i $NODE-net cat', /^typed\n$/],
    ['docker exec $NODE-net sh -c "echo out; echo err >&2; exit 7"; echo $?', /out[\s\S]*7\n$/],
    ['docker exec -d $NODE-net touch /tmp/detached; sleep 0.5; docker exec $NODE-net ls /tmp', /detached/],
    ['docker stop -t 1 $NODE && docker start $NODE && docker restart -t 1 $NODE', /echo-1/],
    ['docker kill $NODE; docker start $NODE; docker pause $NODE; docker unpause $NODE', /echo-1/],
    [
      'echo here >/root/f; docker cp /root/f $NODE:/tmp/f && docker cp $NODE:/tmp/f /root/g && cat /root/g',
      /here/,
    ],
    ['docker update --cpus 0.5 $NODE && docker update --cpus 0 $NODE', /echo-1/],
    ['docker run --rm $IMAGE sh -c "echo ran; ip -4 -o a"', /ran[\s\S]*eth0/],
    ['echo piped | docker run --rm -i --network $ID $IMAGE cat', /^piped\n$/],
    ['docker run -d --name $ID-probe $IMAGE sleep 60 && docker rm -f $ID-probe', /-probe\n$/],
    [
      'docker images --format "{{.Repository}}"; docker network ls --format "{{.Name}}"',
      /sre-bastion\n\w+\n$/,
    ],
  ]
  for (const [command, wanted] of allowed)
    test(`takes: ${command}`, async () => {
      assert.match((await shell(command)).output, wanted)
    })

  test('shows nothing but the cluster’s own', async () => {
    const { output } = await shell('docker ps -a --format "{{.Names}} {{.Labels}}"; docker ps -aq --no-trunc')
    const names = output.split('\n').filter((line) => line !== '' && !/^[0-9a-f]{64}$/.test(line))
    assert.equal(names.length, 5, output)
    for (const name of names) assert.ok(name.startsWith(`${cluster.id}-`), name)
    const all = await shell(
      'docker ps -a; docker inspect $(docker ps -aq); docker network inspect $ID; docker images',
    )
    for (const word of [
      foreign.id,
      secret,
      known.PROXY_ID ?? '-',
      'delay',
      'sre-cluster',
      join(tmpdir(), 'engine-'),
      process.cwd(),
    ])
      assert.ok(!all.output.includes(word), word)
  })

  /** Each must fail, and be on record. */
  const refused = [
    'docker inspect $DELAY',
    'docker inspect $THEIRS',
    'docker inspect $THEIR_ID',
    'docker inspect $(cut -c-12 <<<$THEIR_ID)',
    'docker logs $THEIRS',
    'docker exec $THEIRS id',
    'docker kill $THEIR_ID',
    'docker stop $(cut -c-8 <<<$THEIR_ID)',
    'docker rm $THEIRS',
    'docker cp $THEIRS:/etc/passwd /tmp/',
    'docker restart $THEIRS',
    'docker stats --no-stream $THEIRS',
    'docker inspect $PROXY',
    'docker exec $PROXY_ID id',
    'docker stop $PROXY',
    'docker stop $ID-bastion',
    'docker kill $NODE-net',
    'docker rm $NODE',
    'docker rename $NODE x',
    'docker run --rm --privileged $IMAGE id',
    'docker run --rm -v /:/host $IMAGE ls /host',
    'docker run --rm --mount type=bind,src=/,dst=/host $IMAGE ls /host',
    'docker run --rm --network host $IMAGE ip a',
    'docker run --rm --network container:$THEIRS $IMAGE ip a',
    'docker run --rm --pid host $IMAGE ps -ef',
    'docker run --rm --pid container:$THEIRS $IMAGE ps -ef',
    'docker run --rm --ipc host $IMAGE id',
    'docker run --rm --uts host $IMAGE id',
    'docker run --rm --userns host $IMAGE id',
    'docker run --rm -p 80:80 $IMAGE id',
    'docker run --rm --cap-add SYS_ADMIN $IMAGE id',
    'docker run --rm --device /dev/vda $IMAGE id',
    'docker run --rm --security-opt seccomp=unconfined $IMAGE id',
    'docker run --rm --cgroup-parent / $IMAGE id',
    'docker run --rm --volumes-from $THEIRS $IMAGE id',
    'docker run --rm --tmpfs /x $IMAGE id',
    'docker run --rm --sysctl net.ipv4.ip_forward=1 $IMAGE id',
    'docker run --rm --dns 10.0.0.1 $IMAGE id',
    'docker run --rm --restart always $IMAGE id',
    'docker run --rm --label a=b $IMAGE id',
    'docker run --rm --runtime x $IMAGE id',
    'docker run --rm --log-driver syslog $IMAGE id',
    'docker run --rm --name $TRAP $IMAGE id',
    'docker run --rm hello-world',
    'docker exec --privileged $NODE-net id',
    'docker update --memory 1g $NODE',
    'docker attach $NODE',
    'docker pull debian',
    'docker build - <<<"FROM scratch"',
    'docker commit $NODE x',
    'docker export $NODE',
    'docker save $IMAGE',
    'docker tag $IMAGE x',
    'docker rmi $IMAGE',
    'docker volume ls',
    'docker volume create x',
    'docker network create x',
    'docker network connect bridge $NODE-net',
    'docker network inspect bridge',
    'docker network rm $ID',
    'docker swarm init',
    'docker plugin ls',
    'docker info',
    'docker events --until 1s',
    'docker system df',
    'docker system prune -f',
    'docker container prune -f',
    'docker secret ls',
    'docker search x',
    'docker login -u a -p b localhost',
    'docker diff $THEIRS',
  ]
  test('refuses whatever else the CLI can ask for, and records it', async () => {
    const before = (await requests()).length
    const ids = [cluster.id, foreign.id, undefined] // those without a label, too
    const names = async () =>
      (await allContainers())
        .filter(({ Labels }) => ids.includes(Labels[labels.id]))
        .map(({ Names }) => Names[0])
        .toSorted()
    const there = await names()
    const marks = refused.map(
      (command, i) => `{ ${command}; } >/tmp/out.$$ 2>&1 </dev/null && echo "DONE ${i} $(cat /tmp/out.$$)"`,
    )
    const { output } = await shell(
      `mkdir -p /root; unset DOCKER_BUILDKIT; export DOCKER_BUILDKIT=0\n${marks.join('\n')}\n:`,
    )
    assert.equal(
      output,
      '',
      output.replaceAll(/DONE (\d+)/g, (_, i) => `done: ${refused[Number(i)]}`),
    )
    const lines = (await requests()).slice(before)
    const refusals = lines.filter((line) => JSON.parse(line).refused)
    assert.ok(refusals.length >= refused.length, `${refusals.length} refusals of ${refused.length} commands`)
    for (const { Names, State } of await allContainers())
      if (Names[0]?.includes(foreign.id)) assert.equal(State, 'running', Names[0])
    assert.deepEqual(await names(), there, 'nothing is new, and nothing is gone')
  })

  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n`
  const post = (path: string, body: string, headers = '') =>
    `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: $LENGTH\r\n${headers}\r\n${body}`
  const create = (body: object) => post('/v1.41/containers/create', JSON.stringify(body))

  /** [what, bytes] */
  const forged: [string, string][] = [
    ['doubled slashes', get('//containers/json')],
    ['doubled slashes further on', get('/v1.41/containers//$THEIR_ID/json')],
    ['an escaped slash', get('/v1.41/containers/$NODE_ID%2f..%2f$THEIR_ID/json')],
    ['dots', get('/v1.41/containers/$NODE_ID/../$THEIR_ID/json')],
    ['escaped dots', get('/v1.41/containers/$NODE_ID/%2e%2e/$THEIR_ID/json')],
    ['a dot', get('/v1.41/./containers/$THEIR_ID/json')],
    ['another case', get('/v1.41/Containers/$THEIR_ID/json')],
    ['a version of its own', get('/v1.41/v1.41/containers/json')],
    ['a strange version', get('/v9.99.9/info')],
    ['an absolute address', get('http://docker/v1.41/info')],
    ['a backslash', get('/v1.41\\containers/json')],
    ['a NUL', get('/v1.41/containers/%00/json')],
    ['a second question mark', get('/v1.41/containers/json?all=1?filters={}')],
    ['the same parameter twice', get('/v1.41/containers/$NODE_ID/logs?stdout=1&stdout=1')],
    ['a parameter that nobody knows', get('/v1.41/containers/$NODE_ID/json?x=1')],
    [
      'a filter that is not for here',
      get('/v1.41/containers/json?filters=%7B%22volume%22%3A%5B%22x%22%5D%7D'),
    ],
    ['somebody’s container by too short an id', get('/v1.41/containers/a/json')],
    ['another method', 'TRACE /v1.41/containers/json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n'],
    [
      'another method for a path',
      'DELETE /v1.41/images/$IMAGE HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n',
    ],
    ['a method by header', post('/v1.41/containers/$NODE_ID/json', '{}', 'X-HTTP-Method-Override: GET\r\n')],
    [
      'two lengths',
      `POST /v1.41/containers/$NODE_ID/exec HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\n{}${get('/v1.41/info')}`,
    ],
    [
      'a length and chunks',
      `POST /v1.41/containers/$NODE_ID/exec HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get('/v1.41/info')}`,
    ],
    ['a folded header', 'GET /v1.41/info HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\nConnection: close\r\n\r\n'],
    ['bare line feeds', 'GET /v1.41/info HTTP/1.1\nHost: d\n\n'],
    ['large headers', `GET /v1.41/version HTTP/1.1\r\nHost: d\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a large body', create({ Image: '$IMAGE', Cmd: ['x'.repeat(2 ** 20)] })],
    ['no JSON', post('/v1.41/containers/create', '{"Image"')],
    [
      'a duplicate key',
      post(
        '/v1.41/containers/create',
        '{"Image":"$IMAGE","HostConfig":{"Privileged":false,"Privileged":true}}',
      ),
    ],
    ['another case of a key', create({ Image: '$IMAGE', HostConfig: { privileged: true } })],
    [
      'another case of HostConfig',
      create({ Image: '$IMAGE', hostconfig: { Privileged: true }, HostConfig: { Binds: ['/:/x'] } }),
    ],
    ['an image by its digest', create({ Image: 'sha256:$NODE_ID' })],
    ['an upgrade of something else', get('/v1.41/info').replace('close', 'Upgrade\r\nUpgrade: tcp')],
    [
      'an upgrade to HTTP/2',
      get('/v1.41/version').replace(
        'close',
        'Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
      ),
    ],
    ['an exec that others made', post('/v1.41/exec/$NODE_ID/start', '{"Detach":true}')],
    ['HTTP/2 at once', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['noise', '\u0016\u0003\u0001\u0002\u0000\u0001'],
  ]
  for (const [what, bytes] of forged)
    test(`refuses ${what}`, async () => {
      const before = (await requests()).length
      const { output } = await raw(bytes)
      assert.match(output, /^HTTP\/1\.1 4\d\d /)
      assert.doesNotMatch(output, /HTTP\/1\.1 [123]|Containers"|KernelVersion/)
      const [line = '{}', ...more] = (await requests()).slice(before)
      assert.ok(JSON.parse(line).refused, line)
      assert.ok(
        more.every((one) => JSON.parse(one).refused),
        more.join(),
      )
    })

  test('lets a client that sends nothing wait no longer than its limit', async () => {
    await slow
  })
})
