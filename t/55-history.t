# What became of promotions: the list with its filters, pages and limits, one
# record with its timeline, cancelling; and what each key may see and end.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(workers => 2);
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

my %key = (
    admin   => $scene->{key},
    qa      => $redis->key(id => 'qa', grants => 'APPLICATION:R@qa'),
    prod    => $redis->key(id => 'prod', grants => 'ENVIRONMENT_AUDIT:R@prod'),
    staging => $redis->key(id => 'staging', grants => 'PROMOTE_TO@staging'),
    author  => $redis->key(id => 'author', author_name => 'Bob Builder',
                           author_email => 'bob@example.com',
                           grants => 'PROMOTE_TO@qa APPLICATION:R@dev'),
    to_qa   => $redis->key(id => 'to_qa', grants => 'PROMOTE_TO@qa'),
);

my $unknown = '01890a5d-ac96-774b-bcce-b302099a8057';


sub list {
    my ($query, $key) = @_;

    my $r = $scene->get($query ? "?$query" : '', key => $key{$key // 'admin'});
    return $r->json->{promotions} if $r->{status} == 200;
    diag("$query: $r->{status} $r->{body}");
    return [];
}


sub messages {
    return join ' ', map { $_->{message} } @{ list(@_) };
}


# All pages; dies when they do not end.
sub pages {
    my ($query, $key) = @_;

    my ($cursor, @all) = ('');

    for my $page (1 .. 50) {
        my $json = $scene->get("?$query&cursor=$cursor",
                               key => $key{$key // 'admin'})->json;
        push @all, map { $_->{message} } @{ $json->{promotions} };
        return "@all" if !defined $json->{cursor};
        $cursor = $json->{cursor};
    }

    die "no end of pages\n";
}


sub promote {
    my ($message, $key, $from, $to) = @_;

    my $r = $scene->post('commit', { srcAppId => app_id($from // 'orders-dev'),
        destAppId => app_id($to // 'orders-qa'), message => "$message" },
        key => $key{$key // 'admin'});
    return $r->{headers}{'promotion-id'} // die "$r->{status} $r->{body}";
}


sub time_of {
    my ($id) = @_;
    return $redis->call('HGET', "promotions:promotion:$id", 'created_at');
}


is_deeply($scene->get('')->json, { promotions => [], cursor => undef },
          'nothing yet');

# 1 .. 24: three into qa, one into prod, over and over; the last fails

my %id;

for my $n (1 .. 24) {
    my @into = $n % 4 ? ('orders-dev', 'orders-qa') : ('orders-qa',
                                                       'orders-prod');
    $scene->change if $n % 4;
    $id{$n} = promote($n, $n == 5 ? 'author' : 'admin', @into);
}

$id{25} = promote(25, 'admin', 'orders-qa', 'orders-prod');


# the list

is(messages(''), join(' ', reverse 6 .. 25), 'newest first, twenty of them');
is(messages('limit=3'), '25 24 23', 'or as many as were asked for');
is(messages('limit=100'), join(' ', reverse 1 .. 25), 'up to a hundred');
is(pages("limit=$_"), join(' ', reverse 1 .. 25), "in pages of $_")
    for 1, 7, 25;

for my $limit (0, 101, -1, 'x', '1e1', '99999999999999999999') {
    error_is($scene->get("?limit=$limit"), 400,
             'limit must be a number from 1 to 100', "limit=$limit");
}

error_is($scene->get("?cursor=$_"), 400,
         'cursor must be what the answer before it gave',
         'cursor=' . substr $_, 0, 20)
    for 'x', '%00', 'a%20b', '-', '1', 'a-b', '1-', '1-x' . 'f' x 35,
        '1' x 16 . "-$id{1}", "1-$id{1}0", '-' x 2000, 'f' x 3000;
is(messages("cursor=1-$id{1}"), '', 'one of long ago');

is(messages('state=FAILED'), '25', 'by state');
is(messages('state=landed'), '', 'exactly');
is(messages('author=Bob%20Builder'), '5', 'by author');
is(messages('author=Bob+Builder'), '5', 'however it is escaped');
is(messages('destination=codefresh/orders/orders-prod'), '25 24 20 16 12 8 4',
   'by destination');
is(messages('environment=prod&limit=2'), '25 24', 'by environment');
is(messages('environment=dev&limit=2'), '23 22', 'be it source or target');
is(messages('environment=dev&state=FAILED'), '', 'by both');
is(messages('environment=nowhere'), '', 'one that is not there');
is(messages('product=none'), '', 'by product');
is(pages('state=LANDED&limit=2&destination=codefresh/orders/orders-prod'),
   '24 20 16 12 8 4', 'filtered, in pages');

my ($from, $to) = (time_of($id{10}), time_of($id{12}));
is(messages("from=$from&to=$to"), '12 11 10', 'by time');
is(pages("from=$from&to=$to&limit=1"), '12 11 10', 'by time, in pages');
error_is($scene->get('?from=yesterday'), 400, qr/^from and to must/,
         'which is a number');

# equal times: pages neither lose nor repeat

my @equal = map { $id{$_} } 13 .. 18;
my $ms = time_of($id{13});

for my $id (@equal) {
    $redis->call('ZADD', $_, 'XX', $ms, $id)
        for map { "promotions:promotions$_" } '', ':dev', ':qa', ':prod';
}

is(join(' ', sort { $a <=> $b } split / /, pages("limit=$_")),
   join(' ', 1 .. 25), "several of one millisecond, in pages of $_")
    for 1, 2, 4;


# whose it is

is(pages('limit=100', 'qa'), pages('limit=100'),
   'a key of qa sees what comes from qa or goes there: here, all');
is(join(' ', sort { $b <=> $a } split / /, pages('limit=3', 'prod')),
   '25 24 20 16 12 8 4', 'a key of prod what goes there');
is(pages('limit=100', 'staging'), '', 'a key of another environment nothing');
is(messages('environment=prod', 'staging'), '', 'whatever it asks for');
is($scene->get('', key => 'x.y')->{status}, 401, 'nobody sees any');

for my $case (['admin', 1, 200], ['qa', 1, 200], ['prod', 1, 404],
              ['prod', 4, 200], ['staging', 4, 404])
{
    my ($key, $n, $status) = @$case;
    is($scene->get($id{$n}, key => $key{$key})->{status}, $status,
       "$key asks for " . ($n == 1 ? 'dev to qa' : 'qa to prod')
       . ": $status");
}

is($scene->get($id{1}, key => $key{staging})->{body},
   $scene->get($unknown, key => $key{staging})->{body} =~
       s/\Q$unknown\E/$id{1}/r,
   'one that it may not see is like one that is not there');
error_is($scene->get($unknown), 404, "promotion $unknown not found",
         'one that is not there');


# one of them

{
    my $json = $scene->get($id{5})->json;
    my $sha = $repo->git('log', '--format=%H', '--grep', "^5\$", 'main');

    is($json->{id}, $id{5}, 'its id');
    is($json->{state}, 'LANDED', 'its state');
    is($json->{COMMIT_SHA}, $sha, 'its commit');
    is($json->{statusCode}, 200, 'its status');
    is($json->{author}, 'Bob Builder <bob@example.com>', 'its author');
    is($json->{key}, 'author', 'the key');
    is_deeply($json->{srcAppId}, app_id('orders-dev'), 'where from');
    is_deeply($json->{destAppId}, app_id('orders-qa'), 'where to');
    is("$json->{sourceEnvironment} $json->{targetEnvironment}", 'dev qa',
       'their environments');
    is($json->{branchName}, 'main', 'the branch');
    like($json->{digest}, qr/^[0-9a-f]{64}$/, 'the digest of its changes');
    is($json->{batchSize}, 1, 'how many went out together');
    ok(!exists $json->{error}, 'no error');

    my @line = @{ $json->{timeline} };
    is(join(' ', map { $_->{state} } @line),
       'queued taken planned pushed settled', 'its timeline');
    is_deeply([ map { $_->{at} } @line ], [ sort map { $_->{at} } @line ],
              'in order');
    like($_->{at}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
         "when it was $_->{state}") for @line;

    $json = $scene->get($id{25})->json;
    is($json->{state}, 'FAILED', 'one that failed');
    is($json->{statusCode}, 400, 'its status');
    like($json->{error}, qr/^no changes found/, 'why');
    ok(!exists $json->{COMMIT_SHA}, 'no commit');
    is(join(' ', map { $_->{state} } @{ $json->{timeline} }),
       'queued taken settled', 'its timeline ends earlier');
}


# cancelling

sub cancel {
    my ($id, $key) = @_;
    return $nginx->request(method => 'DELETE', key => $key{$key // 'admin'},
                           path => "/api/promotions/$id");
}


# A hook holds the lane; %$body is added.
sub held {
    my ($code) = @_;

    my $gate = temporary_folder() . '/gate';
    $repo->hook('pre-receive', "#!/bin/sh\ntouch $gate.reached\n"
        . "while ! test -e $gate; do sleep 0.02; done\n");
    $scene->change;

    my $open = sub {
        my ($key, %headers) = @_;
        return $nginx->open(method => 'POST', key => $key{$key},
            path => '/api/promotions/commit', headers => \%headers,
            json => { srcAppId => app_id('orders-dev'),
                      destAppId => app_id('orders-qa'), message => 'held' });
    };

    my $first = $open->('admin');
    wait_for('the push', sub { -e "$gate.reached" });
    $code->($open);
    write_file($gate, '');
    $repo->hook('pre-receive', "#!/bin/sh\n");
    is($first->finish->{status}, 200, 'the one before it lands');
}


# The newest that is queued.
sub queued {
    return wait_for('it to be queued', sub {
        (list('state=QUEUED'))->[0] })->{id};
}

held(sub {
    my ($open) = @_;

    my $client = $open->('author', 'Idempotency-Key' => 'held');
    my $id = queued();

    is(cancel($id, 'staging')->{status}, 404, 'who may not see it');
    error_is(cancel($id, 'qa'), 403, 'Forbidden resource',
             'who may see it, but not promote there');
    is($scene->get($id)->json->{state}, 'QUEUED', 'ends nothing');

    my $r = cancel($id, 'author');
    is($r->{status}, 200, 'its author does');
    is_deeply($r->json, { id => $id, state => 'CANCELLED' }, 'and is told');

    $r = $client->finish;
    error_is($r, 409, 'the promotion was cancelled', 'so is who waits');
    is($r->{headers}{'promotion-id'}, $id, 'with its id');
    is(messages('state=CANCELLED'), 'held', 'the list says so');
    my $json = $scene->get($id)->json;
    is("$json->{state} $json->{statusCode}", 'CANCELLED 409',
       'the record, too');
    error_is(cancel($id), 409, qr/is CANCELLED, only one that is QUEUED/,
             'twice is once');

    # the Idempotency-Key may be used again
    $client = $open->('author', 'Idempotency-Key' => 'held');
    isnt(queued(), $id, 'and its Idempotency-Key is free');
    is(cancel(queued(), 'to_qa')->{status}, 200,
       'who may promote there ends it as well');
    is($client->finish->{status}, 409, 'who waits is told');

    # a group, of which a part goes elsewhere
    my $both = $redis->key(id => 'both',
                           grants => 'PROMOTE_TO@qa PROMOTE_TO@prod');
    $client = $nginx->open(method => 'POST', key => $key{admin},
        path => '/api/promotions/commit', json => {
            srcAppId => app_id('orders-dev'), message => 'held',
            destAppIds => [ map { app_id("orders-$_") } qw(qa prod) ] });
    wait_for('both', sub { @{ list('state=QUEUED') } == 2 });
    my ($to_qa) = grep { $_->{destAppId}{name} eq 'orders-qa' }
                  @{ list('state=QUEUED') };
    error_is(cancel($to_qa->{id}, 'to_qa'), 403, 'Forbidden resource',
             'who may not promote into all targets of its group does not');
    is(scalar @{ list('state=QUEUED') }, 2, 'both stay');
    $key{both} = $both;
    is(cancel($to_qa->{id}, 'both')->{status}, 200, 'who may, does');
    is($client->finish->{status}, 409, 'and is told of both');

    # under way
    my ($first) = map { $_->{id} } @{ list('state=PUSHING') };
    error_is(cancel($first), 409, qr/is PUSHING, only one that is QUEUED/,
             'what is under way goes on');
});

error_is(cancel($id{1}), 409, qr/is LANDED, only/, 'what has landed stays');
error_is(cancel($unknown), 404, "promotion $unknown not found",
         'one that is not there');
is($nginx->request(method => 'DELETE', path => "/api/promotions/$id{1}")
   ->{status}, 401, 'nobody ends any');
is(scalar(grep { $_->{message} =~ /^held$/m } $repo->log), 1,
   'what was cancelled is not on the branch');

ok(!@{ $redis->call('SMEMBERS', 'promotions:lanes') }, 'the lane is empty');


# Redis away

$redis->pause;
is($_->{status}, 503, 'Redis away: 503') for $scene->get(''),
    $scene->get($id{1}), cancel($id{1});
$redis->resume;

done_testing();
