/**
 * The forms of programs that are known to change nothing: names, a bar, then everything that may be given to them. A
 * call that the rules find harmless, and that has anything else, is unknown: it may have changed something.
 *
 * - `any` all of the program's options and operands only read; nothing else is looked at
 * - `-abc` flags of one letter, `--long` a flag, `-n:` and `--long:` take a value, `-n?` and `--long?` a value in the same
 *   word or none, `-#` a number; `-n:check` the value must pass a check of `grammar.ts`
 * - `words` options with one dash are whole words: `-name`, `-br`
 * - `stop` options end at the first operand
 * - `all` every argument is an operand
 * - `$2` at most so many operands; `$:check` each must pass the check
 * - `cwd` it takes settings from the directory it runs in; not safe in a scratch place, where anybody leaves files
 * - `mute` it takes commands, or something to send, from its input, which has to be empty
 */
export const forms = `
cat tac nl head tail wc grep egrep fgrep zgrep cut tr column jq hexdump od strings diff cmp comm paste join fold fmt rev | any
base64 base32 md5sum sha1sum sha256sum sha512sum cksum sum zcat bzcat xzcat pr expand ls ll dir stat du df readlink | any
realpath namei getfacl lsattr getcap which whereis type ps pgrep pidof pstree lsns ipcs free vmstat mpstat uptime w | any
who whoami id groups uname lscpu lsblk lsmod modinfo nproc arch getconf printenv last lastlog locale netstat lspci lsusb | any
findmnt dig host getent ping ping6 pg_isready tput clear echo sleep true false : cd pushd popd dirs exit return break | any
continue shift fg bg disown times pwd ulimit umask unalias seq yes expr bc basename dirname trap tty caller | any
lsipc lslocks lsmem numastat sha224sum sha384sum b2sum factor logname users tsort | any

test [ | all $:test
printf | stop
read | -re -p: -t: -n: -N: -d: -s -u: -a:name -i: $:name
mapfile readarray | -t -d: -n: -s: -O: -u: $1 $:name
export declare typeset local readonly | -aAgrxpF $:declared
unset | -v $:name
set | any
history | $1
jobs | -lnprs
shopt | -suqp $:shopt
alias | $0
hash | -r $0
wait | -nf
stty | -a $:size
mktemp | -dqut --tmpdir --directory $:scratch
exec | $0

sort | -bdfghiMnrRsuVzcC -k: -t: -S: --key: --field-separator: --numeric-sort --reverse --unique --human-numeric-sort --version-sort --stable
uniq | -cdiuDz -f: -s: -w: --count --repeated --unique --ignore-case $1
xxd | -abceEipu -c: -g: -l: -s: -o: $1
tree | -adfipshugDFrtClxq -L: -P: -I: --du --dirsfirst --noreport
file | -bihLks --brief --mime --mime-type --dereference
rg | -nilcvwoqFsSNHhUPL -e: -A: -B: -C: -m: -g: -t: --no-heading --hidden --no-ignore --count --files --json
ag | -nilcvwQs -A: -B: -C: -G: --nocolor --nogroup
less | -RSNFXniErK -# $:plain
more | -dlfpcsu -# $:plain
man info tldr help | $:plain
yq | -reycPCMISj -o: -p: --raw-output --output-format: --prettyPrint
xmllint | --xpath: --format --noout --nowarning --nonet
find | words -H -L -P -O0 -O1 -O2 -O3 -name: -iname: -path: -ipath: -wholename: -regex: -iregex: -regextype: -lname: -type: -xtype: -size: -mtime: -mmin: -atime: -amin: -ctime: -cmin: -newer: -anewer: -cnewer: -newermt: -newerct: -maxdepth: -mindepth: -user: -group: -uid: -gid: -perm: -links: -inum: -samefile: -empty -readable -writable -executable -nouser -nogroup -xdev -mount -depth -d -follow -daystart -noleaf -ignore_readdir_race -print -print0 -printf: -ls -prune -quit -true -false -not -and -or -a -o -fstype: -used: -fprint: -fprint0: -fls: -fprintf:tofile -exec -execdir -delete
sed | -nErsuz -e: --quiet --silent --regexp-extended --null-data --expression:
awk gawk mawk | stop -F: -v:
tar | -tcvzjJ -f:local --list --create --file:local --gzip --xz -C: --exclude: $:local
gzip gunzip bzip2 xz unxz | -ltcdkvf -# --list --test --stdout --decompress --keep
zstd | -ltcdkv -# --list --test --stdout
unzip | -lvtZp
rm rmdir unlink | -rfvRdI --recursive --force $:link
truncate | -s: --size: -c
mkdir | -pvm: -p -v --parents --mode:
touch | -acm -d: -t:
fallocate | -l: -o:
cp | -vfnup --verbose --no-clobber --force
mv | -vfnu --no-clobber --force --verbose
chmod chown | -vRf
mkfifo | -m:
dd | $:dd
tee | -aip --append

kill | -0lL -s:zero --list
pkill killall | -0flxe -u: -s:zero --signal:zero --list
promtool amtool | --server: --prometheus.url: -o: --alertmanager.url:
date | -u -R -I? -d: -r: --utc --date: --iso-8601? --rfc-3339: $:datefmt
hostname | -fsdiIAy --fqdn --short
domainname | -v
env | $:assigns -0iu
timedatectl hostnamectl | --no-pager
chronyc | -cn mute
numactl | -Hs --hardware --show $0
blkid | -o: -s: -p
mount | -l -t: -v
swapon losetup | -sal --show --list --all --bytes
fdisk parted | -l --list
sfdisk | -ld --list --dump
fsck e2fsck tune2fs | -nl
lvs vgs pvs | -aP -o: -O: -S: --all --noheadings --nosuffix --readonly --options: --units: --separator: --select: --sort: --segments
mdadm | --detail --examine
zpool zfs | -Hpv -o: -t: -r
btrfs | -h
sysctl | -anNeqrb -r: --all --values --names $:noassign
crontab | -l -u:
lsof | -nPtlaURbwVO -i? -p: -u: -c: -d: -g? -s?
pmap | -xpdqX
top | mute -bHciS1 -n: -d: -p: -o: -u: -w?
iotop | mute -bokatqP -n: -d: -p: -u:
pidstat | -udrhlwtsvIRU -p: -C: -G:
iostat | -cdhkmNtxyzs -p?
sar | -AbBdFhHpqrRSuvwWy -n: -P: -f: -s: -e: -i: --dev:
dstat | -cdngytmslpra --nocolor
slabtop | mute -o -s:
fuser | -vmlnau -4 -6 -n:
coredumpctl | --no-pager -n: --since: --until: -1r $:known
loginctl resolvectl | --no-pager -l --all -a -n: -p:
smartctl | -iHAalcx --info --health --all --scan -d:
nvme | -o: --output-format: $:known
journalctl | -fxerkbqaml -u: -n? -p: -b? -k -g: -S: -U: -o: -t: -N -D: -F: --unit: --lines: --no-pager --since: --until: --priority: --output: --grep: --boot? --dmesg --follow --reverse --all --utc --no-hostname --list-boots --disk-usage --no-tail --catalog --quiet --identifier: --pager-end --full --case-sensitive? --system --user --header
dmesg | -TwkHxLPreu -W -S -l: -f: --ctime --human --follow --level: --facility: --kernel --userspace --decode --reltime --color? --time-format: --since: --until: --nopager --notime --raw --json $0
systemctl | -lqa -n: -o: -t: -p: --no-pager --all --full --failed --state: --type: --property: --value --lines: --output: --no-legend --plain --quiet --user --system --reverse --after --before
service rc-service | --status-all
initctl supervisorctl pm2 monit | --nostream --lines: -n: --no-color
logrotate | -dv --debug --verbose -s:scratch
lastb | any

ip | words -br -brief -s -stats -statistics -d -details -j -json -p -pretty -4 -6 -0 -o -oneline -c -color -N -Numeric -h -human -human-readable -iec -t -timestamp -ts -tshort -r -resolve -f: -family: -n: -netns: -l: $:oneline
bridge | words -s -d -j -p -o -c -n: -color -json -pretty -details -statistics $:oneline
tc | words -s -d -j -p -g -r -iec -stats -details -json -pretty -graph -n: -netns: -nm $:oneline
ss | -tulnpaiemosxwHrZObM460dSET -A: -f: --tcp --udp --listening --numeric --processes --all --info --extended --memory --options --summary --ipv4 --ipv6 --no-header --oneline --unix
iptables ip6tables iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy ebtables arptables | -LSCnvxw -t: -s: -d: -p: -j: -i: -o: -m: --line-numbers --list --list-rules --check --numeric --verbose --exact --wait --table: --dport: --sport: --dports: --sports: --state: --ctstate: --comment: --jump: --protocol: --source: --destination: --in-interface: --out-interface: --icmp-type: --limit: --mode: --probability:
iptables-save ip6tables-save | -c --counters -t: --table:
iptables-restore ip6tables-restore | -tv --test -T:
nft | -anjsSpytN --handle --json --numeric --stateless $:nosemi
ipset | -qno? -s -t -sorted -terse -o: -output: $:known
ipvsadm | -LlnSc --list --numeric --stats --rate --save --connection --sort
conntrack | -LCSE -p: -s: -d: -o: -f: --dport: --sport: --orig-src: --orig-dst: --state: --src: --dst: --stats --count --dump --proto: --family:
ufw | $:known
firewall-cmd | --state --list-all --list-ports --list-services --get-active-zones --zone: --permanent
ethtool | -ikSgcalmTntu --driver --statistics --show-features --show-ring --show-coalesce --show-pause --show-channels $1
ifconfig | -a $1
route | -neCF46 $0
arp | -anev -i: $1
arping | -Dfqb -c: -w: -I: $1
traceroute tracepath | -nIT46 -m: -w: -q: -p: -b -l: -i: -f: $2
mtr | -rnbwcTu46 -c: -i: --report --no-dns --report-wide --report-cycles: --tcp --udp --port: -P: $1
nmap | -nvFdAr -p: -sT -sS -sU -sn -Pn -sV -T: --open --reason -P: -s:scan
iftop nload | -tnNPB -i: -s:
tcpdump | -AenpqtvXxlSUDKNfLIbBHO -i: -c: -s: -w:scratch -r: $:known
tshark | -nlqVxD -i: -c: -w:scratch -r: -Y: -f: -T: -e: $:known
nc ncat netcat | -zvnut46N -w: -q: -i: -s: -p:
nslookup | words -type: -query: -debug -timeout: -port: $2 mute
telnet | $2 mute
openssl | words -in: -noout -text -dates -enddate -startdate -subject -issuer -fingerprint -serial -ext: -checkend: -inform: -connect: -servername: -showcerts -CAfile: -CApath: -cert: -key: -brief -verify: -nocommands -tls1_2 -tls1_3 -alpn: -purpose -hash -sha256 -sha1 -check -verify_return_error -nameopt: -untrusted: -quiet -pubkey -a $:plain
strace | -fcTtryvqxCn -p: -e:trace -s: -o:scratch -P: -u: -S: -O: -tt -ttt -yy
python python2 python3 | stop -m:json --version -V --sort-keys --compact --no-ensure-ascii --indent: --json-lines cwd

etcdctl | -h -w: --help --endpoints: --cacert: --cert: --key: --user: --password: --command-timeout: --dial-timeout: --keepalive-time: --keepalive-timeout: --write-out: --insecure-skip-tls-verify? --insecure-transport? --cluster? --prefix? --keys-only? --count-only? --print-value-only? --limit: --rev: --order: --sort-by: --from-key? --consistency: --hex? --prev-kv? --progress-notify? --keys? --linearizable? --detail? --min-create-rev: --max-create-rev: --min-mod-rev: --max-mod-rev:
etcdutl | -w: --write-out: --rev:
redis-cli valkey-cli | stop -c -3 -2 -h: -p: -s: -a: -u: -n: -r: -i: -t: -d: -D: -e --user: --pass: --raw --no-raw --csv --json --no-auth-warning --tls --insecure --cacert: --cert: --key: --sni: --scan --bigkeys --memkeys --hotkeys --stat --latency --latency-history --latency-dist --intrinsic-latency: --pattern: --count: --quoted-pattern: --cluster --show-pushes:
pd-ctl | -d -h --detach --help -u: --pd: --cacert: --cert: --key: --jq: --state: --version -V
tikv-ctl | -h --help -V --version --host: --data-dir: --db: --raftdb: --pd: --ca-path: --cert-path: --key-path: -r: -k: -i: --region: --regions: --cf: -c: -d: --log --min-start-ts: --from: -f: --to: -t: --limit: --start: --end: --tag: --show-cf: --all-regions --skip-tombstone
tiup | --format: --json -N: -R: --node: --role: --uptime --dashboard --labels
svc | -n: -h --help
docker | -aqstl -f: -n: -a --all --quiet --no-trunc --format: --filter: --tail: --since: --until: --timestamps --follow --details --no-stream --size --type: --human --orphans --services --profile: -p: --project-name: --file: --help --verbose --last: -v --no-log-prefix --no-color cwd
crictl | -aqo: -r: --runtime-endpoint: -o: --output: --name: --label: --state: --pod: --image: -t: --timeout: --tail: --since: -l --latest --quiet --all --no-trunc --help
kubectl | -Ah -w? -p: -n: -o: -l: -c: --namespace: --all-namespaces --output: --selector: --field-selector: --sort-by: --context: --container: --tail: --since: --since-time: --previous --timestamps --prefix --all-containers --no-headers --show-labels --watch? --containers --limit: --chunk-size: --timeout: --request-timeout: --raw: --ignore-not-found? --show-events? --for: --types: --client? --short? --recursive? --list --help --revision: --follow -f: --server-print? --minify --label-columns: -L: --max-log-requests: --subresource: --as:
kubeadm | -o:
helm | -n: --namespace: -a -A -o: --output: --all --all-namespaces --kube-context: --revision: --max: -q --short
git | -C:repo -pnsav -U? -L: -S: -G: --oneline --stat --no-pager --short --graph --all --name-only --name-status --format: --pretty: --decorate --since: --until: --author: --grep: --porcelain --cached --staged -n: --date: --show-toplevel --abbrev-ref --max-count: -# -i -w -l --tags --reverse --first-parent cwd
npm yarn pnpm | --json --depth: --all -a -g --global --long --production cwd
apt apt-get apt-cache dnf yum apk zypper snap pip pip3 | -a -q --installed --upgradable --outdated --all-versions --format:
dpkg | -lLsSV --list --status --listfiles --search --verify
rpm | -qailVf --query --verify --all --info --list --file
aws | --region: --recursive --human-readable --summarize --output:
pg_dump pg_dumpall | -h: -p: -U: -d: -t: -n: -s -a -x -O -w --schema-only --data-only --no-owner -F:
mysqldump | -h: -P: -u: -p? --no-data --single-transaction --all-databases --databases --host: --user:
mysqladmin | -h: -P: -S: -u: -p? --user: --host: --port: --socket: -i: -c: -r
pg_ctl | -D:
patronictl | -c: -e -f:
psql | -AtxqXwlE -c: -U: -h: -p: -d: -F: -R: -P:pset --command: --host: --port: --username: --dbname: --no-psqlrc --tuples-only --no-align --expanded --csv --list --quiet --no-password
mysql mariadb | -NBsrtEGvw -e: -u: -h: -P: -D: -S: -p? --execute: --user: --host: --port: --database: --socket: --password? --batch --skip-column-names --vertical --table --raw
sqlite3 | words -readonly -header -headers -csv -json -column -line -list -table -box -separator: -batch -bail
cqlsh | -e: -u: -p: -k: --execute:

curl | -sSfLkvigIGNq46j -m: -w:fmt -o:scratch -H:header -d:data -X: -u: -A:line -e:line -r: -b:cookie --max-time: --connect-timeout: --write-out:fmt --output:scratch --header:header --data:data --data-raw: --data-binary:data --data-urlencode:data --json:data --request: --user: --user-agent:line --referer:line --cacert: --cert: --key: --capath: --retry: --retry-delay: --retry-connrefused --retry-all-errors --retry-max-time: --compressed --resolve: --connect-to: --silent --show-error --fail --fail-with-body --location --insecure --verbose --include --head --get --no-buffer --globoff --no-progress-meter --http1.1 --http2 --http1.0 --ipv4 --ipv6 --interface: --max-redirs: --unix-socket: --noproxy: --range: --no-keepalive --keepalive-time: --cookie:cookie --help --version -E: --tlsv1.2 --tlsv1.3 --progress-bar
wget | -qSvd46 -nv -O:scratch -T: -t: --output-document:scratch --quiet --spider --server-response --no-check-certificate --timeout: --tries: --header:header --method: --post-data: --body-data: --no-verbose --ca-certificate: --user: --password: --no-proxy --max-redirect: --content-on-error --save-headers

sudo | $:assigns -nEHSk -u: -g: --user: --group: --preserve-env --non-interactive --set-home
doas | $:assigns -n -u:
nohup setsid | -w --wait
time | -p
timeout | -vk: -k: -s: -v --kill-after: --signal: --foreground --preserve-status --verbose
nice | -n: -# --adjustment:
ionice | -tc: -c: -n: --class: --classdata: -t --ignore
taskset | -c --cpu-list
stdbuf | -i: -o: -e: --input: --output: --error:
builtin |
command | -pvV
watch | -dtceg -n: --interval: --differences --no-title --precise -x
flock | $:scratch -nsxuo -w: -E: --nonblock --timeout: --shared --exclusive -c:
nsenter | -mnupiUCa -t: --target: --net --mount --pid --uts --ipc
runuser su | -l -u: --login -c: --command: -s:shell
ssh | -nqTtxv46Ca -p: -l: -i: -o:sshopt -b: -J:
xargs | -0rtx -E: -n: -I: -P: -L: -d: -a: -s: --null --no-run-if-empty --max-args: --max-procs: --delimiter: --max-lines?
docker exec | -itT -u: -w: -e:assigns --user: --workdir: --env:assigns -n: --interactive --tty --index:
kubectl exec | -it -n: -c: --namespace: --container: --context: --stdin --tty --
crictl exec | -its -r: --runtime-endpoint: --timeout:
bash sh dash zsh ksh ash | -ceulxvfis -o:shopt --norc --noprofile --login --posix
eval | any
`
