# kill -9 at each named point of a pull request's life: there is one pull
# request, one commit on its branch, its record is settled, and the client
# that comes back with its Idempotency-Key has one answer.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Audit;

use Time::HiRes ();

my $scene = scene(failpoints => 1, workers => 2, forge => 'github',
                  many => 14, http => 'promotions_lease 2s;');
my ($repo, $nginx, $redis, $forge) = @$scene{qw(repo nginx redis forge)};

$nginx->allow(qr/exited on signal 9/);

my $main = $repo->head;

# What Redis says when it has happened, and whether the head branch is there,
# and the pull request, before anybody else has taken over.

my %then = (
    pull_reported  => ['PUSHING', 1, 0],
    pull_committed => ['COMMITTED', 1, 0],
    pull_opened    => ['COMMITTED', 1, 1],
    begun          => ['PUSHING', 0, 0],
    planned        => ['TAKEN', 0, 0],
    pushed         => ['PUSHING', 1, 0],
    settled        => ['OPEN', 1, 1],
);

my %points = map { $_ => 1 } map { /\bpm_failpoint\("(\w+)"\)/g }
             map { read_file($_) } glob('src/*/*.c');
ok($points{$_}, "$_ is a point of the source") for sort keys %then;
ok($then{$_}, "$_ is tested") for grep { /^pull_/ } sort keys %points;

my $n = 0;

for my $point (sort keys %then) {
    $n++;

    my ($source, $destination) = ("many-$n-dev", "many-$n-qa");
    my $head = "promote/orders/$destination/orders.$source";

    $nginx->arm($point);

    my %request = (method => 'POST', path => '/api/promotions/pullRequest',
        key => $scene->{key}, timeout => 8,
        headers => { 'Idempotency-Key' => $point },
        json => { srcAppId => app_id($source),
                  destAppId => app_id($destination), head => 'main',
                  title => "killed at $point" });

    my $client = $nginx->open(%request);

    ok(eval { wait_for('the kill', sub { !$nginx->armed($point) }, 8) },
       "$point: a worker was killed there");

    # before the lease has run out

    my ($state, $branch, $pull) = @{ $then{$point} };
    my $held = $redis->hash("promotions:idempotency:admin:$point");
    my $record = $redis->hash("promotions:promotion:$held->{ids}");

    is($record->{state}, $state, "$point: in Redis: $state");
    is(branch($head) ? 1 : 0, $branch, "$point: the head branch");
    is(scalar(pulls($head)), $pull, "$point: the pull request");

    $client->finish;
    $client->close;

    my $r;
    my $end = time + 20;

    while (time < $end) {
        $r = $nginx->request(%request);
        last if ($r->{status} // 0) == 200;
        select(undef, undef, undef, 0.2);
    }

    is($r->{status}, 200, "$point: the client gets its answer")
        or diag($r->{body} // $r->{error} // '', "\n", $nginx->log);

    my $json = $r->json // {};
    my @pulls = pulls($head);
    my $tip = branch($head);

    is(scalar @pulls, 1, "$point: there is one pull request");
    is($json->{PULL_REQUEST_ID}, $pulls[0]{number}, "$point: it is that one");
    is($json->{COMMIT_SHA}, $tip, "$point: with this commit");
    is($repo->git('rev-parse', "$head^"), $main,
       "$point: one commit on the base");
    is($repo->trailers($tip)->{'Promotion-Id'}, $held->{ids},
       "$point: under its id");
    is($pulls[0]{title}, "killed at $point", "$point: its title");

    $record = $redis->hash("promotions:promotion:$held->{ids}");

    is($record->{state}, 'OPEN', "$point: its record says so");
    is($record->{pull_body}, undef, "$point: the text is not kept");
    is(join(' ', map { $_->{event} }
            grep { ($_->{properties}{promotion} // '') eq $held->{ids} }
                 audit($redis)),
       'PROMOTION_CREATED PULL_REQUEST_OPENED', "$point: audited once");
}

audit_ok($redis, 'digests and chain after all of them');


# a push whose outcome the remote does not tell in time; who waits for it is
# told by who leads, once nobody leads any more who was killed

ok(wait_for('the end of the lanes', sub {
    !@{ $redis->call('SMEMBERS', 'promotions:lanes') }
}, 8), 'no lane is left behind by those who were killed');

my $hook = "#!/bin/sh\ntest -e $repo->{path}/slow && sleep 4\nexit 0\n";
$repo->hook('pre-receive', $hook);
write_file("$repo->{path}/slow", '');
$nginx->reload(http => $nginx->{http} . "\n    promotions_git_timeout 1500ms;");

my $head = 'promote/orders/many-12-qa/orders.many-12-dev';
my $r = $scene->pull_request('many-12-dev', 'many-12-qa');
error_is($r, 504, qr/ask for it later by its Promotion-Id/,
         'a push that was not answered is not said to have failed');
unlink "$repo->{path}/slow";
ok(eval { wait_for('the pull request', sub { $scene->get(
       $r->{headers}{'promotion-id'})->json->{state} eq 'OPEN' }, 20) },
   'it is opened when the commit is found');
is(scalar(pulls($head)), 1, 'once');
is($repo->git('rev-list', '--count', "main..$head"), 1, 'with one commit');


# workers that are told to end while a provider takes its time

$forge->fault(slow => 2, times => 3);
$head = 'promote/orders/many-13-qa/orders.many-13-dev';
my $client = $nginx->open(method => 'POST', key => $scene->{key},
    path => '/api/promotions/pullRequest', timeout => 15,
    json => { srcAppId => app_id('many-13-dev'), head => 'main',
              destAppId => app_id('many-13-qa'), title => 'reloaded' });
ok(wait_for('the commit', sub { branch($head) }), 'the commit is there');
$nginx->reload(http => $nginx->{http} =~ s/1500ms/20s/r);
is($client->finish->{status}, 200, 'the old worker ends what it has begun');
$client->close;
is(scalar(pulls($head)), 1, 'once');

is($repo->head, $main, 'the base has not moved');
is($repo->fsck, '', 'git fsck --strict finds nothing');

ok(wait_for('the end of the lanes', sub {
    !@{ $redis->call('SMEMBERS', 'promotions:lanes') }
}, 8), 'no lane is left behind');


sub branch {
    my ($name) = @_;
    return eval { $repo->git('rev-parse', '--verify', '-q',
                             "refs/heads/$name") } // '';
}


sub pulls {
    my ($name) = @_;
    return grep { $_->{head} eq $name } $forge->pulls;
}

done_testing();
