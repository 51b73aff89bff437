# Tasks of several environments: newest first, in pages that neither lose nor
# repeat one, and no more work for Redis than for the newest thousand.

use lib 't/lib';
use Promotions::Test;
use Promotions::Review;

my $scene = review_scene();
my ($nginx, $redis) = @$scene{qw(nginx redis)};

# n requests into an environment, one each step from a time on
sub pend {
    my ($environment, $n, $from, $step) = @_;

    $redis->call('EVAL', <<'END', 0, $environment, $n, $from, $step);
for i = 1, tonumber(ARGV[2]) do
    local id = string.format('%s-%04d', ARGV[1], i)
    local ms = ARGV[3] + i * ARGV[4]
    redis.call('HSET', 'promotions:promotion:' .. id, 'state',
               i % 10 == 0 and 'QUEUED' or 'TO_BE_VALIDATED', 'review', 1,
               'subject', 'application', 'created_at', ms, 'pair', id)
    redis.call('ZADD', 'promotions:tasks:' .. ARGV[1], ms, id)
end
END
}

sub page {
    my ($page, $size, $key) = @_;

    my $r = $scene->management('GET', "user/tasks?page=$page&size=$size",
                               key => $key);
    is($r->{status}, 200, "page $page of $size") or diag($r->{error});
    return $r->json;
}

my $both = $redis->key(grants => 'ENVIRONMENT_API:U@qa ENVIRONMENT_API:U@prod');
my $create = $redis->key(grants => 'ENVIRONMENT_API:C@*');

# in turn: an odd one of qa, an even one of prod; each tenth is being accepted
pend('qa', 120, 1001, 2);
pend('prod', 120, 1002, 2);

my @all = map { $_->{data}{promotionId} }
          map { @{ page($_, 50, $both)->{data} } } 1 .. 5;
my @expected = reverse map { my $i = $_; map { sprintf '%s-%04d', $_, $i }
                             qw(qa prod) } grep { $_ % 10 } 1 .. 120;
is_deeply(\@all, \@expected, 'the newest of both first');
is_deeply(page(5, 50, $both)->{page}, { current => 5, per_page => 50,
    size => 16, total_pages => 5, total_elements => 216 }, 'counted');
is(page(6, 50, $both)->{page}{size}, 0, 'and then there are no more');

is_deeply([ map { $_->{data}{promotionId} }
            @{ page(1, 3, $scene->{reviewer})->{data} } ],
          [ 'qa-0119', 'qa-0118', 'qa-0117' ], 'one environment alone');
is(page(1, 50, $create)->{page}{total_elements}, 0,
   'what may create updates nothing');

# more than a thousand: the newest, wherever they are
pend('prod', 1500, 1_000_000, 1);
my $last = page(9, 100, $both);
is($last->{page}{total_elements}, 900, 'of the newest thousand');
is($last->{data}[-1]{data}{promotionId}, 'prod-0501', 'down to its oldest');
is(page(10, 100, $both)->{page}{size}, 0, 'and not beyond');
is(page(1, 100, $scene->{reviewer})->{page}{total_elements}, 108,
   'who decides elsewhere has the others');

is($scene->management('GET', "user/tasks?$_", key => $both)->{status}, 400, $_)
    for 'page=0', 'page=1001', 'size=0', 'size=101', 'size=x';

done_testing();
