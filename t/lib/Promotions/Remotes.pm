package Promotions::Remotes;

# A gateway with many repositories, and servers that misbehave.
#
#   my $scene = remotes(pairs => {            # applications NAME-dev, NAME-qa
#       plain => $repo->url,                  # folders dev and qa of it
#       other => { from => $url, to => $url,  # two repositories
#                  from_path => 'a', to_path => 'b',
#                  from_branch => 'main', to_branch => 'next' },
#   }, http => '…');                          # the rest: Promotions::Nginx's
#   lands($scene, 'plain', $repo, 'name');    # 200, and the branch is right
#   refused($scene, 'plain', 502, qr/…/, 'name');
#   stays_secret($scene, $secret);            # not in logs, Redis, answers
#
#   my $odd = odd_server(sub { my ($request) = @_; return $bytes });
#   $odd->url; $odd->requests;                # heads of requests, in order
#   http_answer(404, 'text/plain', $body, 'Retry-After: 7');
#   my $wire = wire($port, edit => sub { … }, cut_after => $n, …);

use strict;
use warnings;

use Exporter 'import';
use IO::Select ();
use IO::Socket::INET ();
use MIME::Base64 ();
use Time::HiRes ();

use Promotions::Process;
use Promotions::Redis;
use Promotions::Tcp;
use Promotions::Test;

our @EXPORT = qw(remotes files lands refused same_folder stays_secret
                 odd_server http_answer wire);

my @bodies;


# What a repository of the tests holds: a folder that is ahead of another.
sub files {
    return {
        'dev/values.yaml' => "tag: 2\n",
        'dev/run.sh'      => { mode => '100755', data => "#!/bin/sh\n" },
        'dev/link'        => { mode => '120000', data => 'run.sh' },
        'qa/values.yaml'  => "tag: 1\n",
        'other.txt'       => "not promoted\n",
        @_,
    };
}


sub remotes {
    my (%options) = @_;

    my $pairs = delete $options{pairs};
    my $text = '';

    for my $name (sort keys %$pairs) {
        my $pair = ref $pairs->{$name} ? $pairs->{$name}
                                       : { url => $pairs->{$name} };

        $text .= application(name => "$name-dev",
            url => $pair->{from} // $pair->{url},
            path => $pair->{from_path} // 'dev',
            branch => $pair->{from_branch} // $pair->{branch});
        $text .= application(name => "$name-qa",
            url => $pair->{to} // $pair->{url},
            path => $pair->{to_path} // 'qa',
            branch => $pair->{to_branch} // $pair->{branch});
    }

    my $self = bless {}, 'Promotions::Test::Scene';

    $self->{redis} = Promotions::Redis->start;
    $self->{key} = $self->{redis}->key(id => 'admin', grants => 'admin');
    $self->{catalog} = catalog('applications.yaml' => $text);
    $self->{nginx} = Promotions::Nginx->start(
        redis => $self->{redis}, catalog => $self->{catalog}, %options);
    return $self;
}


sub promote {
    my ($scene, $name, %body) = @_;

    my $r = $scene->commit("$name-dev", "$name-qa", %body);
    push @bodies, $r->{head} . $r->{body};
    return $r;
}


# The folder of one branch equals that of another, modes included, and the
# repository is sound.
sub same_folder {
    my ($from, $from_folder, $to, $to_folder, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::is($to->tree($to_folder), $from->tree($from_folder),
                   "$name: byte for byte, modes included");
    Test::More::is($to->fsck, '', "$name: git fsck --strict");
}


# A promotion lands on the branch that it names, in one commit.
sub lands {
    my ($scene, $name, $repo, $text, %options) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $branch = $options{branch} // 'main';
    my $before = $repo->head($branch);
    my $r = promote($scene, $name, %{ $options{body} || {} });

    Test::More::is($r->{status}, 200, $text)
        or Test::More::diag($r->{body} || $r->{error});

    my ($commit) = $repo->log($branch);
    my $json = $r->json // {};

    Test::More::ok($commit->{sha} eq ($json->{COMMIT_SHA} // '')
                   && "@{ $commit->{parents} }" eq $before,
                   "$text: one commit, the answer's, on the old head")
        or Test::More::diag("head $commit->{sha}, before $before, answer "
                            . $r->{body});

    same_folder($repo, "$branch:dev", $repo, "$branch:qa", $text);
    return $r;
}


sub refused {
    my ($scene, $name, $status, $message, $text, %body) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $start = Time::HiRes::time();
    my $r = promote($scene, $name, %body);
    $r->{seconds} = Time::HiRes::time() - $start;

    error_is($r, $status, $message, $text);
    return $r;
}


# In no log, no record, no answer; neither as it is nor as basic
# authentication writes it.
sub stays_secret {
    my ($scene, $user, $secret) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    (my $encoded = MIME::Base64::encode_base64("$user:$secret", '')) =~ s/=+//;

    my %place = (
        'the error log'  => $scene->{nginx}->log,
        'the access log' => $scene->{nginx}->access_log,
        'an answer'      => join("\n", @bodies),
        'Redis'          => everything($scene->{redis}),
    );

    for my $name (sort keys %place) {
        Test::More::ok($place{$name} !~ /\Q$secret\E|\Q$encoded\E/,
                       "the secret is not in $name");
    }
}


# All that a Redis holds, as text.
sub everything {
    my ($redis) = @_;

    my %read = (
        string => sub { $redis->call('GET', shift) // '' },
        hash   => sub { @{ $redis->call('HGETALL', shift) } },
        list   => sub { @{ $redis->call('LRANGE', shift, 0, -1) } },
        set    => sub { @{ $redis->call('SMEMBERS', shift) } },
        zset   => sub { @{ $redis->call('ZRANGE', shift, 0, -1) } },
        stream => sub { map { ref $_ ? map { ref $_ ? @$_ : $_ } @$_ : $_ }
                        @{ $redis->call('XRANGE', shift, '-', '+') } },
        none   => sub { () },       # it has expired since KEYS
    );

    return join "\n", map {
        my $key = $_;
        ($key, $read{ $redis->call('TYPE', $key) }->($key));
    } @{ $redis->call('KEYS', '*') };
}


sub http_answer {
    my ($status, $type, $body, @headers) = @_;

    return join("\r\n", "HTTP/1.1 $status Something",
                defined $type ? "Content-Type: $type" : (),
                'Content-Length: ' . length $body, @headers, '', '') . $body;
}


# A server whose answers are code's; its requests are read whole.
sub odd_server {
    my ($code) = @_;

    my $file = temporary_folder() . '/requests';

    my $tcp = Promotions::Tcp->start(sub {
        my ($client) = @_;
        my $text = '';

        while (sysread $client, $text, 65536, length $text) {
            next if $text !~ /\A(.*?\r\n)\r\n/s;

            my $head = $1;
            my ($size) = $head =~ /^Content-Length: (\d+)/mi;
            next if length($text) < length($head) + 2 + ($size // 0);

            open my $log, '>>', $file or die "$file: $!";
            syswrite $log, "$head\0";
            close $log;

            my $answer = $code->($head, $text);
            syswrite $client, $answer;
            substr $text, 0, length($head) + 2 + ($size // 0), '';
            return if $answer =~ /^Connection: close/mi;
        }
    });

    return bless { tcp => $tcp, file => $file }, 'Promotions::Remotes::Odd';
}


# A wire to a server on loopback on which things happen:
#   edit   => sub { my ($way, $bytes) = @_; … }   # way: 'to_client' and so
#             on; what it returns is passed, undef cuts the connection
#   file   => path: what passes to the server is kept there
#   cut    => { to_client => $n }  # the connection is cut after so many bytes
#   stall  => { to_server => $n }  # … or goes silent
#   slow   => { to_client => $n }  # … or passes a byte in half a second
#   from   => qr/…/: … counted from what is sent to the server and matches on
#   while  => path: cut, stall and slow apply while it exists
#   once   => 1: and that is removed when it happens
sub wire {
    my ($port, %options) = @_;

    return Promotions::Tcp->start(sub {
        my ($client) = @_;

        my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port) or return;
        my $select = IO::Select->new($client, $server);
        my %passed = (to_client => 0, to_server => 0);
        my $begun = !$options{from};

        while (my @ready = $select->can_read) {
            for my $from (@ready) {
                my $way = $from == $client ? 'to_server' : 'to_client';
                my $to = $from == $client ? $server : $client;

                sysread $from, my $bytes, 65536 or return;

                $begun ||= $way eq 'to_server' && $bytes =~ $options{from};

                $bytes = $options{edit}->($way, $bytes) if $options{edit};
                return if !defined $bytes;
                keep($options{file}, $bytes)
                    if $options{file} && $way eq 'to_server';

                my $active = $begun && (!$options{while}
                                        || -e $options{while});
                my ($kind) = grep { $options{$_} && $active }
                             qw(cut stall slow);
                my $end = $kind ? $options{$kind}{$way} : undef;
                my $left = defined $end ? $end - $passed{$way} : 0;

                if (!defined $end || length $bytes <= $left) {
                    $passed{$way} += length $bytes if $begun;
                    syswrite $to, $bytes;
                    next;
                }

                syswrite $to, substr($bytes, 0, $left, '') if $left > 0;
                $passed{$way} = $end;
                unlink $options{while} if $options{once};
                return if $kind eq 'cut';
                sleep 600 if $kind eq 'stall';

                for my $byte (split //, $bytes) {
                    Time::HiRes::sleep(0.5);
                    syswrite $to, $byte or return;
                }
            }
        }
    });
}


sub keep {
    my ($path, $bytes) = @_;

    open my $file, '>>:raw', $path or die "$path: $!";
    syswrite $file, $bytes;
    close $file;
}


package Promotions::Remotes::Odd;


sub url {
    my ($self, $path) = @_;
    return "http://127.0.0.1:$self->{tcp}{port}" . ($path // '/r.git');
}


sub requests {
    my ($self) = @_;
    return split /\0/, Promotions::Process::read_file($self->{file}) // '';
}


1;
