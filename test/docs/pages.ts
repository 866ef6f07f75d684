import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Every page that users and contributors read, by its path from the root. */
export const pages: readonly { path: string; text: string }[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/redis/README.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

/** A fenced block of code. */
export interface Block {
  /** `docs/campaigns.md:12`, of its first line of code. */
  place: string
  path: string
  language: string
  text: string
  /** What the comment right above it says that a test does with it; null: nothing. */
  mark: string | null
}

/** `<!-- test: run -->` on the line above a fence is not shown by any renderer of markdown. */
export function blocksIn({ path, text }: { path: string; text: string }): Block[] {
  const lines = text.split('\n')
  const blocks: Block[] = []
  for (let i = 0; i < lines.length; i++) {
    const [, indent, language] = /^( *)```(\w*)$/.exec(lines[i] ?? '') ?? []
    if (indent === undefined || language === undefined) continue
    const end = lines.indexOf(`${indent}\`\`\``, i + 1)
    if (end < 0) throw new Error(`${path}:${i + 1}: a block that does not end`)
    const mark = /^ *<!-- test: (.*) -->$/.exec(lines[i - 1] ?? '')?.[1] ?? null
    const code = lines.slice(i + 1, end).map((line) => line.slice(indent.length))
    blocks.push({ place: `${path}:${i + 2}`, path, language, text: `${code.join('\n')}\n`, mark })
    i = end
  }
  return blocks
}

/** Text between single backquotes, outside of fenced blocks. */
export function inlineCodeIn(text: string): string[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
  return [...prose.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
}

/** The anchors that GitHub makes of a page's headings. */
export function anchorsIn(text: string): Set<string> {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
  const headings = [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
