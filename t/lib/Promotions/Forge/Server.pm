package Promotions::Forge::Server;

# The process behind Promotions::Forge: HTTP/1.1 with many connections at
# once, requests one after the other, and a port on which the test speaks to
# it (a line of JSON, a line back).  It looks at each request with the
# provider's description before the provider's file sees it, and at each
# answer of its own.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes ();

use Promotions::Forge::Azure;
use Promotions::Forge::Bitbucket;
use Promotions::Forge::BitbucketServer;
use Promotions::Forge::Description;
use Promotions::Forge::GitHub;
use Promotions::Forge::GitLab;
use Promotions::Forge::Gitea;

my %provider = (
    github           => 'Promotions::Forge::GitHub',
    gitlab           => 'Promotions::Forge::GitLab',
    gitea            => 'Promotions::Forge::Gitea',
    bitbucket        => 'Promotions::Forge::Bitbucket',
    bitbucket_server => 'Promotions::Forge::BitbucketServer',
    azure            => 'Promotions::Forge::Azure',
);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;


sub new {
    my ($class, %options) = @_;

    my $provider = $provider{$options{type}}->new(%options);

    my $self = bless {
        provider => $provider,
        description => Promotions::Forge::Description->new($options{type},
                                                           $provider->also),
        requests => [], refused => [], faults => [], connections => {},
    }, $class;

    for my $name (qw(port control)) {
        $self->{$name} = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $options{$name}, Listen => 64, ReuseAddr => 1)
            or die "listen: $!";
    }
    return $self;
}


sub serve {
    my ($self) = @_;

    $SIG{PIPE} = 'IGNORE';
    my $connections = $self->{connections};

    while (1) {
        my $now = Time::HiRes::time();
        my @times = sort { $a <=> $b } map { map { $_->{at} } @{ $_->{out} } }
                    values %$connections;
        my $wait = @times ? ($times[0] > $now ? $times[0] - $now : 0) : undef;

        for my $socket (IO::Select->new($self->{port}, $self->{control},
                            map { $_->{socket} } values %$connections)
                        ->can_read($wait))
        {
            if ($socket == $self->{control}) {
                $self->control;
            } elsif ($socket == $self->{port}) {
                my $client = $socket->accept or next;
                $connections->{fileno $client} =
                    { socket => $client, in => '', out => [] };
            } else {
                $self->receive($connections->{fileno $socket});
            }
        }

        $self->send($_) for values %$connections;
    }
}


sub drop {
    my ($self, $connection) = @_;

    delete $self->{connections}{fileno $connection->{socket}};
    close $connection->{socket};
}


# What is due; a part of an answer that is cut is the last of its connection.
sub send {
    my ($self, $connection) = @_;

    while (my $next = $connection->{out}[0]) {
        return if $next->{at} > Time::HiRes::time();

        my $sent = 0;

        while ($sent < length $next->{bytes}) {
            my $n = syswrite $connection->{socket}, $next->{bytes}, 65536,
                             $sent;
            return $self->drop($connection) if !$n;
            $sent += $n;
        }

        return $self->drop($connection) if $next->{close};
        shift @{ $connection->{out} };
    }
}


sub receive {
    my ($self, $connection) = @_;

    my $n = sysread $connection->{socket}, $connection->{in}, 65536,
                    length $connection->{in};
    return $self->drop($connection) if !$n;

    while ($connection->{in} =~ /\A(.*?\r\n)\r\n/s) {
        my $head = $1;
        my ($size) = $head =~ /^Content-Length:\s*(\d+)/mi;
        my $whole = length($head) + 2 + ($size // 0);

        if ($head =~ /^Expect:\s*100-continue/mi && !$connection->{asked}++) {
            syswrite $connection->{socket}, "HTTP/1.1 100 Continue\r\n\r\n";
        }
        return if length $connection->{in} < $whole;

        my $body = substr $connection->{in}, length($head) + 2, $size // 0;
        substr $connection->{in}, 0, $whole, '';
        $connection->{asked} = 0;
        push @{ $connection->{out} }, $self->request($head, $body);
    }
}


sub parse {
    my ($head, $body) = @_;

    my ($method, $target) = $head =~ m{^(\S+) (\S+) HTTP/1\.[01]\r\n};
    my ($path, $query) = split /\?/, $target // '', 2;
    my (%headers, %query);

    while ($head =~ /^([^\s:]+):[ \t]*(.*?)[ \t]*\r$/mg) {
        $headers{lc $1} = $2;
    }

    for my $pair (split /&/, $query // '') {
        my ($name, $value) = split /=/, $pair, 2;
        tr/+/ / for $name, $value //= '';
        push @{ $query{Promotions::Forge::Description::decode($name)} },
             Promotions::Forge::Description::decode($value);
    }

    return { method => $method, path => $path, query => \%query,
             headers => \%headers, body => $body };
}


# One request, as what goes out: {at, bytes, close}.
sub request {
    my ($self, $head, $body) = @_;

    my $request = parse($head, $body);
    $request->{time} = Time::HiRes::time();
    push @{ $self->{requests} }, $request;

    my $fault = $self->fault_of($request);
    $self->{provider}->open_pull(%{ $fault->{open} }) if $fault->{open};

    my $instead = $fault->{status} || defined $fault->{cut};
    my $answer = $instead && ($fault->{when} // '') ne 'after'
        ? { status => 200, text => '{}' } : eval { $self->answer($request) };

    if (!$answer) {
        push @{ $self->{refused} }, "the server itself: $@";
        $answer = { status => 500, text => '' };
    }

    $answer = { status => $fault->{status}, text => $fault->{body} // '',
                type => $fault->{type}, headers => $fault->{headers} }
        if $fault->{status};
    $request->{status} = $answer->{status};

    my $bytes = bytes($answer);
    my $cut = $fault->{cut};
    my $close = $request->{headers}{connection} // '';

    $bytes = substr $bytes, 0, $cut if defined $cut;
    return { at => Time::HiRes::time() + ($fault->{slow} // 0),
             bytes => $bytes,
             close => defined $cut || $close =~ /close/i ? 1 : 0 };
}


sub bytes {
    my ($answer) = @_;

    my $text = $answer->{text} // $json->encode($answer->{value});
    my $type = $answer->{type} // 'application/json; charset=utf-8';

    return join("\r\n", "HTTP/1.1 $answer->{status} Something",
                "Content-Type: $type", 'Content-Length: ' . length $text,
                @{ $answer->{headers} || [] }, '', '') . $text;
}


sub fault_of {
    my ($self, $request) = @_;

    for my $fault (@{ $self->{faults} }) {
        next if defined $fault->{times} && $fault->{times} <= 0;
        next if $fault->{method} && $fault->{method} ne $request->{method};
        next if $fault->{path} && $request->{path} !~ /$fault->{path}/;

        $fault->{times}-- if defined $fault->{times};
        return $fault;
    }
    return {};
}


sub refuse {
    my ($self, $request, @faults) = @_;

    push @{ $self->{refused} },
         map { "$request->{method} $request->{path}: $_" } @faults;
}


sub answer {
    my ($self, $request) = @_;

    my $provider = $self->{provider};
    my $path = $provider->below($request->{path});
    my $operation = defined $path
        && $self->{description}->operation($request->{method}, $path);

    if (!$operation) {
        $self->refuse($request, 'not described');
        return $provider->problem(404);
    }

    my @faults = ($self->{description}->request_faults($operation, $request),
                  $provider->request_faults($request));

    if (@faults) {
        $self->refuse($request, @faults);
        return $provider->problem(422);
    }

    return $provider->problem(401) if !$provider->authorized($request);

    $request->{json} = length $request->{body}
        ? $json->decode($request->{body}) : undef;
    $request->{variables} = $operation->{variables};
    $request->{operation} = "$operation->{method} $operation->{path}";

    my $answer = $provider->handle($request, sub {
        $self->{description}->sample($operation, $_[0]) });

    $self->refuse($request, map { "its answer $answer->{status}: $_" }
                            $self->answer_faults($operation, $answer));
    delete @$request{qw(json variables)};
    return $answer;
}


# Errors that a description leaves out are allowed, successes are not.  Of
# answers that are alike (members and their kinds) the first is looked at.
sub answer_faults {
    my ($self, $operation, $answer) = @_;

    my $status = $answer->{status};

    return if $status >= 400
              && !$self->{description}->answers($operation, $status);
    return if !exists $answer->{value};

    my $shape = "$operation->{method} $operation->{path} $status "
                . shape($answer->{value});
    return if $self->{judged}{$shape}++;

    # as the client will see it
    my $value = $json->decode($json->encode($answer->{value}));
    return $self->{description}->answer_faults($operation, $answer->{status},
                                               $value);
}


sub shape {
    my ($value) = @_;

    return defined $value ? 'text' : 'null' if !ref $value;
    return '[' . (@$value ? shape($value->[0]) : '') . ']'
        if ref $value eq 'ARRAY';
    return 'boolean' if ref $value ne 'HASH';
    return '{' . join(' ', map { "$_ " . shape($value->{$_}) }
                           sort keys %$value) . '}';
}


sub control {
    my ($self) = @_;

    my $client = $self->{control}->accept or return;
    my $line = <$client> // return;
    my ($command, @arguments) = @{ $json->decode($line) };

    my $value = eval { $self->obey($command, @arguments) };
    print {$client} $json->encode($@ ? { error => "$@" }
                                     : { value => $value }), "\n";
}


sub obey {
    my ($self, $command, @arguments) = @_;

    my $provider = $self->{provider};

    return $self->{$command} if $command =~ /^(?:requests|refused)$/;
    return $provider->base if $command eq 'base';
    return [ $provider->all ] if $command eq 'pulls';
    return $provider->open_pull(%{ $arguments[0] }) if $command eq 'open';
    return $provider->change(@arguments) if $command eq 'change';
    return $provider->set(%{ $arguments[0] }) if $command eq 'set';
    return scalar push @{ $self->{faults} }, $arguments[0]
        if $command eq 'fault';
    return $self->{faults} = [] if $command eq 'clear';

    if ($command eq 'forget') {
        my $old = $self->{refused};
        $self->{refused} = [];
        return $old;
    }

    die "no command $command\n";
}


1;
