import { readFileSync } from 'node:fs'

// Read, not imported: two folders up is the package from src/ as from dist/.
const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

export const version: string = manifest.version
