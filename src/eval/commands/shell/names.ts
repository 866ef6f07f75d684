/**
 * Names of variables that decide what the shell or a program does: where programs are looked for, what is run before
 * them, which files they read. A line that sets one may do anything.
 */
const special = new RegExp(
  `^(${[
    'PATH|IFS|ENV|HOME|SHELL|CDPATH|TMPDIR|TEMP|TMP|PWD|OLDPWD|USER|LOGNAME|TERM|TERMINFO\\w*|EDITOR|VISUAL|FCEDIT|BROWSER',
    'PS\\d|PROMPT_COMMAND|TMOUT|GLOBIGNORE|EXECIGNORE|FUNCNEST|POSIXLY_CORRECT|INPUTRC|OPTIND|OPTERR|COPROC|MAIL\\w*',
    'BASH\\w*|LD_\\w+|HIST\\w+|COMP_?\\w*|LESS\\w*|GIT_\\w+|PYTHON\\w*|PERL\\w*|RUBY\\w*|NODE_\\w+|JAVA_\\w+|GCONV_\\w+',
    'LOCPATH|NLSPATH|RES_OPTIONS|HOSTALIASES|MALLOC_\\w+|GLIBC_\\w+|SUDO_\\w+|SSH_\\w+|DOCKER_\\w+|KUBE\\w*|SYSTEMD_\\w+',
    'CURL_\\w+|WGETRC|MANPATH|MANOPT|MANROFFOPT|TAR_OPTIONS|GREP_OPTIONS|GZIP|XZ_\\w+|ZSTD_\\w+|MYSQL_\\w+|PG[A-Z]+|REDISCLI_\\w+',
    '\\w*PAGER|\\w*_OPTS|\\w*_OPTIONS|\\w*_PROXY|\\w*_proxy|OPENSSL_\\w+|SSL\\w*|XDG_\\w+|npm_\\w+|NPM_\\w+|ETCDCTL_WATCH_\\w+|OPERATOR_\\w+',
  ].join('|')})$`,
)

/** Whether a variable by that name decides what the shell or a program does. */
export const isSpecial = (name: string): boolean => special.test(name) || !/^\w+$/.test(name)

/**
 * Names that programs may see, known to decide at most how something is shown or whom a client asks. Short names and names
 * in small letters are the author's own.
 */
const harmless =
  /^(LC_\w+|LANG|LANGUAGE|TZ|COLUMNS|LINES|NO_COLOR|DEBIAN_FRONTEND|REDISCLI_AUTH|PGPASSWORD|PGHOST|PGPORT|PGUSER|PGDATABASE|PGCONNECT_TIMEOUT|MYSQL_PWD|ETCDCTL_(API|ENDPOINTS|CACERT|CERT|KEY|USER|PASSWORD|WRITE_OUT|COMMAND_TIMEOUT|DIAL_TIMEOUT|INSECURE_\w+)|ENDPOINTS?|EPS?|HOSTS?|NODES?|TOKEN|NS|NAMESPACE|PD|PD_ADDR|CLUSTER|URL|[A-Z]|[a-z][a-z0-9_]*)$/

export const mayBeExported = (name: string): boolean =>
  harmless.test(name) && (!isSpecial(name) || /^(PG[A-Z]+|MYSQL_PWD|REDISCLI_AUTH)$/.test(name))
