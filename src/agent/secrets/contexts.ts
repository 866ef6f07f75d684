/*
 * Secrets that only their surroundings show: dialogues of programs, SQL, tables, prose. As in `secret-shapes.ts` the groups
 * stay and the rest is masked, and every repetition is bounded.
 */

const unmasked = '(?!\\[redacted\\]|<)'
/** A word, in quotes or not. */
const word = `["']?${unmasked}[^\\s"'\\\\]{1,256}`
/** Programs that read a password from their input. */
const readers =
  'sudo[ \\t]{1,4}(?:-\\w{1,8}[ \\t]{1,4}){0,4}-\\w{0,8}S|passwd|smbpasswd|kinit|kadmin|cryptsetup|(?:docker|podman|oras|crane)[ \\t]{1,4}login|' +
  'helm[ \\t]{1,4}registry|etcdctl\\b[^|\\n]{0,80}?\\buser|gpg|vault[ \\t]{1,4}login|su\\b'

const credential = '(?:password|passwd|passphrase|passcode|secret|token|api[_ -]?key|secret ?access ?key)'

export const contexts: readonly RegExp[] = [
  // `password:` with its value alone on the next line, as YAML allows.
  /(^[ \t]{0,40}["']?[\w.-]{0,60}(?:password|passwd|passphrase|secret|token|api[_-]?key)["']?:[ \t]{0,4}\r?\n[ \t]{2,80}["']?)(?!\[redacted\]|- |["']?[\w.-]{1,60}["']?:)[^\s"'{}[\]][^\n"']{0,1024}/gim,
  // Two cells of a table: `| password | x |`, and psql's `password | x`.
  new RegExp(
    `(^[ \\t]{0,40}\\|?[ \\t]{0,40}[\`"]?[\\w. -]{0,60}${credential}[\`"]?[ \\t]{0,80}\\|[ \\t]{0,80})\`?(?!\\[redacted\\]|[-+])[^\\s|\`]{1,512}\`?(?=[ \\t]{0,80}\\|?[ \\t]{0,10}\\r?$)`,
    'gim',
  ),
  // SQL.
  /(\b(?:password|identified(?:[ \t]{1,4}with[ \t]{1,4}[\w"'`]{1,64})?[ \t]{1,4}(?:by|as)|identified[ \t]{1,4}by[ \t]{1,4}password)[ \t]{0,4}\(?[ \t]{0,4}')(?!\[redacted\])[^'\n]{1,512}(?=')/gi,
  /(\bdb\.auth\([ \t]{0,4}["'][^"'\n]{1,64}["'][ \t]{0,4},[ \t]{0,4}["'])(?!\[redacted\])[^"'\n]{1,256}/g,
  // Redis, and what speaks its protocol.
  /(^[ \t>]{0,8}AUTH[ \t]{1,4}(?:default[ \t]{1,4})?)(?!\[redacted\]|\S{0,40}[ \t]*$(?<=(?:failed|required|PLAIN|LOGIN|OK|enabled|disabled)))[^\s"'\\]{4,256}(?=[ \t]*\r?$)/gm,
  /(["']AUTH[ \t]{1,4}(?:default[ \t]{1,4})?)(?!\[redacted\])[^\s"'\\]{4,256}(?=\\r|["'])/g,
  /(\bHELLO[ \t]{1,4}[23][ \t]{1,4}AUTH[ \t]{1,4}\S{1,64}[ \t]{1,4})(?!\[redacted\])[^\s"'\\]{1,256}/gi,
  /(\b(?:redis|valkey)-cli\b[^\n|;&]{0,200}?[ \t]auth[ \t]{1,4}(?:[^\s|;&]{1,64}[ \t]{1,4}(?=[^\s|;&-]))?)(?!\[redacted\])[^\s"'|;&-][^\s"'|;&]{0,255}/gi,
  /(\*\d\\r\\n\$4\\r\\nAUTH(?:\\r\\n\$\d{1,3}\\r\\n\w{1,64})?\\r\\n\$\d{1,3}\\r\\n)(?!\[redacted\])[^\\\s]{1,256}/gi,
  new RegExp(
    `(\\b(?:bindpw|rootpw|auth-pass[ \\t]{1,4}\\S{1,64}|setcookie)[ \\t]{1,40})(?!\\[redacted\\])${word}`,
    'gi',
  ),
  /((?:^|\n)(?:\d{1,4}\) )?"?(?:requirepass|masterauth)"?\r?\n(?:\d{1,4}\) )?"?)(?!\[redacted\]|masterauth|requirepass|"|\d{1,4}\) )[^\s"]{1,256}/g,
  // Input that is piped into a program that reads a password.
  new RegExp(
    `(\\b(?:echo|printf)[ \\t]{1,4}(?:-n[ \\t]{1,4})?["']?)(?!\\[redacted\\])[^\\s"'|;&$]{1,256}(?=["']?[ \\t]{0,4}\\|[ \\t]{0,4}(?:${readers}))`,
    'g',
  ),
  // Clients whose options or operands are passwords.
  new RegExp(`(\\bETCDCTL_USER=["']?[^\\s:"']{1,64}:)${word}`, 'g'),
  new RegExp(
    `(\\b(?:curl|wget|http)\\b[^\\n|;&]{0,200}?[ \\t](?:-b|--cookie)[ =]["']?[^\\s=;"']{1,64}=)${unmasked}[^\\s"']{1,4096}`,
    'g',
  ),
  new RegExp(
    `(\\bmc[ \\t]{1,4}alias[ \\t]{1,4}set(?:[ \\t]{1,4}[^\\s|;&]{1,256}){3}[ \\t]{1,4})${word}`,
    'g',
  ),
  new RegExp(`(\\bvault[ \\t]{1,4}login[ \\t]{1,4}(?!-))${word}`, 'g'),
  new RegExp(`(\\b7z[ar]?\\b[^\\n|;&]{0,200}?[ \\t]-p)(?=[^\\s])${word}`, 'g'),
  new RegExp(
    `(\\brclone[ \\t]{1,4}obscure[ \\t]{1,4}|\\bnmcli\\b[^\\n|;&]{0,200}?[ \\t]password[ \\t]{1,4})${word}`,
    'g',
  ),
  new RegExp(`(\\bopenssl[ \\t]{1,4}passwd[ \\t]{1,4}(?:-\\w{1,10}[ \\t]{1,4}){0,4}(?!-))${word}`, 'g'),
  /(\b(?:sqlplus[ \t]{1,4}(?:-\w{1,4}[ \t]{1,4}){0,3}|jdbc:oracle:thin:)[\w$#]{1,64}\/)(?!\[redacted\]|@)[^\s@"'/]{1,128}(?=@)/gi,
  /(\bopen[ \t]{1,4}-u[ \t]{1,4}[^\s,]{1,64},)(?!\[redacted\])\S{1,256}/g,
  /(\bassword:?["'];?[\s\S]{0,40}?\bsend(?:[ \t]--)?[ \t]{1,4}["'])(?!\[redacted\])[^"'\\\n]{1,256}/g,
  // Cookies, as curl keeps them, and a field of a form.
  /(^(?:#HttpOnly_)?\S{1,253}\t(?:TRUE|FALSE)\t\S{1,256}\t(?:TRUE|FALSE)\t\d{1,12}\t\S{1,128}\t)(?!\[redacted\])\S{1,4096}/gm,
  /(\bname="[\w.-]{0,40}(?:password|passwd|secret|token)"\r?\n\r?\n)(?!\[redacted\])[^\r\n]{1,4096}/gi,
  // URLs within JSON and URL-encoded ones.
  /(\b[a-z][a-z0-9+.-]{1,20}:\\{1,4}\/\\{1,4}\/[^\s/:@"'\\]{0,256}:)(?!\[redacted\])[^\s/@"'\\]{1,256}(?=@)/gi,
  /(%3A%2F%2F[^\s%&]{0,64}%3A)(?!\[redacted\])[^\s&]{1,256}?(?=%40)/gi,
  /([?&](?:key|code)=)(?!\[redacted\])(?=[A-Za-z_-]{0,60}\d)[A-Za-z0-9_-]{30,256}(?![\w-])/g,
  // Keys as JSON Web Keys and as `openssl -text` shows them; keys of a cluster's gossip and of its seal.
  /("kty"[^{}]{0,4096}?"(?:d|k)"\s{0,4}:\s{0,4}")(?!\[redacted\])[\w-]{40,2048}/g,
  /(\b(?:privateExponent|priv|prime[12]|exponent[12]|coefficient):[ \t]{0,4}\r?\n)(?:[ \t]{1,16}[0-9a-f]{2}[0-9a-f:]{1,80}(?:\r?\n|$)){1,120}/g,
  /("encrypt"\s{0,4}[:=]\s{0,4}")(?!\[redacted\])[A-Za-z0-9+/]{22,44}={0,2}(?=")/g,
  /(\b(?:unseal|recovery) key(?: \d{1,2})?:[ \t]{1,4}|\broot token:[ \t]{1,4}|\bsecret ?id[ \t]{0,20}[:=][ \t]{0,20})(?!\[redacted\])[^\s"',]{16,256}/gi,
  /("keyName":\s{0,4}"[^"]{1,64}",\s{0,20}(?:"permissions":[^,]{1,40},\s{0,20})?"value":\s{0,4}")(?!\[redacted\])[^"]{16,256}/g,
  /(\b(?:mnemonic|seed phrase)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)(?!\[redacted\])[a-z]{3,8}(?: [a-z]{3,8}){11,23}/gi,
  // Prose. A word of letters alone may be the rest of a sentence.
  /(\b(?:password|passphrase|passcode)(?: for [\w-]{1,32})?(?: is| was|:)?[ \t]["'`]?)(?!\[redacted\])(?=[^\s"'`]{0,60}\d)(?=[^\s"'`]{0,60}[A-Za-z])[^\s"'`(){}=:/]{6,128}/gi,
  /(\b(?:secret|token|(?:api|access) key) is[ \t]["'`]?)(?!\[redacted\])(?=[^\s"'`]{0,60}\d)(?=[^\s"'`]{0,60}[A-Za-z])[^\s"'`(){}=:/]{12,256}/gi,
]

const block =
  /^([ \t]{0,40})((?:data|stringData):[ \t]{0,4}\r?\n)((?:\1[ \t]{1,40}[^\n]{0,65536}(?:\n|$)){1,400})/gm
const fields = /(\\{0,3}"(?:data|stringData)\\{0,3}"\s{0,4}:\s{0,4}\{)([^{}]{1,262144})(?=\})/g

/** Values of a Kubernetes Secret, whose names say nothing of them. */
export function maskKubernetesSecrets(text: string, mask: string): string {
  if (!/\bkind\\{0,3}["']?\s{0,4}:\s{0,4}\\{0,3}["']?Secret\b/.test(text)) return text
  return text
    .replace(block, (_whole, indent: string, head: string, lines: string) => {
      const masked = lines.replace(
        /^([ \t]{1,80}["']?[\w.-]{1,253}["']?:[ \t]{1,4})(?![|>])\S[^\n]*/gm,
        `$1${mask}`,
      )
      return indent + head + masked
    })
    .replace(
      fields,
      (_whole, head: string, members: string) =>
        head +
        members.replace(
          /(\\{0,3}"[\w.-]{1,253}\\{0,3}"\s{0,4}:\s{0,4}\\{0,3}")[^"\\]{1,65536}/g,
          `$1${mask}`,
        ),
    )
}
