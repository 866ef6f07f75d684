import { html } from 'hono/html'
import { inert } from '../../core/text.ts'

export type Html = ReturnType<typeof html>

export interface Page {
  title: string
  /** The page's entry in the navigation. */
  section?: string
  /** The way back, from the outermost: [text, address]. */
  trail?: readonly (readonly [string, string])[]
  /** For a page that changes by itself: the address of its changes. */
  live?: string
  body: Html
}

/** The frame of every page. */
export interface Frame {
  sections: readonly (readonly [name: string, address: string])[]
  /** Shown at the foot: which database this is. */
  source: string
  /** A note that a reader has to know. */
  notices(): readonly string[]
}

export function document_(
  { sections, source, notices }: Frame,
  { title, section, trail = [], live, body }: Page,
) {
  const search = sections.some(([name]) => name === 'Search')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${inert(title)} - Operator</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/client.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<nav aria-label="Sections"><a class="home" href="/">Operator</a>${sections.map(
    ([name, address]) =>
      html`<a href="${address}" ${name === section ? html`aria-current="page"` : ''}>${name}</a>`,
  )}</nav>
${
  search
    ? html`<form action="/search" role="search"><input id="find" type="search" name="q" placeholder="Search transcripts" aria-label="Search transcripts"><kbd>/</kbd></form>`
    : ''
}
</header>
<main id="main" tabindex="-1" ${live === undefined ? '' : html`data-live="${live}"`}>
${notices().map((notice) => html`<p class="warning notice" role="status">${inert(notice)}</p>`)}
${
  trail.length > 0
    ? html`<nav class="trail" aria-label="Way back">${trail.map(([text, address]) => html`<a href="${address}">${inert(text)}</a> <span aria-hidden="true">/</span> `)}</nav>`
    : ''
}
${body}
</main>
<footer><span>${inert(source)}</span><span>read-only</span><a href="/help"><kbd>?</kbd> keys and how to read</a></footer>
</body>
</html>`
}

/** A part of a live page that is replaced by itself when it changed. */
export const section = (id: string, title: unknown, body: unknown) =>
  html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`

/** A wide table scrolls in its own box, also by keyboard. */
export const scrolling = (label: string, body: unknown) =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${body}</div>`

export const empty = (text: string) => html`<p class="empty">${text}</p>`

/** An address with some of its parameters changed; an undefined one is left out. */
export function linkTo(
  path: string,
  query: Record<string, string | undefined>,
  change: Record<string, string | undefined> = {},
): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...query, ...change }))
    if (value !== undefined && value !== '') parameters.set(name, value)
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}
