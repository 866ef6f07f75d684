# Holds back the packets of one netfilter queue and releases them in their order. For kernels without netem. The packets stay
# in the kernel: only their numbers come here.
# Arguments: number of the queue, least and most ms, the process with which the cluster ends; further ones only mark this
# process, so that it can be found.
# Prints "ready" when the queue exists, and continues only when its standard input then tells it to. On TERM it releases all
# packets at once; when it is killed, the held packets are lost.
use strict;
use warnings;
use Socket qw(SOCK_RAW SOL_SOCKET SO_RCVBUF MSG_DONTWAIT);
use Time::HiRes qw(time);

my ($number, $least, $most, $init) = @ARGV;
# linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_queue.h
my ($AF_NETLINK, $NETLINK_NETFILTER, $SOL_NETLINK, $NETLINK_NO_ENOBUFS, $SO_RCVBUFFORCE) = (16, 12, 270, 5, 33);
my ($REQUEST, $ACK, $QUEUE) = (1, 4, 3 << 8);
my ($PACKET, $CONFIG, $VERDICTS) = map { $QUEUE | $_ } 0, 2, 3;
my ($COMMAND, $COPY, $LENGTH, $MASK, $FLAGS) = 1 .. 5;
my ($BIND, $META, $WHOLE_SEGMENTS, $ACCEPT, $VERDICT) = (1, 1, 4, 1, 2);

socket(my $queue, $AF_NETLINK, SOCK_RAW, $NETLINK_NETFILTER) or die "netlink: $!\n";
# About 1 KiB for each packet that is announced and not yet read; force is root's.
setsockopt($queue, SOL_SOCKET, $_, 16 * 2**20) for SO_RCVBUF, $SO_RCVBUFFORCE;
setsockopt($queue, $SOL_NETLINK, $NETLINK_NO_ENOBUFS, pack('i', 1)) or die "netlink: $!\n";

sub attribute {
    my ($type, $value) = @_;
    return pack('S S', 4 + length $value, $type) . $value . "\0" x (-length($value) % 4);
}

sub ask {
    my ($type, $flags, @attributes) = @_;
    my $body = pack('C C n', 0, 0, $number) . join '', @attributes;
    my $header = pack('L S S L L', 16 + length $body, $type, $flags, 0, 0);
    defined send($queue, $header . $body, 0, pack('S x2 L L', $AF_NETLINK, 0, 0)) or die "netlink: $!\n";
}

sub configure {
    ask($CONFIG, $REQUEST | $ACK, @_);
    defined recv($queue, my $answer, 8192, 0) or die "netlink: $!\n";
    $! = -unpack('x16 l', $answer);
    die "queue $number: $!\n" if $!;
}

configure(attribute($COMMAND, pack('C x n', $BIND, 0)));
configure(attribute($COPY, pack('N C', 0, $META)));
configure(attribute($LENGTH, pack('N', 10_000)));
configure(attribute($MASK, pack('N', $WHOLE_SEGMENTS)), attribute($FLAGS, pack('N', $WHOLE_SEGMENTS)));

# The open file keeps pointing to that process, even if its number is used again.
open(my $cluster, '<', "/proc/$init/stat") or die "/proc/$init: $!\n";
syswrite(STDOUT, "ready\n");
defined(my $word = <STDIN>) or exit 0;
open(STDIN, '<', '/dev/null');
open(STDOUT, '>', '/dev/null');
open(STDERR, '>', '/dev/null');

my (@due, @ids);
my $last = 0;
my $ended = 0;
$SIG{TERM} = sub { $ended = 1 };
# Releasing a packet also releases all that came before it.
sub let_go { ask($VERDICTS, $REQUEST, attribute($VERDICT, pack('N N', $ACCEPT, shift))) }

vec(my $wanted = '', fileno($queue), 1) = 1;
until ($ended) {
    my ($now, $newest) = (time);
    while (@due && $due[0] <= $now) { shift @due; $newest = shift @ids }
    let_go($newest) if defined $newest;
    my $wait = @due ? $due[0] - $now : 0.25;
    select(my $readable = $wanted, undef, undef, $wait < 0.25 ? $wait : 0.25);
    sysseek($cluster, 0, 0);
    sysread($cluster, my $line, 1) or last;
    # Wait only until the next packet is due.
    for (1 .. 500) {
        defined recv($queue, my $message, 8192, MSG_DONTWAIT) or last;
        my ($type) = unpack('x4 S', $message);
        next unless $type == $PACKET;
        my $due = time + ($least + rand($most - $least)) / 1000;
        $last = $due if $due > $last;
        push @due, $last;
        # The first attribute has the packet's number.
        push @ids, unpack('x24 N', $message);
    }
}
let_go($ids[-1]) if @ids;
