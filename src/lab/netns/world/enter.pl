# Makes a process of the host one of a world, or the one that makes a world, and runs a program as that.
# Arguments: NAME=VALUE..., `--`, the program. Each is one step, taken in this order:
#   call.NAME=N  this machine's number of a system call
#   group=FOLDER joins a control group, while we may still; more than one
#   home=FOLDER  where a command's watcher goes back to: it must not die of the command's memory
#   oom=N        the first that the kernel ends when memory is short
#   uid=N        becomes this user and group
#   keyring=1    leaves the caller's keys behind
#   dies=1       ends with the process that started it
#   world=PID    joins the world of this process; `only=net` just its network, `only=user,net` as its root
#   net=PATH     in the network that this file of the world's is
#   caps=N,N     gives up these capabilities, for the program and whatever it starts
#   command=1    the program is an agent's command: its text comes on standard input, whose end ends everything
#   tasks=N      processes that may run in the world beside those that do now
#   filter=HEX   a seccomp filter
use strict;
use warnings;

my (%is, %call, @groups, @homes);
while (defined(my $word = shift @ARGV)) {
    last if $word eq '--';
    my ($name, $value) = split /=/, $word, 2;
    if ($name eq 'group') { push @groups, $value }
    elsif ($name eq 'home') { push @homes, $value }
    elsif ($name =~ /^call\.(.*)/) { $call{$1} = $value }
    else { $is{$name} = $value }
}
# linux/sched.h
my %kind = (user => 0x10000000, cgroup => 0x2000000, ipc => 0x8000000,
    uts => 0x4000000, net => 0x40000000, pid => 0x20000000, mnt => 0x20000);

sub must { my ($what, $result) = @_; die "$what: $!\n" if $result == -1; return $result }
sub prctl { my ($what, @rest) = @_; return syscall($call{prctl}, $what, map { $_ // 0 } @rest[0 .. 3]) }
sub put { my ($file, $text) = @_; open(my $out, '>', $file) or return 0; return defined(syswrite($out, $text)) }

sub group_file { open(my $file, '>', "$_[0]/cgroup.procs") or die "$_[0]: $!\n"; return $file }
sub move_to { my $moved = 1; defined(syswrite($_, "0\n")) or $moved = 0 for @_; return $moved }
my @joining = map { group_file($_) } @groups;
my @leaving = grep { defined fileno($_) } map { open(my $file, '>', "$_/cgroup.procs"); $file } @homes;
move_to(@joining) or die "the control group: $!\n";
put('/proc/self/oom_score_adj', $is{oom}) if defined $is{oom};

# From here on only what was opened here leads back to the host.
my %from;
if (my $world = $is{world}) {
    my @kinds = $is{only} ? split(/,/, $is{only}) : qw(user cgroup ipc uts net pid mnt);
    for my $name (@kinds) {
        next if $name eq 'net' && defined $is{net};
        open($from{$name}, '<', "/proc/$world/ns/$name") or die "the world is gone: $!\n";
    }
    if (defined $is{net}) {
        open(my $root, '<', "/proc/$world/root") or die "the world is gone: $!\n";
        # openat2: a link inside leads nowhere, and a pipe or a lease is not waited for.
        # O_CLOEXEC, O_NONBLOCK; RESOLVE_IN_ROOT, _NO_SYMLINKS, _NO_MAGICLINKS.
        my ($path, $how) = ($is{net}, pack('Q3', 0x80000 | 0x800, 0, 0x10 | 4 | 2));
        my $file = must("the network $path", syscall($call{openat2}, fileno($root), $path, $how, length $how));
        open($from{net}, '<&=', $file) or die "$path: $!\n";
    }
}
opendir(my $host, '/proc') or die "/proc: $!\n";

if (defined(my $uid = $is{uid})) {
    must('setgroups', syscall($call{setgroups}, 0, 0));
    must('setresgid', syscall($call{setresgid}, $uid + 0, $uid + 0, $uid + 0));
    must('setresuid', syscall($call{setresuid}, $uid + 0, $uid + 0, $uid + 0));
}
# KEYCTL_JOIN_SESSION_KEYRING. Where the call is refused, it is refused inside, too.
syscall($call{keyctl}, 1, 0) if $is{keyring};
prctl(1, 9) if $is{dies};

my $filter = pack('H*', $is{filter} // '');
my @lost = split /,/, $is{caps} // '';
sub confine {
    my $no_core = pack('Q2', 1, 1);
    syscall($call{prlimit64}, 0, 4, $no_core, 0) if $is{world}; # RLIMIT_CORE, as in init.pl
    prctl(24, $_ + 0) for @lost; # PR_CAPBSET_DROP; the kernel may not know all of them
    return if $filter eq '';
    my $program = pack('S x6 P', length($filter) / 8, $filter);
    # SECCOMP_SET_MODE_FILTER; _FLAG_SPEC_ALLOW: before Linux 5.16 a filter would slow down all that has it.
    must('seccomp', syscall($call{seccomp}, 1, 4, $program));
}

if (!%from) {
    confine();
    exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}

for my $name (qw(user cgroup ipc uts net pid mnt)) {
    next unless $from{$name};
    must("the world's $name", syscall($call{setns}, fileno($from{$name}), $kind{$name}));
}
if ($is{only}) { exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n" }
chdir('/root') or chdir('/');
prctl(1, 9) if $is{dies}; # joining may have lifted it
# What the process list inside shows until the program is there.
$0 = $ARGV[0];
close($_) for values %from;

# Threads in the world's user namespace, which is what the kernel counts for RLIMIT_NPROC. Counted in the host's /proc: what
# the world's shows can be covered from inside.
sub running_tasks {
    my $world = readlink("$$/ns/user") // die "no user namespace: $!\n";
    my $count = 0;
    rewinddir($host);
    for my $pid (grep { /^\d/ } readdir($host)) {
        next if (readlink("$pid/ns/user") // '') ne $world;
        $count += ((stat("$pid/task"))[3] // 2) - 2; # its links are `.`, `..` and the threads
    }
    return $count;
}

# An agent's command and all that descends from it are known by a cgroup namespace of their own, which nothing inside can
# leave: the filter refuses it.
my $label;
my $command;
if ($is{command}) {
    must('unshare', syscall($call{unshare}, $kind{cgroup})); # inside, its groups are at the top
    @joining = () unless @leaving == @joining && move_to(@leaving);
    my $size = <STDIN> // exit 1;
    read(STDIN, $command, $size) == $size or exit 1;
    chdir($host) or die "/proc: $!\n";
    $is{tasks} += running_tasks() if defined $is{tasks};
    $label = readlink("$$/ns/cgroup") // die "no label: $!\n";
    prctl(1, 0); # it has to outlive who started it, for the moment that it takes to end the rest
}

# A tracer that another command left behind can hold what was killed at its exit, or keep its end from us: it is killed, too.
sub kill_held {
    my ($pid) = @_;
    kill('KILL', $pid);
    open(my $status, '<', "$pid/status") or return;
    my ($tracer) = map { /^TracerPid:\s*([1-9]\d*)/ } <$status>;
    return if !$tracer || (readlink("$tracer/ns/user") // '') ne readlink("$$/ns/user");
    kill('KILL', $tracer);
}

# Kills what is marked, each as soon as it is found, the newest first: a process may live just long enough to fork.
# Returns how many it found, and how many others ended while we looked, whose children the list may lack.
sub kill_marked {
    my ($found, $vanished) = (0, 0);
    rewinddir($host);
    for my $pid (sort { $b <=> $a } grep { /^\d/ && $_ != $$ } readdir($host)) {
        my $of = readlink("$pid/ns/cgroup");
        if (!defined $of) { $vanished++ if !-e $pid }
        elsif ($of eq $label) { $found++; kill_held($pid) }
    }
    return ($found, $vanished);
}

my $child = fork() // die "fork: $!\n";
if ($child == 0) {
    if (defined $command) {
        chdir('/root') or chdir('/');
        move_to(@joining) or exit 126;
        syscall($call{setsid});
        open(STDIN, '<', '/dev/null');
        syscall($call{prlimit64}, 0, 6, pack('Q2', $is{tasks}, $is{tasks}), 0) if defined $is{tasks}; # RLIMIT_NPROC
        @ARGV = (@ARGV, $command);
    }
    else { prctl(1, 9) }
    confine();
    exec { $ARGV[0] } @ARGV or do { print STDERR "$ARGV[0]: $!\n"; exit 127 };
}

if (defined $command) {
    open(STDOUT, '>', '/dev/null');
    open(STDERR, '>', '/dev/null');
    my $ended = 0;
    # A pipe is what select and the child's end have in common.
    pipe(my $heard, my $says) or die "pipe: $!\n";
    $SIG{CHLD} = sub { syswrite($says, '.') };
    vec(my $wanted = '', fileno($heard), 1) = 1;
    vec($wanted, fileno(STDIN), 1) = 1;
    while (1) {
        if (waitpid($child, 1) > 0) { $ended = 1; last }
        my $count = select(my $ready = $wanted, undef, undef, undef);
        next if $count < 1 || !vec($ready, fileno(STDIN), 1);
        sysread(STDIN, my $more, 1) or last;
    }
    if (!$ended) {
        my $quiet = 0;
        for (1 .. 2000) {
            my ($found, $vanished) = kill_marked();
            # Until it runs bash, nobody may see the namespaces of our own child.
            if (waitpid($child, 1) == 0) { $found++; kill_held($child) }
            # Programs of the host end all the time: so many looks that find nothing will do, too.
            $quiet = $found ? 0 : $quiet + 1;
            last if $quiet && (!$vanished || $quiet == 50);
            select(undef, undef, undef, 0.002) if $_ > 20 && !$vanished;
        }
        exit 137;
    }
}
else {
    $SIG{$_} = 'IGNORE' for qw(INT QUIT);
    waitpid($child, 0);
}
my $status = $?;
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
