/** `unknown` may have done anything; `harmless` cannot have changed anything, and looks at nothing either. */
export const kinds = ['destructive', 'remediation', 'unknown', 'diagnostic', 'harmless'] as const
export type Kind = (typeof kinds)[number]

/**
 * What programs do: their names, then rows of kind, patterns separated by ` ; `, and reason, with at least two blanks
 * between. The first row with a pattern that matches decides. Programs that only look stand in `forms.ts` alone. Wrappers, and what takes a URL, SQL, a path or a script of
 * its own, are in files of their own.
 *
 * A pattern is words, each of which must hold:
 *
 * - `a|b` is the next operand, `*` any one, `$` the end of them, `.` holds always, `?` the shell alone knew the first one
 * - `#` a number is the next operand
 * - `-x|--y` one of the options is given, `!-x` it is not, `-s=A` it has that value
 * - `@scratch` every operand is a path in a scratch place, `@to-scratch` the last one is, `@rest-scratch` all but the
 *   first are, `@near-scratch` all begin in one, `-f=@scratch` the value of the option is
 * - `@runtime` every operand is a pid file, a lock or a socket, `@assigns` every one is `name=value`
 * - `@abrupt`, `@gentle` an option that names such a signal
 */
export const rules = `
etcdctl
  destructive  member remove                                                           a member and its copy of the data are gone
  destructive  del|rm|rmdir ; lease revoke                                             keys are gone
  destructive  snapshot restore                                                        a data directory of another, older cluster
  destructive  user|role delete                                                        an account is gone
  harmless     snapshot save @to-scratch                                               a copy in a scratch place
  diagnostic   endpoint|get|watch|ls|version|cluster-health ; member|alarm|lease|user|role list
  diagnostic   snapshot|auth status ; lease timetolive ; user|role get ; help
  remediation  *                                                                       a change that can be undone
  diagnostic   .                                                                       its help

etcdutl
  destructive  snapshot restore                       a data directory of another, older cluster
  diagnostic   snapshot status ; version|hashkv|help
  remediation  .                                      works on the files of a member that is stopped

etcd
  destructive  --force-new-cluster  the other members are forgotten
  remediation  .                    starts a member by hand

redis-server redis-sentinel valkey-server tikv-server pd-server tidb-server prometheus haproxy nginx
  remediation  .  starts a server by hand, or tells it something

redis-cli valkey-cli
  destructive  flushall|flushdb|del|unlink|getdel|swapdb ; function flush|delete       keys are gone
  destructive  expire|pexpire|expireat|pexpireat|restore|migrate                       keys will be gone, or are replaced
  destructive  hdel|srem|zrem|lrem|ltrim|spop|lpop|rpop|zpopmin|zpopmax|xdel|xtrim     elements are gone
  destructive  zremrangebyscore|zremrangebyrank|zremrangebylex ; xgroup destroy        elements are gone
  destructive  shutdown nosave|force ; debug segfault|reload|loadaof|flushall          what is not on disk is lost
  remediation  slaveof|replicaof no one                                                it becomes a primary
  destructive  slaveof|replicaof                                                       its own data is replaced by that of another
  remediation  config set maxmemory-policy noeviction                                  nothing is evicted any more
  destructive  config set maxmemory-policy                                             keys may be evicted
  remediation  config set appendonly yes                                               writes are kept on disk
  destructive  config set appendonly|save|dir|dbfilename|appendfilename                what is kept on disk changes
  destructive  config resetstat ; slowlog|latency reset ; acl log reset ; acl deluser                  evidence, or an account, is gone
  destructive  cluster forget|reset|delslots|delslotsrange|flushslots                  a node or its slots are gone
  destructive  cluster failover takeover|force ; failover to * * force                 what was not replicated is lost
  destructive  sentinel reset|remove ; --cluster del-node|import                       a node or what was known of it is gone
  diagnostic   --cluster check|info|help
  remediation  --cluster                                                               a change of the cluster
  diagnostic   --scan|--bigkeys|--memkeys|--hotkeys|--latency|--latency-history|--latency-dist|--stat
  diagnostic   --intrinsic-latency ; ping|info|echo|auth|hello|select|quit|lolwut|command
  diagnostic   get|mget|keys|scan|ttl|pttl|type|exists|dbsize|time|role|monitor|object|dump|touch|wait
  diagnostic   hget|hgetall|hlen|hkeys|hvals|hmget|hscan|hexists|llen|lrange|lindex|strlen|getrange
  diagnostic   scard|smembers|sismember|sscan|zcard|zrange|zscore|zcount|zrank|zscan|zrangebyscore
  diagnostic   zrevrange|zrevrangebyscore|xlen|xrange|xrevrange|xinfo|xpending|bitcount|getbit|pfcount
  diagnostic   randomkey|lastsave|subscribe|psubscribe ; pubsub|module|command|acl list|channels|log
  diagnostic   config|acl get|getuser|whoami|help ; slowlog|latency get|len|doctor|latest|history|graph
  diagnostic   client list|info|id|getname ; memory doctor|stats|usage|malloc-stats ; script exists
  diagnostic   cluster info|nodes|slots|shards|keyslot|countkeysinslot|getkeysinslot|myid|links|replicas
  diagnostic   sentinel masters|master|replicas|slaves|sentinels|ckquorum|get-master-addr-by-name|myid
  unknown      --pipe ; eval|evalsha|fcall|debug                                       a script, or an inner command
  remediation  *                                                                       a change that can be undone
  harmless     .                                                                       nothing to do

pd-ctl
  destructive  store|stores|member|keyspace delete                                     a store or member, and its copy of the data, goes
  diagnostic   unsafe remove-failed-stores show
  destructive  unsafe ; operator add remove-peer ; service-gc-safepoint delete         data, or a copy of it, goes
  diagnostic   store|stores weight|limit|label $
  remediation  store|stores weight|limit|label|labels|remove-tombstone|cancel-delete   a setting of a store
  remediation  member leader transfer|resign ; member leader_priority                  another leader
  diagnostic   scheduler config * show ; scheduler config * $
  remediation  operator|scheduler|config add|remove|pause|resume|config|set|delete|reload ; log  a setting
  diagnostic   config placement-rules|region-label show
  remediation  config placement-rules|region-label                                     a setting
  diagnostic   store|stores|member|region|health|cluster|label|ping|min-resolved-ts|service-gc-safepoint|version|help $
  diagnostic   store|stores|region # $ ; store|stores check ; tso # $ ; member leader show ; help *
  diagnostic   region key|sibling|store|topread|topwrite|topsize|topconfver|topversion|check|startkey|keys|range-holes
  diagnostic   hot read|write|store|history|buckets ; config|operator|scheduler show ; operator check ; label store
  diagnostic   scheduler describe ; keyspace show
  unknown      *                                                                       not known
  harmless     .                                                                       nothing to do

tikv-ctl
  destructive  tombstone|unsafe-recover|recreate-region|recover-mvcc|recover-cluster   lossy recovery
  destructive  reset-to-version|flashback|drop-unapplied-raftlog                       later writes are gone
  destructive  ldb unsafe_remove_sst_file|drop_column_family|delete|deleterange|batchput|restore  data is gone
  remediation  compact|compact-cluster|split-region|modify-tikv-config|fail            a change that can be undone
  diagnostic   metrics|size|scan|raw-scan|print|mvcc|diff|bad-regions|region-properties|range-properties|cluster|store
  diagnostic   raft region|log ; get-region-read-progress ; encryption-meta dump-key|dump-file ; $
  unknown      .                                                                       not known

tiup
  destructive  cluster|dm|playground scale-in|destroy|clean|prune                      nodes, or their data, are gone
  diagnostic   cluster display|list|check|show-config|template ; cluster audit $ ; list|status|env|help ; mirror show
  remediation  cluster                                                                 a change of the cluster
  unknown      .                                                                       a component

svc
  diagnostic   $ ; status|logs|help|-h|--help
  destructive  kill * KILL|SIGKILL|9|ABRT|6|SEGV|11  killed without a chance to finish
  remediation  start|stop|restart|kill               starts, stops or signals a service
  unknown      .                                     not known

docker
  remediation  kill @gentle ; container|compose kill @gentle                           a signal
  destructive  rm|rmi|kill ; compose down                                              containers or data are gone, or killed abruptly
  destructive  container|image|volume|network|compose rm|kill|prune|remove             containers or data are gone
  destructive  system|builder|stack|service|swarm prune|rm|leave                       containers or data are gone
  diagnostic   ps|logs|inspect|stats|top|port|diff|version|info|events|images|history|search|wait|help
  diagnostic   compose ps|logs|top|config|images|ls|port|version|events|stats ; system df|info|events
  diagnostic   container|image|volume|network|context|service|node|stack ls|list|inspect|ps|logs|show
  diagnostic   container|image top|stats|port|diff|history
  unknown      cp @to-scratch ; save|export                                            a copy, perhaps with links in it
  remediation  *                                                                       a change that can be undone
  diagnostic   .                                                                       its help

crictl
  destructive  rm|rmp|rmi                                                              containers are gone
  diagnostic   ps|pods|logs|inspect|inspectp|inspecti|images|stats|statsp|info|version
  remediation  .                                                                       a change that can be undone

kubectl
  destructive  delete ; replace --force ; drain --force                                objects are gone
  diagnostic   get|describe|logs|top|explain|events|version|cluster-info|api-resources|api-versions
  diagnostic   diff|wait|options|help ; auth can-i|whoami
  diagnostic   rollout status|history ; config view|current-context|get-contexts|get-clusters
  remediation  *                                                                       a change that can be undone
  diagnostic   .                                                                       its help

kubeadm
  destructive  reset                                           the node is taken out of its cluster
  diagnostic   version|help ; certs check-expiration ; config|token|upgrade view|list|print|images|plan
  remediation  .                                               a change of the cluster

helm
  destructive  uninstall|delete|del|un                                                a release is gone
  diagnostic   list|ls|status|get|history|show|search|template|version|env|lint ; repo list
  remediation  .                                                                      a change that can be undone

systemctl
  destructive  kill @abrupt                                                            killed without a chance to finish
  destructive  reboot|poweroff|halt|kexec|soft-reboot|rescue|emergency|isolate         the host stops
  diagnostic   $ ; status|show|cat|is-active|is-enabled|is-failed|is-system-running|help
  diagnostic   list-units|list-unit-files|list-timers|list-sockets|list-jobs|list-dependencies
  remediation  .                                                                       a change of a service

service rc-service
  diagnostic   * status ; --status-all
  remediation  .                        a change of a service

initctl supervisorctl pm2 monit
  diagnostic   status|list|ls|logs|tail|pid|summary|show|describe
  remediation  .                                                   a change of a service

reboot poweroff halt shutdown init telinit kexec
  remediation  -c  cancels it
  destructive  .   the host stops

kill pkill killall killall5 skill
  diagnostic   -0|-l|-s=0|--signal=0|--list
  destructive  @abrupt                       killed without a chance to finish
  remediation  .                             a signal

iptables ip6tables iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy ebtables arptables
  destructive  -F|--flush|-X|--delete-chain                                            all rules of a chain are gone
  remediation  -A|-I|-D|-R|-P|-N|-E|-Z|--append|--insert|--delete|--replace|--policy|--new-chain  one rule
  unknown      ?  which rule it is, only the shell knew
  diagnostic   .

iptables-restore ip6tables-restore
  diagnostic   -t|--test
  remediation  -n|--noflush  rules are added
  destructive  .             all rules are replaced

nft ipset ipvsadm
  destructive  flush|destroy ; delete table|chain ; -C|--clear|-F   all rules are gone
  diagnostic   list|monitor|test|describe ; -L|-l|--list|-S|--save
  remediation  .                                                    one rule, or a file of rules

conntrack
  remediation  -D|-F|-U|-I  connections are forgotten
  diagnostic   .

ufw firewall-cmd
  destructive  reset                                                                   all rules are gone
  diagnostic   status|show ; --state|--list-all|--list-ports|--list-services|--get-active-zones
  remediation  .                                                                       a change that can be undone

ip bridge
  destructive  a|addr|address|r|ro|route|rule f|flush                                  all of them are gone
  destructive  l|link|netns|tuntap|tunnel d|del|delete                                 an interface is gone
  diagnostic   * $ ; * sh|sho|show|l|ls|lst|list|get|help|monitor|pids|identify ; a|addr|address|r|ro|route s
  diagnostic   monitor ; $
  remediation  .                                                                       a change that can be undone

tc
  diagnostic   $ ; * $ ; * sh|show|ls|list|get|help ; monitor
  remediation  .                                                 shapes traffic, or stops doing so

ifconfig route arp
  destructive  -C|flush  all of them are gone
  diagnostic   $ ; * $
  remediation  .         a change that can be undone

rm rmdir unlink shred
  harmless     @scratch       only scratch files
  unknown      @near-scratch  through a link, perhaps
  remediation  @runtime       made anew by whoever starts
  destructive  .              files are gone

truncate
  harmless     @scratch  only scratch files
  destructive  .         what was in the file is gone

mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs mkswap wipefs blkdiscard sgdisk
  destructive  .  what was on the device is gone

fdisk sfdisk cfdisk parted
  diagnostic   -l|--list|-d|--dump ; * print $
  destructive  .                              what was on the device is gone

lvremove vgremove pvremove zpool zfs btrfs mdadm cryptsetup
  diagnostic   list|status|get|history|iostat|luksDump ; subvolume|filesystem list|show|df|usage ; --detail|--examine
  destructive  .                                                                       a volume is gone

fsck e2fsck xfs_repair resize2fs xfs_growfs lvextend tune2fs
  diagnostic   -n|-l
  remediation  .      repairs or grows a file system

mv rename
  harmless     @scratch     only scratch files
  destructive  * /dev/null  it is gone
  remediation  .            aside, and can be put back

tar
  diagnostic   -t|--list ; t|tf|tvf|tzf|tzvf
  destructive  --remove-files                 files are gone
  harmless     -c -f=@scratch                 only scratch files
  remediation  .                              makes or replaces files

cp install rsync scp ln mkdir touch split fallocate mkfifo mknod
  destructive  --delete|--delete-after|--delete-before|--delete-excluded|--remove-source-files  files are gone
  harmless     @scratch ; @to-scratch                                                  only scratch files
  destructive  /dev/null                                                               what was in the file is gone
  remediation  .                                                                       makes or replaces files

unzip
  diagnostic   -l|-t|-p|-Z|-v
  remediation  .               makes or replaces files

gzip gunzip bzip2 xz unxz zstd zip
  diagnostic   -l|-t|-c|--list|--test|--stdout
  harmless     @scratch                         only scratch files
  remediation  .                                another form of the same files

chmod chown chgrp chattr setfacl setcap chcon restorecon
  harmless     @rest-scratch  only scratch files
  remediation  .              who may do what with files

patch ed ex vi vim nano augtool crudini
  remediation  .  changes files

mount
  diagnostic   $
  remediation  .       what is seen of file systems

swapon losetup
  diagnostic   $ !-a !-d !-D ; -s|--show|-l|--list $
  remediation  .                            a change that can be undone

umount swapoff sync fstrim renice prlimit modprobe insmod rmmod udevadm ldconfig
  remediation  .  a change that can be undone

sysctl
  diagnostic   !-w !--write !-p !--load !--system !@assigns
  remediation  .                                             a setting of the kernel

apt apt-get apt-cache yum dnf apk pip pip3 snap zypper
  destructive  remove|purge|autoremove|erase|uninstall|del                it is gone
  diagnostic   list|show|search|info|policy|depends|check|freeze|ls|view
  remediation  .                                                          installs, or tidies up after it

npm yarn pnpm
  diagnostic   audit|outdated|ls|list|view|info|why|version !-f !--fix !--force
  destructive  uninstall|remove|rm                                               it is gone
  remediation  install|i|ci|add|update|upgrade                                   installs
  unknown      .                                                                 runs what is not seen

git
  destructive  reset --hard ; clean|filter-branch|gc|prune ; push -f|--force|--delete ; branch|tag -D|-d  commits or files go
  diagnostic   status|log|diff|show|blame|describe|grep|rev-parse|ls-files ; branch|remote|tag|reflog $ ; reflog show
  remediation  .                                                                 a change that can be undone

aws
  diagnostic   s3 ls ; sts get-caller-identity
  unknown      .                                not known

pg_dump pg_dumpall mysqldump
  remediation  -f|--file|-r|--result-file  writes a file
  diagnostic   .

mysqladmin pg_ctl patronictl
  destructive  drop|reinit|remove ; * drop                                 data is gone
  diagnostic   ping|status|extended-status|processlist|variables $ ; list|topology|history|show-config
  remediation  .                                                           a change of a server

dpkg rpm
  destructive  -e|-P|-r|--remove|--purge|--erase                   it is gone
  diagnostic   -l|-L|-s|-S|-q|-V|--list|--status|--query|--verify
  remediation  .                                                   installs

crontab
  diagnostic   -l
  destructive  -r  all jobs are gone
  remediation  .   other jobs

certbot useradd usermod passwd groupadd chpasswd ssh-keygen ssh-copy-id update-ca-certificates at batch
  remediation  .  a change that can be undone

userdel groupdel atrm
  destructive  .  it is gone

journalctl
  destructive  --vacuum-size|--vacuum-time|--vacuum-files  evidence is gone
  remediation  --rotate|--flush|--sync                     where the journal is
  diagnostic   .

dmesg
  destructive  -C|-c|--clear|--read-clear  evidence is gone
  diagnostic   .

logrotate
  diagnostic   -d|--debug
  remediation  .           old logs are put aside

tcpdump tshark
  diagnostic   !-w ; -w=@scratch
  remediation  .                  writes a file

date
  remediation  -s|--set  another time
  diagnostic   .

ethtool
  remediation  -s|--change|-K|-G|-C|-A|-L|-E|-p|--set-priv-flags  a setting
  diagnostic   .

ss
  remediation  -K|--kill  connections are closed
  diagnostic   .

hostnamectl timedatectl chronyc
  diagnostic   $ ; status|show|tracking|sources|sourcestats|activity|list-timezones
  remediation  .                                                                     a setting

hostname domainname
  diagnostic   $
  remediation  .  another name

promtool
  diagnostic   check config|rules|metrics|healthy|ready ; query
  unknown      .                                               not known

amtool
  diagnostic   alert|silence $ ; alert|silence query ; config show|routes ; check-config
  remediation  .                                                                        a change that can be undone

coredumpctl loginctl resolvectl nvme
  diagnostic   $ ; list|info|status|query|statistics|smart-log|id-ctrl|error-log
  diagnostic   list-sessions|list-users|session-status|show-session|user-status
  unknown      .                                                                 not known

sort yq xmllint
  remediation  -i|--inplace|-o|--output  writes a file
  diagnostic   .

fuser
  destructive  -k|--kill  kills whoever uses the file
  diagnostic   .

echo printf sleep true false : cd pwd pushd popd dirs exit return break continue export set unset shift local
declare typeset readonly read wait test [ trap shopt ulimit umask alias unalias hash let getopts jobs fg bg
disown times mapfile readarray seq yes expr bc basename dirname tput clear reset tty stty logger mktemp
  harmless     .  only of the shell
`
