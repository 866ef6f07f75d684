import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { Credentials } from '../../core/watch/access.ts'
import type { Client, Reply } from '../shared/client/client.ts'

/** Each attempt is a proposal to the cluster, and a slow hash of the password at the member. */
const betweenFailuresMs = 10_000

/** The answer that etcd gives when it wants a (new) token: none was sent, or it has expired, or the member forgot it. */
const tokenWanted = /user name is empty|invalid auth token|auth store is old|unauthenticated/i
const refusals: readonly (readonly [RegExp, string])[] = [
  [
    /authentication failed|invalid user ID or password/i,
    'etcd does not accept the user and password of --user-file',
  ],
  [/user name is empty/i, 'auth is on: give a user that may ask this with --user-file'],
  [/permission denied/i, 'auth is on, and this user lacks the rights (--user-file): maintenance is for root'],
  [/invalid auth token/i, 'auth is on, and etcd does not accept its own token any more'],
]

/** Why etcd's auth refuses what was asked, in words; null: that is not what it says. */
export function authRefusal(reply: Reply): string | null {
  if (reply.kind === 'silent' || reply.status === 200) return null
  return refusals.find(([pattern]) => pattern.test(reply.body.slice(0, 1_000)))?.[1] ?? null
}

const tokenAnswer = z.object({ token: z.string().min(1) })

/** The same client, which asks for a token once a member wants one, and for another when that has expired. */
export function authenticated(client: Client, credentials: Credentials | undefined, clock: Clock): Client {
  if (!credentials) return client
  let token: string | null = null
  let failedAt = Number.NEGATIVE_INFINITY
  let refusal: Reply | null = null
  let underWay: Promise<void> | null = null
  const renew = async (signal: AbortSignal) => {
    const body = { name: credentials.user, password: credentials.password }
    const reply = await client.ask({ method: 'POST', path: '/v3/auth/authenticate', body, signal })
    token = reply.kind === 'answered' && reply.status === 200 ? tokenFrom(reply.body) : null
    refusal = token === null && authRefusal(reply) ? reply : null
    if (token === null) failedAt = clock.monotonic()
  }
  const withToken = (): { headers?: Record<string, string> } =>
    token === null ? {} : { headers: { authorization: token } }
  return {
    async ask(ask) {
      const used = token
      const first = await client.ask({ ...ask, ...withToken() })
      if (first.kind === 'silent' || first.status === 200 || !tokenWanted.test(first.body.slice(0, 1_000)))
        return first
      if (clock.monotonic() - failedAt < betweenFailuresMs) return refusal ?? first
      // When several requests need a new token at once, one of them renews it for all.
      if (token === used) {
        underWay ??= renew(ask.signal).finally(() => {
          underWay = null
        })
        await underWay
      }
      return token === null ? (refusal ?? first) : client.ask({ ...ask, ...withToken() })
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  }
}

function tokenFrom(body: string): string | null {
  try {
    return tokenAnswer.safeParse(JSON.parse(body)).data?.token ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
