/**
 * Runs `work` with a signal that aborts after `ms`, or with `outer`. Leaves nothing behind on `outer`, which may live
 * for days: `AbortSignal.any` a few hundred times a second would cost more than the work itself.
 */
export async function within<T>(
  outer: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController()
  const stop = () => inner.abort(outer.reason)
  if (outer.aborted) stop()
  const timer = setTimeout(() => inner.abort(), ms)
  outer.addEventListener('abort', stop)
  try {
    return await work(inner.signal)
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', stop)
  }
}
