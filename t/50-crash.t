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

# and each has a row in the documentation that says all of it, in the order of
# a promotion's life

my ($table) = read_file('docs/operations.md')
              =~ /^\| killed at \|[^\n]*\n\|[-|]+\|\n((?:\|[^\n]*\n)+)/m;
my @rows = map { [ split / *\| */, substr $_, 1 ] } split /\n/, $table // '';
my @named = map { $_->[0] =~ /^ *`(\w+)`$/ ? $1 : $_->[0] } @rows;

is(join(' ', sort @named), join(' ', sort @points),
   'each has one row in docs/operations.md, and no row is of another');
is(join(' ', map { $_->[0] } grep { @$_ < 5 || $_->[4] eq '' } @rows), '',
   'which tells what happens next');

# the state machine of a leader names those that it can die at, and its scripts

my ($machine) = read_file('src/http/ngx_http_promotions_lane_step.c')
                =~ m{^ \*     step .*?\n(.*?)^ \*/}ms;
my @machine = map { split /, / } ($machine // '') =~ /  (\w+(?:, \w+)*)$/mg;
is(join(' ', sort @machine),
   join(' ', sort grep { !/^(?:submit|review_)/ } @points),
   'the steps of a leader name each of its points');
is(join(' ', grep { !-e "src/store/scripts/$_" }
             ($machine // '') =~ /(\w+\.lua)/g), '',
   'and each of its scripts');

# those of pull requests and of reviews have files of their own

my @pull = grep { /^(?:pull|review)_/ } @points;
my $others = join '', map { read_file($_) } grep { !/50-crash/ } glob('t/*.t');
ok($others =~ /\b$_\b/, "$_ is killed at in another file") for @pull;
@points = grep { !/^(?:pull|review)_/ } @points;


# The states that the table says are in Redis; "nothing" is ''.
sub states {
    my ($point) = @_;

    my ($row) = grep { $_->[0] =~ /`$point`/ } @rows;
    my @states = $row->[1] =~ /\b(?:QUEUED|TAKEN|PUSHING|LANDED|nothing)\b/g;
    push @states, map { states($_) } $row->[1] =~ /as at `(\w+)`/g;
    return map { $_ eq 'nothing' ? '' : $_ } @states;
}


# Whether it says that the remote has the commit by then.
sub at_the_remote {
    my ($point) = @_;
    my ($row) = grep { $_->[0] =~ /`$point`/ } @rows;
    return $row->[3] eq 'on the branch' ? 1 : 0;
}

my $scene = scene(failpoints => 1, workers => 2,
                  http => 'promotions_lease 2s;');
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
    my %request = (method => 'POST', path => '/api/promotions/commit',
        key => $scene->{key}, timeout => 8,
        headers => { 'Idempotency-Key' => $point },
        json => { srcAppId => app_id('orders-dev'),
                  destAppId => app_id('orders-qa'), message => $message });

    my $client = $nginx->open(%request);

    ok(eval { wait_for('the kill', sub { !$nginx->armed($point) }, 8) },
       "$point: a worker was killed there");

    # before the lease has run out, it is as the table says

    my $lane = $redis->hash("promotions:idempotency:admin:$point");
    my ($was) = split / /, $lane->{ids} // '';
    my $state = $was ? $redis->hash("promotions:promotion:$was")->{state} : '';
    my $there = grep { $_->{message} =~ /^\Q$message\E$/m } $repo->log;

    ok(scalar(grep { $_ eq $state } states($point)),
       "$point: in Redis: " . ($state || 'nothing'))
        or diag(join ' ', states($point));
    is($there, at_the_remote($point), "$point: at the remote: $there");
    $client->finish;
    $client->close;

    # a client that comes back until it has its answer

    my $r;
    my $end = time + 15;

    while (time < $end) {
        $r = $nginx->request(%request);
        last if ($r->{status} // 0) == 200;
        select(undef, undef, undef, 0.2);
    }

    is($r->{status}, 200, "$point: the client gets its answer")
        or diag($r->{body} // $r->{error} // '', "\n", $nginx->log);

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
