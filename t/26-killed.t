# kill -9 of a worker or the master with a job under way, and a worker that is
# told to quit while Redis is gone: others go on, and the promotion is on the
# branch exactly once.

use lib 't/lib';
use Promotions::Test;

my $asan = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $timeout = 500 * $asan;
my $server = Promotions::Redis->start;
my $scene = scene(workers => 4, http => 'promotions_lease 1s;',
                  redis => $server, redis_directive => 'promotions_redis '
                      . $server->directive . " timeout=${timeout}ms;");
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};


sub gone {
    my ($pid) = @_;
    return !kill 0, $pid;
}


# kill -9 of the leader, before, in and after the push

{
    $scene->silence;
    my $client = $scene->waiting;
    my $leader = $scene->leader;
    my $id = $scene->newest;
    $nginx->kill_worker($leader);
    $scene->speak;
    $scene->landed_once($id, 'killed before the push');
    $scene->answer($client);
}

for my $hook ('pre-receive', 'post-receive') {
    my $name = $hook eq 'pre-receive' ? 'killed in the push'
                                      : 'killed after the push';
    my $gate = $scene->hold($hook);
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    my $start = time;
    $nginx->kill_worker($scene->leader);
    $scene->release($gate);
    $scene->landed_once($id, $name);
    cmp_ok(time - $start, '<=', 8 * $asan,
           "$name: another worker has taken the lane over");
    my $r = $scene->answer($client);
    ok($r->{status} == 0 || $r->{status} == 200,
       "$name: the client has an answer or none") or diag($r->{status});
    unlink $repo->path . "/hooks/$hook";
}

$scene->landed($scene->answer($scene->waiting),
               'after all, business as usual');


# TERM does not wait: what is under way is found by the next leader

for my $where ('before the push', 'in the push') {
    my $gate = $scene->hold;
    $scene->silence if $where eq 'before the push';
    my $client = $scene->waiting;
    $scene->leader;
    $scene->reached($gate) if $where eq 'in the push';
    my $id = $scene->newest;
    my @others = map { $nginx->open($scene->commit_request('orders-dev',
                           'orders-prod'), path => "/api/promotions/$_")
                     } ('commit', 'preview') x 4;
    select undef, undef, undef, 0.1;
    kill 'TERM', $nginx->master;
    select undef, undef, undef, 0.2;
    $scene->speak;
    $scene->release($gate);

    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 10 * $asan) }, "TERM $where: nginx ends");
    $_->close for $client, @others;
    unlink $repo->path . '/hooks/pre-receive';
    $nginx->{stopped} = 1;
    $nginx->restart;
    $scene->landed_once($id, "TERM $where");
}


# kill -9 of the master

{
    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    my @workers = $nginx->workers;
    kill 'KILL', $nginx->master;
    wait_for('the master to end', sub { !$nginx->{process}->alive });
    $scene->release($gate);
    $scene->landed($scene->answer($client),
                   'a worker without a master answers');
    $scene->landed_once($id, 'the master was killed');
    kill 'QUIT', @workers;
    ok(eval { wait_for('the workers to end', sub {
        !grep { !gone($_) } @workers }, 10 * $asan) }, 'they end when told');
    $nginx->{stopped} = 1;
    $nginx->restart;
    $scene->landed($scene->answer($scene->waiting), 'started anew');
}


# Redis gone and a worker told to quit: it ends all the same

for my $where ('before the push', 'in the push') {
    my $gate = $scene->hold;
    $scene->silence if $where eq 'before the push';
    my $client = $scene->waiting;
    $scene->leader;
    $scene->reached($gate) if $where eq 'in the push';
    my $id = $scene->newest;
    $redis->pause;
    kill 'QUIT', $nginx->master;
    select undef, undef, undef, 0.3;
    $scene->speak;
    $scene->release($gate);

    my $r = $scene->answer($client);
    ok($r->{status} == 200 || $r->{status} == 503,
       "Redis silent, quit $where: the client is answered")
        or diag($r->{status}, $r->{error} // $r->{body});
    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 12 * $asan) }, 'and nginx ends');

    $redis->resume;
    $nginx->{stopped} = 1;
    $nginx->restart;
    $scene->landed_once($id, "Redis silent, quit $where");
    unlink $repo->path . '/hooks/pre-receive';
}

# a binary upgrade

{
    $nginx->stop;
    my $daemon = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog}, workers => 2,
        daemon => 1, http => 'promotions_lease 1s;');
    my $old = $daemon->master;
    my @old = $daemon->workers;
    my $gate = $scene->hold;
    my $client = $scene->waiting(nginx => $daemon);
    $scene->reached($gate);

    kill 'USR2', $old;
    wait_for('the new master', sub {
        my ($new, @workers) = ($daemon->master, $daemon->workers);
        return $new && $new != $old && @workers == 2;
    }, 20 * $asan);
    kill 'QUIT', $old;
    select undef, undef, undef, 0.3;
    my $behind = $daemon->open(
        $scene->commit_request('orders-dev', 'orders-prod'));
    select undef, undef, undef, 0.2;
    $scene->release($gate);

    my ($first, $second) = map { $scene->answer($_) } $client, $behind;
    $scene->landed($first, 'binary upgrade: the job under way is answered');
    is($second->{status}, 200, 'one that came meanwhile is promoted');
    ok(eval { wait_for('the old ones to end', sub {
        !grep { !gone($_) } $old, @old }, 10 * $asan) },
       'the old master and its workers end');
    $scene->landed($scene->answer($scene->waiting(nginx => $daemon)),
                   'the new ones go on');
}

done_testing();
