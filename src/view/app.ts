import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { messageOf } from '../core/errors.ts'
import { inert } from '../core/text.ts'
import { type Asset, assets } from './assets.ts'
import { openChanges } from './data/changes.ts'
import { guard } from './guard.ts'
import { helpPage } from './pages/help.ts'
import { document_, empty, type Frame } from './parts/page.ts'
import { evalRoutes } from './routes/evaluation.ts'
import { operatorRoutes } from './routes/operations.ts'
import type { AppOptions, Databases, Show } from './shared.ts'

/** Only GET, and no changes: both databases are opened for reading. */
export function viewerApp(options: AppOptions): Hono {
  const { evaluation, operation, access } = options
  const frame = frameOf(options)
  const show: Show = (c, page) =>
    page
      ? c.html(document_(frame, page))
      : c.html(
          document_(frame, {
            title: 'Not found',
            body: html`<h1>Not found</h1>${empty('There is nothing at this address.')}`,
          }),
          404,
        )
  const app = new Hono()
  app.use(headers)
  app.use(guard(access))
  app.get('/assets/:name', (c) => {
    const { name } = c.req.param()
    return serveAsset(c, Object.hasOwn(assets, name) ? assets[name] : undefined)
  })
  app.get('/help', (c) => show(c, helpPage()))
  const shared = { ...options, show, changes: openChanges(options) }
  if (evaluation) evalRoutes(app, { ...shared, ...evaluation })
  if (operation) operatorRoutes(app, { ...shared, ...operation })
  if (!evaluation) app.get('/', (c) => c.redirect('/tickets'))
  app.notFound((c) => show(c, null))
  app.onError((error, c) =>
    c.html(
      document_(frame, {
        title: 'Not shown',
        body: html`<h1>This page could not be made</h1><p class="warning">${inert(messageOf(error))}</p>`,
      }),
      500,
    ),
  )
  return app
}

function frameOf({ evaluation, operation }: Databases): Frame {
  const ofEval = evaluation
    ? ([
        ['Campaigns', '/'],
        ['Compare', '/compare'],
        ['Search', '/search'],
      ] as const)
    : []
  const ofOperator = operation
    ? ([
        ['Tickets', '/tickets'],
        ['Sessions', '/sessions'],
      ] as const)
    : []
  const source = [evaluation?.path, operation?.path].filter((path) => path !== undefined).join(', ')
  const notices = () => [evaluation, operation].flatMap((one) => one?.notice() ?? [])
  return { sections: [...ofEval, ...ofOperator], source, notices }
}

// No inline script or style, nothing of another host, and no embedding in a frame.
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  strictTransportSecurity: false,
  xFrameOptions: 'DENY',
})

function serveAsset(c: Context, asset: Asset | undefined) {
  if (!asset) return c.notFound()
  if (c.req.header('if-none-match') === asset.etag) return c.body(null, 304)
  return c.body(asset.text, 200, {
    'content-type': asset.type,
    etag: asset.etag,
    'cache-control': 'no-cache',
  })
}
