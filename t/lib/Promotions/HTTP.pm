package Promotions::HTTP;

# An HTTP/1.1 client that can hold many requests open at once.
#
#   my $r = http_request(port => 8080, method => 'POST', path => '/x',
#       key => 'id.secret', json => {…} | body => '…',
#       headers => { 'Prefer' => 'respond-async' }, timeout => 20);
#   $r->{status}; $r->{headers}{location}; $r->{body}; $r->json;
#   $r->{head};              # the status line and headers as they came
#   my @r = http_requests(\%request, \%request, …);    # all at once
#   my $client = http_open(%request); $client->close;  # a client that leaves
#
# A status of 0 means that no answer came: {error} says why.  Names of headers
# are in lower case; several of one name are joined with ", ".  `scheme`
# https speaks TLS and checks the server against `ca`.

use strict;
use warnings;

use Errno ();
use Exporter 'import';
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes ();

our @EXPORT = qw(http_request http_requests http_open);


sub http_open {
    my (%request) = @_;

    my $self = bless { buffer => '', timeout => $request{timeout} // 30 },
               __PACKAGE__;

    my %address = (
        PeerAddr => $request{host} // '127.0.0.1',
        PeerPort => $request{port},
        Timeout  => 5,
    );

    if (($request{scheme} // 'http') eq 'https') {
        require IO::Socket::SSL;
        $self->{socket} = IO::Socket::SSL->new(%address,
            SSL_ca_file => $request{ca}, SSL_alpn_protocols => ['http/1.1']);

    } else {
        $self->{socket} = IO::Socket::INET->new(%address);
    }

    $self->{method} = $request{method} // 'GET';
    $self->{end} = Time::HiRes::time() + $self->{timeout};

    if (!$self->{socket}) {
        $self->{error} = "connect: " . ($@ || $!);
        return $self;
    }

    my $text = $request{raw} // compose(%request);
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;

    while ($sent < length $text) {
        my $n = syswrite $self->{socket}, $text, 65536, $sent;

        # a refused body: the answer may already be there
        last if !defined $n;
        $sent += $n;
    }

    $self->{socket}->blocking(0);
    return $self;
}


sub compose {
    my (%request) = @_;

    my $body = $request{body};
    my %headers = (
        Host       => 'localhost',
        Connection => 'close',
        %{ $request{headers} || {} },
    );

    if (exists $request{json}) {
        $body = JSON::PP->new->utf8->canonical->encode($request{json});
    }

    if (defined $body) {
        utf8::encode($body) if utf8::is_utf8($body);
        $headers{'Content-Type'} //= 'application/json'
            if !exists $headers{'Content-Type'};
        $headers{'Content-Length'} //= length $body;
    }

    $headers{Authorization} //= $request{key} if defined $request{key};

    my $method = $request{method} // 'GET';
    my $text = "$method $request{path} HTTP/1.1\r\n";
    $text .= "$_: $headers{$_}\r\n"
        for grep { defined $headers{$_} } sort keys %headers;

    return "$text\r\n" . ($body // '');
}


sub socket {
    my ($self) = @_;
    return $self->{socket};
}


sub close {
    my ($self) = @_;
    CORE::close(delete $self->{socket}) if $self->{socket};
}


# Reads what has come; 1 when the answer is whole.
sub advance {
    my ($self) = @_;

    while (1) {
        my $n = sysread $self->{socket}, $self->{buffer}, 65536,
                        length $self->{buffer};

        if (!defined $n) {
            return $self->complete(0) if $!{EAGAIN} || $!{EWOULDBLOCK};
            $self->{error} = "read: $!";
            return 1;
        }

        return $self->complete(1) if $n == 0;
    }
}


# Takes one answer from the buffer, if it is whole.
sub complete {
    my ($self, $closed) = @_;

    my $end = index $self->{buffer}, "\r\n\r\n";

    if ($end < 0) {
        return 0 if !$closed;
        $self->{error} = 'closed before an answer';
        return 1;
    }

    my $head = substr $self->{buffer}, 0, $end + 2;
    my ($status) = $head =~ m{^HTTP/1\.\d (\d{3})};
    my %headers;

    for ($head =~ /^([^\s:]+:[^\r\n]*)/mg) {
        my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/;
        $name = lc $name;
        $headers{$name} = defined $headers{$name}
                          ? "$headers{$name}, $value" : $value;
    }

    if ($status == 100) {
        $self->{continued} = 1;
        substr $self->{buffer}, 0, $end + 4, '';
        return $self->complete($closed);
    }

    my $rest = substr $self->{buffer}, $end + 4;
    my ($body, $used);

    if ($self->{method} eq 'HEAD' || $status == 204 || $status == 304) {
        ($body, $used) = ('', 0);

    } elsif (($headers{'transfer-encoding'} // '') =~ /chunked/i) {
        ($body, $used) = dechunk($rest);

    } elsif (defined $headers{'content-length'}) {
        if (length $rest >= $headers{'content-length'}) {
            $used = $headers{'content-length'};
            $body = substr $rest, 0, $used;
        }

    } elsif ($closed) {
        ($body, $used) = ($rest, length $rest);
    }

    if (!defined $body) {
        return 0 if !$closed;
        $self->{error} = 'closed inside an answer';
        return 1;
    }

    $self->{response} = {
        status => $status, headers => \%headers, head => $head,
        body => $body, continued => $self->{continued},
    };
    substr $self->{buffer}, 0, $end + 4 + $used, '';
    return 1;
}


sub dechunk {
    my ($rest) = @_;

    my ($body, $at) = ('', 0);

    while (substr($rest, $at) =~ /^([0-9A-Fa-f]+)[^\r\n]*\r\n/) {
        my $size = hex $1;
        $at += $+[0];

        if ($size == 0) {
            return substr($rest, $at, 2) eq "\r\n" ? ($body, $at + 2) : ();
        }

        return () if length $rest < $at + $size + 2;
        $body .= substr $rest, $at, $size;
        $at += $size + 2;
    }

    return ();
}


# Waits for the answer of one client, or of the next pipelined request.
sub finish {
    my ($self) = @_;

    delete $self->{response};

    if (!$self->{error} && !$self->complete(0)) {
        my $select = IO::Select->new($self->{socket});

        while (1) {
            my $left = $self->{end} - Time::HiRes::time();

            # TLS may hold bytes that select cannot see
            my $pending = $self->{socket}->can('pending')
                          && $self->{socket}->pending;

            if ($left <= 0 || (!$pending && !$select->can_read($left))) {
                $self->{error} = "no answer in $self->{timeout} s";
                last;
            }
            last if $self->advance;
        }
    }

    return $self->result;
}


sub result {
    my ($self) = @_;

    my $response = $self->{response}
        // { status => 0, headers => {}, head => '', body => '',
             error => $self->{error} };
    return bless $response, 'Promotions::HTTP::Response';
}


sub http_request {
    my $client = http_open(@_);
    my $response = $client->finish;
    $client->close;
    return $response;
}


sub http_requests {
    my @clients = map { http_open(%$_) } @_;
    my @result = map { $_->finish } @clients;
    $_->close for @clients;
    return @result;
}


package Promotions::HTTP::Response;


# The decoded body; undef when it is not JSON.
sub json {
    my ($self) = @_;
    return eval { JSON::PP->new->utf8->allow_nonref->decode($self->{body}) };
}


1;
