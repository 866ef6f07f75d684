import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import type { Confinement } from './confine.ts'

const root = join(import.meta.dirname, '../../..')
const canary = `canary-${randomBytes(4).toString('hex')}`
const isRoot = process.getuid?.() === 0
const nobody = 65_432

/**
 * Each prints what it reached, or REACHED. They look and change nothing, also where nothing confines them: a test that fails
 * must not harm the machine that it runs on.
 */
const attempts: Record<string, string> = {
  'the databases and the trial by their names': 'cat "$EVAL_DB" "$EVAL_DB-wal" "$TRIAL"/* "$TRIAL"/../*/*',
  'any of them by searching':
    'grep -rslE "canary-[0-9a-f]{8}" "$(dirname "$EVAL_DB")" "$PLACE" "$ROOM" | xargs -r cat',
  'what processes are started with': 'cat /proc/$HARNESS/cmdline /proc/$HARNESS/environ; ps axeww -o args',
  'the harness through /proc':
    'for p in $HARNESS $PARENT 1; do cat /proc/$p/cwd/operator.db /proc/$p/root"$EVAL_DB" /proc/$p/environ; done',
  'a /proc of its own':
    'unshare -Urpf --mount-proc cat /proc/$HARNESS/environ; unshare -Urm sh -c "mount -t proc p /mnt; cat /mnt/$HARNESS/cmdline"',
  // In a user namespace of its own: what is unmounted in there stays mounted everywhere else.
  'what is beneath the covers':
    'unshare -Urm sh -c \'for d in "$(dirname "$1")" /tmp /proc; do umount -l "$d"; done; cat "$1" /proc/$2/cmdline\' - "$EVAL_DB" $HARNESS',
  'the host’s namespaces': 'for p in 1 $PARENT $HARNESS; do nsenter -t $p -m cat "$EVAL_DB"; done',
  'another session’s room':
    'ls "$ROOM" && echo REACHED; perl -MIO::Socket::UNIX -e "print IO::Socket::UNIX->new(shift)->getline" "$ROOM/session"',
  'processes of others': 'kill -0 $PARENT && echo REACHED; kill -0 $HARNESS && echo REACHED',
  'open files of the harness': 'timeout 1 cat /proc/$HARNESS/fd/* /proc/$PARENT/fd/[3-9]',
  'disks and memory':
    'for d in /dev/vda /dev/sda /dev/nvme0n1 /dev/mem; do [ -r $d ] && head -c 1 $d >/dev/null && echo REACHED; done',
  'the engine':
    'for s in /run/docker.sock /var/run/docker.sock; do [ -S $s ] && [ -w $s ] && echo REACHED; done',
  'the product’s own files': '[ -w "$PRODUCT/package.json" ] || [ -w "$PRODUCT/src" ] && echo REACHED',
  'the control groups': 'find /sys/fs/cgroup -maxdepth 2 -writable | grep -q . && echo REACHED',
  capabilities: 'grep -qE "CapEff:.*[1-9a-f]" /proc/self/status && echo REACHED',
}

const legitimate = `echo "as $(id -un 2>&1)"; touch /tmp/own && echo scratch; touch ~/mine && echo home; echo err >/dev/stderr
ls "\${0%/*}"; command -v operator >/dev/null && echo operator; test -S "$OPERATOR_SESSION" && echo socket`

const script = (checkout: string, place: string) =>
  [
    `PRODUCT='${checkout}' PLACE='${place}'`,
    legitimate,
    ...Object.values(attempts).map(
      (attempt, i) =>
        `echo '<${i}>'; ( ${attempt} ) 2>&1 | grep -aoE 'canary-[0-9a-f]{8}|RE[A]CHED' | sort -u | head -5; echo '</${i}>'`,
    ),
  ].join('\n')

describe('a program that works as the agent', () => {
  const undo: (() => void)[] = []
  after(() => {
    for (const step of undo.reverse()) step()
  })

  async function try_(how: 'own' | 'self', uid: number | null) {
    const place = mkdtempSync(join(tmpdir(), 'confined-'))
    undo.push(() => rmSync(place, { recursive: true, force: true }))
    let [checkout, node] = [root, process.execPath]
    const user = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
    const own = join(place, 'place')
    for (const folder of [own, join(place, 'tmp')]) mkdirSync(folder, { mode: 0o700 })
    if (uid !== null) {
      // Another user need not be able to read this checkout.
      chmodSync(place, 0o755)
      ;[checkout, node] = [join(place, 'copy'), join(place, 'node')]
      for (const part of ['package.json', 'src', 'test/standins', 'node_modules/zod'])
        cpSync(join(root, part), join(checkout, part), { recursive: true })
      cpSync(process.execPath, node)
      for (const folder of [own, join(place, 'tmp')]) chownSync(folder, uid, uid)
    }
    const argv = [
      ...user,
      node,
      '--disable-warning=ExperimentalWarning',
      join(checkout, 'test/standins/confined.ts'),
      own,
      how,
      canary,
    ]
    const env = { PATH: process.env.PATH, HOME: own, TMPDIR: join(place, 'tmp'), CANARY: canary }
    const child = spawn(argv[0] ?? '', argv.slice(1), { env, cwd: place, stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(script(checkout, place))
    return JSON.parse(await text(child.stdout)) as { confinement: Confinement; said: string }
  }

  const users: [string, 'own' | 'self', number | null, boolean][] = [
    ['started by this user', 'own', null, true],
    ['started by root, with run_as: self', 'self', null, isRoot],
    ['started by an ordinary user', 'own', nobody, isRoot],
  ]
  for (const [who, how, uid, applies] of users)
    test(who, { skip: applies ? false : 'only root can try' }, async (t) => {
      const { confinement, said } = await try_(how, uid)
      if (!confinement.ownView) return t.diagnostic('no mount namespaces here: nothing to show')
      for (const word of ['scratch', 'home', 'err', 'agent.sh', 'operator', 'socket'])
        assert.match(said, new RegExp(word), said)
      if (confinement.ownUser && how === 'own') assert.match(said, /as agent/)
      const reached = Object.keys(attempts).filter((_, i) => {
        const output = new RegExp(`<${i}>([\\s\\S]*?)</${i}>`).exec(said)?.[1]
        assert.notEqual(output, undefined, `attempt ${i} did not end: ${said}`)
        return output?.includes(canary) || output?.includes('REACHED')
      })
      assert.deepEqual(reached, [])
    })
})
