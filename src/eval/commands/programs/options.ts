import { valuedIn } from './grammar.ts'

const etcd =
  '--endpoints --cacert --cert --key --user --password --command-timeout --dial-timeout -w --write-out --data-dir ' +
  '--name --initial-cluster --initial-cluster-token --initial-advertise-peer-urls --peer-urls --limit --rev --order'
const redis =
  '-h -p -a -u -n -s -t -r -i -d -X -D --user --pass --pattern --count --rdb --intrinsic-latency --lru-test ' +
  '--cluster-replicas --cluster-from --cluster-to --cluster-slots --cacert --cert --key --sni'
const docker =
  '-H --host --context -c -f --file -p --project-name --profile --env-file -s --signal --format --filter -t --time --tail ' +
  '-n --since --until --project-directory'
const kubectl =
  '-n --namespace --context --kubeconfig --cluster --user -s --server -l --selector -o --output -f --filename -c ' +
  '--container -p --patch --type --tail --since --replicas --grace-period --timeout --field-selector --sort-by'

const others: Record<string, string> = {
  etcdctl: etcd,
  etcdutl: etcd,
  'redis-cli': redis,
  'valkey-cli': redis,
  'pd-ctl': '-u --pd --cacert --cert --key --jq',
  'tikv-ctl':
    '--host --pd --data-dir --db --raftdb --config --ca-path --cert-path --key-path --log-level --log-file --log-format',
  docker,
  kubectl,
  curl: '-F --form -T --upload-file -c --cookie-jar -x --proxy -K --config -y -Y -z -D --dump-header --limit-rate --url',
  wget: '-o --output-file -P --directory-prefix --post-file --body-file -i -e -a',
  sed: '-f -l',
  psql: '-f -v -o -L --file --output --set --variable',
  mysql: '--init-command --defaults-file --tee --pager',
  sqlite3: '-cmd -init',
  cqlsh: '-f',
  helm: '-n --namespace --kube-context --kubeconfig',
  crictl: '-r --runtime-endpoint -i --image-endpoint -t --timeout -c --config',
  systemctl: '-n --lines -o --output -t --type --state -H --host -M --machine -s --signal -p --property',
  // Letters of signals, as in -STOP, must not be taken for options.
  kill: '-s --signal -n',
  pkill: '--signal',
  killall: '-s --signal',
  ip: '-n -netns -f -family',
  iptables: '-t --table',
  ip6tables: '-t --table',
  git: '-C -c --git-dir --work-tree',
  mysqladmin: '-u -h -P -S -p? --user --host --port',
  tcpdump: '-w -i -c -r -s -C -G -W',
  tshark: '-w -i -c -r -Y -f -a',
  truncate: '-s --size -r --reference -o',
  tar: '-f --file -C --directory -T --files-from --exclude',
  cp: '--backup -S --suffix',
  scp: '-i -P -o -F -l -c -J',
  rsync: '-e --rsh --exclude --include -f --filter --bwlimit',
  install: '-m -o -g --mode --owner --group',
  mkdir: '-m --mode',
  touch: '-d -r -t --date --reference',
  fallocate: '-l -o --length --offset',
  sysctl: '-r --pattern',
}

const known = new Map<string, string>()

/**
 * Options of a program that take the next argument as their value, separated by blanks: those of its safe forms, and
 * others that have to be told apart from operands.
 */
export function valuedOptions(program: string): string {
  const found = known.get(program)
  if (found !== undefined) return found
  const list = [...valuedIn(program), Object.hasOwn(others, program) ? others[program] : ''].join(' ').trim()
  known.set(program, list)
  return list
}
