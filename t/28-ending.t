# Health at the worst moments: a worker that ends, a thread pool that is full.

use lib 't/lib';
use Promotions::Test;
use List::Util ();

use Config;

my $asan = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $scene = scene(
    workers => 1, http => 'promotions_lease 1s;',
    thread_pool => 'thread_pool promotions threads=1 max_queue=1;');
my ($nginx, $redis) = @$scene{qw(nginx redis)};


# a job's thread takes what the event loop leaves, in small pieces: one that
# is to do no more than end is not waited for on a busy machine

SKIP: {
    my $call = $Config{archname} =~ /^x86_64/ ? 315
             : $Config{archname} =~ /^aarch64/ ? 275
             : skip('the number of sched_getattr(2) is not known here', 3);
    my ($worker) = $nginx->workers;

    # filters of system calls may not know it
    my $attr = "\0" x 48;
    skip "sched_getattr(2): $!", 3 if syscall($call, 0, $attr, 48, 0) != 0;

    # size, policy, flags, nice, priority, runtime, deadline, period
    my $look = sub {
        syscall($call, $_[0], $attr, 48, 0) == 0 or die "sched_getattr: $!";
        return unpack 'LLQlLQQQ', $attr;
    };

    $scene->preview('orders-dev', 'orders-qa');
    my ($thread) = grep { $_->[3] == 19 }
                   map { [$look->(int((split m{/})[-1]))] }
                   glob "/proc/$worker/task/*";
    ok($thread, 'a thread that has had a job is nice');
    is($thread && $thread->[1], 3, 'SCHED_BATCH');

    # Linux before 6.12 has no slices of one's own, and tells none
    skip 'this kernel tells no slices', 1 if !($look->(int $$))[5];
    is($thread && $thread->[5], 100_000, 'with the shortest slice');
}


# a full pool

{
    $scene->silence;
    my %preview = ($scene->commit_request('orders-dev', 'orders-qa'),
                   path => '/api/promotions/preview');
    my ($r, @busy);

    # one in the thread, one in the queue, before a question takes a place
    for (1, 2) {
        push @busy, $nginx->open(%preview);
        select undef, undef, undef, 1;
    }

    wait_for('the pool to be full', sub {
        $r = $nginx->request(path => '/health', timeout => 0.3);
        $r->{status} == 503 });
    is($r->{body}, '{"status":"down","down":["threads"]}',
       'a full pool: health says so');
    is($r->{headers}{'content-type'}, 'application/json; charset=utf-8',
       'as JSON');
    is($r->{headers}{'retry-after'}, 1, 'with Retry-After');

    $scene->speak;
    is(scalar(grep { $scene->answer($_)->{status} == 200 } @busy), 2,
       'the others are answered');
    is($nginx->request(path => '/health')->{status}, 200,
       'and it is well again');
}


# threads that are all busy with a silent host: nothing is down, as long as the
# queue takes more; and whoever asks takes one place of it, however often

{
    my $busy = scene(workers => 1, thread_pool =>
                     'thread_pool promotions threads=1 max_queue=2;');
    my %preview = ($busy->commit_request('orders-dev', 'orders-qa'),
                   path => '/api/promotions/preview');
    my $r;

    $busy->silence;
    my @previews = $busy->{nginx}->open(%preview);
    wait_for('the thread to be busy', sub {
        my $start = Time::HiRes::time();
        $r = $busy->{nginx}->request(path => '/health', timeout => 20);
        Time::HiRes::time() - $start > 0.9 });
    is($r->{status}, 200, 'a silent host: health is well') or diag($r->{body});

    my @answers = $busy->{nginx}->requests(({ path => '/health' }) x 20);
    is(scalar(grep { $_->{status} == 200 } @answers), 20, 'also for many');

    push @previews, $busy->{nginx}->open(%preview);
    $r = $busy->{nginx}->request(path => '/health');
    is($r->{status}, 200, 'in the queue there is room for another');
    my @done = IO::Select->new(map { $_->socket } @previews)->can_read(0);
    is(scalar @done, 0, 'and nobody has waited for the host');

    $busy->speak;
    is(scalar(grep { $busy->answer($_)->{status} == 200 } @previews), 2,
       'who has, is answered');
    $busy->{nginx}->stop;
}


# a batch is closed by a thread, also where the pool is full: a child process
# that takes its time to end is not waited for by the event loop

{
    my $reached = temporary_folder() . '/reached';
    my $silent = Promotions::Tcp->start(sub {
        write_file($reached, '');
        sleep 600;
    });
    my $folder = temporary_folder();
    my $gate = "$folder/gate";
    write_file("$folder/git-receive-pack", "#!/bin/sh\nPATH='$ENV{PATH}'\n"
               . "touch $gate.reached\n"
               . "while ! test -e $gate; do sleep 0.02; done\n"
               . "git-receive-pack \"\$\@\"\nexec >&- 2>&-\nsleep 3\n", 0755);
    my $full = scene(workers => 1, git => 'local', main => 'env PATH;',
        environment => { PATH => "$folder:$ENV{PATH}" },
        server => 'location = /static { return 204; }',
        http => 'promotions_git_timeout 20s; promotions_git_idle_timeout 20s;',
        thread_pool => 'thread_pool promotions threads=1 max_queue=1;',
        templates => application(name => 'silent', path => 'x', url =>
            'http://127.0.0.1:' . $silent->port . '/r.git'));
    my $body = JSON::PP->new->encode({ srcAppId => app_id('orders-dev'),
        destAppId => app_id('silent'), message => 'm' });
    my $static = sub {
        my $start = Time::HiRes::time();
        $full->{nginx}->request(path => '/static');
        return Time::HiRes::time() - $start;
    };

    # the same again: nothing is pushed, and so git-receive-pack is there to
    # the end
    write_file($gate, '');
    is($full->commit('orders-dev', 'orders-qa')->{status}, 200, 'a promotion');
    unlink $gate, "$gate.reached";
    my $commit = $full->{nginx}->open(
        $full->commit_request('orders-dev', 'orders-qa'));
    $full->reached($gate);

    # one that takes the thread after that job, and one that then takes its
    # place in the queue: its key is known, and its body not there yet
    my $head = "POST /api/promotions/preview HTTP/1.1\r\nHost: x\r\n"
               . "Content-Type: application/json\r\nContent-Length: "
               . length($body) . "\r\nAuthorization: $full->{key}\r\n\r\n";
    my @previews = map { $full->{nginx}->open(method => 'POST', raw => $_) }
                   $head . $body, $head;
    $full->get('');

    $full->{redis}->pause;
    $full->release($gate);
    wait_for('the thread to be busy', sub { -e $reached });
    syswrite $previews[1]->socket, $body;
    $static->();
    $full->{redis}->resume;

    my $answer = $full->answer($commit);
    my @waited = map { $static->() } 1 .. 5;
    is($answer->{status}, 400, 'a full pool: a promotion is settled')
        or diag($answer->{body});
    cmp_ok(List::Util::max(@waited), '<', 1.5,
           'and nobody waits for git to end')
        or diag("@waited");
    ok(!grep({ $_ } IO::Select->new(map { $_->socket } @previews)
                                ->can_read(0)), 'while the pool is full');
    $_->close for @previews;
    $full->{nginx}->stop('TERM');
}


# SIGTERM while Redis is asked: there are no threads any more

{
    $redis->pause;
    my $client = $nginx->open(path => '/health');
    select undef, undef, undef, 0.2;
    kill 'TERM', $nginx->master;
    ok(eval { wait_for('nginx to end', sub {
        !$nginx->{process}->alive }, 10 * $asan) }, 'TERM: nginx ends');
    $redis->resume;
    is($scene->answer($client)->{body},
       '{"status":"down","down":["redis","threads"]}',
       'and has told what it could');
    unlike($nginx->log, qr/\[alert\]/, 'without a fault');
    $nginx->{stopped} = 1;
}

done_testing();
