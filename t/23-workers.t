# Workers: many clients at once, clients that leave, reload and quit with a job
# under way, a full thread pool, an event loop that never blocks, a single
# process.

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


sub gone {
    my ($pid) = @_;
    return !kill 0, $pid;
}


# clients at once

{
    my $before = () = $repo->log;
    my @answers = $nginx->requests(map { {
        $scene->commit_request("many-$_-dev", "many-$_-qa") } } 1, 2);
    is(join(' ', map { $_->{status} } @answers), '200 200',
       'two clients at once');

    push @answers, $nginx->requests(map { {
        $scene->commit_request("many-$_-dev", "many-$_-qa") } } 3 .. $many);
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
    $scene->silence;
    $scene->change;
    my @clients = map { $nginx->open(%$_) }
                  { $scene->commit_request('orders-dev', 'orders-qa') },
                  map { { $scene->commit_request("many-$_-dev", "many-$_-qa"),
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

    $scene->speak;
    my ($first, @previews) = map { $scene->answer($_) } @clients;
    $scene->landed($first, 'the remote speaks again: promoted');
    is(scalar(grep { $_->{status} == 200 } @previews), 8, 'and previewed');
}


# a client that leaves

{
    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    my $behind = $nginx->open($scene->commit_request('orders-dev',
                                                     'orders-prod'));
    wait_for('the second', sub { $scene->newest ne $id });
    my $second = $scene->newest;
    $_->close for $client, $behind;
    $scene->release($gate);
    $scene->landed_once($id, 'the client left in mid-push');
    $scene->landed_once($second, 'the client left while it waited');
    is($repo->tree('main:prod/orders'), $repo->tree('main:dev/orders'),
       'prod equals dev');
}


# HTTP/2: a stream that is reset, a connection that ends

{
    my $h2 = free_port();
    my $second = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog}, workers => 2,
        http => 'promotions_lease 1s;',
        server => "listen 127.0.0.1:$h2 http2;");

    for my $case (['nghttp', '-v', '-t', 1], ['nghttp', '-v', '-t', 60]) {
        my $body = temporary_folder() . '/body';
        my %request = $scene->commit_request('orders-dev', 'orders-qa');
        write_file($body, JSON::PP->new->encode($request{json}));
        my $gate = $scene->hold;
        $scene->change;
        my $client = Promotions::Process->start(name => 'nghttp', command => [
            @$case, '-H', "authorization: $scene->{key}",
            '-H', 'content-type: application/json', '-d', $body,
            "http://127.0.0.1:$h2/api/promotions/commit" ]);
        $scene->reached($gate);
        my $id = $scene->newest;

        if ($case->[-1] == 1) {
            wait_for('the client to leave', sub { !$client->alive });
        } else {
            $client->stop('KILL');
        }

        $scene->release($gate);
        $scene->landed_once($id, 'a client of HTTP/2 left');
    }

    is($second->request(path => '/health')->{status}, 200,
       'the workers go on');
    $second->stop;
}


# more wait than may

{
    my $short = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog}, workers => 2,
        http => 'promotions_lease 1s; promotions_queue 3;');
    my $gate = $scene->hold;
    my $client = $scene->waiting(nginx => $short);
    $scene->reached($gate);
    my @clients = map { $short->open($scene->commit_request(
        "many-$_-dev", "many-$_-qa")) } 1 .. 3;
    my ($lane) = @{ $redis->call('SMEMBERS', 'promotions:lanes') };
    wait_for('them to wait', sub {
        $redis->call('LLEN', "promotions:lane:$lane:waiting") == 3 });

    my $r = $short->request($scene->commit_request('many-4-dev',
                                                   'many-4-qa'));
    error_is($r, 503, qr/too many promotions wait/,
             'promotions_queue: one more is 503');
    is($r->{headers}{'retry-after'}, 1, 'with Retry-After');
    $scene->release($gate);
    is(join(' ', map { $scene->answer($_)->{status} } $client, @clients),
       '200 400 400 400', 'the others have their answers');
    $short->stop;
}


# more clients wait than are asked for in one call, and Redis is gone

{
    my $crowd = scene(git => 'local', http => 'promotions_lease 1s;');
    my $gate = $crowd->hold;
    my $first = $crowd->waiting;
    $crowd->reached($gate);
    my ($lane) = @{ $crowd->{redis}->call('SMEMBERS', 'promotions:lanes') };
    my $worker = $crowd->leader;
    my @clients = map { $crowd->{nginx}->open($crowd->commit_request(
        'orders-dev', 'orders-prod', message => "m $_")) } 1 .. 1100;
    wait_for('them to wait', sub {
        $crowd->{redis}->call('LLEN', "promotions:lane:$lane:waiting")
            == 1100 });

    $crowd->{redis}->kill;
    my %status;
    $status{ $crowd->answer($_)->{status} }++ for @clients;
    is_deeply(\%status, { 503 => 1100 },
              'Redis gone: 1100 clients that wait are told');

    $crowd->release($gate);
    $crowd->landed($crowd->answer($first),
                   'what was being pushed is told by the remote');
    ok(!gone($worker), 'by the same worker');
    $crowd->{nginx}->stop;
}


# reload

{
    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my @old = $nginx->workers;
    my $leader = $scene->leader;
    $nginx->reload;
    ok(!gone($leader), 'reload: the worker with a job stays');

    $scene->{repo}->commit({ 'prod/orders/values.yaml' => "old: true\n" });
    my $behind = $nginx->open($scene->commit_request('orders-dev',
                                                     'orders-prod'));
    select undef, undef, undef, 0.2;
    $scene->release($gate);
    my ($first, $second) = map { $scene->answer($_) } $client, $behind;
    $scene->landed($first, 'reload: its client has its answer');
    is($second->{status}, 200,
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


# quit

{
    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    my @workers = $nginx->workers;
    kill 'QUIT', $nginx->master;
    wait_for('it to stop listening', sub {
        !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                               PeerPort => $nginx->{port}) });
    select undef, undef, undef, 0.2;
    $scene->release($gate);
    $scene->landed($scene->answer($client), 'quit: the client has its answer');
    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 10 * $asan) }, 'and nginx ends');
    is(scalar(grep { !gone($_) } @workers), 0, 'with all of its workers');
    $scene->landed_once($id, 'quit with a job under way');
    $nginx->{stopped} = 1;
    $nginx->restart;
}


$nginx->stop;


# one worker, one thread, a queue of one; a host of its own takes both

{
    my $catalog = catalog(
        'all.yaml' => join '', map { read_file("$scene->{catalog}/$_.yaml") }
                               qw(environments applications));
    (my $url = $repo->url) =~ s/127\.0\.0\.1/localhost/;
    write_file("$catalog/elsewhere.yaml", join '', map {
        application(name => "elsewhere-$_", url => $url,
                    path => "$_/orders", server => "https://$_.example")
    } qw(dev qa));

    my $narrow = Promotions::Nginx->start(
        redis => $redis, catalog => $catalog, workers => 1,
        thread_pool => 'thread_pool promotions threads=1 max_queue=1;',
        server => 'location /files/ { promotions; '
                  . 'client_body_in_file_only clean; }',
        http => 'promotions_lease 1s;');
    my @preview = (path => '/api/promotions/preview');
    my %elsewhere = ($scene->commit_request('elsewhere-dev', 'elsewhere-qa'),
                     @preview);

    $scene->silence;
    $scene->change;
    my @busy = map { $narrow->open($scene->commit_request('orders-dev',
                         'orders-qa'), @preview) } 1, 2;
    select undef, undef, undef, 0.3;

    my @refused = $narrow->requests(map { \%elsewhere } 1 .. 4);
    is(scalar(grep { $_->{status} == 503 } @refused), 4,
       'a full pool is 503');
    is($refused[0]{headers}{'retry-after'}, 1, 'with Retry-After');
    is($narrow->request(%elsewhere, path => '/files/preview')->{status}, 503,
       'also where the body is in a file');

    my $client = $narrow->open($scene->commit_request('elsewhere-dev',
                                              'elsewhere-qa'));
    wait_for('it to be queued', sub {
        ($scene->record($scene->newest)->{state} // '') =~ /QUEUED|TAKEN/ });
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

    $scene->speak;
    is(scalar(grep { $scene->answer($_)->{status} == 200 } @busy), 2,
       'those in the pool are answered');
    $scene->landed($scene->answer($client), 'and the promotion lands');
    $narrow->stop;
}


# a single process

{
    my $single = Promotions::Nginx->start(
        redis => $redis, catalog => $scene->{catalog},
        main => 'master_process off;', http => 'promotions_lease 1s;');
    $scene->landed($scene->answer($scene->waiting(nginx => $single)),
                   'master_process off');
    is($single->request(path => '/health')->{status}, 200, 'is healthy');

    my $gate = $scene->hold;
    my $client = $scene->waiting(nginx => $single);
    $scene->reached($gate);
    my $id = $scene->newest;
    $scene->release($gate);
    $scene->landed($scene->answer($client), 'a job under way in it');
    ok($single->quit, 'it ends when it is told to');
}

done_testing();
