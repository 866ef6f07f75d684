import { once } from 'node:events'
import http from 'node:http'
import https, { type ServerOptions } from 'node:https'

/** What a scripted server answers on a path; `hang`: nothing, ever; `reset`: it closes the connection. */
export type Page = { status?: number; body: string; headers?: Record<string, string> } | 'hang' | 'reset'

export interface Scripted extends AsyncDisposable {
  url: string
  /** Every path that was asked for, in order. */
  asked: string[]
}

/** An HTTP server that answers as it is told; 404 elsewhere. Paths come with their query. `tls`: it speaks HTTPS. */
export async function scripted(
  pages: (path: string) => Page | undefined,
  tls?: ServerOptions,
): Promise<Scripted> {
  const asked: string[] = []
  const answer: http.RequestListener = (request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    asked.push(path)
    const page = pages(path) ?? { status: 404, body: '404 page not found' }
    if (page === 'hang') return
    if (page === 'reset') return void request.socket.destroy()
    response.writeHead(page.status ?? 200, page.headers).end(page.body)
  }
  const server = tls ? https.createServer(tls, answer) : http.createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as { port: number }).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
