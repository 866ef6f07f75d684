/** The processes that a lab starts for a cluster. The lab chooses addresses; configurations name peers by node name. */
export interface Topology {
  subject: string
  nodes: NodeSpec[]
  /** Programs that must be on the machine. */
  programs: Program[]
}

/** The Debian package it comes from or, where Debian has none, how to get it, in a few words. */
export type Program = { name: string } & ({ package: string } | { source: string })

/** One node: one process with a network and a bounded disk of its own. */
export interface NodeSpec {
  /** A name that resolves to the node's address from every node of the cluster. */
  name: string
  /** The foreground command, run as the node's root. */
  argv: string[]
  /** Image for a container lab: the official one, with a pinned version. */
  image?: string
  env: Record<string, string>
  /** Written before the first start, read by the process: `{ '/etc/etcd/etcd-1.yml': '...' }`. */
  files: Record<string, string>
  /** Mount point of the node's own bounded disk. */
  dataDir: string
  diskBytes: number
  /** Port at which clients and the monitor reach the node. */
  endpoint: { scheme: 'http' | 'redis' | 'tcp'; port: number }
  /** Other ports that clients use. */
  clientPorts?: number[]
}

/** How to reach one node of a cluster, no matter how it was started. */
export interface NodeEndpoint {
  /** e.g. `http://10.0.0.11:2379` */
  url: string
  /** A path on this host on the same file system as the node's data; without it disk space is not checked. */
  dataPath?: string
  /** The node's log on this host, for what its subject can count in it. */
  logPath?: string
  /**
   * Addresses of its other ports as seen from here, if they differ from the same numbers on the same host: `{ 20160:
   * '127.0.0.1:32771' }`.
   */
  ports?: Record<number, string>
}

/** Endpoints by node name, in the order of their declaration. */
export type Endpoints = Record<string, NodeEndpoint>
