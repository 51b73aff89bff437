# Health at the worst moments: a worker that ends, a thread pool that is full.

use lib 't/lib';
use Promotions::Test;

my $asan = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $scene = scene(
    workers => 1, http => 'promotions_lease 1s;',
    thread_pool => 'thread_pool promotions threads=1 max_queue=1;');
my ($nginx, $redis) = @$scene{qw(nginx redis)};


# a full pool

{
    $scene->silence;
    my %preview = ($scene->commit_request('orders-dev', 'orders-qa'),
                   path => '/api/promotions/preview');
    my @busy = map { $nginx->open(%preview) } 1, 2;
    my $r;

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
