/** How a program that runs another one is told which. */
export interface Wrapper {
  /** Options that take a value, separated by blanks. */
  valued?: string
  /** The first operands, when it runs another program only then. */
  verb?: RegExp
  /** How many operands stand before the command, `verb` aside. */
  skip?: number
  /** The command is the rest of the line, given to a shell. */
  joined?: true
  /** It runs in another place: the directory is not known there. */
  elsewhere?: true
  /** As which program of `forms.ts` its own words are judged, if not as itself. */
  form?: string
  /** It does something itself as well. */
  itself?: true
}

const dockerOptions =
  '-e -u -w -v -p -f -H --env --user --workdir --env-file --index --file --project-name --host --context --name ' +
  '--network --net --entrypoint --volume --publish --mount --memory -m --cpus --label -l --pid --hostname -h'
const kubectlOptions =
  '-n --namespace -c --container --context --kubeconfig --cluster --user -s --server --image -l --selector'

export const wrappers: Record<string, readonly Wrapper[]> = {
  sudo: [{ valued: '-u -g -h -p -C -r -t -T -D --user --group' }],
  doas: [{ valued: '-u -C' }],
  env: [{ valued: '-u --unset -C --chdir' }],
  nohup: [{}],
  time: [{ valued: '-f -o' }],
  timeout: [{ valued: '-k -s --kill-after --signal', skip: 1 }],
  nice: [{ valued: '-n --adjustment' }],
  ionice: [{ valued: '-c -n --class --classdata' }],
  chrt: [{ skip: 1 }],
  taskset: [{ skip: 1 }],
  setsid: [{}],
  stdbuf: [{ valued: '-i -o -e --input --output --error' }],
  command: [{}],
  builtin: [{}],
  exec: [{ valued: '-a' }],
  busybox: [{}],
  strace: [{ valued: '-e -o -p -s -P -u' }],
  cgexec: [{ valued: '-g' }],
  'systemd-run': [{ valued: '-p --property --unit -u' }],
  watch: [{ valued: '-n --interval', joined: true }],
  flock: [{ valued: '-w -E --timeout', skip: 1 }],
  nsenter: [{ valued: '-t -S -G --target', elsewhere: true }],
  unshare: [{ valued: '--map-user --setuid', elsewhere: true }],
  chroot: [{ valued: '--userspec --groups', skip: 1, elsewhere: true }],
  gosu: [{ skip: 1 }],
  runuser: [{ valued: '-u -g' }],
  ssh: [{ valued: '-i -o -p -l -F -J -L -R -D -b -E -m -S -W', skip: 1, joined: true, elsewhere: true }],
  svc: [{ verb: /^exec$/, skip: 1, elsewhere: true }],
  ip: [{ verb: /^netns exec$/, skip: 1, valued: '-n -netns -f -family', elsewhere: true }],
  docker: [
    {
      verb: /^(container |compose )?exec$/,
      form: 'docker exec',
      skip: 1,
      valued: dockerOptions,
      elsewhere: true,
    },
    { verb: /^(container |compose )?run$/, skip: 1, valued: dockerOptions, elsewhere: true, itself: true },
  ],
  kubectl: [
    { verb: /^exec$/, form: 'kubectl exec', skip: 1, valued: kubectlOptions, elsewhere: true },
    { verb: /^(run|debug)$/, skip: 1, valued: kubectlOptions, elsewhere: true, itself: true },
  ],
  crictl: [
    {
      verb: /^exec$/,
      form: 'crictl exec',
      skip: 1,
      valued: '-r --runtime-endpoint --timeout',
      elsewhere: true,
    },
  ],
}
