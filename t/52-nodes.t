# Two nodes, one Redis, one lane: either may go in the middle of a batch, and
# the other ends it within a lease; answers come by pub/sub from whichever
# worker of whichever node settles them, and come in time when it fails.

use lib 't/lib';
use Promotions::Test limit => 240;
use Promotions::Load;

my $lease = 2;
my $git = Promotions::Git->start;
my $redis = Promotions::Redis->start(persist => 1);
my $key = $redis->key;
my $field = Promotions::Load->field($git, 400);
my $repo = $field->{repo};

my @nodes = map { Promotions::Nginx->start(redis => $redis, workers => 2,
    catalog => $field->{catalog}, http => "promotions_lease ${lease}s;")
} 1, 2;

$_->allow(qr/exited on signal 9/) for @nodes;

my $next = 0;


sub now {
    return Time::HiRes::time();
}


# A push waits until the gate is opened.
sub hold {
    my $gate = temporary_folder() . '/gate';
    $repo->hook('pre-receive', "#!/bin/sh\n"
        . "touch $gate.reached\n"
        . "while ! test -e $gate; do sleep 0.02; done\n");
    return $gate;
}


sub release {
    my ($gate) = @_;
    write_file($gate, '');
    $repo->hook('pre-receive', "#!/bin/sh\n");
}


# One promotion, through a node.
sub promote {
    my ($node, $n) = @_;
    return $node->open(method => 'POST', path => '/api/promotions/commit',
        key => $key, timeout => 20,
        headers => { 'Idempotency-Key' => "load-$n" },
        json => { srcAppId => app_id("from-$n"),
                  destAppId => app_id("to-$n"), message => "load $n" });
}


sub waiting {
    my ($lane) = @{ $redis->call('SMEMBERS', 'promotions:lanes') };
    return $lane ? $redis->call('LLEN', "promotions:lane:$lane:waiting") : 0;
}


sub clean {
    my ($load, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %found = $load->verdict($redis);
    my @faults = map { my $what = $_; map { "$what: $_" } @{ $found{$what} } }
                 sort keys %found;
    is_deeply(\@faults, [], "$name: none lost, none twice, no wrong answer");
}


# The lease's end, and what a busy machine needs.
sub in_time {
    my ($round, $what, $time) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    cmp_ok($time, '<', $lease + ($ENV{PROMOTIONS_ASAN} ? 4 : 1),
           sprintf('round %d: another node %s within a lease: %.1f s',
                   $round, $what, $time));
}


# a node goes in the middle of a push

for my $round (0 .. 3) {
    my ($victim, $other) = @nodes[$round % 2, 1 - $round % 2];
    my ($first, $n) = ($next, 20);
    $next += $n;

    my $gate = hold();
    my $leader = promote($victim, $first);
    wait_for('the push', sub { -e "$gate.reached" });

    my $load = Promotions::Load->start($field, nodes => [$other],
        key => $key, first => $first, count => $n, clients => $n,
        seed => $round, limit => 30);
    wait_for('the others', sub { waiting() == $n - 1 });

    unlink "$gate.reached";
    $victim->crash;
    my $start = now();

    # what was sent goes on; or it hangs, and is sent again by the other node

    if ($round < 2) {
        wait_for('the other node to push', sub { -e "$gate.reached" }, 10);
        in_time($round, 'pushes', now() - $start);
        release($gate);
        $load->wait(30);

    } else {
        release($gate);
        $load->wait(30);
        in_time($round, 'ends it', now() - $start);
    }

    clean($load, "round $round");
    $leader->close;
    $victim->revive;
}


# a waiter on another node hears at once

for my $round (0 .. 5) {
    my ($leads, $waits) = @nodes[$round % 2, 1 - $round % 2];
    my $gate = hold();
    my $first = promote($leads, $next++);
    wait_for('the push', sub { -e "$gate.reached" });
    my @others = map { promote($_, $next++) } ($waits) x 4, ($leads) x 4;
    wait_for('the others', sub { waiting() == 8 });
    release($gate);

    my $start = now();
    my @answers = map { $_->finish } $first, @others;
    is(scalar(grep { $_->{status} == 200 } @answers), 9,
       "round $round: all have landed");
    cmp_ok(now() - $start, '<', $ENV{PROMOTIONS_ASAN} ? 1.8 : 1,
           sprintf('round %d: told by pub/sub: %.2f s', $round,
                   now() - $start));
}


# pub/sub fails all the time

{
    my $first = $next;
    my $load = Promotions::Load->start($field, nodes => \@nodes, key => $key,
        first => $first, count => 400 - $first, clients => 16, limit => 60);
    my $kills = 0;

    while ($load->running) {
        $kills += $redis->call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        Time::HiRes::sleep(rand(0.05));
    }

    cmp_ok($kills, '>=', 10, "pub/sub was cut ($kills times)");
    clean($load, 'pub/sub cut');

    my $late = 0;

    for my $answer (grep { $_->{status} == 200 } $load->answers) {
        my $settled = $redis->call('HGET',
            "promotions:promotion:$answer->{id}", 'settled_at') / 1000;
        $late = $answer->{at} - $settled if $answer->{at} - $settled > $late;
    }

    cmp_ok($late, '<', 3, sprintf('nobody waited for more than 3 s for an '
           . 'answer that was there: %.2f s', $late));
}

done_testing();
