# QUIT, whatever a worker is doing: it ends soon; what it has begun is done,
# what it has not is left to others, or to the next start.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Moments;
use Promotions::Remotes;

use IO::Socket::INET ();
use Time::HiRes ();

my $slow = $ENV{PROMOTIONS_ASAN} ? 4 : 1;


# How long it takes to end, in seconds; it must not be killed for it.
sub quit_in {
    my ($nginx, $name, $limit) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $start = Time::HiRes::time();
    ok($nginx->quit($limit * $slow), "$name: nginx ends")
        or diag(substr $nginx->log, -4000);
    return Time::HiRes::time() - $start;
}


# Tells it to end, and does not wait.
sub told {
    my ($nginx) = @_;

    my @workers = $nginx->workers;
    kill 'QUIT', $nginx->master;
    wait_for('the workers to be told', sub {
        my %now = map { $_ => 1 } $nginx->workers;
        return !grep { $now{$_} } @workers;
    });
}


# clients that are there and say nothing, and one who is answered later

{
    my $scene = scene(workers => 2, server =>
        'location /soon/ { promotions; promotions_wait 1s; }');
    my ($nginx, $repo) = @$scene{qw(nginx repo)};

    my $idle = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->{port});
    syswrite $idle, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    sysread $idle, my $answer, 4096;
    like($answer, qr{^HTTP/1\.1 200 }, 'a connection that is kept open');

    my $gate = $scene->hold;
    my %request = $scene->commit_request('orders-dev', 'orders-qa');
    my $short = $nginx->open(%request, path => '/soon/commit');
    $scene->reached($gate);
    my $later = $nginx->open(%request, timeout => 60, json => {
        %{ $request{json} }, srcAppId => app_id('orders-qa'),
        destAppId => app_id('orders-prod') });
    wait_for('it to be queued', sub {
        $scene->{redis}->call('ZCARD', 'promotions:promotions') == 2 });

    told($nginx);
    is($scene->answer($short)->{status}, 202, 'who cannot be waited for: 202');
    is(sysread($idle, $answer, 4096), 0, 'who says nothing is let go');
    $scene->release($gate);
    like($scene->answer($later)->{status}, qr/^20[02]$/,
         'who waits behind it has an answer too');
    quit_in($nginx, 'a push under way', 40);

    $nginx->restart;
    ok(eval { wait_for('both', sub { $repo->git('rev-list', '--count',
        '--grep=^Promotion-Id:', 'main') == 2 }, 20 * $slow) },
       'both land, if not now then after the next start') or diag($@);
}


# many jobs behind a host that says nothing, two at a time, 1 s each: 80
# previews, and 30 lanes

{
    my $git = Promotions::Git->start;
    my $repo = $git->repository('many', files());
    $repo->git('branch', "b$_", 'main') for 1 .. 30;
    my $scene = remotes(threads => 8, pairs => { map {
            ("b$_" => { url => $repo->url, to_branch => "b$_" }) } 1 .. 30 },
        http => 'promotions_git_timeout 4s; promotions_git_idle_timeout 1s;'
              . 'promotions_lease 2s;');
    my ($nginx, $redis) = @$scene{qw(nginx redis)};
    $scene->{git} = $git;

    is($scene->preview('b1-dev', 'b1-qa')->{status}, 200,
       'a host that answers');
    $scene->silence;
    my %preview = (path => '/api/promotions/preview', timeout => 100);
    my @clients = map { $nginx->open(
        $scene->commit_request('b1-dev', 'b1-qa'), %preview) } 1 .. 80;
    my @lanes = map { $nginx->open(
        $scene->commit_request("b$_-dev", "b$_-qa"), timeout => 100) } 1 .. 30;
    wait_for('the last one', sub {
        $redis->call('ZCARD', 'promotions:promotions') == 30 }, 10 * $slow);

    told($nginx);
    my %count;
    $count{ $scene->answer($_)->{status} }++ for @clients;
    cmp_ok($count{503} // 0, '>=', 40, 'what has not begun in time is refused');
    is(($count{503} // 0) + ($count{504} // 0), 80,
       'what has is told that the host is silent') or diag(explain(\%count));

    %count = ();
    $count{ $scene->answer($_)->{status} }++ for @lanes;
    cmp_ok($count{202} // 0, '>=', 10, 'promotions that were not begun: 202');
    is(($count{202} // 0) + ($count{504} // 0), 30, 'the others had their turn')
        or diag(explain(\%count));
    quit_in($nginx, 'a silent host', 40);

    my @left = grep { $scene->record($_)->{state} eq 'QUEUED' }
               @{ $redis->call('ZRANGE', 'promotions:promotions', 0, -1) };
    is(scalar @left, $count{202}, 'they are left to others');
    $scene->speak;
    $nginx->restart;
    ok(eval { wait_for('them', sub {
        !grep { $scene->record($_)->{state} ne 'LANDED' } @left },
        20 * $slow) }, 'and done at the next start') or diag($@);
}


# somebody else is faster at each push

{
    my $git = Promotions::Git->start;
    my $repo = $git->repository('moving', files());
    my $on = temporary_folder() . '/on';
    my $n = 0;
    my $wire = wire($git->{port}, edit => sub {
        my ($way, $bytes) = @_;

        if ($way eq 'to_server' && -e $on
            && $bytes =~ qr{^POST \S+/git-receive-pack })
        {
            write_file("$on.reached", '');
            local $SIG{CHLD} = 'DEFAULT';
            Time::HiRes::sleep(0.3);
            $repo->commit({ 'outside' => Time::HiRes::time() . "\n" });
        }
        return $bytes;
    });
    my $url = 'http://127.0.0.1:' . $wire->port . '/moving.git';
    my $scene = remotes(pairs => { moving => $url },
        http => 'promotions_git_timeout 2s; promotions_lease 2s;',
        server => 'location /some/ { promotions; promotions_wait 30s; }');
    my $nginx = $scene->{nginx};

    write_file($on, '');
    my $client = $nginx->open($scene->commit_request('moving-dev',
        'moving-qa'), path => '/some/commit', timeout => 60 * $slow);
    wait_for('a push', sub { -e "$on.reached" }, 10 * $slow);
    told($nginx);
    my $id = $scene->newest;
    ok(eval { wait_for('the lane to be given back', sub {
        !$scene->{redis}->call('EXISTS', 'promotions:lane:'
            . lane_of($scene) . ':lease') }, 30 * $slow) },
       'a worker that quits gives back what it cannot finish') or diag($@);
    is($scene->record($id)->{status}, undef, 'which has not failed');
    $client->close;
    quit_in($nginx, 'a branch that moves at each push', 40);

    unlink $on;
    $nginx->restart;
    ok(eval { wait_for('it', sub { $scene->record($id)->{state} eq 'LANDED' },
                       20 * $slow) }, 'and is done at the next start');
}


sub lane_of {
    my ($scene) = @_;
    return $scene->{redis}->call('SMEMBERS', 'promotions:lanes')->[0] // '';
}


# a provider that is down: its pull request waits for no worker

{
    my $scene = scene(forge => 'github', workers => 2, server =>
        'location /soon/ { promotions; promotions_wait 1s; }');
    my $nginx = $scene->{nginx};

    $scene->{forge}->fault(status => 503);
    my $r = $nginx->request(method => 'POST', path => '/soon/pullRequest',
        key => $scene->{key}, json => { srcAppId => app_id('orders-dev'),
        destAppId => app_id('orders-qa'), head => 'main', title => 'later' });
    is($r->{status}, 202, 'a provider that is down');
    quit_in($nginx, 'a pull request that is pending', 20);
    $scene->{forge}->clear;
    $nginx->restart;
    my $id = $r->{headers}{'promotion-id'};
    ok(eval { wait_for('it', sub { $scene->record($id)->{state} eq 'OPEN' },
                       40 * $slow) }, 'and is opened after the next start');
}


# worker_shutdown_timeout: clients are let go, what was begun is done

{
    my $scene = scene(workers => 1, main => 'worker_shutdown_timeout 500ms;');
    my ($nginx, $redis) = @$scene{qw(nginx redis)};

    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    told($nginx);
    is($scene->answer($client)->{status}, 0,
       'worker_shutdown_timeout: a client is let go');
    $scene->release($gate);
    quit_in($nginx, 'its push', 40);
    is($scene->record($id)->{state}, 'LANDED', 'what was begun is done');
    is($scene->on_the_branch($id), 1, 'once');
}


# Redis says nothing

{
    my $scene = scene(workers => 1, http => 'promotions_lease 2s;');
    my ($nginx, $redis) = @$scene{qw(nginx redis)};

    my $gate = $scene->hold;
    my $client = $scene->waiting;
    $scene->reached($gate);
    my $id = $scene->newest;
    $redis->pause;
    told($nginx);
    $scene->release($gate);
    is($scene->answer($client)->{status}, 200,
       'Redis is silent: what has landed is told');
    quit_in($nginx, 'a silent Redis', 40);
    $redis->resume;
    $nginx->restart;
    ok(eval { wait_for('it', sub { $scene->record($id)->{state} eq 'LANDED' },
                       20 * $slow) }, 'and found at the next start');
    is($scene->on_the_branch($id), 1, 'once');
}

done_testing();
