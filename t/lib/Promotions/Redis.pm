package Promotions::Redis;

# A Redis of the test's own, and a small client.
#
#   my $redis = Promotions::Redis->start(
#       password => 's3cret',       # requirepass, or that of `user`
#       user     => 'promotions',   # an ACL user with all rights on all keys
#       unix     => 1,              # listen on a unix socket only
#       persist  => 1,              # append-only file, synced always
#       options  => ['--maxmemory', '4mb']);
#   $redis->address;                # for promotions_redis
#   $redis->call('HSET', 'a', 'b', 'c');    # dies on an error reply
#   $redis->hash('promotions:key:a');       # HGETALL as a hash reference
#   my $key = $redis->key(grants => 'PROMOTE_TO@qa APPLICATION:R@dev');
#   $redis->pause; $redis->resume; $redis->stop; $redis->kill; $redis->restart;

use strict;
use warnings;

use Digest::SHA ();
use IO::Select ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();

use Promotions::Process;


sub start {
    my ($class, %options) = @_;

    my $dir = temporary_folder();
    my $self = bless {
        %options,
        dir    => $dir,
        prefix => $options{prefix} // 'promotions:',
        keys   => 0,
    }, $class;

    if ($options{unix}) {
        $self->{socket} = "$dir/redis.sock";
        chmod 0755, $dir;

    } else {
        $self->{port} = $options{port} // free_port();
    }

    $self->launch;
    return $self;
}


sub launch {
    my ($self) = @_;

    my $dir = $self->{dir};
    my @command = ('redis-server', '--dir', $dir, '--save', '',
                   '--daemonize', 'no', '--bind', '127.0.0.1',
                   '--port', $self->{port} // 0);

    push @command, '--unixsocket', $self->{socket}, '--unixsocketperm', 777
        if $self->{socket};
    push @command, '--appendonly', 'yes', '--appendfsync', 'always'
        if $self->{persist};

    if ($self->{user}) {
        write_file("$dir/users.acl",
                   "user default off\n"
                   . "user $self->{user} on >$self->{password} ~* &* +\@all\n");
        push @command, '--aclfile', "$dir/users.acl";

    } elsif ($self->{password}) {
        push @command, '--requirepass', $self->{password};
    }

    push @command, @{ $self->{options} || [] };

    $self->{process} = Promotions::Process->start(
        command => \@command, name => 'redis', output => "$dir/redis.log");

    wait_for('redis to answer', sub {
        die "redis did not start:\n" . read_file("$dir/redis.log")
            if !$self->{process}->alive;
        return eval { $self->call('PING') eq 'PONG' };
    });
}


sub address {
    my ($self) = @_;
    return $self->{socket} ? "unix:$self->{socket}" : "127.0.0.1:$self->{port}";
}


# The arguments of promotions_redis.
sub directive {
    my ($self) = @_;

    my $text = $self->address;

    if ($self->{password}) {
        my $file = "$self->{dir}/password";
        write_file($file, "$self->{password}\n", 0644) if !-e $file;
        $text .= " user=$self->{user}" if $self->{user};
        $text .= " password_file=$file";
    }

    $text .= " prefix=$self->{prefix}" if $self->{prefix} ne 'promotions:';
    return $text;
}


sub connection {
    my ($self) = @_;

    return $self->{connection} if $self->{connection};

    my $socket = $self->{socket}
        ? IO::Socket::UNIX->new(Peer => $self->{socket})
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                PeerPort => $self->{port}, Timeout => 5);
    die "redis: $!\n" if !$socket;

    $self->{connection} = $socket;
    $self->{buffer} = '';

    if ($self->{password}) {
        $self->call('AUTH', $self->{user} // 'default', $self->{password});
    }

    return $socket;
}


sub disconnect {
    my ($self) = @_;
    delete $self->{connection};
}


sub call {
    my ($self, @arguments) = @_;

    my $socket = $self->connection;
    my $text = '*' . @arguments . "\r\n";

    for my $argument (@arguments) {
        my $bytes = $argument;
        utf8::encode($bytes) if utf8::is_utf8($bytes);
        $text .= '$' . length($bytes) . "\r\n$bytes\r\n";
    }

    local $SIG{PIPE} = 'IGNORE';
    my $reply = eval {
        defined syswrite($socket, $text) or die "redis: $!\n";
        $self->reply;
    };

    if ($@) {
        $self->disconnect if $@ !~ /^redis answered/;
        die $@;
    }

    return $reply;
}


sub line {
    my ($self) = @_;

    while ($self->{buffer} !~ /\r\n/) {
        $self->fill;
    }

    $self->{buffer} =~ s/^(.*?)\r\n//s;
    return $1;
}


sub fill {
    my ($self) = @_;

    my $select = IO::Select->new($self->{connection});
    $select->can_read(10) or die "redis: no answer in 10 s\n";

    my $n = sysread $self->{connection}, $self->{buffer}, 65536,
                    length $self->{buffer};
    $n or die "redis: connection closed\n";
}


sub reply {
    my ($self) = @_;

    my $line = $self->line;
    my ($kind, $rest) = $line =~ /^(.)(.*)$/s;

    return $rest if $kind eq '+' || $kind eq ':';
    die "redis answered: $rest\n" if $kind eq '-';

    if ($kind eq '$') {
        return undef if $rest < 0;
        $self->fill while length $self->{buffer} < $rest + 2;
        my $bytes = substr $self->{buffer}, 0, $rest + 2, '';
        return substr $bytes, 0, $rest;
    }

    if ($kind eq '*') {
        return undef if $rest < 0;
        return [ map { $self->reply } 1 .. $rest ];
    }

    die "redis: reply of an unknown kind: $line\n";
}


sub hash {
    my ($self, $name) = @_;
    return { @{ $self->call('HGETALL', $name) } };
}


# Writes the record of an API key (interface.md, 3) and returns the key.
# Fields other than grants have sensible values when they are left out.
sub key {
    my ($self, %fields) = @_;

    my $id = delete $fields{id} // sprintf 'test%d', ++$self->{keys};
    my $secret = delete $fields{secret}
        // Digest::SHA::sha256_hex("$id.$$." . rand);

    my %record = (
        digest       => Digest::SHA::sha256_hex($secret),
        name         => "name of $id",
        author_name  => 'Ada Author',
        author_email => 'ada@example.com',
        grants       => 'admin',
        created_at   => time,
        expires_at   => 0,
        disabled     => 0,
        %fields,
    );

    # undef leaves a field out
    delete $record{$_} for grep { !defined $record{$_} } keys %record;

    $self->call('HSET', "$self->{prefix}key:$id", %record);
    return "$id.$secret";
}


sub pause {
    my ($self) = @_;
    $self->{process}->signal('STOP');
}


sub resume {
    my ($self) = @_;
    $self->{process}->signal('CONT');
}


sub stop {
    my ($self) = @_;
    $self->disconnect;
    $self->{process}->stop;
}


sub kill {
    my ($self) = @_;
    $self->disconnect;
    $self->{process}->stop('KILL');
}


# On the same address.
sub restart {
    my ($self) = @_;
    $self->stop;
    $self->launch;
}


1;
