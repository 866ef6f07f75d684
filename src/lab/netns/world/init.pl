# The first process of a world, once the world is built. Arguments: capabilities to give up, a seccomp filter, services.
# It starts the services, so that they have no other parent and no other process's limits: each line in /run/svc/start is a
# service's name. It ends when its standard input does, and everything inside ends with it.
use strict;
use warnings;
use Config;

my ($lost, $filter, @services) = @ARGV;
$0 = 'init';
my ($prctl, $seccomp, $prlimit) = $Config{archname} =~ /^x86_64/ ? (157, 317, 302) : (167, 277, 261);
# RLIMIT_CORE: 1 is the only value with which the kernel does not start the host's program for core dumps. See core(5).
my $no_core = pack('Q2', 1, 1);
syscall($prlimit, 0, 4, $no_core, 0);
syscall($prctl, 24, $_ + 0, 0, 0, 0) for split /,/, $lost;
if (my $bytes = pack('H*', $filter)) {
    my $program = pack('S x6 P', length($bytes) / 8, $bytes);
    syscall($seccomp, 1, 4, $program) == 0 or die "seccomp: $!\n";
}

# Open for both directions, so that it neither ends with a writer nor waits for one. O_RDWR | O_NONBLOCK, because a process
# inside may read it, too.
sysopen(my $asked, '/run/svc/start', 2 | 04000) or die "/run/svc/start: $!\n";

sub begin {
    my ($out, @argv) = @_;
    my $child = fork() // return 0;
    return $child if $child;
    $SIG{CHLD} = 'DEFAULT';
    open(STDIN, '<', '/dev/null');
    if (defined $out) {
        # The line may come from any process inside.
        open(STDOUT, '>>', $out) or exit 1;
        open(STDERR, '>&', \*STDOUT) or exit 1;
    }
    exec { $argv[0] } @argv or exit 127;
}

# One after the other: members of etcd that start at the same instant wait whole seconds for each other.
my $starter = begin(undef, 'bash', '-c', 'for name; do svc start "$name" || exit; done; echo ready', '_', @services);
my $failed = 0;
my $reap = sub {
    while ((my $pid = waitpid(-1, 1)) > 0) { $failed = 1 if $pid == $starter && $? }
};
$SIG{CHLD} = $reap;
$reap->();
open(STDOUT, '>', '/dev/null');
open(STDERR, '>', '/dev/null');

vec(my $wanted = '', fileno($asked), 1) = 1;
vec($wanted, fileno(STDIN), 1) = 1;
my $line = '';
until ($failed) {
    my $count = select(my $ready = $wanted, undef, undef, undef);
    next if $count < 1;
    if (vec($ready, fileno(STDIN), 1)) { sysread(STDIN, my $more, 4096) or last }
    next unless vec($ready, fileno($asked), 1);
    sysread($asked, $line, 4096, length $line);
    while ($line =~ s/^(.*)\n//) {
        my $name = $1;
        begin("/var/log/$name.log", 'setsid', 'svc', 'supervise', $name) if $name =~ /^[a-z][a-z0-9-]*$/;
    }
    $line = '' if length $line > 4096;
}
exit($failed);
