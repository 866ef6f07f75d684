import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { messageOf } from '../../core/errors.ts'
import { type Answers, maxRequestBytes, type Request, type Response, request } from './protocol.ts'

/** The signal aborts when the caller is gone. */
export type Handle = (request: Request, signal: AbortSignal) => Promise<Answers[Request['want']]>

/** Answers requests at a socket until disposed, which takes back what still runs and waits for its end. */
export async function serve(path: string, handle: Handle): Promise<AsyncDisposable> {
  const open = new Map<Socket, Promise<void>>()
  const server = createServer((socket) => {
    const done = converse(socket, handle).finally(() => open.delete(socket))
    open.set(socket, done)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      const all = [...open.values()]
      for (const socket of open.keys()) socket.destroy()
      await Promise.all(all)
    },
  }
}

/** Never rejects: whatever goes wrong is the answer, as far as somebody still listens. */
async function converse(socket: Socket, handle: Handle): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => socket.destroy())
  socket.on('close', () => gone.abort(new Error('the caller is gone')))
  let response: Response
  try {
    const line = await firstLine(socket)
    response = { value: await handle(request.parse(JSON.parse(line)), gone.signal) }
  } catch (error) {
    response = { error: messageOf(error) }
  }
  if (!socket.destroyed) socket.end(`${JSON.stringify(response)}\n`)
}

export function firstLine(socket: Socket, maxBytes = maxRequestBytes): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const read = (chunk: Buffer) => {
      const end = chunk.indexOf('\n')
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end))
      bytes += chunk.length
      if (end >= 0) resolve(Buffer.concat(chunks).toString())
      else if (bytes > maxBytes) reject(new Error(`more than ${maxBytes} bytes in one line`))
      else return
      socket.off('data', read)
      socket.resume()
    }
    socket.on('data', read)
    socket.once('close', () => reject(new Error('the connection ended before a line did')))
  })
}
