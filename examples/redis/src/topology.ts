import type { Topology } from 'operator-sre'

const port = 6379

/** `redis-1` is the primary at the first start; who it is later, replication says. */
export function topology(size: number): Topology {
  const names = Array.from({ length: size }, (_, i) => `redis-${i + 1}`)
  return {
    subject: 'redis',
    programs: [
      { name: 'redis-server', package: 'redis-server' },
      { name: 'redis-cli', package: 'redis-tools' },
    ],
    nodes: names.map((name, i) => ({
      name,
      argv: ['redis-server', `/etc/redis/${name}.conf`],
      image: 'docker.io/library/redis:7.0.15',
      env: {},
      files: { [`/etc/redis/${name}.conf`]: configuration(name, i === 0 ? null : 'redis-1') },
      dataDir: `/var/lib/redis/${name}`,
      diskBytes: 256 * 1024 * 1024,
      endpoint: { scheme: 'redis', port },
    })),
  }
}

const configuration = (name: string, primary: string | null) => `\
bind 0.0.0.0
port ${port}
protected-mode no
daemonize no
# The lab knows a node's process by its arguments, so Redis must not replace them by a title of its own.
set-proc-title no
dir /var/lib/redis/${name}
# Every answered write is with the kernel: a crash of the process loses none.
appendonly yes
appendfsync everysec
save ""
maxmemory 64mb
maxmemory-policy noeviction
repl-diskless-sync-delay 0
repl-timeout 10
replica-read-only yes
${primary ? `replicaof ${primary} ${port}\n` : ''}`
