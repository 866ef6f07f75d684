/** Certificates for peers behind TLS, as PEM. Without `ca`, Node's own list of authorities is used. */
export interface Tls {
  ca?: string | Buffer
  /** The client's own certificate, where the peer asks for one; `key` belongs to it. */
  cert?: string | Buffer
  key?: string | Buffer
}

export interface Credentials {
  user: string
  password: string
}

/** Credentials that a cluster asks of its clients. They are never part of an observation, a ticket or a message. */
export interface Access {
  tls?: Tls
  credentials?: Credentials
  /** Sent as `Authorization: Bearer`, where HTTP is spoken. */
  bearerToken?: string
}
