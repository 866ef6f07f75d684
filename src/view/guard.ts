import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

/** Access rule: a caller on this machine, or one with the token. */
export type Access = { kind: 'loopback' } | { kind: 'token'; token: string }

/** Cookies know hosts but no ports, so that two viewers on one host need different names. */
const cookieOf = (c: Context): string => `operator_viewer_${new URL(c.req.url).port}`

/** Refuses requests that are not plain reads, and callers without access. */
export function guard(access: Access): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD')
      return c.text('read-only: nothing here can be changed\n', 405, { allow: 'GET, HEAD' })
    const refused = access.kind === 'loopback' ? refuseOtherNames(c) : checkToken(c, access.token)
    return refused ?? (await next())
  }
}

/** A page of another site can point its own name to this machine, and would then have the same origin as ours. */
function refuseOtherNames(c: Context): Response | null {
  const host = (c.req.header('host') ?? '').replace(/:\d+$/, '')
  return /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(host)
    ? null
    : c.text('this viewer answers to localhost only\n', 403)
}

/** Comes once in the address, and then moves to a cookie, so that no link contains it. */
function checkToken(c: Context, token: string): Response | null {
  const given = c.req.query('token')
  if (given !== undefined && isSame(given, token)) {
    // Lax, so that a link in a message opens. The viewer changes nothing, so that a forged request cannot do harm.
    setCookie(c, cookieOf(c), token, { httpOnly: true, sameSite: 'Lax', path: '/' })
    const url = new URL(c.req.url)
    url.searchParams.delete('token')
    return c.redirect(url.pathname + url.search)
  }
  const [, bearer] = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '') ?? []
  const shown = bearer ?? getCookie(c, cookieOf(c))
  if (shown !== undefined && isSame(shown, token)) return null
  return c.text('a token is needed: open the address that the viewer printed when it started\n', 401)
}

const digest = (text: string) => createHash('sha256').update(text).digest()
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
