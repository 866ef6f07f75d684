import { contexts, maskKubernetesSecrets } from './contexts.ts'
import { maskKeyBlocks } from './key-blocks.ts'
import { tokens } from './tokens.ts'

export const mask = '[redacted]'

/*
 * Every pattern is linear: each repetition is bounded or can start at one place of a run only, so that a hostile output
 * cannot stall the operator.
 */

/** A password; not where a shell stands, as in `PWD=/root`. */
const pwd = String.raw`pwd(?!(?<=(?<!\w)(?:old)?pwd)=["']?/)`

const name =
  `passw(?:or)?d|passphrase|passcode|${pwd}|(?<![a-z\\d])pw|secret|secret[_-]?key[_-]?base|sshpass|authtok|rootpw|` +
  '(?:api|account|shared[_-]?access|pre[_-]?shared|encryption|signing|master|client|secret|hmac|subscription|x-auth)[_-]?key(?:[_-]?data)?|' +
  'access[_-]?key(?:[_-]?id)?|private[_ -]?key(?!["\']?[ \\t]{0,4}:[ \\t]{0,4}\\()|client[_-]?secret|_auth|' +
  '(?:auth|access|api|bearer|refresh|session|id|identity|registry|security|csrf|xsrf)[_-]?token|(?<![\\w-])token|' +
  '(?:php|j)sessionid|phpsessid|connect\\.sid|(?<![a-z])psk|' +
  // `pass: 12` is a count.
  '(?<=[_-])pass(?![a-z])|(?<![\\w-])pass(?=[ \\t]{0,40}=[ \\t]{0,40}(?!\\d|true|false|yes|no))'
/** Between a name and its value: aligned columns have many spaces. */
const is = '\\*{0,2}[ \\t]{0,40}[:=]{1,2}>?\\*{0,2}[ \\t]{0,40}'
/** A type, an anchor or a constructor before a value: `!!str x`, `&a x`, `Some("x")`. */
const dressing = '(?:(?:!{1,2}|&)[\\w/-]{1,40}[ \\t]{1,4}|[A-Za-z_][\\w.]{0,39}\\((?=["\']))?'
/** Where a system looks passwords up: /etc/nsswitch.conf. */
const sources = '(?<=\\bpasswd:[ \\t]{0,40})(?:files|compat|db|systemd|sss|ldap|nis)\\b'
const unmasked = '(?!\\[redacted\\]|<)'
/**
 * A value and the quote before it, which stays, as does the one after it: what was JSON is JSON afterwards. In order:
 * within a JSON text that is itself a JSON string, in double and single quotes, bare. What is masked already stays.
 */
const value = [
  String.raw`(?:(""")(?:(?!""")[^\\]){1,16384}`,
  String.raw`(\\")(?:[^"\\\n]|\\\\(?:\\[^\n]|[^"\\\n])|\\[^"\\\n]){1,16384}`,
  String.raw`(")(?:[^"\\\n]|\\[^\n]){1,16384}`,
  String.raw`(\\{2,7}")[^"\\\n]{1,16384}`,
  String.raw`(')[^'\n]{1,16384}`,
  '(`)[^`\\n]{1,16384}',
  String.raw`(?!\[redacted\]|(?:\*{1,2}[ \t]{0,4}|[!&]{1,2}[\w/-]{1,40}[ \t]{1,4}|\w{1,40}\()["'\`]?\[redacted\])[^\s"'\`\\&,;)}\]]{1,16384})`,
].join('|')
/** A word of a command line, quoted or not. */
const word = `["']?${unmasked}[^\\s"'\\\\]{1,256}`
/** Text that may stand between a program and its option. */
const options = '\\b(?:[^\\n|;&]|(?<=\\\\)\\n){0,200}?[ \\t]'

const header =
  '(?:proxy-)?authorization|x-(?:[a-z]{1,20}-){0,4}(?:token|key|secret|password|signature)|' +
  '(?:private|job|deploy)-token|(?:dd-)?(?:api|application)-key|ocp-apim-subscription-key|x-auth-key|set-cookie|cookie'

/** The groups are kept: the name before the secret, and its quote. The rest is masked. */
const named: readonly RegExp[] = [
  // YAML's block scalars: the lines below that are indented.
  new RegExp(
    `((?:${name})["']?[ \\t]{0,40}:[ \\t]{0,40}[|>][-+0-9]{0,3}[ \\t]{0,40}\\r?\\n)([ \\t]{1,80})(?!\\[redacted\\])\\S[^\\n]{0,4096}(?:\\n\\2[^\\n]{0,4096}){0,400}`,
    'gi',
  ),
  // A name and a value that are members of their own, as in Kubernetes' env and Hadoop's XML.
  new RegExp(
    `(\\b(?:name|key)["']?[ \\t]{0,3}[:=>][ \\t]{0,3}["']?[\\w.-]{0,60}(?:${name})["']?(?:,|</name>)?\\s{0,40}["'<]?value["']?[ \\t]{0,3}[:=>][ \\t]{0,3})${value.replace('\\s"\'', '\\s<"\'')}`,
    'gi',
  ),
  new RegExp(
    `((?:${name})(?:\\\\{0,7}["'])?${is}${dressing})(?!${sources})(?![|>][-+0-9]{0,3}[ \\t]{0,40}\\r?\\n)${value}`,
    'gi',
  ),
  new RegExp(`(\\b[A-Z][A-Z0-9_]{0,60}_(?:KEY|SECRET|TOKEN|PASS|CREDENTIALS?|AUTH)=)${value}`, 'g'),
  new RegExp(
    `(\\b(?:setenv|set -\\w{1,4})[ \\t]{1,4}[A-Z0-9_]{0,60}(?:KEY|SECRET|TOKEN|PASS(?:WORD)?)[ \\t]{1,4})${value}`,
    'g',
  ),
  new RegExp(
    `((?:${header})(?:\\\\?["'])?${is}(?:\\\\?["'])?)(?![ \\t"'\\\\]{0,6}\\[redacted\\])[^\\r\\n"'\\\\]{1,16384}`,
    'gi',
  ),
  // Not "Basic authentication": what is encoded has a digit or padding nearly always.
  /(\b(?:Bearer|Basic|ApiKey) )(?=[A-Za-z+/_.~-]{0,16384}[0-9=])[A-Za-z0-9+/_.~=-]{12,16384}/g,
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,256}:)(?!\[redacted\])[^\s/@"']{1,256}(?=@)/gi,
  /(\bhttps?:\/\/)(?!\[redacted\])[A-Za-z0-9_.~-]{20,256}(?=@)/gi,
  /([?&](?:sig|X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature)=)(?!\[redacted\])[^\s&"'\\]{16,4096}/gi,
  // Go's data source names: user:password@tcp(host).
  /((?:^|[\s"'=`])[\w.-]{1,64}:)(?!\[redacted\])[^\s/"'`]{1,256}(?=@(?:tcp6?|udp|unix)\()/gm,
  new RegExp(
    `((?:^|\\s)(?:-u|--user|--proxy-user|user add)[ =]?["']?(?!\\d{1,10}:\\d{1,10}(?!\\S))[^\\s:"'/<-][^\\s:"'/]{0,127}:)${unmasked}[^\\s"'\\\\]{1,256}`,
    'gm',
  ),
  new RegExp(`(\\b(?:requirepass|masterauth)[ \\t]{1,40})${word}`, 'gi'),
  new RegExp(
    `((?:^|\\s)--(?:token|(?:[\\w-]{0,40}-)?(?:pass(?:word|wd|phrase)?|secret|(?:api|secret|access)-key))[ \\t]{1,4})(?!-|string)${word}`,
    'gi',
  ),
  new RegExp(`(\\bredis-cli${options}-a[ \\t]{0,4})${word}`, 'g'),
  new RegExp(
    `(\\b(?:mysql|mysqldump|mysqladmin|mysqlpump|mycli|mariadb(?:-\\w{1,10})?)${options}-p)(?=[^\\s])${word}`,
    'g',
  ),
  new RegExp(
    `(\\b(?:sshpass|mongo(?:sh|dump|restore|export)?|cqlsh|docker[ \\t]login|podman[ \\t]login|helm[ \\t]registry[ \\t]login)\\b(?:[^\\n|;&]{0,200}?[ \\t])?-p[ \\t]{0,4})${word}`,
    'g',
  ),
  new RegExp(
    `(\\b(?:ldap(?:search|modify|add|delete|whoami)${options}-w|(?:sqlcmd|isql|zip|unzip|ipmitool)${options}-P)[ \\t]{1,4})${word}`,
    'g',
  ),
  new RegExp(
    `(\\bhtpasswd${options}-\\w{0,6}b\\w{0,6}[ \\t]{1,4}\\S{1,256}[ \\t]{1,4}\\S{1,128}[ \\t]{1,4})${word}`,
    'g',
  ),
  new RegExp(`((?:-pass(?:in|out)?|-k)[ \\t]{1,4}["']?pass:)${unmasked}[^\\s"'\\\\]{1,256}`, 'g'),
  new RegExp(`(--from-literal[= ]["']?[^\\s="']{1,100}=)${unmasked}[^\\s"']{1,4096}`, 'g'),
  /(\becho[ \t]{1,4}(?:-n[ \t]{1,4})?["']?[\w.-]{1,32}:)(?!\[redacted\])[^\s"'|]{1,256}(?=["']?[ \t]{0,4}\|[ \t]{0,4}(?:sudo[ \t]{1,4})?chpasswd)/g,
  /(\bacl[ \t]{1,4}setuser[ \t]{1,4}\S{1,64}(?:[ \t]{1,4}[^\s>#]\S{0,63}){0,20}[ \t]{1,4})(?!\[redacted\])[>#]\S{1,256}/gi,
  /(^user[ \t]\S{1,64}[ \t](?:on|off)(?:[ \t](?:sanitize-payload|skip-sanitize-payload|nopass|resetkeys|resetchannels|reset|[~&+%-]\S{1,64})){0,20}[ \t])(?!\[redacted\])[>#]\S{1,256}/gm,
  // Columns: `password    hunter2`. PAM's own words for what has to hold are none, nor are titles of a table.
  /((?:^|[\s"'])(?:password|passwd|passphrase|requirepass|masterauth)[ \t]{2,80})(?!\[redacted\]|\[|(?:required|requisite|sufficient|optional|include|substack)\b|[A-Z_ -]{1,40}(?:\s|$))[^\s"']{1,256}/gim,
  // Arguments of a call: define('DB_PASSWORD', '...').
  new RegExp(`(\\w\\(\\s{0,3}["'][\\w.-]{0,60}(?:${name})["'],\\s{0,3})${value}`, 'gi'),
  new RegExp(
    `(\\baws${options}configure set[ \\t]{1,4}[\\w.]{0,60}(?:secret_access_key|session_token)[ \\t]{1,4})${word}`,
    'g',
  ),
  new RegExp(`(\\b(?:smbclient|rpcclient|smbget)${options}-U[ \\t]{0,4}["']?[^\\s%"']{1,64}%)${word}`, 'g'),
  new RegExp(`(\\blftp${options}-u[ \\t]{0,4}["']?[^\\s,"']{1,64},)${word}`, 'g'),
  new RegExp(`(\\bsnmp(?:get|getnext|walk|bulkwalk|set|table)${options}-[cAX][ \\t]{0,4})${word}`, 'g'),
  // .netrc, .pgpass, /etc/shadow.
  /(\b(?:machine[ \t]{1,40}\S{1,256}|default)\s{1,40}(?:(?:login|account)\s{1,40}\S{1,256}\s{1,40}){0,2}password\s{1,40})(?!\[redacted\])\S{1,256}/g,
  /(^[ \t]{0,40}login[ \t]{1,40}\S{1,256}\s{1,40}password[ \t]{1,40})(?!\[redacted\])\S{1,256}/gm,
  /(^[A-Za-z0-9.*_-]{1,253}:(?:\d{1,5}|\*):(?:[A-Za-z_*][\w.*-]{0,62}):(?:[A-Za-z_*][\w.@*-]{0,62}):)(?!\[redacted\])[^\s:]{1,256}$/gm,
  /(^[a-z_][\w.-]{0,31}:)[./0-9A-Za-z]{13}(?=:\d{0,6}:\d{0,6}:)/gm,
  // Docker's config.json: base64 of user:password.
  /((?:\\?")(?:auth|identitytoken|registrytoken)\\?"\s{0,3}:\s{0,3}\\?")(?!\[redacted\])[A-Za-z0-9+/_.=-]{12,8192}(?=\\?")/g,
  new RegExp(
    `(<[\\w:.-]{0,40}(?:${name})(?:\\s[^<>]{0,200})?>\\s{0,80})${unmasked}[^<\\s][^<]{0,16384}(?=</)`,
    'gi',
  ),
]

export function maskShapes(text: string): string {
  let masked = maskKubernetesSecrets(maskKeyBlocks(text, mask), mask)
  for (const pattern of tokens) masked = masked.replace(pattern, mask)
  for (const pattern of [...named, ...contexts])
    masked = masked.replace(pattern, (_whole, ...groups) => keptOf(groups) + mask)
  return masked
}

/** After the groups come a number and the text; groups without a match are undefined. */
const keptOf = (groups: unknown[]): string =>
  groups
    .slice(
      0,
      groups.findIndex((group) => typeof group === 'number'),
    )
    .map((group) => group ?? '')
    .join('')
