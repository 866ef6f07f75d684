/** Private keys in their text forms, whole, cut off at either end, and as base64 of such a text. */
export function maskKeyBlocks(text: string, mask: string): string {
  return maskTails(maskWhole(text, mask), mask)
    .replace(armoured, (whole) => (isPrivate(whole) ? mask : whole))
    .replace(puttyKey, (_whole, head: string) => `${head}${mask}\n`)
    .replace(ansibleVault, (_whole, head: string) => `${head}${mask}\n`)
}

const keyBegin = /-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}/g
const keyEnd = /-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}/
/** Larger than any key; a block whose end was cut off is masked that far. */
const maxKeyChars = 16_384

function maskWhole(text: string, mask: string): string {
  let [masked, from] = ['', 0]
  for (const begin of text.matchAll(keyBegin)) {
    if (begin.index < from) continue
    const bodyAt = begin.index + begin[0].length
    const body = text.slice(bodyAt, bodyAt + maxKeyChars)
    const end = keyEnd.exec(body)
    masked += text.slice(from, begin.index) + mask
    from = bodyAt + (end ? end.index + end[0].length : body.length)
  }
  return masked + text.slice(from)
}

/** Characters of a key between its first and last line: base64, also as a JSON string or in an indented block. */
const ofKey = /[A-Za-z0-9+/=\s\\]/

/** The last lines of a key, as `tail` shows them: from its end back to what is no line of a key. */
function maskTails(text: string, mask: string): string {
  let [masked, from] = ['', 0]
  for (const end of text.matchAll(new RegExp(keyEnd, 'g'))) {
    let at = end.index
    const first = Math.max(from, at - maxKeyChars)
    while (at > first && ofKey.test(text[at - 1] ?? '')) at--
    // A word or two at the end of a sentence before it are no line of a key; whole lines are.
    const lineAt = at === first ? at : text.indexOf('\n', at) + 1
    at = lineAt > at && lineAt <= end.index ? lineAt : at
    masked += text.slice(from, at) + mask
    from = end.index + end[0].length
  }
  return masked + text.slice(from)
}

/** Base64 of a text that begins as PEM does: Kubernetes and cloud-init keep keys so. Certificates look the same at first. */
const armoured = /LS0tLS1CRUdJT[A-Za-z0-9+/]{20,32768}={0,2}/g
const isPrivate = (base64: string): boolean =>
  Buffer.from(base64.slice(0, 120), 'base64').toString('latin1').includes('PRIVATE KEY')

const puttyKey = /(\bPrivate-Lines: \d{1,4}\r?\n)(?:[A-Za-z0-9+/=]{1,80}\r?\n){1,200}/g
const ansibleVault = /(\$ANSIBLE_VAULT;[^\n]{1,80}\n)(?:[ \t]{0,40}[0-9a-f]{2,128}(?:\r?\n|$)){1,400}/g
