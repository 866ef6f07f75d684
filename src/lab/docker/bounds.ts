/**
 * What may be written in a container beside its volumes, by folder, as tmpfs takes it. All of it is memory of a fixed
 * size, and the image stays as it is: whoever fills a folder gets ENOSPC, and the host keeps its disk.
 */
export type Folders = Record<string, string>

/** Where people work. */
export const roomy: Folders = {
  '/tmp': 'size=256m,mode=1777',
  '/var/tmp': 'size=64m,mode=1777',
  '/root': 'size=64m,mode=700',
  '/mnt': 'size=64m,mode=755',
}

/** Where a program runs that has a disk of its own, or none. */
export const small: Folders = { '/tmp': 'size=64m,mode=1777', '/var/tmp': 'size=16m,mode=1777' }

/** In the place of the volumes that an image asks for, but for those that are `taken`. */
export const asked = (volumes: readonly string[] = [], taken: readonly string[] = []): Folders =>
  Object.fromEntries(
    volumes.filter((path) => !taken.includes(path)).map((path) => [path, 'size=64m,mode=1777']),
  )

/**
 * A volume as a container mounts it, of memory. With a name it is that of several containers, and whichever of them is made
 * first makes it, marked: an engine that is still making a container of a dead owner leaves no volume that nobody finds.
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

/** Part of a HostConfig. Volumes without a name: the engine removes them with their container, and copies into them. */
export const writable = (labels: Record<string, string>, folders: Folders, more: readonly Volume[] = []) => ({
  ReadonlyRootfs: true,
  Tmpfs: { '/run': 'size=16m,mode=755,exec' },
  Mounts: [...Object.entries(folders).map(([folder, o]) => volume(labels, folder, o)), ...more],
})
