# kill -9 at each named point of a promotion's life: whatever the point, the
# promotion is on the branch exactly once, its record is settled, and the
# client that comes back with its Idempotency-Key has one answer.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Audit;

# All points that the source has, so that none can be left out.

my @points = map { /\bpm_failpoint\("(\w+)"\)/g }
             map { read_file($_) } sort glob('src/*/*.c');

cmp_ok(scalar @points, '>=', 10, 'the points of the source');
is(scalar keys %{{ map { $_ => 1 } @points }}, scalar @points,
   'each has a name of its own');

my $table = read_file('docs/operations.md');
is(scalar(() = $table =~ /^\| `$_` \|/mg), 1, "$_ is documented") for @points;

my $scene = scene(failpoints => 1, workers => 2,
                  http => 'promotions_lease 1s;');
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};

$nginx->allow(qr/exited on signal 9/);

unlike(read_file(Promotions::Nginx->module), qr/PM_FAILPOINTS/,
       'the module that is shipped has none');
like(read_file($nginx->module), qr/PM_FAILPOINTS/,
     'the one that is tested has');

my $n = 0;

for my $point (@points) {
    $n++;
    $repo->commit({ 'dev/orders/values.yaml' => "replicas: $n\n" });
    $nginx->arm($point);

    my $message = "killed at $point";
    my ($r, $answers);

    # a client that comes back until it has its answer

    my $end = time + 15;

    while (time < $end) {
        $r = $nginx->request(
            method => 'POST', path => '/api/promotions/commit',
            key => $scene->{key}, timeout => 8,
            headers => { 'Idempotency-Key' => $point },
            json => { srcAppId => app_id('orders-dev'),
                      destAppId => app_id('orders-qa'),
                      message => $message });
        last if ($r->{status} // 0) == 200;
        select(undef, undef, undef, 0.2);
    }

    is($r->{status}, 200, "$point: the client gets its answer")
        or diag($r->{body} // $r->{error} // '', "\n", $nginx->log);

    # the last one comes after the answer
    ok(eval { wait_for('the kill', sub { !$nginx->armed($point) }, 2) },
       "$point: a worker was killed there");

    my @landed = grep { $_->{message} =~ /^\Q$message\E$/m } $repo->log;
    is(scalar @landed, 1, "$point: it landed exactly once");

    my $id = $repo->trailers($landed[0]{sha})->{'Promotion-Id'};
    is($r->{json}{COMMIT_SHA}, $landed[0]{sha}, "$point: and it is that one")
        if $r->{json};
    is($r->{headers}{'promotion-id'}, $id, "$point: under its id");

    ok(wait_for("$point: the record", sub {
        ($redis->hash("promotions:promotion:$id")->{state} // '') eq 'LANDED'
    }, 5), "$point: its record says so");

    is(join(' ', map { $_->{event} }
            grep { $_->{properties}{promotion} eq $id } audit($redis)),
       'PROMOTION_CREATED PROMOTION_COMMITTED', "$point: audited once");
}

audit_ok($redis, 'digests and chain after all of them');

is($repo->tree('main:qa/orders'), $repo->tree('main:dev/orders'),
   'what was asked for is there');
is($repo->fsck, '', 'git fsck --strict finds nothing');

ok(wait_for('the end of the lanes', sub {
    !@{ $redis->call('SMEMBERS', 'promotions:lanes') }
}, 8), 'no lane is left behind');

done_testing();
