/**
 * Writable folders of a container beside its volumes, as options of tmpfs. All of it is memory of a fixed size, and the
 * image stays unchanged: a process that fills a folder gets ENOSPC, and the host keeps its disk.
 */
export type Folders = Record<string, string>

/** The container for people and agents. */
export const roomy: Folders = {
  '/tmp': 'size=256m,mode=1777',
  '/var/tmp': 'size=64m,mode=1777',
  '/root': 'size=64m,mode=700',
  '/mnt': 'size=64m,mode=755',
}

/** A container that runs a program, with a disk of its own or none. */
export const small: Folders = { '/tmp': 'size=64m,mode=1777', '/var/tmp': 'size=16m,mode=1777' }

/** Replaces the volumes that an image asks for, except those that are `taken`. */
export const asked = (volumes: readonly string[] = [], taken: readonly string[] = []): Folders =>
  Object.fromEntries(
    volumes.filter((path) => !taken.includes(path)).map((path) => [path, 'size=64m,mode=1777']),
  )

/**
 * A volume in memory, as a container mounts it. A named one is shared by several containers; the first one creates it, with
 * our label. So an engine that is still creating a container of a dead owner leaves no volume that cannot be found.
 */
export const volume = (labels: Record<string, string>, folder: string, o: string, name?: string) => ({
  Type: 'volume',
  Target: folder,
  ...(name && { Source: name }),
  VolumeOptions: {
    NoCopy: true,
    Labels: labels,
    DriverConfig: { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs', o } },
  },
})
type Volume = ReturnType<typeof volume>

/** Part of a HostConfig. The engine copies image files into volumes without a name, and removes them with their container. */
export const writable = (labels: Record<string, string>, folders: Folders, more: readonly Volume[] = []) => ({
  ReadonlyRootfs: true,
  Tmpfs: { '/run': 'size=16m,mode=755,exec' },
  Mounts: [...Object.entries(folders).map(([folder, o]) => volume(labels, folder, o)), ...more],
})
