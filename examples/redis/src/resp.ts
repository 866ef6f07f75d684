import { connect, type Socket } from 'node:net'
import { type Silent, silenceOf } from 'operator-sre'

/** A value of Redis' protocol, RESP2. An error is a value, too: the server has answered. */
export type Value = string | number | null | Refusal | Value[]
export class Refusal {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}
export type Answer = { kind: 'answered'; value: Value } | Silent

/** One answer may have so many bytes; what is longer is garbled, since a peer must not be able to fill our memory. */
const maxBytes = 1024 * 1024
const maxDepth = 8

export class Garbled extends Error {}

/** The first value in the bytes and where it ends; null while it is incomplete. */
export function parse(bytes: Buffer, at = 0, depth = 0): { value: Value; end: number } | null {
  if (depth > maxDepth) throw new Garbled('nested too deeply')
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return null
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const end = lineEnd + 2
  switch (bytes[at]) {
    case 0x2b: // +
      return { value: line, end }
    case 0x2d: // -
      return { value: new Refusal(line), end }
    case 0x3a: // :
      return { value: lengthIn(line), end }
    case 0x24: {
      // $
      const length = lengthIn(line)
      if (length === -1) return { value: null, end }
      if (bytes.length < end + length + 2) return null
      return { value: bytes.toString('utf8', end, end + length), end: end + length + 2 }
    }
    case 0x2a: {
      // *
      const values: Value[] = []
      let next = end
      for (let left = lengthIn(line); left > 0; left--) {
        const one = parse(bytes, next, depth + 1)
        if (!one) return null
        values.push(one.value)
        next = one.end
      }
      return { value: values, end: next }
    }
    default:
      throw new Garbled('this is not RESP')
  }
}

function lengthIn(line: string): number {
  if (!/^-?\d{1,15}$/.test(line)) throw new Garbled('a number was expected')
  return Number(line)
}

const encode = (words: readonly string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

export interface Redis extends Disposable {
  /** Never rejects. Commands wait for each other; a connection whose command was not answered in time is closed, not reused. */
  ask(words: readonly string[], signal: AbortSignal): Promise<Answer>
}

const silent = (why: Silent['why'], detail: string): Silent => ({ kind: 'silent', why, detail })

/** One peer, one kept connection. `login` is sent first on each new one. */
export function redisAt(url: string, login?: readonly string[]): Redis {
  const { hostname, port } = new URL(url)
  let open: Socket | null = null
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()

  async function connection(signal: AbortSignal): Promise<Socket | Silent> {
    if (open && !open.destroyed) return open
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 6379),
      noDelay: true,
    })
    const failure = await new Promise<Silent | null>((resolve) => {
      const aborted = () => resolve(silent('timeout', 'no connection in time'))
      signal.addEventListener('abort', aborted, { once: true })
      if (signal.aborted) aborted()
      socket.once('connect', () => resolve(null))
      socket.once('error', (error) => resolve(silent(silenceOf(error), error.message)))
    })
    if (failure || isClosed) {
      socket.destroy()
      return failure ?? silent('local', 'this client is closed')
    }
    // The connection may break while nobody asks: the next command finds it destroyed, and opens another one.
    socket.on('error', () => undefined)
    open = socket
    if (!login) return socket
    const answer = await exchange(socket, login, signal)
    if (answer.kind === 'answered' && !(answer.value instanceof Refusal)) return socket
    socket.destroy()
    if (answer.kind === 'silent') return answer
    return silent('garbled', answer.value instanceof Refusal ? answer.value.message : 'login failed')
  }

  async function askNow(words: readonly string[], signal: AbortSignal): Promise<Answer> {
    const socket = await connection(signal)
    return 'kind' in socket ? socket : exchange(socket, words, signal)
  }

  return {
    ask(words, signal) {
      const answer = last.then(() => askNow(words, signal))
      last = answer
      return answer
    },
    [Symbol.dispose]() {
      isClosed = true
      open?.destroy()
    },
  }
}

/** Sends one command and reads its one answer. Whatever else comes destroys the connection. */
function exchange(socket: Socket, words: readonly string[], signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const finish = (answer: Answer) => {
      signal.removeEventListener('abort', aborted)
      socket.off('data', read).off('close', closed).off('error', failed)
      if (answer.kind === 'silent') socket.destroy()
      resolve(answer)
    }
    const aborted = () => finish(silent('timeout', 'no answer in time'))
    const closed = () => finish(silent('reset', 'it closed the connection'))
    const failed = (error: Error) => finish(silent(silenceOf(error), error.message))
    const read = (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece])
      if (bytes.length > maxBytes)
        return finish(silent('garbled', `an answer of more than ${maxBytes} bytes`))
      try {
        const parsed = parse(bytes)
        if (!parsed) return
        if (parsed.end < bytes.length) finish(silent('garbled', 'more than one answer'))
        else finish({ kind: 'answered', value: parsed.value })
      } catch (error) {
        if (!(error instanceof Garbled)) throw error
        finish(silent('garbled', error.message))
      }
    }
    signal.addEventListener('abort', aborted, { once: true })
    socket.on('data', read).once('close', closed).once('error', failed)
    if (signal.aborted) aborted()
    else if (socket.destroyed) closed()
    else socket.write(encode(words))
  })
}
