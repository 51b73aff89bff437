# kill -9 of a worker at each point of a request's life: it is never ACCEPTED
# without its commit, there are never two commits, and nothing is stuck.

use lib 't/lib';
use Promotions::Test limit => 240;
use Promotions::Audit;
use Promotions::Review;

my $scene = review_scene(failpoints => 1, workers => 2,
    http => 'promotions_lease 1s;', apis => {});
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};
my @to = (destAppId => app_id('orders-qa'));
my $pair = 'promotions:pending:application:codefresh/orders/orders-dev:qa';
my $n = 0;

$nginx->allow(qr/exited on signal 9/);


sub change {
    $n++;
    $repo->commit({ 'dev/orders/values.yaml' => "n: $n\n" });
}

sub newest {
    my $all = $scene->management('POST', 'promotions/_search')->json;
    return @$all ? $all->[0] : {};
}

sub commits {
    my ($id) = @_;
    return grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m } $repo->log;
}

sub killed {
    my ($point) = @_;
    ok(eval { wait_for('the kill', sub { !$nginx->armed($point) }, 5) },
       "$point: a worker was killed there");
    wait_for('workers', sub {
        my @now = $nginx->workers;
        return @now == 2;
    }, 5);
}

# As if a minute had passed.
sub later {
    my ($id) = @_;
    $redis->call('ZADD', 'promotions:reviews:created', 'XX', 1, $id);
}

# What is open is decided, so that the next one begins anew.
sub accepted {
    my ($id, $name) = @_;

    my $r;

    wait_for("$name: a decision", sub {
        $r = $scene->decide($id, 1);
        return $r->{status} == 200
               || $scene->one($id)->json->{status} eq 'ACCEPTED';
    }, 15);
    is(scalar(() = commits($id)), 1, "$name: one commit");
    is($scene->one($id)->json->{status}, 'ACCEPTED', "$name: accepted");
    is($repo->file('main', 'qa/orders/values.yaml'), "n: $n\n",
       "$name: qa has it");
    is($redis->call('EXISTS', $pair), 0, "$name: the pair is free");
}


# while it is asked for

for my $point (qw(review_requesting review_requested review_looked
                  review_asking review_asked)) {
    change();
    $nginx->arm($point);
    my $r = $scene->ask('orders-dev', 'qa', @to, comment => $point);
    is($r->{status}, 0, "$point: the client has no answer");
    killed($point);

    my $json = newest();

    if (($json->{comment} // '') ne $point) {
        is($point, 'review_requesting', "$point: nothing is there");
        $r = $scene->ask('orders-dev', 'qa', @to, comment => $point);
        is($r->{status}, 200, "$point: asked for again");
        $json = newest();
    }

    my $id = $json->{id};

    if ($json->{status} eq 'CREATED') {
        is($scene->ask('orders-dev', 'qa', @to)->{status}, 409,
           "$point: it has its pair");
        is_deeply($scene->tasks, [], "$point: and is nobody's task yet");
        $redis->call('EXPIRE', "promotions:promotion:$id", 3600);
        later($id);
        ok(wait_for('somebody to take it up', sub {
            $scene->one($id)->json->{status} eq 'TO_BE_VALIDATED'
        }, 10), "$point: another worker takes it up");
        cmp_ok($redis->call('TTL', "promotions:promotion:$id"), '>',
               30 * 86400, "$point: it stays until its time is over");
    }

    is(scalar @{ $scene->tasks }, 1, "$point: it is a task");
    accepted($id, $point);
}


# while it is accepted, and on its lane

for my $point (qw(review_accepting review_accepted taken planned begun
                  reported pushed settling settled answered)) {
    change();
    my $id = $scene->ask('orders-dev', 'qa', @to)->json->{id};
    $nginx->arm($point);
    my $r = $scene->decide($id, 1);
    killed($point);

    my $status = $scene->one($id)->json->{status};
    ok($status ne 'ACCEPTED' || @{ [ commits($id) ] } == 1,
       "$point: not accepted without its commit");
    accepted($id, $point);
}


# an API: what it became is known, whoever finds the commit

{
    my %api = (id => 'pets', gravitee => '2.0.0', name => 'Pets',
               proxy => { virtual_hosts => [ { path => '/pets' } ],
                          groups => [] }, plans => [], pages => []);
    my ($m, $last) = (0, undef);

    for my $point (qw(begun reported settling)) {
        $m++;
        $scene->{apis}->commit({ 'dev/pets.json' => JSON::PP->new->encode(
            { %api, version => "$m" }) });
        my $r = $scene->ask_api('pets', 'qa');
        is($r->{status}, 200, "an API: asked for") or diag($r->{body});
        my $id = $r->json->{id};
        $nginx->arm($point);
        $scene->decide($id, 1);
        killed($point);
        ok(wait_for("$point: the end", sub {
            $scene->one($id)->json->{status} eq 'ACCEPTED'
        }, 15), "an API: $point: it is accepted");

        my $json = $scene->one($id)->json;
        ok($json->{targetApiId}, "an API: $point: as which API");
        is($json->{targetApiId}, $last // $json->{targetApiId},
           "an API: $point: the same as before");
        $last = $json->{targetApiId};
        like($scene->{apis}->file('main', 'qa/pets.json'),
             qr/"version": ?"$m"/, "an API: $point: it landed");
        my @entries = audit($redis);
        is(join(' ', map { $_->{event} } @entries[-3 .. -1]),
           'PROMOTION_PROCESSED API_' . ($m == 1 ? 'CREATED' : 'UPDATED')
           . ' PROMOTION_COMMITTED', "an API: $point: audited, once");
        is($entries[-2]{referenceId}, $last, "an API: $point: as that");
    }

    my @found = map { $_->{message} =~ /^Promotion-Id: (\S+)$/m }
                $scene->{apis}->log;
    is(scalar @found, 3, 'an API: one commit each');
}


# accepted anew after an attempt that had its end: what that has pushed counts

{
    my $m = 0;

    # its leaders have died too often to be looked for even
    my $given_up = sub {
        my ($id) = @_;
        my $gate = $scene->hold;
        $nginx->arm('reported');
        $scene->decide($id, 1, reason => 'the first time', request => {
            headers => { Prefer => 'respond-async' } });
        $scene->reached($gate);
        $redis->call('HSET', "promotions:promotion:$id", 'takes', 20);
        $scene->release($gate);
        killed('reported');
        unlink $repo->path . '/hooks/pre-receive';
        ok(wait_for('it to be given up', sub {
            $scene->one($id)->json->{status} eq 'ERROR'
        }, 15), 'given up');
        like($scene->one($id)->json->{error}, qr/was given up/, 'and says so');
    };

    # it was refused, and one who was late has pushed it all the same
    my $late = sub {
        my ($id) = @_;
        $repo->hook('pre-receive', "#!/bin/sh\necho not now\nexit 1\n");
        is($scene->decide($id, 1)->{status}, 502, 'refused');
        unlink $repo->path . '/hooks/pre-receive';
        $repo->commit({ 'qa/orders/values.yaml' => "n: $n\n" },
            message => "Promote\n\nPromotion-Id: $id\n"
                     . "Promoted-From: orders/orders-dev\@" . ('1' x 40)
                     . "\nPromoted-By: somebody");
    };

    for my $case ([ 'given up', $given_up ], [ 'pushed late', $late ]) {
        my ($name, $fails) = @$case;
        change();
        my $id = $scene->ask('orders-dev', 'qa', @to)->json->{id};
        $fails->($id);
        my ($commit) = map { $_->{sha} } commits($id);
        ok($commit, "$name: it is on the branch");
        my $r = $scene->decide($id, 1, reason => 'once more');
        is($r->{status}, 200, "$name: it can be accepted")
            or diag($r->{body});
        is($r->json->{commit}, $commit, "$name: as what has landed");
        is($r->json->{reason}, 'once more', "$name: by the last decision");
        accepted($id, $name);
        is(join(' ', map { $_->{event} } (audit($redis))[-2, -1]),
           'PROMOTION_PROCESSED PROMOTION_COMMITTED', "$name: audited");
    }
}


# while it is rejected or cancelled

for my $call ([ 'POST', '/_process', { accept => JSON::PP::false } ],
              [ 'DELETE', '' ])
{
    my $point = 'review_deciding';
    change();
    my $id = $scene->ask('orders-dev', 'qa', @to)->json->{id};
    $nginx->arm($point);
    my $r = $scene->management($call->[0], "promotions/$id$call->[1]",
        $call->[2] ? (json => $call->[2]) : ());
    is($r->{status}, 0, "$call->[0]: the client has no answer");
    killed($point);

    my $status = $scene->one($id)->json->{status};
    $r = $scene->management($call->[0], "promotions/$id$call->[1]",
        $call->[2] ? (json => $call->[2]) : ());
    is($r->{status}, $status eq 'TO_BE_VALIDATED' ? 200 : 409,
       "$call->[0]: once, whether it counted or not") or diag($r->{body});
    is(scalar(() = commits($id)), 0, "$call->[0]: no commit");
    is($redis->call('EXISTS', $pair), 0, "$call->[0]: the pair is free");
}


# one that kills whoever looks at it is given up

change();
$nginx->arm('review_looked');
$scene->ask('orders-dev', 'qa', @to, comment => 'deadly');
killed('review_looked');
my $id = newest()->{id};

for (1 .. 3) {
    $nginx->arm('review_looked');
    later($id);
    killed('review_looked');
}

later($id);
ok(wait_for('the end of it', sub {
    $scene->one($id)->json->{status} eq 'ERROR'
}, 10), 'after three more it is given up');
like($scene->one($id)->json->{error}, qr/given up/, 'and says so');
is($redis->call('EXISTS', $pair), 0, 'the pair is free');
is($scene->decide($id, 1)->{status}, 409, 'and there is nothing to accept');


# nobody decides it in time

my $r = $scene->ask('orders-dev', 'qa', @to);
is($r->{status}, 200, 'asked for once more') or diag($r->{body});
$id = $r->json->{id};
my $before = () = audit($redis);
$redis->call('ZADD', 'promotions:reviews:expire', 'XX', 1, $id);
ok(wait_for('it to expire', sub {
    $scene->one($id)->json->{status} eq 'CANCELLED'
}, 10), 'it expires');
like($scene->one($id)->json->{reason}, qr/^expired/, 'and says so');
is_deeply($scene->tasks, [], 'it is no task any more');
is($scene->decide($id, 1)->{status}, 409, 'nor can it be accepted');

my @entries = audit($redis);
is(scalar @entries, $before + 1, 'it is audited, once');
is($entries[-1]{event}, 'PROMOTION_CANCELLED', 'as cancelled');
is($entries[-1]{keyId}, '', 'by nobody');


# nothing is left over

is($redis->call('ZCARD', "promotions:reviews:$_"), 0, "$_ is empty")
    for 'created', 'expire';
is_deeply($redis->call('KEYS', 'promotions:pending:*'), [],
          'no pair is held');
is_deeply($redis->call('KEYS', 'promotions:tasks:*'), [], 'no task is open');
ok(wait_for('the end of the lanes', sub {
    !@{ $redis->call('SMEMBERS', 'promotions:lanes') }
}, 8), 'no lane is left behind');

my %count;
$count{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)$/m } $repo->log;
is(scalar(grep { $_ > 1 } values %count), 0, 'nothing has landed twice');
audit_ok($redis, 'of all of this');

done_testing();
