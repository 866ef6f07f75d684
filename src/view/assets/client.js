// Interactive features of a page: keys, the cursor of timelines, outputs on demand, live parts. Everything else works
// without this script.

const one = (selector, root = document) => root.querySelector(selector)
const all = (selector, root = document) => [...root.querySelectorAll(selector)]
/** An exported campaign has many pages in one file; one of them is shown at a time. */
const visible = (selector) => all(selector).filter((element) => element.getClientRects().length > 0)

// --- timelines -----------------------------------------------------------------------------------------------

/** The numbers of a chart. */
const seriesOf = (figure) => {
  figure.series ??= JSON.parse(one('script.series', figure).textContent)
  return figure.series
}

const seconds = (ms) => `${ms < 0 ? '' : '+'}${(ms / 1000).toFixed(1)} s`

const placeOf = ({ from, to, left, right, width }, ms) =>
  left + ((ms - from) / Math.max(1, to - from)) * (width - left - right)

function showAt(figure, ms, seq) {
  const series = seriesOf(figure)
  const cursor = one('.cursor', figure)
  const readout = one('.readout', figure)
  if (ms === null || ms < series.from || ms > series.to) {
    cursor.setAttribute('visibility', 'hidden')
    readout.textContent = '\u00a0'
    return
  }
  const x = placeOf(series, ms)
  cursor.setAttribute('x1', x)
  cursor.setAttribute('x2', x)
  cursor.setAttribute('visibility', 'visible')
  const sample = series.samples.find(([at]) => at >= ms)
  const load = sample
    ? `   ${sample[1]} operations, ${sample[2]} failed, p99 ${sample[3] === null ? '-' : `${sample[3].toFixed(1)} ms`}`
    : ''
  // Its title says the same, except for the time.
  const mark = seq === null ? null : one(`rect[data-seq="${seq}"] title`, figure)
  const command = mark ? `   ${/\w+: .*/s.exec(mark.textContent)?.[0] ?? ''}` : ''
  readout.textContent = seconds(ms) + load + command
}

/** A command in the transcript, in its lane, and as a stretch of time over all the charts. */
function highlight(seq) {
  for (const element of visible('[data-seq]')) element.classList.toggle('on', element.dataset.seq === seq)
  for (const figure of visible('figure.timeline')) {
    const series = seriesOf(figure)
    const mark = series.marks.find((one) => one[0] === seq)
    const band = one('.band', figure)
    band.setAttribute('visibility', mark ? 'visible' : 'hidden')
    if (!mark) continue
    const from = placeOf(series, mark[1])
    band.setAttribute('x', from)
    band.setAttribute('width', Math.max(2, placeOf(series, mark[2]) - from))
  }
}

const markOf = (entry) =>
  visible('figure.timeline')
    .flatMap((figure) => seriesOf(figure).marks)
    .find(([seq]) => seq === entry.dataset.seq)

/** The element under the pointer, so that a chart that was drawn again still shows it. */
let pointed = { ms: null, seq: null }

function point(ms, seq) {
  pointed = { ms, seq }
  for (const figure of visible('figure.timeline')) showAt(figure, ms, seq)
  highlight(seq)
}

document.addEventListener('pointermove', (event) => {
  const figure = event.target.closest?.('figure.timeline svg')?.closest('figure')
  if (!figure) return
  const { from, to, left, right, width, marks } = seriesOf(figure)
  const box = one('svg', figure).getBoundingClientRect()
  const share = (((event.clientX - box.left) / box.width) * width - left) / (width - left - right)
  const ms = from + share * (to - from)
  // The element under the pointer, or the nearest within three points.
  const on = event.target.closest('rect[data-seq]')?.dataset.seq
  const far = ([, at, until]) => Math.max(at - ms, ms - until, 0)
  const nearest = marks.toSorted((a, b) => far(a) - far(b))[0]
  const near = ((to - from) / (width - left - right)) * 3
  const seq = on ?? (nearest && far(nearest) <= near ? nearest[0] : null)
  point(share < 0 || share > 1 ? null : ms, seq)
})

// From the transcript to the charts, and away from both.
document.addEventListener('pointerover', (event) => {
  if (event.target.closest?.('figure.timeline svg')) return
  const entry = event.target.closest?.('.transcript [data-seq]')
  const at = entry && markOf(entry)
  if (at) point(at[1], at[0])
  else if (pointed.seq !== null || pointed.ms !== null) point(null, null)
})

// --- outputs on demand -----------------------------------------------------------------------------------------

document.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[data-load]')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  const answer = await fetch(`${link.dataset.load}?part=0`)
  if (!answer.ok) {
    location.href = link.href
    return
  }
  const place = link.closest('.more')
  const shortened = place.previousElementSibling
  const template = document.createElement('template')
  template.innerHTML = await answer.text()
  const block = template.content.firstElementChild
  // It stays open, whatever happens meanwhile.
  place.closest('li, main > *').isUnfolded = true
  shortened.replaceWith(template.content)
  place.remove()
  block.focus()
})

document.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[data-copy]')
  if (!link || !navigator.clipboard || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  const answer = await fetch(link.href)
  await navigator.clipboard.writeText(await answer.text())
  const name = link.textContent
  link.textContent = 'copied'
  setTimeout(() => {
    link.textContent = name
  }, 1500)
})

// --- live ------------------------------------------------------------------------------------------------------

const main = one('main')
let source = null
let isAsking = false
let isStale = false

async function refresh() {
  isStale = true
  if (isAsking) return
  isAsking = true
  while (isStale) {
    isStale = false
    const answer = await fetch(location.href).catch(() => null)
    if (answer?.ok) show(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    // A database that is written all the time must not keep the page busy.
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  isAsking = false
}

/** The page as the server last sent it, before the reader chose or opened anything in it. */
let sent = main.dataset.live ? main.cloneNode(true) : null

function show(fresh) {
  const next = one('main', fresh)
  if (!next) return
  document.title = fresh.title
  patch(main, sent, next)
  sent = next
  for (const figure of all('figure.timeline')) figure.series = null
  startClocks()
  point(pointed.ms, pointed.seq)
  if (!main.dataset.live) stopListening()
}

/**
 * Applies only the differences between the server's last two versions to the page. Everything else stays as the reader left
 * it: open parts, choices, focus and scroll positions.
 */
function patch(live, before, now) {
  if (live.isUnfolded || before.isEqualNode(now)) return
  if (live.nodeName !== now.nodeName || !live.attributes) {
    live.replaceWith(document.importNode(now, true))
    return
  }
  for (const { name, value } of now.attributes)
    if (before.getAttribute(name) !== value) live.setAttribute(name, value)
  for (const { name } of before.attributes) if (!now.hasAttribute(name)) live.removeAttribute(name)
  const known = new Map()
  const lives = [...live.childNodes]
  for (const [i, node] of [...before.childNodes].entries()) {
    const key = keyOf(node)
    known.set(key, [...(known.get(key) ?? []), { node, live: lives[i] }])
  }
  const wanted = [...now.childNodes].map((node) => ({ node, old: known.get(keyOf(node))?.shift() }))
  for (const { live } of [...known.values()].flat()) live?.remove()
  // Elements that stay are not moved, because moving loses focus and scroll position.
  let place = live.firstChild
  for (const { node, old } of wanted) {
    if (!old?.live) live.insertBefore(document.importNode(node, true), place)
    else {
      if (old.live === place) place = place.nextSibling
      else live.insertBefore(old.live, place)
      patch(old.live, old.node, node)
    }
  }
}

/** Identity of a part of the page: its name, or in a table the address of its row. */
const keyOf = (node) =>
  node.id || (node.nodeName === 'TR' && one('a[data-row]', node)?.getAttribute('href')) || node.nodeName

function listen() {
  if (source || !main.dataset.live || document.hidden) return
  source = new EventSource(main.dataset.live)
  source.addEventListener('change', refresh)
  // Changes from before it was connected, or while it was not.
  source.addEventListener('open', refresh)
  // Too many clients are listening already, or the viewer is restarting. The browser reconnects a broken connection by
  // itself.
  source.addEventListener('error', () => {
    if (source?.readyState !== EventSource.CLOSED) return
    source = null
    setTimeout(listen, 5000)
  })
}

function stopListening() {
  source?.close()
  source = null
  delete main.dataset.live
}

// A browser has few connections to one host, so a hidden page gives its own back.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) return listen()
  source?.close()
  source = null
})

/** Durations that the server has just sent keep counting from there. */
function startClocks() {
  for (const clock of all('[data-lasts]')) clock.since = performance.now() - Number(clock.dataset.lasts)
}

setInterval(() => {
  for (const clock of all('[data-lasts]')) clock.textContent = lasting(performance.now() - clock.since)
}, 1000)

/** Formatted as by the server: `12 s`, `3 m 5 s`, `2 h 4 m`. */
function lasting(ms) {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

// --- keys --------------------------------------------------------------------------------------------------------

const rows = () => visible('tbody tr:has(a[data-row]), .transcript > li[data-seq]:not(.result), .hits > li')

function move(step) {
  const list = rows()
  if (list.length === 0) return
  const at = list.findIndex((row) => row.classList.contains('here'))
  const next = list[Math.min(list.length - 1, Math.max(0, at === -1 ? 0 : at + step))]
  list[at]?.classList.remove('here')
  next.classList.add('here')
  next.scrollIntoView({ block: 'nearest' })
  const link = one('a[data-row], a', next)
  if (link) link.focus({ preventScroll: true })
  if (next.dataset.seq) {
    const mark = markOf(next)
    point(mark ? mark[1] : null, next.dataset.seq)
  }
}

const go = (selector) => visible(selector).at(-1)?.click()

const keys = {
  '/': () => one('input[type=search]')?.focus(),
  j: () => move(1),
  k: () => move(-1),
  u: () => go('.trail a'),
  '?': () => go('a[href="/help"]'),
  ArrowRight: () => (one('figure.timeline') ? move(1) : go('a[rel=next]')),
  ArrowLeft: () => (one('figure.timeline') ? move(-1) : go('a[rel=prev]')),
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.matches('input, select, textarea')) {
    if (event.key === 'Escape') event.target.blur()
    return
  }
  const isScrolling = event.key.startsWith('Arrow') && event.target.matches('.scroll, pre')
  const act = keys[event.key]
  if (!act || isScrolling) return
  event.preventDefault()
  act()
})

startClocks()
listen()
