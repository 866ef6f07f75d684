/** Certificates for peers behind TLS, as PEM. Without `ca` the authorities that Node trusts decide. */
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

/** What a cluster asks of those who come. Never part of an observation, a ticket or a message. */
export interface Access {
  tls?: Tls
  credentials?: Credentials
  /** Sent as `Authorization: Bearer`, where HTTP is spoken. */
  bearerToken?: string
}
