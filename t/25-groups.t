# destAppIds: what goes to one branch lands in one push or not at all; over
# several repositories each has its own outcome.

use lib 't/lib';
use Promotions::Test;

my @names = map { "app-$_" } 1 .. 7;
my $scene = scene(failpoints => 1, workers => 2, catalog => catalog(),
                  http => 'promotions_batch 3; promotions_queue 7; '
                          . 'promotions_lease 1s;');
my ($git, $repo, $nginx, $redis) = @$scene{qw(git repo nginx redis)};
my $other = $git->repository('other', { 'README.md' => "another one\n" });

$nginx->allow(qr/exited on signal 9/);

# moved: applications that are in the other repository by now, or back here.
sub write_catalog {
    my (%moved) = @_;

    write_file("$scene->{catalog}/catalog.yaml", join '',
        map({ environment($_) } qw(dev qa)),
        application(name => 'dev', url => $repo->url, path => 'dev/orders',
                    server => 'https://dev.example'),
        map({ application(name => $_, url => ($moved{$_} // $repo)->url,
                          path => "to/$_", server => 'https://qa.example') }
            @names, 'app-8'),
        map({ application(name => "other-$_",
                          url => ($moved{"other-$_"} // $other)->url,
                          path => "to/$_", server => 'https://qa.example') }
            1 .. 2));
}

write_catalog();
$nginx->restart;


# Notes each push, and refuses what brings a path of "refused".
sub hook {
    my ($repository, $refused) = @_;

    my $hooks = $repository->path . '/hooks';
    write_file("$hooks/refused", $refused);
    write_file("$hooks/pushes", '');
    $repository->hook('pre-receive', <<'END');
#!/bin/sh
while [ -e hooks/closed ]; do sleep 0.05; done
while read old new ref; do
    echo "$(git rev-list --count $old..$new)" >> hooks/pushes
    if git diff --name-only $old $new | grep -q -f hooks/refused; then
        echo "not these files" >&2
        exit 1
    fi
done
END
}

sub pushes {
    my ($repository) = @_;
    return join ' ', split /\n/, read_file($repository->path
                                           . '/hooks/pushes');
}

sub group {
    my ($destinations, %request) = @_;

    my %body = (srcAppId => app_id('dev'), message => 'to all',
                destAppIds => [ map { app_id($_) } @$destinations ],
                %{ delete $request{body} || {} });
    return $scene->post('commit', \%body, %request);
}

# "200 200 502": the statuses of the members, in order.
sub statuses {
    my ($r) = @_;

    my $members = ($r->json // {})->{promotions};
    return $r->{body} if ref $members ne 'ARRAY';
    return join ' ', map { $_->{statusCode} } @$members;
}

# What landed is on the branch of its repository, once, and is what dev has.
sub landed {
    my ($r, $destinations, $name) = @_;

    my $members = $r->json->{promotions} // [];
    my $good = 1;

    for my $i (0 .. $#$destinations) {
        my $destination = $destinations->[$i];
        my $member = $members->[$i] // {};
        my $where = $destination =~ /^other-(\d)/ ? $other : $repo;
        my $path = $destination =~ /^other-(\d)/ ? "to/$1" : "to/$destination";

        $good &&= $member->{destAppId}{name} eq $destination
            && $where->tree("main:$path") eq $repo->tree('main:dev/orders')
            && $where->trailers($member->{COMMIT_SHA})->{'Promotion-Id'}
               eq $member->{id}
            && 1 == grep { $_->{message} =~ /^Promotion-Id: $member->{id}$/m }
                         $where->log;
    }

    ok($good, $name) or diag($r->{body});
}

sub sound {
    my ($name) = @_;

    for my $repository ($repo, $other) {
        my %count;
        $count{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)$/m }
                         $repository->log;
        is($repository->fsck, '', "$name: git fsck --strict finds nothing");
        is(join(' ', grep { $count{$_} > 1 } keys %count), '',
           "$name: nothing landed twice");
    }
}


# one lane

hook($repo, "no such file\n");
hook($other, "no such file\n");

my @three = @names[0 .. 2];
my $r = group(\@three);

is($r->{status}, 200, 'three destinations') or diag($r->{body});
is(statuses($r), '200 200 200', 'all of them');
landed($r, \@three, 'landed, in their order');
is(pushes($repo), '3', 'in one push');
is($r->{headers}{'promotion-id'}, $r->json->{promotions}[0]{id},
   'the answer carries the id of the first');
is(join(' ', sort keys %{ $r->json->{promotions}[1] }),
   'COMMIT_AUTHOR COMMIT_MESSAGE COMMIT_SHA destAppId id statusCode',
   'what is said of each');

$r = group(\@three);
is($r->{status}, 400, 'again: nothing left to promote');
is(statuses($r), '400 400 400', 'for none of them');


# a group is larger than a batch, and is pushed whole

my $head;
$scene->change;
hook($repo, "no such file\n");
$r = group(\@names);
is($r->{status}, 200, 'more destinations than promotions_batch')
    or diag($r->{body});
landed($r, \@names, 'landed');
is(pushes($repo), '7', 'in one push');


# no queue takes a group that is larger than promotions_queue: it is not told to
# try again

$head = $repo->head;
$r = group([ @names, 'app-8', 'other-1' ]);
error_is($r, 422, '8 promotions of this request go to one branch, whose queue '
         . 'holds at most 7 (promotions_queue): ask for fewer at once',
         'more destinations than promotions_queue');
is($r->{headers}{'retry-after'}, undef, 'is nothing to try again');
is($r->{headers}{'promotion-id'}, undef, 'and has no promotion');
is($redis->call('EXISTS', 'promotions:lanes'), 0, 'nothing is queued anywhere');
is($repo->head, $head, 'nothing landed');


# no changes of a member

$repo->commit({ "to/app-2/values.yaml" => "own: 1\n" });
hook($repo, "no such file\n");
$r = group(\@three);
is($r->{status}, 207, 'two members have no changes');
is(statuses($r), '400 200 400', 'they say so, and the third lands');
is($r->json->{promotions}[0]{message}, 'no changes found between source and '
   . 'destination applications', 'in the documented words');
is(pushes($repo), '1', 'by itself');


# a hook that refuses one member

$scene->change;
hook($repo, "to/app-3/\n");

$head = $repo->head;
$r = group([ @names[0 .. 4] ]);
is($r->{status}, 502, 'a hook refuses one member');
is(statuses($r), '502 502 502 502 502', 'that is all of them');
is(scalar(grep { $_->{message} eq 'remote rejected refs/heads/main: '
                 . 'pre-receive hook declined: not these files' }
               @{ $r->json->{promotions} }), 5, 'with the words of the hook');
is($repo->head, $head, 'nothing landed');
is(pushes($repo), '5', 'and no part was tried');


# a member that cannot be planned: a file where a folder is needed

$repo->commit({ 'to/app-4' => "a file\n",
                map { ("to/app-4/$_" => undef) } qw(Chart.yaml) });
hook($repo, "no such file\n");
$head = $repo->head;
$r = group([ @names[2 .. 4] ]);
is($r->{status}, 422, 'a member cannot be planned') or diag($r->{body});
is(statuses($r), '422 422 422', 'that is all of them');
like($r->json->{promotions}[0]{message},
     qr{^codefresh/orders/app-4 of the same group failed: }, 'who is named');
unlike($r->json->{promotions}[1]{message}, qr/of the same group/,
       'and says why');
is($repo->head, $head, 'nothing landed');
is(pushes($repo), '', 'nothing was pushed');
$repo->commit({ 'to/app-4' => undef });


# a digest is of one destination's changes

error_is(group(\@three, body => { expectedDigest => '0' x 64 }), 400,
         [ 'expectedDigest goes with one destination: give each of destAppIds '
           . 'its own' ], 'one digest for several destinations');

$scene->change;
hook($repo, "no such file\n");

my @digest = map { $scene->preview('dev', $_)->json->{digest} } @three;
my @expected = map { { %{ app_id($three[$_]) },
                       expectedDigest => $digest[$_] } } 0 .. 2;

$head = $repo->head;
$r = group([], body => { destAppIds => [ @expected[0, 1],
    { %{ $expected[2] }, expectedDigest => '0' x 64 } ] });
is($r->{status}, 409, 'a digest of one of them differs');
is(statuses($r), '409 409 409', 'so none lands');
is($repo->head, $head, 'indeed');
like($r->json->{promotions}[0]{message},
     qr{^codefresh/orders/app-3 of the same group failed: .*$digest[2]},
     'which one is said, and the digest of now');

$r = group([], body => { destAppIds => \@expected });
is($r->{status}, 200, 'what was previewed of each lands')
    or diag($r->{body});
landed($r, \@three, 'in one push');


# several lanes

$scene->change;
hook($repo, "no such file\n");
hook($other, "no such file\n");

my @mixed = qw(app-1 other-1 app-2 other-2);
$r = group(\@mixed);
is($r->{status}, 200, 'two repositories') or diag($r->{body});
is(statuses($r), '200 200 200 200', 'all land');
landed($r, \@mixed, 'in their places');
is(pushes($repo) . '|' . pushes($other), '2|2', 'by one push each');

$scene->change;
hook($repo, "no such file\n");
hook($other, "to/2/\n");

my %key = (headers => { 'Idempotency-Key' => 'mixed' });
my $first = group(\@mixed, %key);
is($first->{status}, 207, 'one of the repositories refuses');
is(statuses($first), '200 502 200 502', 'each has its outcome');
is(pushes($repo) . '|' . pushes($other), '2|2', 'one push each');

hook($repo, "no such file\n");
hook($other, "no such file\n");
$r = group(\@mixed, %key);
is($r->{status}, 200, 'the same again, now that it is open')
    or diag($r->{body});
landed($r, \@mixed, 'the rest lands');
is(pushes($repo) . '|' . pushes($other), '|2', 'what had landed stays');
is($r->json->{promotions}[0]{id}, $first->json->{promotions}[0]{id},
   'under its id');

my $again = group(\@mixed, %key);
is($again->{body}, $r->{body}, 'a replay has the same answer, byte for byte');
is($again->{headers}{'promotion-id'}, $r->{headers}{'promotion-id'},
   'and the same id');

error_is(group([ reverse @mixed ], %key), 409, qr/^Idempotency-Key was used/,
         'another body under the key');
sound('after several lanes');

for my $n (1 .. 3) {
    $scene->change;
    hook($repo, "no such file\n");
    hook($other, "no such file\n");

    my %single = (headers => { 'Idempotency-Key' => "single-$n" });
    is(group(['app-1'], %single)->{status}, 200, 'a key of one repository');

    $scene->change;
    error_is(group([qw(app-1 other-1 other-2)], %single), 409,
             qr/^Idempotency-Key was used/, 'the same key for two of them');
    select undef, undef, undef, 0.5;
    is(pushes($repo) . '|' . pushes($other), '1|',
       'nothing of it is promoted, also where the key was not used');
}

# The first lane fails: its key is free again, that of the second is not.
$scene->change;
hook($repo, "to/app-1/\n");
hook($other, "no such file\n");

my %half = (headers => { 'Idempotency-Key' => 'half' });
is(statuses(group([qw(app-1 other-1)], %half)), '502 200', 'half a group');
hook($repo, "no such file\n");
hook($other, "no such file\n");
$r = group([qw(app-2 other-2)], %half);
is(statuses($r), '200 409', 'another body: the half that holds the key has it')
    or diag($r->{body});
is($r->{status}, 207, 'as each its own');
is(pushes($repo) . '|' . pushes($other), '1|', 'and pushes nothing');

# A lane that is full leaves the others their time.
my $lane = $redis->hash('promotions:promotion:'
                        . $first->json->{promotions}[1]{id})->{lane};
$redis->call('SET', "promotions:lane:$lane:lease", 'another', 'PX', 10000);
$redis->call('RPUSH', "promotions:lane:$lane:waiting", map { "x$_" } 1 .. 4096);
$scene->change;
write_file($repo->path . '/hooks/closed', '');
$r = group([qw(app-1 other-1)], headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'one that must not be waited for beside a full lane')
    or diag($r->{body});
is(join(' ', map { $_->{statusCode} // 'waits' }
        @{ $r->json->{promotions} }), 'waits 503', 'it says what is refused')
    or diag($r->{body});
my $id = $r->json->{id};
unlink $repo->path . '/hooks/closed';
$redis->call('DEL', "promotions:lane:$lane:waiting",
             "promotions:lane:$lane:lease");
wait_for('it to land', sub {
    ($scene->get($id)->json // {})->{state} eq 'LANDED' });
sound('after a full lane');


# The catalog moves members of a group to another branch, and back: under its
# key each has the promotion that it had, and nothing is promoted again.

$scene->change;
hook($repo, "no such file\n");
hook($other, "no such file\n");

my @moving = qw(app-1 other-1 app-2 app-3 other-2);
my %moving = (headers => { 'Idempotency-Key' => 'moving' });

$first = group(\@moving, %moving);
is(statuses($first), '200 200 200 200 200', 'a group, before the catalog moves')
    or diag($first->{body});

for my $moved ({ 'app-2' => $other }, { 'app-1' => $other },
               { 'other-1' => $repo, 'app-3' => $other },
               { 'other-1' => $repo, 'other-2' => $repo },
               { map { ($_ => $other) } @names }, {})
{
    my $names = join(' and ', sort keys %$moved) || 'nothing';

    write_catalog(%$moved);
    $nginx->reload;
    $r = group(\@moving, %moving);
    is($r->{status}, 200, "$names moved: a replay");
    is($r->{body}, $first->{body}, 'is the same answer, each its own');
}

is(pushes($repo) . '|' . pushes($other), '3|2', 'nothing was pushed again');
sound('after a catalog that moved');


# a replay within one lane, at the same time and later

$scene->change;
hook($repo, "no such file\n");

my @answers = $nginx->requests(map { {
    method => 'POST', path => '/api/promotions/commit', key => $scene->{key},
    headers => { 'Idempotency-Key' => 'eight' },
    json => { srcAppId => app_id('dev'), message => 'at once',
              destAppIds => [ map { app_id($_) } @names ] } } } 1 .. 8);

is(scalar(grep { $_->{status} == 200 } @answers), 8, 'eight at once')
    or diag(map { "$_->{status} $_->{body}\n" } @answers);
is(scalar(grep { $_->{body} eq $answers[0]{body} } @answers), 8,
   'have one answer');
landed($answers[0], \@names, 'which landed');
is(pushes($repo), '7', 'once');


# among others: a group is one where a batch is split

$scene->change;
hook($repo, "to/app-2/\n");
write_file($repo->path . '/hooks/closed', '');

my @clients = map { $nginx->open(method => 'POST', timeout => 40,
    path => '/api/promotions/commit', key => $scene->{key}, json => {
        srcAppId => app_id('dev'), message => 'among others', %$_ }) }
    { destAppId => app_id('app-7') },
    { destAppIds => [ map { app_id($_) } qw(app-1 app-2) ] },
    { destAppIds => [ map { app_id($_) } qw(app-3 app-4) ] },
    { destAppId => app_id('app-5') };

wait_for('them to queue', sub {
    6 == map { @{ $redis->call('LRANGE', $_, 0, -1) } }
         @{ $redis->call('KEYS', '*:waiting') },
         @{ $redis->call('KEYS', '*:taken') };
});
unlink $repo->path . '/hooks/closed';

@answers = map { $_->finish } @clients;
$_->close for @clients;

is(join(' ', map { $_->{status} } @answers), '200 502 200 200',
   'only the group with the refused member fails');
is(statuses($answers[1]), '502 502', 'all of it');
landed($answers[2], [ qw(app-3 app-4) ], 'the other group lands');
sound('after a split');


# answered at once; a member is cancelled: that is its group

$scene->change;
hook($repo, "no such file\n");
write_file($repo->path . '/hooks/closed', '');

my $blocking = $nginx->open(method => 'POST', key => $scene->{key},
    path => '/api/promotions/commit', timeout => 40, json => {
        srcAppId => app_id('dev'), destAppId => app_id('app-7'),
        message => 'in the way' });

wait_for('its push', sub {
    grep { ($redis->hash("promotions:promotion:$_")->{state} // '')
           eq 'PUSHING' }
    map { @{ $redis->call('LRANGE', $_, 0, -1) } }
    @{ $redis->call('KEYS', '*:taken') };
});

$r = group(\@three, headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'answered at once');

my @ids = map { $_->{id} } @{ $r->json->{promotions} || [] };
is(scalar @ids, 3, 'with the ids of all') or diag($r->{body});
is($ids[0], $r->json->{id}, 'the first of which is its own');

$r = $nginx->request(method => 'DELETE', key => $scene->{key},
                     path => "/api/promotions/$ids[1]");
is($r->{status}, 200, 'one is cancelled') or diag($r->{body});
is(join(' ', map { $scene->get($_)->json->{state} } @ids),
   'CANCELLED CANCELLED CANCELLED', 'and so is its group');
is($scene->get($ids[2])->json->{group}, $ids[0], 'which its record names');

unlink $repo->path . '/hooks/closed';
is($blocking->finish->{status}, 200, 'what was in the way lands');
$blocking->close;


# records that cannot be read, or are of another place: each fails by itself or
# with its group, at once, and the lane goes on

for my $how ('garbage', 'nothing', 'another place') {
    $scene->change;
    hook($repo, "no such file\n");
    write_file($repo->path . '/hooks/closed', '');

    my $first = $nginx->open(method => 'POST', timeout => 40,
        path => '/api/promotions/commit', key => $scene->{key}, json => {
            srcAppId => app_id('dev'), message => 'in the way',
            destAppId => app_id('app-7') });
    wait_for('its push', sub { pushes($repo) ne '' || grep {
        ($redis->hash("promotions:promotion:$_")->{state} // '') eq 'PUSHING' }
        map { @{ $redis->call('LRANGE', $_, 0, -1) } }
        @{ $redis->call('KEYS', '*:taken') } });

    @clients = map { $nginx->open(method => 'POST', timeout => 40,
        path => '/api/promotions/commit', key => $scene->{key}, json => {
            srcAppId => app_id('dev'), message => 'behind', %$_ }) }
        { destAppId => app_id('app-6') },
        { destAppIds => [ map { app_id($_) } qw(app-1 app-2 app-3) ] },
        { destAppId => app_id('app-4') },
        { destAppId => app_id('app-5') };
    wait_for('them to queue', sub {
        6 == map { @{ $redis->call('LRANGE', $_, 0, -1) } }
             @{ $redis->call('KEYS', '*:waiting') } });

    my %id = map { my $record = "promotions:promotion:$_";
                   ($redis->hash($record)->{destination} => $record) }
        map { @{ $redis->call('LRANGE', $_, 0, -1) } }
        @{ $redis->call('KEYS', '*:waiting') };

    for my $name (qw(app-2 app-4)) {
        my $record = $id{"codefresh/orders/$name"};
        my $input = $redis->hash($record)->{input};

        $input = 'garbage' if $how eq 'garbage';
        $input =~ s/gitops\.git/other.git/g if $how eq 'another place';
        $redis->call($how eq 'nothing' ? ('HDEL', $record, 'input')
                     : ('HSET', $record, 'input', $input));
    }

    my $start = time;
    unlink $repo->path . '/hooks/closed';
    @answers = map { $_->finish } @clients;
    $_->close for @clients;
    is($first->finish->{status}, 200, "$how: what was in the way lands");
    $first->close;

    is(join(' ', map { $_->{status} } @answers), '200 500 500 200',
       "$how: who cannot be read fails, and nobody else");
    is(statuses($answers[1]), '500 500 500', "$how: with its group");
    cmp_ok(time - $start, '<', 8, "$how: the lane is not held");
    is($repo->tree('main:to/app-5'), $repo->tree('main:dev/orders'),
       "$how: what came behind is there");
    is($repo->file('main', 'to/app-1/values.yaml') eq
       $repo->file('main', 'dev/orders/values.yaml') ? 1 : 0, 0,
       "$how: nothing of the group is");
}


# kill -9 of the leader; of one who has submitted a group to the first of its
# lanes, or to none

for my $case ([ 'begun', @names ], [ 'reported', @names ], [ 'pushed', @names ],
              [ 'submitting', @mixed ], [ 'submitted', @mixed ])
{
    my ($point, @destinations) = @$case;

    $scene->change;
    hook($other, "no such file\n");
    $nginx->arm($point);

    my $end = time + 15;

    while (time < $end) {
        $r = group(\@destinations, headers => { 'Idempotency-Key' => $point });
        last if $r->{status} == 200;
        select(undef, undef, undef, 0.2);
    }

    is($r->{status}, 200, "$point: the client gets its answer")
        or diag($r->{body} // $r->{error});
    ok(!$nginx->armed($point), "$point: a worker was killed there");
    landed($r, \@destinations, "$point: the group landed once");
}

sound('at the end');

done_testing();
