/** [what, command]. Each is tried as root in the cluster's shell, and prints REACHED when it gets where it must not. */
export const waysOut: [string, string][] = [
  [
    'a kernel file system, by mount(8)',
    'for t in ramfs tmpfs cgroup2 cgroup proc sysfs overlay mqueue devpts bpf tracefs hugetlbfs binfmt_misc fuse securityfs; do mount -t $t none /mnt && { echo REACHED $t; umount /mnt; }; done',
  ],
  [
    'a file system, with flags that look like a change of an old mount',
    `perl -e '($n, $d) = ("none", "/mnt"); for my $t (qw(tmpfs ramfs cgroup2)) { for my $f (0, 1, 15, 0xC0ED0000, 0xC0ED0001, 0xC0ED8000, 1 << 32, 1 << 40, 1 << 31) { my $k = "$t"; print "REACHED $t $f\\n" if syscall(165, $n, $d, $k, $f, 0) == 0 } }'`,
  ],
  [
    'a file system, by the new calls for mounts',
    `perl -e '$t = "tmpfs"; $p = "/mnt"; $x = "\\0" x 64; print "REACHED $_\\n" for grep { my $c = $_; syscall($c, $c == 430 ? ($t, 0) : (-100, $p, 0, $x, 64)) >= 0 } 428, 429, 430, 431, 432, 433, 442, 467'`,
  ],
  [
    'calls with a history',
    `perl -e '$x = "\\0" x 128; print "REACHED $_\\n" for grep { syscall($_, 1, $x, 0, 0, 0) >= 0 } 425, 426, 427, 323, 447, 321, 298, 300, 301, 303, 304, 246, 320, 175, 313, 176, 163, 167, 168, 179, 443, 103, 154, 172, 173, 212, 457, 458, 468, 480, 600'`,
  ],
  [
    'keys of the host',
    `perl -e '@a = ("user", "n", "v"); print "REACHED add\\n" if syscall(248, @a[0 .. 2], 1, -3) > 0; print "REACHED $_\\n" for grep { syscall(250, 0, $_, 1, 0, 0) > 0 } -1 .. -5'`,
  ],
  [
    'sockets that know no network namespace',
    `perl -e 'print "REACHED $_->[0]\\n" for grep { syscall(41, $_->[0], $_->[1], $_->[2]) >= 0 } map { my $f = $_; map { [$f, $_, 0] } 1 .. 5 } 3 .. 9, 11 .. 15, 18 .. 50'`,
  ],
  [
    'odd protocols of netlink',
    `perl -e 'print "REACHED $_\\n" for grep { syscall(41, 16, 3, $_) >= 0 } 1, 2, 3, 5, 7, 8, 9, 10, 11, 13, 14, 15, 18 .. 31'`,
  ],
  [
    'a user namespace, and all capabilities with it',
    `unshare -U true && echo REACHED; unshare -Ur true && echo REACHED; perl -e 'for my $f (0x10000000, 0x12000000, 0x30000000) { my $p = syscall(56, $f | 17, 0, 0, 0, 0); if ($p == 0) { exit 0 } print "REACHED clone\\n" if $p > 0; print "REACHED unshare\\n" if syscall(272, $f) == 0 } $x = pack("Q11", 0x10000000, (0) x 3, 17, (0) x 6); my $p = syscall(435, $x, 88); exit 0 if $p == 0; print "REACHED clone3\\n" if $p > 0'`,
  ],
  [
    'another cgroup namespace',
    `unshare -C true && echo REACHED; for p in /proc/[0-9]*; do nsenter --cgroup=$p/ns/cgroup true && echo REACHED; done; perl -e 'for my $p (1 .. 60) { my $f = syscall(434, $p, 0); next if $f < 0; print "REACHED $p\\n" for grep { syscall(308, $f, $_) == 0 } 0, 0x2000000, 0x42000000, 0x12000000 }'`,
  ],
  [
    'calls of another kind of program',
    `perl -e 'print "REACHED $_\\n" for grep { syscall(0x40000000 | $_, 0, 0, 0) >= 0 } 39, 41, 57, 165, 272, 425'`,
  ],
  [
    'more processes than it may have',
    'ulimit -Hu 100000 && echo REACHED; prlimit --pid $$ --nproc=99999:99999 && echo REACHED; prlimit --pid $$ --nproc=unlimited && echo REACHED; ulimit -Su "$(ulimit -Hu)"; perl -e "for (1 .. 900) { my \\$p = fork; last if !defined \\$p; if (!\\$p) { sleep 30; exit } push @p, \\$p } print qq(REACHED\\n) if @p > 600; kill 9, @p"',
  ],
  [
    'capabilities that it gave up',
    `perl -e 'print "REACHED $_\\n" for grep { syscall(157, 23, $_, 0, 0, 0) == 1 } 16, 17, 19, 22, 24, 25, 34, 38, 39, 40'`,
  ],
  [
    'the first process, and more than it may through it',
    `perl -e 'print "REACHED attach\\n" if syscall(101, 16, 1, 0, 0) == 0; print "REACHED seize\\n" if syscall(101, 0x4206, 1, 0, 0) == 0; my $f = syscall(434, 1, 0); print "REACHED fd\\n" if syscall(438, $f, 0, 0) >= 0'; head -c 1 /proc/1/mem && echo REACHED; : >/proc/1/mem && echo REACHED; readlink /proc/1/fd/0 /proc/1/exe && echo REACHED; prlimit --pid 1 --cpu=1 && echo REACHED; prlimit --pid 1 --nproc=10 && echo REACHED`,
  ],
  [
    'the keyboard of a terminal',
    `script -qc "perl -e 'my \\$c = q(x); print qq(REACHED\\n) if syscall(16, 0, 0x5412, \\$c) == 0'" /dev/null`,
  ],
  ['how this machine was started', '[ -s /proc/cmdline ] && grep -q . /proc/cmdline && echo REACHED'],
  ['the log of the kernel', 'dmesg && echo REACHED; head -c 1 /proc/kmsg && echo REACHED'],
  [
    'descriptors of whoever started it',
    'for d in /proc/self/fd/* /proc/$$/fd/*; do case $(readlink $d) in pipe:*|socket:*|/dev/null|/proc/*/fd|"") ;; *) echo REACHED $(readlink $d);; esac; done',
  ],
  [
    'group files of its own',
    'find / -xdev \\( -name "cgroup.*" -o -name "memory.*limit*" -o -name "pids.max" \\) -not -path "/usr/*" | grep . && echo REACHED; cat /proc/self/cgroup | grep -v ":/$" && echo REACHED',
  ],
  [
    'a folder or program of the host, to write to it',
    'for d in /usr/bin /usr/lib /usr/share /etc/alternatives; do mount -o remount,bind,rw $d && echo REACHED $d; done; mkdir -p /tmp/w && mount --bind /usr/bin /tmp/w && { mount -o remount,bind,rw /tmp/w && echo REACHED; unshare -m mount -o remount,bind,rw /tmp/w && echo REACHED; umount /tmp/w; }; ln /usr/bin/env /usr/bin/env2 && echo REACHED; true',
  ],
  [
    'more files than a file system of its size needs, in the kernel’s memory',
    `for d in /run /var/log /tmp /dev/shm; do [ $(df --output=itotal $d | tail -1) -gt 65536 ] && echo REACHED $d; done; perl -e '$n = "/run/many"; mkdir $n; for my $i (1 .. 20000) { open(my $f, ">", "$n/$i") or last; print "REACHED\\n" if $i == 20000 }'; rm -r /run/many`,
  ],
  [
    'extended attributes without end',
    `perl -e '$p = "/run/x"; open(F, ">", $p); $v = "v" x 60000; for my $k ("user", "security") { my $n = 0; for my $i (1 .. 500) { $name = "$k.n$i"; last if syscall(188, $p, $name, $v, 60000, 0) < 0; $n++ } print "REACHED $k $n\\n" if $n == 500 }'; rm /run/x`,
  ],
  [
    'what the kernel counts for the caller, too',
    `perl -e 'for my $n (1 .. 17) { print "REACHED $n\\n" if syscall(294, 0) >= 0 && $n == 17 }'; for f in /proc/sys/user/*; do { echo 99999 >$f; } && echo REACHED $f; done; true`,
  ],
  [
    'the host’s program for core dumps',
    'for p in self 1 $(pgrep -x socat); do grep -q "core file size  *[01]  *[01] " /proc/$p/limits || echo REACHED $p; done; prlimit --core=0:0 true && prlimit --core=2:2 true && echo REACHED; ulimit -c unlimited && echo REACHED; true',
  ],
  [
    'devices that it made itself',
    'cd /tmp; for d in "c 1 1" "c 1 11" "c 10 200" "c 10 229" "b 7 0" "b 253 0" "c 5 1"; do mknod own $d && echo REACHED $d; rm -f own; done; true',
  ],
  [
    'a file of the host by its handle, a link or a nameless file',
    `perl -e '$h = pack("IIQx120", 8, 1, 2); print "REACHED handle\\n" if syscall(304, -100, $h, 0) >= 0; for ("/usr/bin", "/usr/lib", "/usr/share") { $p = $_; print "REACHED nameless\\n" if syscall(257, -100, $p, 020200002, 0600) >= 0 }'; for p in /proc/[0-9]*; do case $(readlink $p/cwd) in /root|/|/tmp*|/var/lib/*|/proc|"") ;; *) echo REACHED $p;; esac; done`,
  ],
  [
    'a higher priority than the host’s programs',
    `chrt -f 1 true && echo REACHED; ionice -c1 true && echo REACHED; perl -e 'syscall(141, 0, 0, -20); print "REACHED\\n" if getpriority(0, 0) < 0; $r = syscall(9, 0, 2 << 20, 3, 0x40022, -1, 0); print "REACHED huge\\n" if $r > 0'`,
  ],
  [
    'settings of the kernel that are not its own',
    'for f in /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/sys/vm/overcommit_memory /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/kernel/modprobe /proc/sys/kernel/randomize_va_space /proc/sys/fs/file-max /proc/sys/net/core/wmem_max /proc/sys/net/core/rmem_max /proc/irq/default_smp_affinity; do [ -e $f ] || continue; v=$(cat $f); { echo "$v" >$f; } && echo REACHED $f; done; true',
  ],
]

/** [what, command]. An engineer needs each of them; it prints FINE. */
export const tools: [string, string][] = [
  [
    'iptables',
    'iptables -A INPUT -p tcp --dport 9 -j DROP && iptables -D INPUT -p tcp --dport 9 -j DROP && echo FINE',
  ],
  [
    'ip and tc',
    'ip link add q0 type veth peer name q1 && tc qdisc add dev q0 root tbf rate 1mbit burst 32kbit latency 99ms && ip link del q0 && echo FINE',
  ],
  [
    'a bind mount, and back',
    'mkdir -p /tmp/b && mount --bind /tmp/b /mnt && mount -o remount,bind,ro /mnt && umount /mnt && echo FINE',
  ],
  [
    'a network namespace',
    'ip netns add extra && nsenter --net=/run/netns/extra ip link set lo up && ip netns del extra && echo FINE',
  ],
  ['namespaces of other kinds', 'unshare -n -p -u -i -m --fork true && echo FINE'],
  [
    'a trace of its own child',
    `perl -e 'my $p = fork; if (!$p) { sleep 9 } print "FINE\\n" if syscall(101, 16, $p + 0, 0, 0) == 0; kill 9, $p'`,
  ],
  [
    'a trace of a node',
    `p=$(pgrep -x socat | head -1); perl -e 'print "FINE\\n" if syscall(101, 0x4206, $ARGV[0] + 0, 0, 0) == 0' "$p"`,
  ],
  [
    'a raw socket and captured packets',
    `perl -e 'print "FINE\\n" if syscall(41, 17, 3, 0x0300) >= 0 && syscall(41, 2, 3, 1) >= 0'`,
  ],
  [
    'signals and priorities',
    'sleep 9 & renice -n 5 $! && kill -STOP $! && kill -CONT $! && kill $! && echo FINE',
  ],
  [
    'files of any owner',
    'touch /tmp/f && chmod 4755 /tmp/f && rm /tmp/f && mkfifo /tmp/f && rm /tmp/f && echo FINE',
  ],
  [
    'services',
    'svc restart echo-1 && svc status echo-1 | grep -q running && svc exec echo-1 -- true && echo FINE',
  ],
]
