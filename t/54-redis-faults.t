# Redis and the lanes: paused, flushed, full and emptied under load; limits,
# floods and silent hosts; what a record holds, and who may see and end it.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Load;
use List::Util ();

my $slow = $ENV{PROMOTIONS_ASAN} ? 3 : 0;
my $timeout = 500;


sub now {
    return Time::HiRes::time();
}


# A push waits until the gate is opened; then the hook says so, or fails.
sub hold {
    my ($repo) = @_;

    my $gate = temporary_folder() . '/gate';
    $repo->hook('pre-receive', "#!/bin/sh\n"
        . "touch $gate.reached\n"
        . "while ! test -e $gate; do sleep 0.02; done\n"
        . "grep -q refuse $gate && echo not today && exit 1\n"
        . "exit 0\n");
    return $gate;
}


sub release {
    my ($repo, $gate, $how) = @_;
    write_file("$gate.new", $how // '');
    rename "$gate.new", $gate or die $!;
    $repo->hook('pre-receive', "#!/bin/sh\n");
}


# A gateway, its Redis, and n pairs of applications on one branch.
sub field {
    my ($n, %options) = @_;

    my $git = Promotions::Git->start;
    my $redis = Promotions::Redis->start(%{ $options{redis} || {} });
    my $field = Promotions::Load->field($git, $n, %{ $options{field} || {} });

    return { git => $git, redis => $redis, field => $field,
             repo => $field->{repo}, key => $redis->key(id => 'load'),
             nginx => Promotions::Nginx->start(
                 workers => 2, redis => $redis, catalog => $field->{catalog},
                 redis_directive => 'promotions_redis ' . $redis->directive
                     . " timeout=${timeout}ms connect_timeout=${timeout}ms;",
                 http => 'promotions_lease 1s; ' . ($options{http} // ''),
                 %{ $options{nginx} || {} }) };
}


sub promote {
    my ($scene, $n, %request) = @_;

    return $scene->{nginx}->open(method => 'POST', key => $scene->{key},
        path => '/api/promotions/commit', timeout => 20, %request,
        headers => { 'Idempotency-Key' => "load-$n",
                     %{ $request{headers} || {} } },
        json => $request{json} // {
            srcAppId => app_id("from-$n"), destAppId => app_id("to-$n"),
            message => "load $n" });
}


sub get {
    my ($scene, $route, %request) = @_;
    return $scene->{nginx}->request(path => "/api/promotions/$route",
                                    key => $scene->{key}, %request);
}


sub record {
    my ($scene, $id) = @_;
    return $scene->{redis}->hash("promotions:promotion:$id");
}


sub state_of {
    my ($scene, $id) = @_;
    return eval { record($scene, $id)->{state} } // '';
}


# The ids of those with this message, in order of arrival.
sub ids {
    my ($scene) = @_;
    return @{ $scene->{redis}->call('ZRANGE', 'promotions:promotions', 0,
                                    -1) };
}


sub waiting {
    my ($scene) = @_;
    my $n = 0;
    $n += $scene->{redis}->call('LLEN', "promotions:lane:$_:waiting")
        for @{ $scene->{redis}->call('SMEMBERS', 'promotions:lanes') };
    return $n;
}


sub load {
    my ($scene, %options) = @_;
    return Promotions::Load->start($scene->{field},
        nodes => [ $scene->{nginx} ], key => $scene->{key}, limit => 60,
        timeout => 10, clients => 8, %options);
}


sub clean {
    my ($scene, $load, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %found = $load->verdict($scene->{redis});
    my @faults = map { my $what = $_; map { "$what: $_" } @{ $found{$what} } }
                 sort keys %found;
    is_deeply(\@faults, [], "$name: none lost, none twice, no wrong answer");
}


# Redis is used again, by each worker.
sub ready {
    my ($scene) = @_;

    my $row = 0;
    wait_for('Redis', sub {
        my $status = $scene->{nginx}->request(method => 'POST', json => {},
            path => '/api/promotions/commit', key => $scene->{key})->{status};
        $row = $status == 400 ? $row + 1 : 0;
        $row == 10 });
}


sub settled {
    my ($scene, $id, $state, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(eval { wait_for($name, sub { state_of($scene, $id) eq $state }, 10) },
       $name) or diag(JSON::PP->new->encode(record($scene, $id)));
}


# paused in the middle of a load

{
    my $scene = field(120, redis => { persist => 1 });
    my ($redis, $repo, $nginx) = @$scene{qw(redis repo nginx)};
    my $load = load($scene, count => 100, gated => 1);

    $load->allow(40);
    wait_for('a part of it', sub { $load->done == 40 }, 30);

    # one push is under way when it stops, others wait
    my $gate = hold($repo);
    my $client = promote($scene, 103);
    wait_for('the push', sub { -e "$gate.reached" });
    $load->allow(60);
    wait_for('others', sub { waiting($scene) > 4 });
    $redis->pause;
    my $start = now();
    Time::HiRes::sleep(1);
    release($repo, $gate);
    my $r = $client->finish;
    is($r->{status}, 200, 'paused: what is under way is done')
        or diag($r->{body});
    cmp_ok(now() - $start, '<', 2 + $slow, 'and told');
    $load->allow(100);
    Time::HiRes::sleep($start + 5 - now());
    $redis->resume;
    my $end = now();

    $load->wait(60);
    clean($scene, $load, 'paused for 5 s');
    settled($scene, $r->{headers}{'promotion-id'}, 'LANDED',
            'what was done meanwhile is recorded');

    my @during = grep { $_->{at} > $start && $_->{at} < $end } $load->answers;
    ok((grep { $_->{status} == 503 } @during), 'meanwhile the answer is 503');

    # a waiter is asked for every 2 s, and Redis has a timeout; what a request
    # waited before the pause does not count
    my ($longest) = sort { $b <=> $a }
                    map { $_->{at} - List::Util::max($start,
                                                $_->{at} - $_->{seconds}) }
                    grep { $_->{status} == 503 } @during;
    cmp_ok($longest, '<', 3 + $timeout / 1000 + $slow,
           sprintf('in time: %.1f s', $longest));


    # a failure is told when it is recorded

    $gate = hold($repo);
    $client = promote($scene, 100);
    wait_for('the push', sub { -e "$gate.reached" });
    $redis->pause;
    release($repo, $gate, 'refuse');
    $r = $client->finish;
    is($r->{status}, 503, 'refused while Redis is away: nobody knows yet');
    my $id = $r->{headers}{'promotion-id'};
    $redis->resume;
    ok(eval { wait_for('its end', sub {
        state_of($scene, $id) =~ /^(?:LANDED|FAILED)$/ }, 10) },
        'it has an end when Redis is back');
    my $landed = () = $repo->git('log', '--format=%B', 'main')
                      =~ /^Promotion-Id: \Q$id\E$/mg;
    is($landed, state_of($scene, $id) eq 'LANDED' ? 1 : 0,
       'and that is what the branch says');
    ready($scene);


    # a leader that lost its lease fails nothing

    $gate = hold($repo);
    $client = promote($scene, 101);
    wait_for('the push', sub { -e "$gate.reached" });
    my ($lane) = @{ $redis->call('SMEMBERS', 'promotions:lanes') };
    $redis->call('SET', "promotions:lane:$lane:lease", 'another', 'PX', 1500);
    release($repo, $gate, 'refuse');
    $r = $client->finish;
    is($r->{status}, 200, 'refused after the lease was lost: not this '
       . "leader's to tell; the next one lands it") or diag($r->{body});


    # a failover that has lost that it was taken, not that it was settled

    $redis->call('SET', "promotions:lane:$lane:lease", 'another');
    $client = promote($scene, 103, headers => { Prefer => 'respond-async' });
    $id = $client->finish->{headers}{'promotion-id'};
    $redis->call('HSET', "promotions:promotion:$id", 'state', 'LANDED',
                 'status', 200, 'commit', '1' x 40);
    my $head = $repo->git('rev-parse', 'main');
    $redis->call('DEL', "promotions:lane:$lane:lease");
    wait_for('the lane to be empty', sub {
        !$redis->call('EXISTS', "promotions:lane:$lane:waiting",
                      "promotions:lane:$lane:lease") });
    is(state_of($scene, $id) . ' ' . $repo->git('rev-parse', 'main'),
       "LANDED $head", 'what has landed is not promoted again');


    # a submit whose reply is lost

    my $body = JSON::PP->new->encode({ srcAppId => app_id('from-102'),
        destAppId => app_id('to-102'), message => 'load 102' });
    $client = $nginx->open(raw => "POST /api/promotions/commit HTTP/1.1\r\n"
        . "Host: x\r\nConnection: close\r\nAuthorization: $scene->{key}\r\n"
        . "Content-Type: application/json\r\nContent-Length: "
        . length($body) . "\r\n\r\n", method => 'POST', timeout => 20);
    Time::HiRes::sleep(0.3);
    $redis->pause;
    syswrite $client->socket, $body;
    Time::HiRes::sleep($timeout / 1000 + 0.1);
    $redis->resume;
    $r = $client->finish;
    is($r->{status}, 200, 'the reply of submit is lost: sent again, and led')
        or diag($r->{body});
    my $landings = () = $repo->git('log', '--format=%s', 'main')
                        =~ /^load 102$/mg;
    is($landings, 1, 'and it has landed once');
    $repo->hook('pre-receive', "#!/bin/sh\n");
}


# scripts forgotten, memory gone, under load

{
    my $scene = field(200, redis => { persist => 1 });
    my $redis = $scene->{redis};
    my $load = load($scene, count => 200);
    my $flushed = 0;

    while ($load->running) {
        $redis->call('SCRIPT', 'FLUSH');
        $flushed++;

        if ($flushed % 20 == 10) {
            $redis->call('CONFIG', 'SET', 'maxmemory', 1);
            Time::HiRes::sleep(0.3);
            $redis->call('CONFIG', 'SET', 'maxmemory', 0);
        }
        Time::HiRes::sleep(rand(0.04));
    }

    cmp_ok($flushed, '>=', 10, "SCRIPT FLUSH $flushed times");
    clean($scene, $load, 'SCRIPT FLUSH and OOM under load');
}

{
    my $scene = field(4);
    my ($redis, $repo) = @$scene{qw(redis repo)};
    my $gate = hold($repo);
    my $client = promote($scene, 0);
    wait_for('the push', sub { -e "$gate.reached" });
    $redis->call('CONFIG', 'SET', 'maxmemory', 1);

    my ($lane) = @{ $redis->call('SMEMBERS', 'promotions:lanes') };
    my $token = $redis->call('GET', "promotions:lane:$lane:lease");
    my $refused = promote($scene, 1)->finish;
    is($refused->{status}, 503, 'full: nothing new is taken');
    Time::HiRes::sleep(1.5);
    is($redis->call('GET', "promotions:lane:$lane:lease"), $token,
       'but the lease of what is under way is renewed');

    # moved meanwhile: planned again, so begin comes with a full Redis, too
    $repo->commit({ 'others.txt' => "x\n" });
    release($repo, $gate);
    my $r = $client->finish;
    is($r->{status}, 200, 'it is done, after the branch has moved');
    settled($scene, $r->{headers}{'promotion-id'}, 'LANDED',
            'begin and settle are recorded, full or not');
    is(record($scene, $r->{headers}{'promotion-id'})->{pushes}, 2,
       'two pushes');
    $redis->call('CONFIG', 'SET', 'maxmemory', 0);
    is(promote($scene, 1)->finish->{status}, 200, 'room again');
}


# emptied

{
    my $scene = field(20, http => 'add_header X-Worker $pid always;');
    my ($redis, $repo, $nginx) = @$scene{qw(redis repo nginx)};
    my $gate = hold($repo);
    my $first = promote($scene, 0);
    wait_for('the push', sub { -e "$gate.reached" });
    my @others = map { promote($scene, $_) } 1 .. 4;
    wait_for('the others', sub { waiting($scene) == 4 });

    # and both workers have heard of that, since what they ask later is answered
    # later: a submit whose reply is lost would be sent again
    my %heard;
    wait_for('both workers', sub {
        $heard{ $_->{headers}{'x-worker'} // next }++
            for $nginx->requests(map { { path => '/api/promotions/',
                                         key => $scene->{key} } } 1 .. 8);
        return keys %heard == 2;
    }, 30);

    $redis->kill;
    $redis->launch;
    my $start = now();
    is($redis->call('DBSIZE'), 0, 'restarted, and empty');
    my @answers = map { $_->finish } @others;
    is(join(' ', map { $_->{status} } @answers), '503 503 503 503',
       'what was queued: 503');
    cmp_ok(now() - $start, '<', 3.5 + $slow, 'in time');

    release($repo, $gate);
    my $r = $first->finish;
    is($r->{status}, 200, 'what was under way has its answer');
    is($repo->head, $r->json->{COMMIT_SHA}, 'and is on the branch');
    is_deeply($redis->call('KEYS', 'promotions:promotion:*'), [],
              'no half of a record is made');

    $scene->{key} = $redis->key(id => 'load');
    my $load = load($scene, first => 1, count => 19);
    $load->wait(60);
    my ($shas, $messages) = $load->landed;
    is(scalar(grep { $_->{status} == 200 } $load->answers), 19,
       'all goes on');
    is_deeply([ grep { $messages->{$_} != 1 } keys %$messages ], [],
              'nothing twice');
}


# unclear

{
    my $scene = field(8);
    my ($redis, $repo, $git) = @$scene{qw(redis repo git)};
    my $gate = hold($repo);
    my $client = promote($scene, 0);
    wait_for('the push', sub { -e "$gate.reached" });

    $git->{nginx}->stop('KILL');
    my $r = $client->finish;
    is($r->{status}, 504, 'the remote goes in the middle of a push: 504');
    like($r->json->{message}, qr/does not say/, 'which says that it is open');

    my $id = $r->{headers}{'promotion-id'};
    settled($scene, $id, 'UNKNOWN', 'the record says UNKNOWN');
    my $json = get($scene, $id)->json;
    is($json->{state}, 'UNKNOWN', 'so does its owner hear');
    ok($json->{error}, 'and why') or diag(JSON::PP->new->encode($json));
    is(join(' ', map { $_->{id} } @{ get($scene, '?state=UNKNOWN')
       ->json->{promotions} }), $id, 'it is found by its state');

    # each leader that looks for it in vain comes to its own end
    ok(eval { wait_for('leaders', sub {
        (record($scene, $id)->{survived} // 0) >= 2 }, 10) },
        'several leaders have looked');

    release($repo, $gate);
    $git->launch;
    settled($scene, $id, 'LANDED', 'the remote is back: it has landed');
    my $landed = () = $repo->git('log', '--format=%B', 'main')
                      =~ /^Promotion-Id: \Q$id\E$/mg;
    is($landed, 1, 'once');
    ok(!exists get($scene, $id)->json->{error}, 'no error is left');
    is(promote($scene, 0)->finish->{status}, 200,
       'the Idempotency-Key has that result');
}


# unclear, and nothing can be found out: others are not held up

{
    my $git = Promotions::Git->start;
    my $sources = $git->repository('sources', { map {
        ("from/$_/a.yaml" => "a: new-$_\n") } 0 .. 3 });
    my $field = Promotions::Load->field($git, 0);
    my $repo = $field->{repo};
    $repo->commit({ map { ("to/$_/a.yaml" => "a: old-$_\n") } 0 .. 3 });
    write_file("$field->{catalog}/applications.yaml", join '', map { (
        application(name => "from-$_", url => $sources->url,
                    path => "from/$_"),
        application(name => "to-$_", url => $repo->url, path => "to/$_"))
    } 0 .. 3);

    my $redis = Promotions::Redis->start;
    my $scene = { git => $git, redis => $redis, repo => $repo,
        key => $redis->key, nginx => Promotions::Nginx->start(
            failpoints => 1, redis => $redis, catalog => $field->{catalog},
            http => 'promotions_lease 500ms;') };
    $scene->{nginx}->allow(qr/exited on signal 9/);

    $scene->{nginx}->arm('begun');
    my $r = promote($scene, 0)->finish;
    is($r->{status}, 0, 'a leader dies between begin and push');
    $sources->commit({ 'from/0/a.yaml' => "a: old-0\n" });
    my ($id) = ids($scene);
    settled($scene, $id, 'UNKNOWN', 'by now there is nothing to promote: '
            . 'was it pushed?');

    # a neighbour moves the branch

    wait_for('a leader', sub { (record($scene, $id)->{survived} // 0) > 0 });
    my $start = now();
    is(promote($scene, 1)->finish->{status}, 200,
       'the lane is not held by it');
    cmp_ok(now() - $start, '<', 3 + $slow, 'for long');
    settled($scene, $id, 'FAILED', 'and then it is known: no');
    is(record($scene, $id)->{status}, 400, 'no changes');


    # what may kill its leaders, and was pushed, is looked for before it is
    # given up

    my $lane = record($scene, $id)->{lane};

    for my $landed (0, 1) {
        $scene->{nginx}->arm($landed ? 'pushed' : 'taken');
        promote($scene, 2 + $landed)->finish;
        my ($last) = reverse ids($scene);
        $redis->call('HSET', "promotions:promotion:$last", 'takes', 11);
        settled($scene, $last, $landed ? 'LANDED' : 'FAILED',
                'given up after ten leaders: '
                . ($landed ? 'but it has landed' : 'it fails'));
        is(record($scene, $last)->{status}, $landed ? 200 : 500,
           'with its status');
    }

    is(scalar(() = $repo->git('log', '--format=%s') =~ /^load 3$/mg), 1,
       'which was found, not done again');
}


# limits

{
    my $scene = field(12, http => 'promotions_queue 4; '
                                  . 'promotions_retention 30d;');
    my ($redis, $repo) = @$scene{qw(redis repo)};
    my $gate = hold($repo);
    my $first = promote($scene, 0);
    wait_for('the push', sub { -e "$gate.reached" });
    my @others = map { promote($scene, $_) } 1 .. 4;
    wait_for('the others', sub { waiting($scene) == 4 });

    my $r = promote($scene, 5)->finish;
    error_is($r, 503, qr/too many promotions wait/, 'the queue is full: 503');
    is($r->{headers}{'retry-after'}, 1, 'with Retry-After');
    release($repo, $gate);
    is(scalar(grep { $_->finish->{status} == 200 } $first, @others), 5,
       'those in it land');
    is(promote($scene, 5)->finish->{status}, 200, 'then there is room');


    # what a record takes

    my ($id) = ids($scene);
    my $bytes = $redis->call('MEMORY', 'USAGE', "promotions:promotion:$id",
                             'SAMPLES', 0);
    my @all = ids($scene);
    my %each = (record => $bytes, map {
        ($_ => $redis->call('MEMORY', 'USAGE', "promotions:$_", 'SAMPLES', 0)
               / @all) } qw(promotions audit));
    my $whole = 0;
    $whole += $_ for values %each;
    diag(join ', ', map { sprintf '%s %d', $_, $each{$_} } sort keys %each);
    cmp_ok($bytes, '<', 3 * 1024, 'a plain record takes less than 3 KiB');
    cmp_ok($whole, '<', 6 * 1024,
           'with its places in the history and the audit, less than 6 KiB');
    my $ttl = $redis->call('TTL', "promotions:promotion:$id");
    cmp_ok($ttl, '>', 30 * 86400 - 60, 'it is kept as long as was asked for');
    cmp_ok($ttl, '<=', 30 * 86400, 'and no longer');
    $ttl = $redis->call('TTL', 'promotions:idempotency:load:load-0');
    ok($ttl > 86400 - 60 && $ttl <= 86400, 'an Idempotency-Key, a day');

    my @forever = grep { $redis->call('TTL', $_) == -1 && !/:audit/ }
                  @{ $redis->call('KEYS', '*') };
    is_deeply([ sort @forever ], [ 'promotions:key:load',
                                   'promotions:promotions' ],
              'nothing else stays but keys, the history, and the audit');

    # the history forgets with its records
    $redis->call('ZADD', 'promotions:promotions', 1, 'long-ago');
    promote($scene, 6)->finish;
    is($redis->call('ZSCORE', 'promotions:promotions', 'long-ago'), undef,
       'and that is cut');


    # somebody has put something else under a name of ours: nothing is queued,
    # nor a part of a group

    my $lane = record($scene, $id)->{lane};
    my $two = { srcAppId => app_id('from-7'), message => 'two',
                destAppIds => [ map { app_id("to-$_") } 7, 8 ] };

    for my $name ('promotions', 'lanes', 'audit', 'audit:tail',
                  "lane:$lane:waiting", 'idempotency:load:load-7')
    {
        my $key = "promotions:$name";
        my $kept = $redis->call('EXISTS', $key);
        $redis->call('RENAME', $key, 'kept') if $kept;
        $redis->call('SET', $key, 'something else');
        $r = promote($scene, 7, json => $two)->finish;
        is($r->{status}, 503, "$name is something else: 503")
            or diag($r->{body});
        my @queued = grep { $redis->call('EXISTS', "promotions:promotion:$_") }
                     map { $_->{id} } @{ ($r->json // {})->{promotions} };
        is(scalar @queued, 0, "$name: nothing is queued");
        $redis->call('DEL', $key);
        $redis->call('RENAME', 'kept', $key) if $kept;
    }

    $r = promote($scene, 7, json => $two)->finish;
    is($r->{status}, 200, 'then both land') or diag($r->{body});
}


# lanes do not delay each other

{
    my $git = Promotions::Git->start;
    my $silent = Promotions::Tcp->silent;
    my $url = 'http://127.0.0.1:' . $silent->port . '/r.git';
    my $scene = field(60, field => {
        branches => [ ('main') x 59, 'quiet' ],
        more => join('', map { application(name => "to-silent-$_",
            url => $url, branch => "b$_", path => 'x') } 1 .. 6) },
        http => 'promotions_git_timeout 3s; promotions_git_idle_timeout 3s; '
                . 'promotions_batch 4;',
        nginx => { workers => 1, threads => 4 });
    my ($redis, $repo) = @$scene{qw(redis repo)};

    # six lanes of a host that says nothing: at most two threads of four
    my @lost = map { $scene->{nginx}->open(method => 'POST',
        key => $scene->{key}, path => '/api/promotions/commit',
        timeout => 30, json => { srcAppId => app_id('from-0'),
            destAppId => app_id("to-silent-$_"), message => 'silent' })
    } 1 .. 6;
    wait_for('them', sub { ids($scene) == 6 });

    # nor do previews of it have two of their own: they have waited behind the
    # commits when the other host's has landed
    my @behind = map { $scene->{nginx}->open(method => 'POST',
        key => $scene->{key}, path => '/api/promotions/preview',
        timeout => 60, json => { srcAppId => app_id('from-0'),
            destAppId => app_id("to-silent-$_"), message => 'silent' })
    } 1 .. 2;
    get($scene, '');

    my $start = now();
    is(promote($scene, 0)->finish->{status}, 200,
       'a silent host does not delay another');
    cmp_ok(now() - $start, '<', 1.5 + $slow, 'at all');
    my @answered = IO::Select->new(map { $_->socket } @behind)->can_read(0);
    is(scalar @answered, 0,
       'before a preview that waits for the silent one has had its turn');
    $_->close for @lost, @behind;

    # a flood of one lane, in many small batches, each slow
    $repo->hook('pre-receive', "#!/bin/sh\ngrep -q main && sleep 0.3\n"
                               . "exit 0\n");
    my @flood = map { promote($scene, $_) } 1 .. 58;
    wait_for('the flood', sub { waiting($scene) > 40 }, 20);
    $start = now();
    is(promote($scene, 59)->finish->{status}, 200,
       'the flood of one lane does not delay another');
    cmp_ok(now() - $start, '<', 1.5 + $slow, 'much');
    cmp_ok(waiting($scene), '>', 20, 'which is still there');
    is(scalar(grep { $_->finish->{status} == 200 } @flood), 58,
       'and all of it lands');
}

done_testing();
