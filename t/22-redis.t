# Redis as operators run it, and every way in which it goes away: stopped,
# killed, paused, restarted, full, read-only.  The answer is 503 in time,
# never 401, and what was accepted still lands once.

use lib 't/lib';
use Promotions::Test;
use IO::Socket::IP ();

# the timeout of a command, ms
my $timeout = 500;
my $options = " timeout=${timeout}ms connect_timeout=${timeout}ms";


# With the short timeouts, and a lease that ends before the test does.
sub short {
    my (%options) = @_;

    my $redis = $options{redis} // Promotions::Redis->start;
    return scene(git => 'local', %options, redis => $redis,
                 redis_directive => 'promotions_redis ' . $redis->directive
                     . $options . ($options{more} // '') . ';',
                 http => 'promotions_lease 1s; ' . ($options{http} // ''));
}


# 400 is the answer to an empty object: the key was good.
sub status {
    my ($scene, $key) = @_;
    return $scene->post('commit', {}, key => $key // $scene->{key},
                        timeout => 10)->{status};
}


sub recovers {
    my ($scene, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $row = 0;

    # by each worker
    my $good = eval {
        wait_for('Redis', sub {
            $row = status($scene) == 400 ? $row + 1 : 0;
            return $row == 10;
        }, 10);
    };
    ok($good, "$name: and then it is used again");
}


sub seconds {
    my ($start) = @_;
    return Time::HiRes::time() - $start;
}


# How often each promotion is on the branch.
sub on_the_branch {
    my ($scene) = @_;
    my %count;
    $count{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)/mg }
                     $scene->{repo}->log;
    return \%count;
}


# the ways to reach it

{
    my $redis = Promotions::Redis->start(unix => 1, user => 'gateway',
        password => 'p"ss\'w%rd', prefix => 'team/a:');
    my $file = temporary_folder() . '/password';
    write_file($file, "p\"ss'w%rd\n", 0600);
    $redis->call('ACL', 'SETUSER', 'gateway', 'resetkeys', '~team/a:*',
                 'resetchannels', '&team/a:*');
    $redis->call('SELECT', 3);

    my $scene = scene(git => 'local', redis => $redis, redis_directive =>
        'promotions_redis ' . $redis->address . " user=gateway "
        . "password_file=$file database=3 prefix=team/a:;");

    $scene->change;
    $scene->landed($scene->commit('orders-dev', 'orders-qa'),
                   'a unix socket, an ACL user, a database, a prefix');
    is(status($scene, 'nobody.x'), 401, 'an unknown key there');

    my @keys = @{ $redis->call('KEYS', '*') };
    is(scalar(grep { !m{^team/a:} } @keys), 0, 'nothing without the prefix')
        or diag("@keys");
    ok(@keys > 3, 'all of it in that database');
    $redis->call('SELECT', 0);
    is_deeply($redis->call('KEYS', '*'), [], 'and none in the first');
    unlike($scene->{nginx}->log, qr/\[(?:error|alert)\]|p"ss/,
           'no error, and no password, in the log');
}

for my $name ('localhost', '[::1]') {
    SKIP: {
        # Redis leaves out what is marked and not there
        my $redis = Promotions::Redis->start(
            options => [ '--bind', '127.0.0.1', '-::1' ]);

        skip 'this machine has no IPv6', 3
            if $name eq '[::1]'
               && !IO::Socket::IP->new(PeerHost => '::1', Timeout => 5,
                                       PeerPort => $redis->{port});

        my $scene = scene(git => 'local', redis => $redis, redis_directive =>
                          "promotions_redis $name:$redis->{port};");
        recovers($scene, $name);
        $scene->change;
        $scene->landed($scene->commit('orders-dev', 'orders-qa'),
                       "Redis at $name");

        like($redis->call('CLIENT', 'LIST'), qr/ laddr=\[::1\]:/,
             'which is where the workers are') if $name eq '[::1]';
    }
}


# a login that fails

{
    my $redis = Promotions::Redis->start(password => 'right');
    my $key = $redis->key;
    my $file = temporary_folder() . '/password';
    write_file($file, "wrong-s3cret\n", 0600);
    $redis->call('ACL', 'SETUSER', 'nokeys', 'on', '>pw', '+@all', '-hmget',
                 '&*');
    my $pw = temporary_folder() . '/password';
    write_file($pw, "pw\n", 0600);
    my $right = temporary_folder() . '/password';
    write_file($right, "right\n", 0600);

    for my $case (["password_file=$file", 'a wrong password',
                   qr/is not usable: WRONGPASS/],
                  ['', 'no password', qr/is not usable: NOAUTH/],
                  ["user=nobody password_file=$file", 'an unknown user',
                   qr/is not usable: WRONGPASS/],
                  ["password_file=$right database=99", 'no such database',
                   qr/is not usable: ERR DB index is out of range/],
                  ["user=nokeys password_file=$pw", 'no permission',
                   qr/redis refused HMGET: NOPERM/])
    {
        my ($text, $name, $pattern) = @$case;
        my $nginx = Promotions::Nginx->start(
            catalog => catalog('a.yaml' => environment('qa')),
            redis_directive => 'promotions_redis ' . $redis->address
                               . " $text;");

        my @answers = map { $nginx->request(method => 'POST', key => $_,
            path => '/api/promotions/commit', json => {}) }
            $key, 'nobody.x';
        is($_->{status}, 503, "$name: 503, not 401") for @answers;
        is($answers[0]{headers}{'retry-after'}, 1, 'try again');
        is($nginx->request(path => '/health')->{body},
           '{"status":"down","down":["redis"]}', 'health says so')
            if $name ne 'no permission';

        my @lines = grep { /\[error\]/ } split /\n/, $nginx->log;
        like($lines[0] // '', $pattern, "$name: the log says why");
        ok(@lines <= 2, 'once a connection, or a request')
            or diag(join "\n", @lines);
        unlike($nginx->log, qr/s3cret/, 'without the password');
        $nginx->stop;
    }
}


# not there when nginx starts

{
    my $redis = Promotions::Redis->start;
    $redis->stop;
    my $nginx = Promotions::Nginx->start(workers => 2,
        catalog => catalog('a.yaml' => environment('qa')), redis => $redis);
    my $scene = bless { nginx => $nginx, key => 'a.b' },
                'Promotions::Test::Scene';

    my $start = Time::HiRes::time();
    is(status($scene), 503, 'connection refused is 503');
    cmp_ok(seconds($start), '<', 0.5, 'at once');
    like($nginx->log, qr/\[error\].*is not usable: Connection refused/,
         'and in the log');
    my $lines = () = $nginx->log =~ /\[error\]/g;
    cmp_ok($lines, '<=', 4, 'once a connection, not once a try');

    $redis->launch;
    $scene->{key} = $redis->key;
    recovers($scene, 'started later');
    like($nginx->log, qr/\[notice\].*is back/, 'which the log says too');
}


# stopped, killed, paused

my $scene = short(workers => 2, redis => Promotions::Redis->start(
    persist => 1));
my ($redis, $nginx, $repo) = @$scene{qw(redis nginx repo)};

for my $way ('stop', 'kill') {
    $redis->$way;

    my $start = Time::HiRes::time();
    my @status = map { status($scene, $_) } $scene->{key}, 'nobody.x',
                                            $scene->{key};
    is("@status", '503 503 503', "$way: 503");
    cmp_ok(seconds($start), '<', 1, 'at once');
    is(status($scene, 'malformed'), 401, 'what Redis need not tell is 401');

    $redis->launch;
    recovers($scene, $way);
    $scene->change;
    $scene->landed($scene->commit('orders-dev', 'orders-qa'),
                   "$way: a Redis that knows no script of ours");
}

{
    my @keys = map { $redis->key } 1 .. 10;
    $redis->pause;

    my $start = Time::HiRes::time();
    my @answers = $nginx->requests(map { {
        method => 'POST', path => '/api/promotions/commit', json => {},
        key => $_ } } @keys, map { "nobody$_.x" } 1 .. 10);
    my $time = seconds($start);

    is(scalar(grep { $_->{status} == 503 } @answers), 20,
       'paused: 503 for each of 20 at once');
    cmp_ok($time, '<', $timeout * 1.2 / 1000
                       + ($ENV{PROMOTIONS_ASAN} ? 0.5 : 0.1),
           'within the timeout and a fifth');

    $start = Time::HiRes::time();
    is(status($scene), 503, 'and for one more');
    cmp_ok(seconds($start), '<', $timeout * 1.2 / 1000
           + ($ENV{PROMOTIONS_ASAN} ? 0.5 : 0.1), 'in the same time');

    # clients that leave while their key is looked up
    $_->close for map { $nginx->open(method => 'POST', json => {},
        path => '/api/promotions/commit', key => $_) } @keys;

    $redis->resume;
    recovers($scene, 'paused');

    my @status = map { status($scene, $_) } @keys[0 .. 3], 'nobody.x',
                                            "test1.wrong", $keys[0];
    is("@status", '400 400 400 400 401 401 400',
       'late answers are nobody\'s');
}

{
    my $sleeper = fork() // die "fork: $!";

    if ($sleeper == 0) {
        delete $redis->{connection};
        eval { $redis->call('EVAL', 'local t = redis.call("TIME") '
            . 'local e = t[1] * 1000000 + t[2] + 900000 repeat t = '
            . 'redis.call("TIME") until t[1] * 1000000 + t[2] > e', 0) };
        POSIX::_exit(0);
    }

    select undef, undef, undef, 0.1;
    my $start = Time::HiRes::time();
    is(status($scene), 503, 'a Redis that is busy');
    cmp_ok(seconds($start), '<', 1, 'is not waited for');
    waitpid $sleeper, 0;
    recovers($scene, 'busy');
}


# while it runs

{
    my $key = $redis->key(id => 'late');
    is(status($scene, $key), 400, 'a key is good as soon as it is there');
    $redis->call('HSET', 'promotions:key:late', 'grants',
                 'APPLICATION:R@dev');
    $scene->change;
    is($scene->post('commit', { srcAppId => app_id('orders-dev'),
                                destAppId => app_id('orders-qa'),
                                message => 'm' }, key => $key)->{status},
       403, 'its grants are those of now');
    $redis->call('HSET', 'promotions:key:late', 'disabled', 1);
    is(status($scene, $key), 401, 'disabled: at once');
    $redis->call('HSET', 'promotions:key:late', 'disabled', 0);
    is(status($scene, $key), 400, 'enabled: at once');
    $redis->call('DEL', 'promotions:key:late');
    is(status($scene, $key), 401, 'deleted: at once');

    my $gate = $scene->hold;
    $scene->change;
    my $client = $nginx->open(method => 'POST', key => $scene->{key},
        path => '/api/promotions/commit', json => {
            srcAppId => app_id('orders-dev'),
            destAppId => app_id('orders-qa'), message => 'flushed' });
    $scene->reached($gate);
    $redis->call('SCRIPT', 'FLUSH');
    $scene->release($gate);
    my $r = $client->finish;
    $scene->landed($r, 'SCRIPT FLUSH during a push');
    is($redis->hash("promotions:promotion:$r->{headers}{'promotion-id'}")
       ->{state}, 'LANDED', 'it is recorded all the same');

    for my $n (1 .. 3) {
        $redis->call('SCRIPT', 'FLUSH');
        $scene->change;
        $scene->landed($scene->commit('orders-dev', 'orders-qa'),
                       "SCRIPT FLUSH before a promotion, $n");
    }
}


# connections

sub connections {
    return scalar grep { !/cmd=client/ }
                  split /\n/, $redis->call('CLIENT', 'LIST');
}

for my $round (1 .. 5) {
    $redis->call('CLIENT', 'KILL', 'TYPE', $round % 2 ? 'normal' : 'pubsub');
    wait_for('connections', sub { connections() == 4 }, 5) for 1, 2;
}

is(connections(), 4, 'two connections a worker, however often they are lost');
recovers($scene, 'connections killed');

for my $n (1 .. 2) {
    $scene->change;
    my $gate = $scene->hold;
    my $client = $nginx->open(method => 'POST', key => $scene->{key},
        path => '/api/promotions/commit', json => {
            srcAppId => app_id('orders-dev'),
            destAppId => app_id('orders-qa'), message => "killed $n" });
    $scene->reached($gate);
    $redis->call('CLIENT', 'KILL', 'TYPE', $_) for 'normal', 'pubsub';
    $scene->release($gate);
    $scene->landed($client->finish, 'connections lost during a push');
}


# restarted, with requests that wait

{
    my $gate = $scene->hold;
    $scene->change;
    my @clients = map { $nginx->open(method => 'POST', key => $scene->{key},
        path => '/api/promotions/commit', timeout => 20, json => {
            srcAppId => app_id('orders-dev'),
            destAppId => app_id($_ == 1 ? 'orders-qa' : 'orders-prod'),
            message => "restarted $_" }) } 1, 2;
    $scene->reached($gate);
    $redis->restart;
    $scene->release($gate);

    my @answers = map { $_->finish } @clients;
    my @ids = map { $_->{headers}{'promotion-id'} // 'none' } @answers;

    for my $i (0, 1) {
        like($answers[$i]{status}, qr/^(?:200|503)$/,
             "restarted during a push: $answers[$i]{status}");
        like($ids[$i], qr/^[0-9a-f-]{36}$/, 'its id is told');
    }

    for my $id (@ids) {
        ok(eval { wait_for('it to land', sub {
            my $state = eval {
                $redis->hash("promotions:promotion:$id")->{state} } // '';
            $state eq 'LANDED';
        }, 10) }, 'it is recorded as landed')
            or diag(JSON::PP->new->encode(eval {
                $redis->hash("promotions:promotion:$id") } // {}));
        is(on_the_branch($scene)->{$id}, 1, 'and on the branch once');
    }

    is($repo->tree('main:prod/orders'), $repo->tree('main:dev/orders'),
       'prod equals dev');
    is($repo->fsck, '', 'git fsck --strict');
    recovers($scene, 'restarted');
}


# full

{
    my $gate = $scene->hold;
    $scene->change;
    my $client = $nginx->open(method => 'POST', key => $scene->{key},
        path => '/api/promotions/commit', json => {
            srcAppId => app_id('orders-dev'),
            destAppId => app_id('orders-qa'), message => 'full' });
    $scene->reached($gate);
    $redis->call('CONFIG', 'SET', 'maxmemory', 1);
    $scene->release($gate);
    my $r = $client->finish;
    $scene->landed($r, 'Redis is full during a push');
    wait_for('the record', sub {
        ($redis->hash('promotions:promotion:' . $r->{headers}{'promotion-id'})
            ->{state} // '') eq 'LANDED' });
    pass('which is recorded, full or not');

    $repo->hook('pre-receive', "#!/bin/sh\n");
    $scene->change;
    $r = $scene->commit('orders-dev', 'orders-qa');
    is($r->{status}, 503, 'Redis is full: 503');
    like($r->{headers}{'promotion-id'} // '', qr/^[0-9a-f-]{36}$/,
         'with the id');
    is(status($scene, 'nobody.x'), 401, 'keys are still looked up');
    like($nginx->log, qr/\[error\].*redis refused the script "submit": OOM/,
         'the log says why');

    $redis->call('CONFIG', 'SET', 'maxmemory', 0);
    $scene->landed($scene->commit('orders-dev', 'orders-qa'),
                   'room again: promoted');
}


# a replica

{
    my $replica = Promotions::Redis->start(
        options => ['--replicaof', "127.0.0.1 $redis->{port}"]);
    wait_for('the replica', sub {
        $replica->call('INFO', 'replication') =~ /master_link_status:up/
            && $replica->call('EXISTS', 'promotions:key:admin') }, 10);

    my $second = short(redis => $replica, key => $scene->{key});
    is(status($second), 400, 'a replica: keys are looked up');
    is(status($second, 'nobody.x'), 401, 'also unknown ones');
    $second->change;
    is($second->commit('orders-dev', 'orders-qa')->{status}, 503,
       'but nothing is promoted');
    like($second->{nginx}->log, qr/\[error\].*redis refused .*READONLY/,
         'the log says why');

    $replica->call('REPLICAOF', 'NO', 'ONE');
    $second->landed($second->commit('orders-dev', 'orders-qa'),
                    'it becomes the master: promoted');
    $second->{nginx}->stop;
    $replica->stop;
}

is_deeply([ grep { on_the_branch($scene)->{$_} != 1 }
                 keys %{ on_the_branch($scene) } ], [],
          'no promotion is on the branch twice');

done_testing();
