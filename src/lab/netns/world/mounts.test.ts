import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagsAt, hostMounts, mountsBelow } from './mounts.ts'

const mounts = hostMounts(
  [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '28 27 0:25 / /usr ro,nosuid,nodev,relatime shared:1 - ext4 /dev/vdb rw',
    '29 28 0:26 / /usr/my\\040games rw,noexec - tmpfs none rw',
    '30 27 0:27 / /usrlocal rw,noexec - tmpfs none rw',
    '31 28 0:28 / /usr/share rw - tmpfs none rw',
    '32 31 0:29 / /usr/share rw,nodev - tmpfs none rw',
    '',
  ].join('\n'),
)

test('flags are those of the nearest mount, the last one where several are stacked', () => {
  assert.deepEqual(flagsAt('/usr', mounts), ['nosuid', 'nodev'])
  assert.deepEqual(flagsAt('/usr/bin', mounts), ['nosuid', 'nodev'])
  assert.deepEqual(flagsAt('/usr/my games', mounts), ['noexec'])
  assert.deepEqual(flagsAt('/usr/share', mounts), ['nodev'])
  assert.deepEqual(flagsAt('/etc/alternatives', mounts), [])
})

test('mounts below a folder, each once and unescaped', () => {
  assert.deepEqual(mountsBelow('/usr', mounts), ['/usr/my games', '/usr/share'])
  assert.deepEqual(mountsBelow('/etc', mounts), [])
})
