package Promotions::Load;

# Many promotions by many clients at once, each to a destination of its own,
# so that each has something to change; a client comes back with its
# Idempotency-Key until it has its answer.
#
#   my $field = Promotions::Load->field($git, 100,   # a repository for 100
#       branches => ['main', 'stable']);     # and the lanes: in turn
#   $field->{repo}; $field->{catalog};       # a folder of manifests
#   my $load = Promotions::Load->start($field, nodes => [$nginx, …],
#       key => $key, clients => 16, limit => 60,
#       first => 0, count => 100,            # those of the field (all)
#       async => 0.2,                        # share of respond-async
#       gated => 1);                         # $load->allow($n) may start
#   $load->running; $load->done;             # promotions that have an answer
#   $load->wait(60);
#   $load->answers;                          # all of them, in order:
#       {n, client, status, id, sha, seconds, message, final}
#   my %found = $load->verdict($redis);      # lost, doubled, wrong, unsettled
#                                            # and fsck: lists of texts
#
# The answer to a client is final when it is 200, or a 4xx.

use strict;
use warnings;

use IO::Handle ();
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

use Promotions::HTTP;
use Promotions::Process;


# Application "from-N" has what "to-N" lacks.
sub field {
    my ($class, $git, $n, %options) = @_;

    my @branches = @{ $options{branches} || ['main'] };
    my %files = ('README.md' => "a field\n", %{ $options{files} || {} });

    for my $i (0 .. $n - 1) {
        $files{"from/$i/values.yaml"} = "image:\n  tag: new-$i\n";
        $files{"to/$i/values.yaml"} = "image:\n  tag: old-$i\n";
    }

    my $repo = $git->repository($options{name} // 'field', \%files);
    $repo->git('update-ref', "refs/heads/$_", 'main') for @branches;

    my $dir = temporary_folder();
    my $url = $options{url} // $repo->url;
    my $text = '';

    for my $i (0 .. $n - 1) {
        my $branch = $branches[$i % @branches];

        $text .= Promotions::Test::application(name => "from-$i",
            url => $url, path => "from/$i", branch => 'main');
        $text .= Promotions::Test::application(name => "to-$i",
            url => $url, path => "to/$i", branch => $branch);
    }

    write_file("$dir/applications.yaml", $text . ($options{more} // ''));

    return { repo => $repo, catalog => $dir, branches => \@branches,
             size => $n };
}


sub start {
    my ($class, $field, %options) = @_;

    my $self = bless {
        field => $field, dir => temporary_folder(),
        first => 0, count => $field->{size}, clients => 16, limit => 60,
        async => 0, timeout => 20, seed => $options{seed} // 1, %options,
    }, $class;

    $self->allow($options{gated} ? 0 : $self->{count});

    my @ports = map { ref $_ ? $_->{port} : $_ } @{ $self->{nodes} };

    for my $client (0 .. $self->{clients} - 1) {
        push @{ $self->{processes} }, Promotions::Process->start(
            name => "client $client", output => "$self->{dir}/output-$client",
            code => sub { $self->client($client, \@ports) });
    }

    return $self;
}


# How many of them may start.
sub allow {
    my ($self, $n) = @_;

    write_file("$self->{dir}/allowed.new", $n);
    rename "$self->{dir}/allowed.new", "$self->{dir}/allowed" or die $!;
}


sub client {
    my ($self, $client, $ports) = @_;

    srand($self->{seed} * 1000 + $client);
    open my $file, '>>:raw', "$self->{dir}/answers-$client" or die $!;
    $file->autoflush(1);

    my $end = time + $self->{limit};

    for (my $i = $client; $i < $self->{count}; $i += $self->{clients}) {
        my $n = $self->{first} + $i;

        while ((read_file("$self->{dir}/allowed") || 0) <= $i) {
            return if time > $end;
            Time::HiRes::sleep(0.02);
        }

        while (time < $end) {
            my %answer = $self->promote($n, $ports->[rand @$ports]);

            print $file JSON::PP->new->canonical->encode({ n => $n,
                client => $client, %answer }), "\n";

            last if $answer{final};
            Time::HiRes::sleep(0.02 + rand(0.2));
        }
    }
}


# One try.
sub promote {
    my ($self, $n, $port) = @_;

    my $start = Time::HiRes::time();
    my %headers = ('Idempotency-Key' => "load-$n");
    $headers{Prefer} = 'respond-async' if rand() < $self->{async};

    my $r = http_request(port => $port, method => 'POST',
        path => '/api/promotions/commit', key => $self->{key},
        timeout => $self->{timeout}, headers => \%headers,
        json => { srcAppId => Promotions::Test::app_id("from-$n"),
                  destAppId => Promotions::Test::app_id("to-$n"),
                  message => "load $n" });

    my $json = $r->json;
    $json = {} if ref $json ne 'HASH';

    my %answer = (status => $r->{status}, sha => $json->{COMMIT_SHA},
                  id => $r->{headers}{'promotion-id'},
                  message => $json->{message} // $r->{error});

    if ($r->{status} == 202) {
        %answer = (%answer, $self->look($r, $port));
    }

    $answer{seconds} = Time::HiRes::time() - $start;
    $answer{at} = Time::HiRes::time();
    $answer{final} = $answer{status} =~ /^(?:200|4\d\d)$/ ? 1 : 0;
    return %answer;
}


# What a 202 has come to: its record is asked for until it has ended.
sub look {
    my ($self, $accepted, $port) = @_;

    my $end = time + $self->{timeout};

    while (time < $end) {
        my $r = http_request(port => $port, key => $self->{key},
            path => $accepted->{headers}{location}, timeout => 5);
        my $json = $r->json;

        if ($r->{status} == 200 && ref $json eq 'HASH'
            && $json->{state} =~ /^(?:LANDED|FAILED|CANCELLED)$/)
        {
            return (status => $json->{statusCode}, async => 1,
                    sha => $json->{COMMIT_SHA}, message => $json->{error});
        }

        return (status => 404, message => 'the record is gone')
            if $r->{status} == 404;

        Time::HiRes::sleep(0.1);
    }

    return ();
}


sub running {
    my ($self) = @_;
    return scalar grep { $_->alive } @{ $self->{processes} };
}


sub wait {
    my ($self, $limit) = @_;
    wait_for('the clients', sub { !$self->running }, $limit);
}


sub answers {
    my ($self) = @_;

    my @answers;

    for my $path (glob "$self->{dir}/answers-*") {
        push @answers, map { JSON::PP::decode_json($_) }
                       grep { /\}$/ } split /\n/, read_file($path);
    }

    @answers = sort { $a->{at} <=> $b->{at} } @answers;
    return @answers;
}


sub done {
    my ($self) = @_;
    return scalar grep { $_->{final} } $self->answers;
}


# Each commit of the branches that has a Promotion-Id: {id => [sha, …]}, and
# how many there are of each message.
sub landed {
    my ($self) = @_;

    my (%shas, %messages, %seen);
    my $repo = $self->{field}{repo};

    for my $branch (@{ $self->{field}{branches} }) {
        my $text = $repo->git('log', '--format=%H %s '
            . '%(trailers:key=Promotion-Id,valueonly,separator=%x2c)',
            $branch);

        for (split /\n/, $text) {
            my ($sha, $n, $id) = /^(\w{40}) load (\d+) (\S+)$/ or next;
            next if $seen{$sha}++;
            push @{ $shas{$id} }, $sha;
            $messages{$n}++;
        }
    }

    return (\%shas, \%messages);
}


# The objects of a branch's files: {path => name}.
sub blobs {
    my ($self, $branch) = @_;

    my $text = $self->{field}{repo}->git('ls-tree', '-r', $branch);
    return { map { /^\d+ blob (\w+)\t(.*)$/ ? ($2 => $1) : () }
             split /\n/, $text };
}


# What is wrong, as lists of texts.
sub verdict {
    my ($self, $redis) = @_;

    my ($shas, $messages) = $self->landed;
    my $repo = $self->{field}{repo};
    my @branches = @{ $self->{field}{branches} };
    my %found = map { $_ => [] } qw(lost doubled wrong unsettled fsck);
    my %files = map { $_ => $self->blobs($_) } 'main', @branches;
    my %final;

    for my $answer ($self->answers) {
        my ($n, $status) = @$answer{qw(n status)};
        my $what = "load $n: $status "
                   . ($answer->{sha} // $answer->{message} // '') . ' id '
                   . ($answer->{id} // 'none');

        if ($status == 200) {
            $final{$n} = $answer;
            my $found = $shas->{ $answer->{id} // '' } // [];

            push @{ $found{lost} }, "$what: it is not on the branch"
                if !grep { $_ eq ($answer->{sha} // '') } @$found;

        } elsif ($status =~ /^(?:4\d\d|500)$/) {
            push @{ $found{wrong} }, $what;

        } elsif ($status == 502 && $answer->{id}
                 && $shas->{ $answer->{id} })
        {
            push @{ $found{wrong} }, "$what: it has landed";
        }
    }

    for my $n ($self->{first} .. $self->{first} + $self->{count} - 1) {
        push @{ $found{lost} }, "load $n: no answer" if !$final{$n};
        push @{ $found{doubled} }, "load $n: $messages->{$n} commits"
            if ($messages->{$n} // 0) > 1;

        my $branch = $branches[$n % @branches];
        push @{ $found{wrong} }, "load $n: not what was asked for"
            if $files{$branch}{"to/$n/values.yaml"}
               ne $files{main}{"from/$n/values.yaml"};
    }

    push @{ $found{doubled} }, map { "id $_: @{ $shas->{$_} }" }
                               grep { @{ $shas->{$_} } > 1 } keys %$shas;

    my @ids = @{ $redis->call('ZRANGE', 'promotions:promotions', 0, -1) };
    my %states;

    for my $id (@ids) {
        my ($state, $commit, $status, $message) = @{ $redis->call('HMGET',
            "promotions:promotion:$id", 'state', 'commit', 'status',
            'message') };

        $state //= 'gone';
        $states{$state}++;

        push @{ $found{unsettled} }, "$id: $state"
            if $state !~ /^(?:LANDED|FAILED|CANCELLED)$/;
        push @{ $found{wrong} }, "$id: FAILED, $status $message, and landed"
            if $state eq 'FAILED' && $shas->{$id};
        push @{ $found{lost} }, "$id: LANDED, and not on the branch"
            if $state eq 'LANDED' && !grep { $_ eq $commit }
                                     @{ $shas->{$id} // [] };
    }

    push @{ $found{unsettled} }, map { "lane $_" }
        @{ $redis->call('SMEMBERS', 'promotions:lanes') };

    my $fault = $repo->fsck;
    push @{ $found{fsck} }, $fault if $fault ne '';

    $self->{states} = \%states;
    return %found;
}


1;
