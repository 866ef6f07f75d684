import type { Method } from './schema.ts'

/**
 * Result of a call, as its caller knows it.
 * - `unsent`: there was no connection, so certainly nobody did anything.
 * - `failed`: it was sent, and what came back is no message. It may have been done, or be done later, whatever the code says
 *   (grpc.io, Status codes): servers, proxies and the library itself use the same ones, and `UNAVAILABLE` or `CANCELLED` is
 *   also what a connection ends with that broke after the server had read the request.
 */
export type Answer<A> =
  | { kind: 'ok'; message: A }
  | { kind: 'failed'; code: number; detail: string }
  | { kind: 'unsent'; detail: string }

/** One gRPC server, one kept connection. Calls of one message each way, which is all that we need. */
export interface Channel extends Disposable {
  /** Never rejects; sends once at most. An aborted signal ends it, and the connection with it. */
  call<Q, A>(method: Method<Q, A>, request: Partial<Q>, signal: AbortSignal): Promise<Answer<A>>
}
