import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { slowed } from './standins/until.ts'

const user = fileURLToPath(new URL('./standins/descriptors-user.ts', import.meta.url))

/** Opens 3 to 200 but for one hole in each ten: Node itself closes the lowest, up to the first that is not open. */
const opener = `
  for ((n = 3; n <= 200; n++)); do
    case $((n % 10)) in
      0) ;;
      1) eval "exec $n<'$FOLDER'" ;;
      2) eval "exec $n<>'$FOLDER/secret'" ;;
      3) eval "exec $n> >(cat)" ;;
      4) eval "exec $n<>/dev/tcp/127.0.0.1/$PORT" ;;
      5) eval "exec $n</proc/self/ns/net" ;;
      6) eval "exec $n</proc/sys" ;;
      *) eval "exec $n>>'$FOLDER/secret'" ;;
    esac
  done
  exec "$@"`

test('whatever the caller has open, nothing that we start gets it', { timeout: slowed(60_000) }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kept-open-'))
  const server = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    writeFileSync(join(folder, 'secret'), 'a file of the caller')
    const { port } = server.address() as { port: number }
    const child = spawn('bash', ['-c', opener, '_', process.execPath, user], {
      env: { ...process.env, FOLDER: folder, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { inside, ...own } = JSON.parse(await text(child.stdout)) as Record<string, string>
    assert.deepEqual(own, { shell: '', program: '', daemon: 'end\n', joined: '' })
    // Shells hold their script, nodes their sockets and files.
    const foreign = (inside ?? '')
      .split('\n')
      .filter((line) => line.includes(folder) || / \/proc\/sys$/.test(line))
    assert.deepEqual(foreign, [])
    assert.ok((inside ?? '').includes('socat'), 'it did look at the nodes')
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
