# Many at once: one request for a pair, one decision of a request, one commit
# at most.

use lib 't/lib';
use POSIX ();
use Promotions::Test limit => 240;
use Promotions::Audit;
use Promotions::Review;

my $scene = review_scene(workers => 4, http => 'promotions_lease 2s;');
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};
my @keys = map {
    $redis->key(id => "reviewer-$_", author_name => "Reviewer $_",
                grants => 'ENVIRONMENT_API:CU@qa')
} 1 .. 8;


# 1,000 requests for one pair

my %request = (method => 'POST', key => $scene->{publisher}, timeout => 60,
    path => '/management/organizations/acme/environments/dev/applications/'
            . 'orders/orders-dev/_promote',
    json => { targetEnvCockpitId => 'qa', destAppId => app_id('orders-qa') });

# by several clients, so that none holds more sockets than it may
sub clients {
    my ($n, $code) = @_;
    my @clients;

    for (1 .. $n) {
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork // die "fork: $!";

        if ($pid == 0) {
            print $write JSON::PP->new->ascii->encode([
                map { { status => $_->{status}, body => $_->{body} } }
                $code->() ]);
            close $write;
            POSIX::_exit(0);
        }

        close $write;
        push @clients, [ $pid, $read ];
    }

    return map {
        my ($pid, $read) = @$_;
        my $text = do { local $/; <$read> };
        waitpid $pid, 0;
        map { bless $_, 'Promotions::HTTP::Response' }
            @{ JSON::PP->new->decode($text) };
    } @clients;
}

my @answers = clients(4, sub {
    return $nginx->requests(map { { %request } } 1 .. 250);
});
is(scalar @answers, 1000, '1,000 requests at once');
my @good = grep { $_->{status} == 200 } @answers;
is(scalar @good, 1, 'of 1,000 requests one is made')
    or diag(join ' ', map { $_->{status} } @answers);

my $id = $good[0]->json->{id};
is(scalar(grep { $_->{status} == 409
                 && $_->json->{technicalCode}
                    eq 'promotion.alreadyInProgress'
                 && $_->json->{parameters}{promotion} eq $id
                 && $_->json->{message} =~ /\[$id\]\.$/ } @answers), 999,
   'all others are told of it');
is(scalar @{ $scene->management('POST', 'promotions/_search')->json }, 1,
   'there is one');
is(scalar @{ $scene->tasks }, 1, 'and one task');


# 50 accepts and rejects at once

sub decide_at_once {
    my ($id, $n, $accepts) = @_;

    return $nginx->requests(map { {
        method => 'POST', key => $keys[$_ % @keys], timeout => 60,
        path => "/management/organizations/acme/promotions/$id/_process",
        headers => { 'Content-Type' => 'application/json' },
        body => $accepts->($_) ? 'true' : 'false',
    } } 1 .. $n);
}

sub commits {
    my ($id) = @_;
    return scalar(() = grep { $_->{message} =~ /^Promotion-Id: $id$/m }
                       $repo->log);
}

for my $round (1 .. 4) {
    my $n = 50;

    @answers = decide_at_once($id, $n, sub { $_[0] % 2 });
    @good = grep { $_->{status} == 200 } @answers;
    is(scalar @good, 1, "round $round: of $n decisions one wins")
        or diag(join ' ', map { $_->{status} } @answers);

    my $status = $good[0]->json->{status};
    is(scalar(grep { $_->{status} == 409
                     && $_->json->{technicalCode}
                        eq 'promotion.alreadyProcessed' } @answers), $n - 1,
       'all others are too late');
    is($scene->one($id)->json->{status}, $status, "it is $status");
    is(commits($id), $status eq 'ACCEPTED' ? 1 : 0,
       'and there are as many commits');
    is($scene->one($id)->json->{decider}{displayName},
       $good[0]->json->{decider}{displayName}, 'by whoever was told so');

    $repo->commit({ 'dev/orders/values.yaml' => "round: $round\n" });
    my $r = $scene->ask('orders-dev', 'qa', destAppId => app_id('orders-qa'));
    is($r->{status}, 200, 'the pair is free again') or diag($r->{body});
    $id = $r->json->{id};
}


# two people accept: one commit, one 200, one 409

for my $round (1 .. 5) {
    @answers = decide_at_once($id, 2, sub { 1 });
    is(join(' ', sort map { $_->{status} } @answers), '200 409',
       'of two who accept one is told so');
    is(commits($id), 1, 'one commit');

    $repo->commit({ 'dev/orders/values.yaml' => "again: $round\n" });
    $id = $scene->ask('orders-dev', 'qa',
                      destAppId => app_id('orders-qa'))->json->{id};
}


# many requests that are accepted at once go out together

my @ids = ($id);
my $more = review_scene(workers => 4, many => 12);

{
    my @asked = $more->{nginx}->requests(map { {
        method => 'POST', key => $more->{publisher}, timeout => 60,
        path => '/management/organizations/acme/environments/dev/'
                . "applications/orders/many-$_-dev/_promote",
        json => { targetEnvCockpitId => 'qa',
                  destAppId => app_id("many-$_-qa") },
    } } 1 .. 12);
    is(scalar(grep { $_->{status} == 200 } @asked), 12, 'twelve requests');

    my @accepted = $more->{nginx}->requests(map { {
        method => 'POST', key => $more->{reviewer}, timeout => 60,
        path => '/management/organizations/acme/promotions/'
                . $_->json->{id} . '/_process',
        headers => { 'Content-Type' => 'application/json' }, body => 'true',
    } } @asked);
    is(scalar(grep { $_->{status} == 200 } @accepted), 12, 'are accepted')
        or diag(join "\n", map { $_->{body} // $_->{error} } @accepted);
    is(scalar(() = grep { $_->{message} =~ /^Promote/ }
              $more->{repo}->log), 12, 'a commit each');
    is($more->{repo}->file('main', "qa/many-$_/values.yaml"),
       "application: $_\ntag: 2\n", "many-$_ is promoted") for 1, 12;
}


# APIs that go out in one push see each other: of two with one path one lands

{
    my %path = (map({ ("api-$_" => "/$_") } 1 .. 6),
                'same-1' => '/same', 'same-2' => '/same/x');
    my %all = (%path, first => '/first');
    my $apis = review_scene(workers => 4, apis => { map {
        ("dev/$_.json" => { id => $_, crossId => "cross-$_", name => $_,
            gravitee => '2.0.0', version => '1', plans => [], pages => [],
            proxy => { virtual_hosts => [ { path => $all{$_} } ],
                       groups => [] } })
    } keys %all });
    my %id = map { $_ => $apis->ask_api($_, 'qa')->json->{id} }
             keys %all;

    is(scalar(grep { defined } values %id), 9, 'nine APIs are asked for');

    # the first one holds the lane

    $apis->{apis}->hook('pre-receive', <<"END");
#!/bin/sh
touch $nginx->{dir}/reached
while [ ! -e $nginx->{dir}/go ]; do sleep 0.05; done
END

    my %call = (method => 'POST', key => $apis->{reviewer}, timeout => 60,
                headers => { 'Content-Type' => 'application/json' },
                body => 'true');
    my $open = sub {
        my ($name) = @_;
        return $apis->{nginx}->open(%call,
            path => "/management/organizations/acme/promotions/$id{$name}"
                    . '/_process');
    };
    my $first = $open->('first');
    wait_for('the push', sub { -e "$nginx->{dir}/reached" });

    my %client = map { $_ => $open->($_) } sort keys %path;
    wait_for('all of them to wait', sub {
        8 == grep { ($apis->{redis}->hash("promotions:promotion:$id{$_}")
                          ->{state} // '') eq 'QUEUED' } keys %path
    });
    write_file("$nginx->{dir}/go", '');

    my %answer = map { $_ => $apis->answer($client{$_}) } keys %client;
    is($apis->answer($first)->{status}, 200, 'the first one lands');
    for (1 .. 6) {
        is($answer{"api-$_"}{status}, 200, "api-$_ lands")
            or diag($answer{"api-$_"}{body});
    }

    is(join(' ', sort map { $answer{"same-$_"}{status} } 1, 2), '200 400',
       'of two with one path one does');
    my ($late) = grep { $_->{status} == 400 } values %answer;
    is($late->json->{technicalCode}, 'path.invalid', 'and the other says why');
    cmp_ok($apis->{redis}->hash("promotions:promotion:$id{'api-1'}")
               ->{batch_size}, '>=', 8, 'they went out together');
    is($apis->{apis}->fsck, '', 'git fsck --strict finds nothing');
}


audit_ok($redis, 'of all of this');
is(scalar(grep { $_->{event} eq 'PROMOTION_COMMITTED' } audit($redis)),
   scalar(() = grep { $_->{message} =~ /^Promotion-Id/m } $repo->log),
   'as many commits as are audited');
is($repo->fsck, '', 'git fsck --strict finds nothing');

done_testing();
