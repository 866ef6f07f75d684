# Forwards TCP. Arguments: [outside] (PORT ADDRESS PORT)...: connections to the first port go to the second address.
# `outside` accepts only connections through the interface of the default route. One process serves all connections: one for
# each would be too much for a busy machine when a monitor polls. Needs Linux.
use strict;
use warnings;
use Errno qw(EAGAIN ECONNABORTED EINPROGRESS EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY SO_LINGER);

# Limits in bytes, and in seconds: for a client that waits without sending, and for a slow reader.
use constant { CHUNK => 65_536, MOST => 262_144, BACKLOG => 1_024, LAST_WORDS => 2, READER => 30 };
use constant SO_BINDTODEVICE => 25;

$SIG{PIPE} = 'IGNORE';
my (%listener, %end);    # by file number
my $full = 0;            # since when there is no file left for another connection, in seconds

sub ready { my ($socket) = @_; fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK) or die "fcntl: $!" }

# The interface of the default route; a cluster's own network has none. It checks the interface because an address can be
# reached, or spoofed, from the wrong side.
sub outside {
  open my $routes, '<', '/proc/net/route' or die "routes: $!";
  while (<$routes>) { return $1 if /^(\S+)\t00000000\t/ }
  die 'no way outside';
}
my $device = @ARGV && $ARGV[0] eq 'outside' && shift @ARGV ? outside() : undef;

while (my ($port, $address, $there) = splice @ARGV, 0, 3) {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  !$device or setsockopt($socket, SOL_SOCKET, SO_BINDTODEVICE, "$device\0") or die "$device: $!";
  bind($socket, pack_sockaddr_in($port, INADDR_ANY)) or die "port $port: $!";
  listen($socket, BACKLOG) or die "port $port: $!";
  ready($socket);
  $listener{fileno $socket} = { socket => $socket, to => pack_sockaddr_in($there, inet_aton($address)) };
}

# Fields of an end: `out` has the bytes on their way to it; `over`: since when nothing more comes from it; `moved`: when it
# last took data or the end; `shut`: nothing more goes to it.
sub join_ends {
  my ($client, $server, $to) = @_;
  for my $socket ($client, $server) {
    ready($socket);
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
  }
  my $waits = !connect($server, $to);
  my @pair = map { { socket => $_, out => '', over => 0, moved => 0, shut => 0, connecting => 0 } } $client, $server;
  $pair[1]{node} = 1;
  ($pair[0]{other}, $pair[1]{other}) = @pair[1, 0];
  $end{fileno $_->{socket}} = $_ for @pair;
  if ($waits) {
    return cut($pair[0]) if $! != EINPROGRESS;
    $pair[1]{connecting} = 1;
  }
}

sub forget {
  my ($one) = @_;
  for my $each ($one, delete $one->{other}) {
    delete $end{fileno $each->{socket}};
    delete $each->{other};
    close $each->{socket};
  }
  $full = 0;
}

# When one side resets or refuses a connection, the other side is reset, too.
sub cut {
  my ($one) = @_;
  setsockopt($_->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) for $one, $one->{other};
  forget($one);
}

sub pass_end {
  my ($one) = @_;
  return if $one->{shut} || $one->{connecting} || length $one->{out} || !$one->{other}{over};
  shutdown($one->{socket}, 1);
  @$one{qw(shut moved)} = (1, time);
  forget($one) if $one->{other}{shut};
}

sub receive {
  my ($one) = @_;
  my $other = $one->{other};
  my $got = sysread $one->{socket}, $other->{out}, CHUNK, length $other->{out};
  if (!defined $got) { return $! == EAGAIN || $! == EINTR ? undef : cut($one) }
  $one->{over} = time if $got == 0;
  $got == 0 ? pass_end($other) : send_out($other);
}

sub send_out {
  my ($one) = @_;
  if ($one->{connecting}) {
    my $error = unpack 'i', getsockopt($one->{socket}, SOL_SOCKET, SO_ERROR);
    return cut($one) if $error;
    # Not connected yet: this was called because there is something to send.
    return if !getpeername $one->{socket};
    $one->{connecting} = 0;
  }
  if (length $one->{out}) {
    my $sent = syswrite $one->{socket}, $one->{out};
    if (!defined $sent) { return $! == EAGAIN || $! == EINTR ? undef : cut($one) }
    substr($one->{out}, 0, $sent) = '';
    $one->{moved} = time;
  }
  pass_end($one);
}

# A node that hangs is not waited for. Its answer still goes to a slow client; after the node has ended, the kernel delivers
# the rest.
sub give_up {
  my ($one) = @_;
  my $other = $one->{other};
  my $reads = length($one->{node} ? $other->{out} : $one->{out});
  my ($since) = sort { $b <=> $a } $one->{over}, $one->{moved}, $other->{moved};
  return if time - $since <= ($reads ? READER : LAST_WORDS);
  $one->{node} && !$reads ? forget($one) : cut($one);
}

# Reserve files for both ends; otherwise the client would wait for ever.
sub accept_from {
  my ($listener) = @_;
  for (;;) {
    my $client;
    if (!socket(my $server, PF_INET, SOCK_STREAM, 0)) { last }
    elsif (accept $client, $listener->{socket}) { join_ends($client, $server, $listener->{to}) }
    elsif ($! == EAGAIN) { return }
    elsif ($! != EINTR && $! != ECONNABORTED) { last }
  }
  $full = time;
}

for (;;) {
  my ($reading, $writing) = ('', '');
  # Try again now and then: other processes may have used up the files.
  $full = 0 if time - $full > 1;
  if (!$full) { vec($reading, $_, 1) = 1 for keys %listener }
  for my $number (keys %end) {
    my $one = $end{$number};
    vec($reading, $number, 1) = 1 if !$one->{over} && !$one->{connecting} && length $one->{other}{out} < MOST;
    vec($writing, $number, 1) = 1 if $one->{connecting} || length $one->{out};
  }
  my @ended = grep { $_->{over} } values %end;
  next if select(my $readable = $reading, my $writable = $writing, undef, @ended || $full ? 1 : undef) < 0;
  for my $number (grep { vec $readable, $_, 1 } keys %listener) { accept_from($listener{$number}) }
  # The end may have been closed because of the other one, and its number given to a new connection.
  my %before = %end;
  for my $number (keys %before) {
    my $one = $before{$number};
    send_out($one) if vec($writable, $number, 1) && $one->{other};
    receive($one) if vec($readable, $number, 1) && $one->{other};
  }
  for my $one (@ended) { give_up($one) if $one->{other} }
}
