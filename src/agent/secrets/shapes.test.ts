import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { mask, maskShapes } from './shapes.ts'

const b64 = (text: string) => Buffer.from(text).toString('base64')
/** Looks random, is the same in every run. */
const noise = (chars: number, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789') =>
  Array.from({ length: chars }, (_, i) => alphabet[(i * i * 7 + i * 31 + 5) % alphabet.length]).join('')
const lines = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\n')
/** Parts are joined here: a scanner of repositories need not find keys. */
const pem = (kind: string, body = lines(noise(640), 64)) =>
  `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----`

/** [what, a text in which SECRET stands, SECRET if it is another]; all of SECRET has to go, all around it has to stay. */
const forms: [string, (secret: string) => string, string?][] = [
  ['a password with many spaces', (s) => `password       =     ${s}\nnext`],
  ['a password in columns', (s) => `user      admin\npassword  ${s}\nnext`],
  ['Azure storage', (s) => `AccountName=x;AccountKey=${s};EndpointSuffix=y`, `${noise(86)}==`],
  [
    'Azure service bus',
    (s) => `Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=${s}`,
    `${noise(43)}=`,
  ],
  ['Azure SAS', (s) => `https://x.blob.core.windows.net/c?sv=2024&sig=${s}&se=1`, noise(44)],
  ['Azure AD client secret', (s) => `value ${s} end`, `abc8Q~${noise(34)}`],
  ['docker config', (s) => `{"auths": {"r.example": {"auth": "${s}"}}}`, b64('me:hunter2hunter2')],
  ['docker config within JSON', (s) => JSON.stringify({ data: `{"auth":"${s}"}` }), b64('me:hunter2hunter2')],
  ['kubeconfig key', (s) => `    client-key-data: ${s}\n    x: y`, b64(pem('RSA PRIVATE KEY'))],
  ['kubeconfig token', (s) => `    token: ${s}\n`],
  ['a key in base64 alone', (s) => `tls.key ${s} end`, b64(pem('PRIVATE KEY'))],
  ['Kubernetes env', (s) => `- name: DB_PASSWORD\n  value: ${s}\n- name: X\n  value: shown`],
  ['Kubernetes env as JSON', (s) => `{"name":"API_TOKEN","value":"${s}"},{"name":"X","value":"shown"}`],
  ['kubectl create secret', (s) => `kubectl create secret generic a --from-literal=anything=${s} -n x`],
  ['shadow', (s) => `root:${s}:19000:0:99999:7:::`, `$6$${noise(16)}$${noise(86)}`],
  ['shadow, yescrypt', (s) => `root:${s}:19000:0:99999:7:::`, `$y$j9T$${noise(22)}$${noise(43)}`],
  ['shadow, DES', (s) => `alice:${s}:19000:0:99999:7:::`, 'ab1cdEFghIJ2k'],
  ['htpasswd, bcrypt', (s) => `alice:${s}`, `$2y$05$${noise(53)}`],
  ['htpasswd, Apache', (s) => `alice:${s}`, `$apr1$${noise(8)}$${noise(22)}`],
  ['htpasswd, SHA', (s) => `alice:${s}`, `{SHA}${noise(27)}=`],
  ['htpasswd on a command line', (s) => `htpasswd -bc /etc/nginx/users alice ${s} && true`],
  ['argon2', (s) => `hash ${s} end`, `$argon2id$v=19$m=65536,t=3,p=4$${noise(22)}$${noise(43)}`],
  ['PostgreSQL roles', (s) => `me | ${s} |`, `SCRAM-SHA-256$4096:${noise(22)}==$${noise(43)}=:${noise(43)}=`],
  ['PostgreSQL roles, MD5', (s) => `me | ${s} |`, `md5${noise(32, '0123456789abcdef')}`],
  ['Django', (s) => `me | ${s} |`, `pbkdf2_sha256$260000$${noise(22)}$${noise(43)}=`],
  ['mysql -p', (s) => `mysql -u root -p${s} -h db -e 'select 1'`],
  ['mysqldump -p in quotes', (s) => `mysqldump -uroot -p'${s}' all`],
  ['--password=', (s) => `mongodump --host x --password=${s} --out y`],
  ['--password', (s) => `etcdctl --user root --password ${s} get a`],
  ['mongosh -p', (s) => `mongosh -u admin -p ${s} db`],
  ['docker login', (s) => `docker login -u me -p ${s} r.example`],
  ['sshpass', (s) => `sshpass -p ${s} ssh root@h`],
  ['sshpass joined', (s) => `sshpass -p${s} ssh root@h`],
  ['ldapsearch', (s) => `ldapsearch -D cn=admin -w ${s} -b dc=x`],
  ['sqlcmd', (s) => `sqlcmd -S db -U sa -P ${s} -Q x`],
  ['openssl', (s) => `openssl rsa -in k.pem -passin pass:${s} -out x`],
  ['curl -u joined', (s) => `curl -uroot:${s} http://h/`],
  ['etcd user add', (s) => `etcdctl user add alice:${s}`],
  ['chpasswd', (s) => `echo root:${s} | chpasswd`],
  ['redis ACL', (s) => `ACL SETUSER alice on >${s} ~* +@all`],
  ['redis ACL file', (s) => `user alice on sanitize-payload #${s} ~* +@all`, noise(64, '0123456789abcdef')],
  ['redis config', (s) => `masterauth     ${s}\nport 6379`],
  ['netrc', (s) => `machine h.example login me password ${s}\n`],
  ['netrc over lines', (s) => `machine h.example\n  login me\n  password ${s}\n`],
  ['pgpass', (s) => `db.example:5432:app:me:${s}\n`],
  ['pgpass with stars', (s) => `*:*:*:me:${s}`],
  ['Go DSN', (s) => `dsn := "me:${s}@tcp(10.0.0.1:3306)/app"`],
  ['Go DSN of a socket', (s) => `me:${s}@unix(/run/mysqld.sock)/app`],
  ['a URI of any scheme', (s) => `amqp+tls://me:${s}@mq.example:5671/vhost`],
  ['a token in a URL', (s) => `git clone https://${s}@git.example/x.git`, noise(40)],
  ['XML', (s) => `<server><username>me</username><password>${s}</password></server>`],
  ['XML with a name space', (s) => `<ns:apiKey type="x">${s}</ns:apiKey>`],
  ['XML attribute', (s) => `<user name="me" password="${s}"/>`],
  ['Hadoop', (s) => `<name>fs.password</name>\n  <value>${s}</value>`],
  ['X-Vault-Token', (s) => `curl -H 'X-Vault-Token: ${s}' http://h`],
  ['X-Consul-Token', (s) => `> X-Consul-Token: ${s}`],
  ['X-Amz-Security-Token', (s) => `> x-amz-security-token: ${s}`],
  ['PRIVATE-TOKEN', (s) => `--header "PRIVATE-TOKEN: ${s}" x`],
  ['DD-API-KEY', (s) => `DD-API-KEY: ${s}`],
  ['Proxy-Authorization', (s) => `Proxy-Authorization: ${s}`, `Basic ${b64('me:hunter2')}`],
  ['Set-Cookie', (s) => `< Set-Cookie: ${s}\n<`, `sid=${noise(20)}; HttpOnly`],
  ['a session id', (s) => `GET /?JSESSIONID=${s}&x=1`],
  ['Vault', (s) => `token    ${s}`, `hvs.${noise(90)}`],
  ['Vault, older', (s) => `VAULT ${s} x`, `s.${noise(24)}`],
  ['Slack webhook', (s) => `https://hooks.slack.com/services/${s} x`, `T0000000/B0000000/${noise(24)}`],
  ['GitLab runner', (s) => `x ${s} y`, `glrt-${noise(20)}`],
  ['npmrc', (s) => `//registry.npmjs.org/:_authToken=${s}\nx`],
  ['npmrc, old', (s) => `_auth = ${s}\nx`, b64('me:hunter2')],
  ['PyPI', (s) => `x ${s} y`, `pypi-AgE${noise(60)}`],
  ['Telegram', (s) => `x ${s} y`, `123456789:AA${noise(33)}`],
  ['age', (s) => `# key\n${s}\n`, `AGE-SECRET-KEY-1${noise(58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}`],
  ['WireGuard', (s) => `[Interface]\nPrivateKey = ${s}\nListenPort = 1`, `${noise(43)}=`],
  ['WireGuard, shared', (s) => `PresharedKey = ${s}\nAllowedIPs = x`, `${noise(43)}=`],
  ['AWS', (s) => `aws_secret_access_key = ${s}\nregion = x`, noise(40)],
  ['AWS as JSON', (s) => `{"SecretAccessKey": "${s}", "Expiration": "x"}`, noise(40)],
  [
    'a GCP service account',
    (s) => `{"private_key_id": "shown", "private_key": "${s}"}`,
    pem('PRIVATE KEY').replaceAll('\n', '\\n'),
  ],
  ['an OpenSSH key', (s) => `a\n${s}\nb`, pem('OPENSSH PRIVATE KEY', lines(noise(420), 70))],
  [
    'an SSH.com key',
    (s) => `a\n${s}\nb`,
    pem('SSH2 ENCRYPTED PRIVATE KEY')
      .replace(/-----BEGIN/, '---- BEGIN')
      .replace(/KEY-----\n/, 'KEY ----\n'),
  ],
  [
    'the tail of a PEM',
    (s) => `$ tail -3 key.pem\n${s}\nend`,
    `${lines(noise(128), 64)}${noise(20)}==\n-----END EC PRIVATE KEY-----`,
  ],
  [
    'a PuTTY key',
    (s) => `Public-Lines: 1\nAAAA\nPrivate-Lines: 2\n${s}\nPrivate-MAC: x`,
    `${noise(64)}\n${noise(40)}`,
  ],
  [
    'ansible-vault',
    (s) => `$ANSIBLE_VAULT;1.1;AES256\n${s}\nend`,
    lines(noise(240, '0123456789abcdef'), 80).trimEnd(),
  ],
  ['YAML block', (s) => `password: |\n  ${s}\nnext: shown`],
  [
    'YAML block of several lines',
    (s) => `  secret: >-\n    ${s}\n  next: shown`,
    'hunter2\n    hunter3\n    hunter4',
  ],
  ['export with quotes', (s) => `export DB_PASSWORD='${s}'; shown`, 'hunter 2'],
  ['fish', (s) => `set -gx API_TOKEN ${s}\n`],
  ['csh', (s) => `setenv DB_PASSWORD ${s}\n`],
  ['pass in an ini file', (s) => `[db]\npass = ${s}\nx = 1`],
  ['PASS in YAML', (s) => `DB_PASS: ${s}\nx: 1`],
  ['Ansible', (s) => `h ansible_ssh_pass=${s} x`],
  ['TOML, three quotes', (s) => `password = ""${'"'}${s}""${'"'}\nx = 1`],
  ['Ruby', (s) => `{:password => "${s}", :x => 1}`],
  ['Go', (s) => `password := "${s}"\n`],
  ['PHP', (s) => `define('DB_PASSWORD', '${s}');`],
  ['a pair of key and value', (s) => `{"key":"password","value":"${s}"}`],
  ['wpa_supplicant', (s) => `psk="${s}"\n`],
  ['gpg', (s) => `gpg --batch --passphrase ${s} -d f`],
  ['smbclient', (s) => `smbclient //h/s -U me%${s} -c ls`],
  ['lftp', (s) => `lftp -u me,${s} h`],
  ['ipmitool', (s) => `ipmitool -H h -U u -P ${s} power status`],
  ['snmp', (s) => `snmpwalk -v2c -c ${s} h`],
  ['aws configure', (s) => `aws configure set aws_secret_access_key ${s} --profile x`],
  ['PowerShell', (s) => `$env:API_KEY = "${s}"`],
  ['YAML, on the next line', (s) => `password:\n  ${s}\nnext: shown`],
  ['YAML with an anchor', (s) => `password: &pw ${s}\nnext: shown`],
  ['YAML with a tag', (s) => `password: !!str ${s}\nnext: shown`],
  ['Rust', (s) => `Config { password: Some("${s}") }`],
  ['Python', (s) => `Config(password=SecretStr('${s}'))`],
  ['Markdown', (s) => `**Password**: \`${s}\` shown`],
  ['Markdown, bold', (s) => `**Password:** ${s}\nshown`],
  ['a table of two columns', (s) => `| DB_PASSWORD | ${s} |\nshown`],
  ['psql, expanded', (s) => `username | me\npassword | ${s}\n`],
  ['prose', (s) => `I will log in with the password ${s} now`],
  ['prose with is', (s) => `The token is ${s}`, noise(24)],
  ['PASSWORD in SQL', (s) => `ALTER ROLE me ENCRYPTED PASSWORD '${s}'; shown`],
  ['IDENTIFIED in SQL', (s) => `ALTER USER x IDENTIFIED WITH mysql_native_password BY '${s}'; shown`],
  ['mongosh', (s) => `db.auth("me", "${s}")`],
  ['redis AUTH', (s) => `AUTH default ${s}\nOK`],
  ['redis AUTH in strace', (s) => `write(3, "AUTH ${s}\\r\\n", 20) = 20`],
  ['redis HELLO', (s) => `HELLO 3 AUTH default ${s}`],
  ['redis-cli auth', (s) => `redis-cli -h r auth ${s}; shown`],
  ['redis CONFIG GET', (s) => `1) "requirepass"\n2) "${s}"`],
  ['redis sentinel', (s) => `sentinel auth-pass mymaster ${s}\nshown`],
  ['LDAP', (s) => `bindpw ${s}\nshown`],
  ['a pipe into sudo', (s) => `echo '${s}' | sudo -S -p '' ls`],
  ['a pipe into docker login', (s) => `echo ${s} | docker login -u me --password-stdin`],
  ['a pipe into etcdctl', (s) => `echo ${s} | etcdctl user passwd root --interactive=false`],
  ['etcdctl by its environment', (s) => `ETCDCTL_USER=root:${s} etcdctl get x`],
  ['a continued line', (s) => `mysql -u root \\\n  -p${s} -h db`],
  ['curl -b', (s) => `curl -b 'session=${s}' http://h`, noise(24)],
  ['curl, its jar', (s) => `h.example\tFALSE\t/\tTRUE\t0\tsid\t${s}`, noise(32)],
  ['mc', (s) => `mc alias set x http://h ACCESS ${s}`, noise(20)],
  ['sqlplus', (s) => `sqlplus me/${s}@db`],
  ['a form', (s) => `name="password"\r\n\r\n${s}\r\n--x`],
  ['a URL in JSON', (s) => `"url":"postgres:\\/\\/me:${s}@db\\/x"`],
  ['an encoded URL', (s) => `http%3A%2F%2Fme%3A${s}%40h%2F`],
  ['JWK', (s) => `{"kty":"RSA","n":"abc","d":"${s}"}`, noise(86)],
  ['openssl -text', (s) => `privateExponent:\n    ${s}\nprime1:`, '00:a1:b2:c3:d4:e5:f6:a7:b8'],
  ['gossip of Consul', (s) => `"encrypt": "${s}"`, `${noise(43)}=`],
  ['unseal key', (s) => `Unseal Key 1: ${s}`, `${noise(43)}=`],
  ['Kubernetes Secret', (s) => `kind: Secret\ndata:\n  db: ${s}\nmetadata: shown`, b64('a-thing-of-mine')],
  ['Kubernetes Secret, JSON', (s) => `{"kind":"Secret","data":{"db":"${s}"}}`, b64('a-thing-of-mine')],
  ['Kubernetes Secret, plain', (s) => `stringData:\n  db: ${s}\nkind: Secret`],
  ['JSON in JSON in JSON', (s) => JSON.stringify(JSON.stringify(JSON.stringify({ password: s })))],
  ['Groq, and others with a name', (s) => `x ${s} y`, `gsk_${noise(52)}`],
  ['an issuer that no list has', (s) => `x ${s} y`, `newco_live_${noise(40)}`],
  ['Discord', (s) => `x ${s} y`, `MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.${noise(27)}`],
  ['Doppler', (s) => `x ${s} y`, `dp.pt.${noise(43)}`],
  ['PayPal', (s) => `x ${s} y`, `access_token$production$abcdefgh12345678$${noise(32, '0123456789abcdef')}`],
  ['Tailscale', (s) => `x ${s} y`, `tskey-auth-${noise(12)}-${noise(32)}`],
  ['k3s', (s) => `x ${s} y`, `K10${noise(64, '0123456789abcdef')}::server:${noise(32, '0123456789abcdef')}`],
  [
    'Windows hashes',
    (s) => `me:1001:${s}:::`,
    `${noise(32, '0123456789abcdef')}:${noise(32, 'abcdef0123456789')}`,
  ],
]

describe('a form of secret goes, and only it', () => {
  for (const [what, form, secret = 'hunter2-Zq9'] of forms)
    test(what, () => {
      const masked = maskShapes(form(secret))
      for (const line of secret.split('\n').filter((part) => part.trim().length > 4))
        assert.ok(!masked.includes(line.trim()), masked)
      assert.ok(masked.includes(mask), masked)
      const [before = '', after = ''] = form('\u0000').split('\u0000')
      const around = masked.split(mask)
      assert.ok(masked.startsWith(before.slice(0, 12).split(/[=:]/)[0] ?? ''), masked)
      if (/shown|end$/.test(after)) assert.match(masked, /shown|end$/)
      assert.ok(around.length <= 3, masked)
      assert.equal(maskShapes(masked), masked, 'twice is as once')
    })
})

/** What engineers see all day: masked, it would blind the agent. */
const harmless = [
  readFileSync(join(import.meta.dirname, '../../../test/standins/engineer-outputs.txt'), 'utf8'),
  'root:x:0:0:root:/root:/bin/bash\ndaemon:*:1:1::/usr/sbin:/usr/sbin/nologin',
  'fe80:0:0:1:abcd\n2001:db8:85a3:0:0:8a2e:370:7334',
  'password   requisite   pam_pwquality.so retry=3\npassword  [success=1 default=ignore] pam_unix.so',
  'NAME      PASSWORD      TOKEN\nPASSWORD  LAST CHANGE',
  'the password is wrong; login failed; a token ring; key: value; keys: 3, tokens: 12',
  'docker run -u 1000:1000 x; id -u; mkdir -p /var/lib/etcd; docker run -p 8080:80 x; mysql -uroot -h db',
  'grep -p x; ssh -p 22 h; redis-cli -h a -p 6379 ping; tar -C x; zip -r a b',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  `certificate-authority-data: ${b64('-----BEGIN CERTIFICATE-----\nMIIB')}`,
  'user alice logged on\nuser add failed: x\nuser etcd on /dev/sda1 >out.txt',
  'AUTH failed\nauth required pam_unix.so\nIDENTIFIED by its name; the password is wrong, the secret is safe, the token is short',
  '| password | varchar |  NO |\nPrivate-Key: (256 bit)\nkind: ConfigMap\ndata:\n  a: b',
  '/sys/fs/cgroup/docker-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.scope overlay2_9f86d081884c7d659a2feaa0c55ad015',
  'etcd_network_peer_round_trip_time_seconds_bucket{To="8211f1d0f64f3269",le="0.0001"} 0\nkubelet_volume_stats_available_bytes 1',
  'echo hello | grep h; curl -s http://h/x?key=short&code=200; redis-cli -h a ping; git log -1 pat',
  'http://etcd-1:2379/health, postgres://db/app, redis://10.0.0.1:6379/0',
]

test('what is no secret stays', () => {
  for (const text of harmless) {
    const masked = maskShapes(text).split('\n')
    const changed = text.split('\n').filter((line, i) => line !== masked[i])
    assert.deepEqual(changed, [])
  }
})

test('four hostile megabytes take no longer than a bound', () => {
  const units = [
    ...forms.map(([, form]) => form('')),
    ...forms.map(([, form, secret = 'x']) => form(secret).slice(0, 60)),
    'password: |\n  ',
    'name: password value',
    '<password ',
    '<password>',
    '<a',
    'mysql ',
    'mysql -p',
    'x:1:a:b:',
    'x:1:a:b:c ',
    '-----END PRIVATE KEY-----',
    'LS0tLS1CRUdJT',
    '$ANSIBLE_VAULT;\nab\n',
    'Private-Lines: 1\n',
    'user x on ',
    'acl setuser a ',
    'machine a login b ',
    'password ',
    'x-a-',
    'echo a:b',
    '"auth": "',
    'a://b:c',
    'name ',
    '$6$',
    'password  ',
  ]
  const size = 4 * 1024 * 1024
  const slow: string[] = []
  for (const unit of new Set(units)) {
    const text = unit.repeat(Math.ceil(size / 32 / unit.length))
    const { user } = process.cpuUsage()
    maskShapes(text)
    const ms = process.cpuUsage().user / 1_000 - user / 1_000
    if (ms > 400) slow.push(`${JSON.stringify(unit.slice(0, 40))}: ${Math.round(ms)} ms for a 32nd of it`)
  }
  assert.deepEqual(slow, [])
})
