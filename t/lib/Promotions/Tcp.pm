package Promotions::Tcp;

# A server on loopback that behaves badly, in a process of its own.
#
#   Promotions::Tcp->start(sub { my ($client) = @_; … });  # for each client
#   Promotions::Tcp->silent;                  # takes connections, says nothing
#   Promotions::Tcp->proxy($port,             # to a server on loopback
#       to_client => 1000,   # bytes passed before the connection is cut
#       to_server => 1000,
#       rate      => 1,      # bytes a second to the client
#       stall     => 1);     # go silent in place of cutting
#   Promotions::Tcp->distant($port, 0.05);    # so many s away, each way
#   $tcp->port; $tcp->stop;

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket ();
use Time::HiRes ();

use Promotions::Process;


sub start {
    my ($class, $serve) = @_;

    my $port = free_port();
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 64, ReuseAddr => 1) or die "listen: $!";

    my $process = Promotions::Process->start(name => "tcp:$port", code => sub {
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';

        while (1) {
            my $client = $listener->accept or next;
            my $pid = fork() // die "fork: $!";

            if ($pid == 0) {
                close $listener;
                eval { $serve->($client) };
                POSIX::_exit(0);
            }
            close $client;
        }
    });

    close $listener;
    return bless { port => $port, process => $process }, $class;
}


sub port {
    my ($self) = @_;
    return $self->{port};
}


sub stop {
    my ($self) = @_;
    $self->{process}->stop('KILL');
}


sub silent {
    my ($class) = @_;
    return $class->start(sub { sleep 600 });
}


sub proxy {
    my ($class, $port, %options) = @_;

    return $class->start(sub {
        my ($client) = @_;

        my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port) or return;
        my $select = IO::Select->new($client, $server);
        my %left = (to_client => $options{to_client} // ~0,
                    to_server => $options{to_server} // ~0);

        while (my @ready = $select->can_read) {
            for my $from (@ready) {
                my $way = $from == $client ? 'to_server' : 'to_client';
                my $to = $from == $client ? $server : $client;
                my $slow = $options{rate} && $way eq 'to_client';

                my $n = sysread $from, my $bytes,
                                $slow ? $options{rate} : 65536;
                return if !$n;

                $bytes = substr $bytes, 0, $left{$way};
                $left{$way} -= length $bytes;
                Time::HiRes::sleep(1) if $slow;
                syswrite $to, $bytes;

                if ($left{$way} == 0) {
                    sleep 600 if $options{stall};
                    return;
                }
            }
        }
    });
}


# Bytes arrive as they came, later; many connections at once.
sub distant {
    my ($class, $port, $delay) = @_;

    return $class->start(sub {
        my ($client) = @_;

        my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port) or return;

        setsockopt $_, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1
            for $client, $server;

        # [when, where to, bytes]; no bytes: the end of that direction
        my @queue;
        my $select = IO::Select->new($client, $server);

        while ($select->count || @queue) {
            my $now = Time::HiRes::time();

            while (@queue && $queue[0][0] <= $now) {
                my (undef, $to, $bytes) = @{ shift @queue };
                $to->shutdown(1) if !length $bytes;

                while (length $bytes) {
                    my $n = syswrite $to, $bytes or return;
                    substr $bytes, 0, $n, '';
                }
            }

            for my $from ($select->can_read(@queue ? $queue[0][0] - $now
                                                   : undef))
            {
                my $to = $from == $client ? $server : $client;
                my $n = sysread $from, my $bytes, 65536;
                $select->remove($from) if !$n;
                push @queue, [ Time::HiRes::time() + $delay, $to,
                               $n ? $bytes : '' ];
            }
        }
    });
}


1;
