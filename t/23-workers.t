# Workers and masters: many clients at once, clients that leave, reload, quit,
# kill -9 with a job under way, a full thread pool, an event loop that never
# blocks.

use lib 't/lib';
use Promotions::Test;

my $asan = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $many = 20;
my $scene = scene(
    workers => 4, many => $many,
    http    => 'promotions_lease 1s;',
    server  => 'location /static/ { root @DIR@; }');
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

write_file("$nginx->{dir}/static/file", 'a static file');


sub commit_request {
    my ($source, $destination) = @_;
    return (method => 'POST', path => '/api/promotions/commit',
            key => $scene->{key}, timeout => 20 * $asan, json => {
                srcAppId => app_id($source),
                destAppId => app_id($destination),
                message => "$source to $destination" });
}


# A client that waits for the promotion of dev to qa.
sub waiting {
    my ($nginx) = @_;
    $scene->change;
    return $nginx->open(commit_request('orders-dev', 'orders-qa'));
}


# A push waits in the hook until the gate is released.
sub hold {
    my ($hook, $repo) = @_;

    $repo //= $scene->{repo};
    my $gate = temporary_folder() . '/gate';
    $repo->hook($hook // 'pre-receive', "#!/bin/sh\n"
        . "touch $gate.reached\n"
        . "for i in \$(seq 500); do\n"
        . "    test -e $gate && exit 0\n"
        . "    sleep 0.02\n"
        . "done\nexit 1\n");
    return $gate;
}


sub reached {
    my ($gate) = @_;
    wait_for('the push', sub { -e "$gate.reached" });
}


sub release {
    my ($gate, $hook) = @_;
    write_file($gate, '');
}


# The git server says nothing until it is resumed.
sub silence {
    kill 'STOP', -$scene->{git}{fcgi}->pid;
}


sub speak {
    kill 'CONT', -$scene->{git}{fcgi}->pid;
}


sub record {
    my ($id) = @_;
    return $redis->hash("promotions:promotion:$id");
}


# The id of the newest promotion.
sub newest {
    return $redis->call('ZRANGE', 'promotions:promotions', -1, -1)->[0];
}


sub on_the_branch {
    my ($id) = @_;
    return scalar grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m }
                       $repo->log;
}


sub landed_once {
    my ($id, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok(eval { wait_for('the record', sub {
        (record($id)->{state} // '') eq 'LANDED' }, 12 * $asan) },
       "$name: recorded as landed")
        or diag(JSON::PP->new->encode(record($id)));
    is(on_the_branch($id), 1, "$name: on the branch exactly once");
    is($repo->tree('main:qa/orders'), $repo->tree('main:dev/orders'),
       "$name: qa equals dev");
    is($repo->fsck, '', "$name: git fsck --strict");
}


# The worker that leads the lane that is under way.
sub leader {
    return wait_for('a leader', sub {
        for my $lane (@{ $redis->call('SMEMBERS', 'promotions:lanes') }) {
            my $token = $redis->call('GET', "promotions:lane:$lane:lease");
            return $1 if defined $token && $token =~ /:(\d+):/;
        }
        return 0;
    });
}


sub gone {
    my ($pid) = @_;
    return !kill 0, $pid;
}


# clients at once

{
    my $before = () = $repo->log;
    my @answers = $nginx->requests(map { {
        commit_request("many-$_-dev", "many-$_-qa") } } 1, 2);
    is(join(' ', map { $_->{status} } @answers), '200 200',
       'two clients at once');

    push @answers, $nginx->requests(map { {
        commit_request("many-$_-dev", "many-$_-qa") } } 3 .. $many);
    is(scalar(grep { $_->{status} == 200 } @answers), $many,
       "$many clients at once, on several workers");

    my %sha = map { (($_->json // {})->{COMMIT_SHA} // '') => 1 } @answers;
    is(scalar keys %sha, $many, 'each has a commit of its own');

    my @log = $repo->log;
    is(@log - $before, $many, 'and there is no other on the branch');
    is(scalar(grep { $sha{ $_->{sha} } } @log), $many, 'they are on it');
    my %ids = map { ($repo->trailers($_->{sha})->{'Promotion-Id'} // '') => 1 }
              @log[0 .. $many - 1];
    is_deeply([sort keys %ids],
              [sort map { $_->{headers}{'promotion-id'} } @answers],
              'each id is in the trailers of one');
    is(scalar(grep { $repo->tree("main:dev/many-$_")
                     eq $repo->tree("main:qa/many-$_") } 1 .. $many), $many,
       'each folder of qa equals its source');
    is($repo->fsck, '', 'git fsck --strict');
}


# the event loop never blocks

{
    silence();
    $scene->change;
    my @clients = map { $nginx->open(%$_) }
                  { commit_request('orders-dev', 'orders-qa') },
                  map { { commit_request("many-$_-dev", "many-$_-qa"),
                          path => '/api/promotions/preview' } } 1 .. 8;
    select undef, undef, undef, 0.2;

    my @time;
    for (1 .. 200) {
        my $start = Time::HiRes::time();
        my $r = $nginx->request(path => '/static/file');
        push @time, Time::HiRes::time() - $start
            if $r->{body} eq 'a static file';
    }

    @time = sort { $a <=> $b } @time;
    is(scalar @time, 200, 'static files come while a remote is silent');
    cmp_ok($time[99], '<', 0.02 * $asan, 'as fast as ever: the median');
    cmp_ok($time[195], '<', 0.15 * $asan, 'and nearly all');

    speak();
    my ($first, @previews) = map { $_->finish } @clients;
    $scene->landed($first, 'the remote speaks again: promoted');
    is(scalar(grep { $_->{status} == 200 } @previews), 8, 'and previewed');
}


# a client that leaves

{
    my $gate = hold();
    my $client = waiting($nginx);
    reached($gate);
    my $id = newest();
    my $behind = $nginx->open(commit_request('orders-dev', 'orders-prod'));
    wait_for('the second', sub { newest() ne $id });
    my $second = newest();
    $_->close for $client, $behind;
    release($gate);
    landed_once($id, 'the client left in mid-push');
    landed_once($second, 'the client left while it waited');
    is($repo->tree('main:prod/orders'), $repo->tree('main:dev/orders'),
       'prod equals dev');
}


# reload

{
    my $gate = hold();
    my $client = waiting($nginx);
    reached($gate);
    my @old = $nginx->workers;
    my $leader = leader();
    $nginx->reload;
    ok(!gone($leader), 'reload: the worker with a job stays');
    wait_for('the others to end', sub {
        !grep { $_ != $leader && !gone($_) } @old }) if 0;

    $scene->{repo}->commit({ 'prod/orders/values.yaml' => "old: true\n" });
    my $behind = $nginx->open(commit_request('orders-dev', 'orders-prod'));
    select undef, undef, undef, 0.2;
    release($gate);
    $scene->landed($client->finish, 'reload: its client has its answer');
    is($behind->finish->{status}, 200,
       'reload: one that came meanwhile is promoted by a new worker');
    ok(eval { wait_for('the old workers to end', sub {
        !grep { !gone($_) } @old }, 10 * $asan) },
       'reload: the old workers end');
}

for my $n (1 .. 3) {
    my @old = $nginx->workers;
    $nginx->reload;
    ok(eval { wait_for('the old workers to end', sub {
        !grep { !gone($_) } @old }, 10 * $asan) }, "idle reload $n");
}


# kill -9 of the leader, before, in and after the push

{
    silence();
    my $client = waiting($nginx);
    my $leader = leader();
    my $id = newest();
    $nginx->kill_worker($leader);
    speak();
    landed_once($id, 'killed before the push');
    $client->finish;
}

for my $hook ('pre-receive', 'post-receive') {
    my $name = $hook eq 'pre-receive' ? 'killed in the push'
                                      : 'killed after the push';
    my $gate = hold($hook);
    my $client = waiting($nginx);
    reached($gate);
    my $id = newest();
    my $head = $repo->head;
    my $start = time;
    $nginx->kill_worker(leader());
    release($gate);
    landed_once($id, $name);
    cmp_ok(time - $start, '<=', 8 * $asan,
           "$name: another worker has taken the lane over");
    my $r = $client->finish;
    ok($r->{status} == 0 || $r->{status} == 200,
       "$name: the client has an answer or none") or diag($r->{status});
    unlink $repo->path . "/hooks/$hook";
}

$scene->landed(waiting($nginx)->finish, 'after all, business as usual');


# quit

{
    my $gate = hold();
    my $client = waiting($nginx);
    reached($gate);
    my $id = newest();
    my @workers = $nginx->workers;
    kill 'QUIT', $nginx->master;
    wait_for('it to stop listening', sub {
        !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                               PeerPort => $nginx->{port}) });
    select undef, undef, undef, 0.2;
    release($gate);
    $scene->landed($client->finish, 'quit: the client has its answer');
    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 10 * $asan) }, 'and nginx ends');
    is(scalar(grep { !gone($_) } @workers), 0, 'with all of its workers');
    landed_once($id, 'quit with a job under way');
    $nginx->{stopped} = 1;
    $nginx->restart;
}


# kill -9 of the master

{
    my $gate = hold();
    my $client = waiting($nginx);
    reached($gate);
    my $id = newest();
    my @workers = $nginx->workers;
    kill 'KILL', $nginx->master;
    wait_for('the master to end', sub { !$nginx->{process}->alive });
    release($gate);
    $scene->landed($client->finish, 'a worker without a master answers');
    landed_once($id, 'the master was killed');
    kill 'QUIT', @workers;
    ok(eval { wait_for('the workers to end', sub {
        !grep { !gone($_) } @workers }, 10 * $asan) }, 'they end when told');
    $nginx->{stopped} = 1;
    $nginx->restart;
    $scene->landed(waiting($nginx)->finish, 'started anew');
}


# Redis gone and a worker told to quit: it ends all the same

for my $where ('before the push', 'in the push') {
    my $gate = hold();
    silence() if $where eq 'before the push';
    my $client = waiting($nginx);
    leader();
    reached($gate) if $where eq 'in the push';
    my $id = newest();
    $redis->pause;
    kill 'QUIT', $nginx->master;
    select undef, undef, undef, 0.3;
    speak();
    release($gate);

    my $r = $client->finish;
    ok($r->{status} == 200 || $r->{status} == 503,
       "Redis silent, quit $where: the client is answered")
        or diag($r->{status}, $r->{error} // $r->{body});
    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 12 * $asan) }, 'and nginx ends');

    $redis->resume;
    $nginx->{stopped} = 1;
    $nginx->restart;
    landed_once($id, "Redis silent, quit $where");
    unlink $repo->path . '/hooks/pre-receive';
}

$nginx->stop;


# one worker, one thread, a queue of one

{
    my $narrow = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog}, workers => 1,
        thread_pool => 'thread_pool promotions threads=1 max_queue=1;',
        server => 'location /files/ { promotions; '
                  . 'client_body_in_file_only clean; }',
        http => 'promotions_lease 1s;');
    my %preview = (commit_request('orders-dev', 'orders-qa'),
                   path => '/api/promotions/preview');

    silence();
    my @busy = map { $narrow->open(%preview) } 1, 2;
    select undef, undef, undef, 0.3;

    my @refused = $narrow->requests(map { { %preview } } 1 .. 4);
    is(scalar(grep { $_->{status} == 503 } @refused), 4,
       'a full pool is 503');
    is($refused[0]{headers}{'retry-after'}, 1, 'with Retry-After');
    is($narrow->request(%preview, path => '/files/preview')->{status}, 503,
       'also where the body is in a file');

    my $client = waiting($narrow);
    leader();
    my ($commands) = $redis->call('INFO', 'stats')
                     =~ /total_commands_processed:(\d+)/;
    my $lines = () = $narrow->log =~ /queue overflow/g;
    select undef, undef, undef, 1;
    my ($after) = $redis->call('INFO', 'stats')
                  =~ /total_commands_processed:(\d+)/;
    my $more = () = $narrow->log =~ /queue overflow/g;
    cmp_ok($after - $commands, '<', 200,
           'a promotion that finds the pool full is tried at leisure');
    cmp_ok($more - $lines, '<', 25, 'and does not fill the log');

    speak();
    is(scalar(grep { $_->finish->{status} == 200 } @busy), 2,
       'those in the pool are answered');
    $scene->landed($client->finish, 'and the promotion lands');
    $narrow->stop;
}


# a single process

{
    my $single = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog},
        main => 'master_process off;', http => 'promotions_lease 1s;');
    $scene->landed(waiting($single)->finish, 'master_process off');
    is($single->request(path => '/health')->{status}, 200, 'is healthy');

    my $gate = hold();
    my $client = waiting($single);
    reached($gate);
    my $id = newest();
    release($gate);
    $scene->landed($client->finish, 'a job under way in it');
    ok($single->quit, 'it ends when it is told to');
}

done_testing();
