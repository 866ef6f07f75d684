import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Asset {
  type: string
  text: string
  etag: string
}

const types = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }

/** Parts of the stylesheet; those for narrow screens and paper come last, so that they override the others. */
const style = ['page', 'tables', 'charts', 'transcript', 'places'].map((part) => `style/${part}`)

/** All files that pages load, by name. */
export const assets: Record<string, Asset | undefined> = {
  'style.css': asset(style, 'css'),
  'client.js': asset(['client'], 'js'),
  'icon.svg': asset(['icon'], 'svg'),
}

function asset(parts: readonly string[], type: keyof typeof types): Asset {
  const read = (name: string) => readFileSync(new URL(`assets/${name}.${type}`, import.meta.url), 'utf8')
  const text = parts.map(read).join('\n')
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`
  return { type: `${types[type]}; charset=utf-8`, text, etag }
}
