import { wellFormed } from '../../core/text.ts'
import { maskDisguised, undressed } from './disguises.ts'
import { mask, maskShapes } from './shapes.ts'

/** Shorter values are words, not secrets: masking `root` everywhere would hide what happened. */
const minSecretChars = 8

const secretName =
  /(?:key|token|secret|passw(?:or)?d|passphrase|pwd|credentials?|auth)(?:$|_)|_pass$|^pgpass/i
/** Named like secrets, but they say where something is. */
const placeName =
  /_(?:sock|socket|file|path|dir|home|id|type|method)$|^(?:old)?pwd$|^xauthority$|^google_application_credentials$/i

/** The secrets in an environment: values of variables named like one, and passwords inside URLs. */
export function secretsOf(env: Record<string, string | undefined>): string[] {
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue
    if (secretName.test(name) && !placeName.test(name)) secrets.add(value)
    const password = value.includes('://') && URL.parse(value)?.password
    if (password) secrets.add(safeDecode(password)).add(password)
  }
  return [...secrets].filter((value) => value.trim().length >= minSecretChars)
}

/**
 * Masks the given secrets, as they are and encoded, and everything that has the shape of a well-known secret.
 * Time is linear in the text. Callers pass whole texts: a secret cut in two is not seen. What comes back is well-formed.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.trim().length >= minSecretChars)
  const forms = new Set(known.flatMap(formsOf))
  const literals = [...forms].sort((a, b) => b.length - a.length)
  const trimmed = known.map((secret) => secret.trim())
  return (text) => {
    let masked = wellFormed(text)
    for (const literal of literals) masked = masked.replaceAll(literal, mask)
    masked = maskDisguised(masked, literals, trimmed, mask)
    // A shape is hidden by a colour in it, or by a name that is spelled with escapes.
    const plain = undressed(masked)
    return maskShapes(plain !== masked && maskShapes(plain) !== plain ? plain : masked)
  }
}

/** A secret as it may stand in an output: plain, within JSON, URL-encoded, in hex, within a base64 text. */
function formsOf(secret: string): string[] {
  const trimmed = secret.trim()
  const bytes = Buffer.from(trimmed)
  const hex = bytes.toString('hex')
  const pairs = hex.match(/../g) ?? []
  const forms = [
    secret,
    trimmed,
    JSON.stringify(trimmed).slice(1, -1),
    encodeURIComponent(trimmed),
    encodeURIComponent(trimmed).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams({ s: trimmed }).toString().slice(2),
    hex,
    hex.toUpperCase(),
    ...[':', '-', ', 0x', ',0x', ' 0x'].flatMap((joint) => [
      pairs.join(joint),
      pairs.join(joint).toUpperCase(),
    ]),
    ...[' ', ',', ', '].map((joint) => bytes.join(joint)),
    ...[0, 1, 2].flatMap((shift) => base64Core(bytes, shift)),
  ]
  return forms.filter((form) => form.length >= minSecretChars)
}

/** Base64 of any text that has the secret at byte 3n+shift contains this, whatever stands around it. */
function base64Core(bytes: Buffer, shift: number): string[] {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const whole = (shift + bytes.length) % 3 === 0
  const core = encoded.slice(shift === 0 ? 0 : shift + 1, whole ? undefined : -1)
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
