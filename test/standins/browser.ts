import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { slowed } from './until.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** OPERATOR_BROWSER, or what of Chromium and Chrome is on the PATH. */
function browserPath(): string | undefined {
  if (process.env.OPERATOR_BROWSER) return process.env.OPERATOR_BROWSER
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** For `skip`: why nothing can be shown to anybody here. */
export const noBrowser: string | false = browserPath()
  ? false
  : 'NO BROWSER: the pages of the viewer are NOT tested here; apt-get install chromium'

/** Where screenshots of every page go, for people to look at. */
const shots = process.env.OPERATOR_SCREENSHOTS ?? join(import.meta.dirname, '../../.tools/screenshots')

export function shotPath(name: string): string {
  mkdirSync(shots, { recursive: true })
  return join(shots, name)
}

/** As it is in the light and in the dark, all of it: `name-light.png`, `name-dark.png`. */
export async function photograph(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: shotPath(`${name}-${colorScheme}.png`), fullPage: true })
  }
}

/** A page that somebody has open, and everything that went wrong in it. */
export interface Tab extends AsyncDisposable {
  page: Page
  /** Errors on the console and of scripts, and requests to anywhere else. */
  wrong: string[]
}

export interface Chromium extends AsyncDisposable {
  open(url: string, options?: BrowserContextOptions): Promise<Tab>
}

/** A real browser, without a window. */
export async function startBrowser(): Promise<Chromium> {
  const path = browserPath()
  assert.ok(path)
  // Its own sandbox wants more of the kernel than a container gives, and all it sees is ours.
  const browser = await chromium.launch({
    executablePath: path,
    args: ['--no-sandbox'],
    timeout: slowed(30_000),
  })
  return {
    open: (url, options) => openTab(browser, url, options),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function openTab(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(slowed(20_000))
  const wrong: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`))
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const { origin } = new URL(url)
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) wrong.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return { page, wrong, [Symbol.asyncDispose]: () => context.close() }
}

/** What axe calls serious or worse, one line each, in the light and in the dark. */
export async function seriousProblems(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'dark' })
  // Only the colours are others in the dark.
  const inTheDark = await problems(page, ['color-contrast'])
  await page.emulateMedia({ colorScheme: 'light' })
  return [...(await problems(page)), ...inTheDark]
}

async function problems(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source)
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })
  const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  )
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
