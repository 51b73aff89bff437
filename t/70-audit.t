# The audit stream: what is recorded, of whom, once, whoever dies, and in which
# order.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;

my $scene = scene();
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

my $ann = $redis->key(id => 'ann', grants => 'PROMOTE_TO@qa APPLICATION:R@dev',
                      author_name => 'Ann Lee',
                      author_email => 'ann@example.com');


# a commit

my $r = $scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-qa'), message => 'to qa' }, key => $ann);
is($r->{status}, 200, 'a commit') or diag($r->{body});

my $id = $r->{headers}{'promotion-id'};
my @entries = audit($redis);

is(audit_events($redis), 'PROMOTION_CREATED PROMOTION_COMMITTED',
   'a commit is two entries');
audit_ok($redis, 'digests and chain of a commit');

for my $entry (@entries) {
    is("$entry->{user} $entry->{userName} $entry->{keyId}",
       'ann@example.com Ann Lee ann', "$entry->{event}: who");
    is($entry->{properties}{promotion}, $id, "$entry->{event}: which");
    is($entry->{referenceType}, 'APPLICATION', "$entry->{event}: of a kind");
    is($entry->{organizationId}, 'acme', "$entry->{event}: organization");
    ok(abs($entry->{createdAt} / 1000 - time) < 60, "$entry->{event}: when");
    like($entry->{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7/, "$entry->{event}: id");
}

is("$entries[0]{environmentId} $entries[0]{referenceId}",
   'dev codefresh/orders/orders-dev', 'asked for where it comes from');
is("$entries[1]{environmentId} $entries[1]{referenceId}",
   'qa codefresh/orders/orders-qa', 'committed where it goes to');
is($entries[1]{properties}{commit}, $repo->head, 'the commit is named');
is($entries[0]{properties}{override}, undef, 'nothing is overridden');


# keys: promotions-key

sub tool {
    my ($status, $output) = run('sh', '-c', 'exec "$0" "$@" 2>&1',
        ($ENV{B} // 'build') . '/promotions-key', '-a', $redis->address, @_);
    return ($status, $output);
}


my ($status, $secret) = tool('create', '--id', 'ci', '--name', 'CI',
                             '--grants', 'PROMOTE_TO@qa', '--expires', '90d');
($secret) = $secret =~ /^ci\.(\S+)$/m;

tool($_, 'ci') for qw(disable enable rotate delete);
tool('disable', 'nobody');

@entries = audit($redis);
splice @entries, 0, 2;

is(join(' ', map { "$_->{event}:$_->{properties}{action}" } @entries),
   'KEY_CREATED:create KEY_REVOKED:disable KEY_CREATED:enable '
   . 'KEY_REVOKED:rotate KEY_CREATED:rotate KEY_REVOKED:delete',
   'what changes a key is recorded');
is_deeply([ map { "$_->{referenceType} $_->{referenceId} $_->{user}" }
            @entries ], [ ('KEY ci ' . getpwuid $<) x 6 ],
          'which key, and who');
is($entries[0]{properties}{grants}, 'PROMOTE_TO@qa', 'what it was granted');
unlike(join('', map { %$_, %{ $_->{properties} } } @entries), qr/\Q$secret\E/,
       'its secret is not recorded');


# The entries since the last call, and in short.  Nobody waits for what tells
# of a refusal: wanted, so many of them.

my $seen = audit($redis);

sub since {
    my ($wanted) = @_;

    wait_for("$wanted entries", sub { audit($redis) >= $seen + $wanted }, 5)
        if $wanted;

    my @all = audit($redis);
    my @new = @all[$seen .. $#all];

    $seen = @all;
    return @new;
}


sub told {
    return join ', ', map { "$_->{event} $_->{environmentId}" } since(@_);
}


sub body {
    return { srcAppId => app_id('orders-dev'),
             destAppId => app_id('orders-qa'), message => 'm', @_ };
}


# once

my %headers = ('Idempotency-Key' => 'once');

$scene->change;
$r = $scene->post('commit', body(), key => $ann, headers => \%headers);
is($scene->post('commit', body(), key => $ann, headers => \%headers)->{body},
   $r->{body}, 'an answer is replayed');
is(told(), 'PROMOTION_CREATED dev, PROMOTION_COMMITTED qa',
   'what is replayed is recorded once');

is($scene->commit('orders-dev', 'orders-qa')->{status}, 400, 'no changes');
is(told(), 'PROMOTION_CREATED dev', 'what does not land is not committed');

is($scene->preview('orders-dev', 'orders-qa')->{status}, 200, 'a preview');
is(told(), '', 'is nothing to record');


# a group: an entry for each of its promotions

$scene->change;
$r = $scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppIds => [ map { app_id("orders-$_") } qw(qa prod) ],
    message => 'both' });
is($r->{status}, 200, 'a group') or diag($r->{body});

@entries = since();
is(join(', ', map { "$_->{event} $_->{environmentId}" } @entries),
   'PROMOTION_CREATED dev, PROMOTION_CREATED dev, '
   . 'PROMOTION_COMMITTED qa, PROMOTION_COMMITTED prod', 'each of a group');
is(scalar keys %{{ map { $_->{properties}{group} => 1 } @entries }}, 1,
   'which says so');


# a revert

$id = $entries[2]{properties}{promotion};
$r = $scene->post("$id/revert", {});
is($r->{status}, 200, 'a revert') or diag($r->{body});

@entries = since();
is(join(', ', map { "$_->{event} $_->{environmentId}" } @entries),
   'PROMOTION_CREATED qa, PROMOTION_COMMITTED qa',
   'a revert is of where it is');
is($entries[1]{properties}{reverts}, $scene->get($id)->json->{COMMIT_SHA},
   'and names what it undoes');


# a cancellation, by somebody else

my $gate = $scene->hold;
my $client = $scene->waiting;
$scene->reached($gate);

$r = $scene->post('commit', body(), key => $ann,
                  headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'one that waits');
$id = $r->json->{id};
is($nginx->request(method => 'DELETE', key => $scene->{key},
                   path => "/api/promotions/$id")->{status}, 200,
   'is cancelled');
is($nginx->request(method => 'DELETE', key => $scene->{key},
                   path => "/api/promotions/$id")->{status}, 409, 'once');

$scene->release($gate);
is($scene->answer($client)->{status}, 200, 'what it waited for lands');

@entries = grep { $_->{properties}{promotion} eq $id } since();
is(join(' ', map { "$_->{event} $_->{keyId}" } @entries),
   'PROMOTION_CREATED ann PROMOTION_CANCELLED admin',
   'who has asked, and who has cancelled it');
is($entries[1]{properties}{author}, 'Ann Lee', 'whose it was');


# refused attempts

my $weak = $redis->key(id => 'weak', grants => 'APPLICATION:R@qa',
                       author_name => 'Eve');

sub refused {
    return $scene->post('commit', body(@_), key => $weak)->{status};
}


is(refused(), 403, 'a key that must not');
my ($entry) = since(1);
is("$entry->{event} $entry->{environmentId} $entry->{referenceId} "
   . "$entry->{userName}", 'ACCESS_DENIED qa codefresh/orders/orders-qa Eve',
   'is recorded');
is_deeply($entry->{properties}, { method => 'POST',
    path => '/api/promotions/commit', reason => 'Forbidden resource' },
    'with what it tried');

is($scene->get('', key => 'weak.wrong')->{status}, 401, 'a wrong secret');
is($scene->get('', key => 'nobody.x')->{status}, 401, 'an unknown key');
is($scene->get($id, key => $weak)->{status}, 200, 'what it may see');
is(told(), '', 'these are no attempts of a key that is known');

# over and over, with another path each time

refused(message => "$_") for 1 .. 30;
@entries = since(9);
is(scalar @entries, 9, 'ten in an hour are recorded');
is(join(' ', map { $_->{properties}{limited} // '-' } @entries),
   '- - - - - - - - the last one for a while', 'the last of them says so');
is($scene->post('commit', body(destAppId => app_id('orders-prod')),
                key => $ann)->{status}, 403, 'another key');
is(told(1), 'ACCESS_DENIED prod', 'is recorded still');
ok($redis->call('TTL', 'promotions:denied:weak') > 3500, 'for an hour');
$redis->call('DEL', 'promotions:denied:weak');
refused();
is(told(1), 'ACCESS_DENIED qa', 'then it begins anew');


# what a client sends is harmless

{
    my $r = $nginx->request(method => 'DELETE', key => $weak,
        path => '/api/promotions/policies/evaluate%0a%1b%ff');
    is($r->{status}, 404, 'an odd path');
    error_is($scene->get('policies/evaluate?environment=prod', key => $weak),
             403, 'Forbidden resource', 'a refused one');
    ($entry) = since(1);
    is("$entry->{referenceType} $entry->{referenceId}", 'ENVIRONMENT prod',
       'of an environment');
}

audit_ok($redis, 'all of it');


# Redis full: what has landed is recorded, a refusal is not

$gate = $scene->hold;
$client = $scene->waiting;
$scene->reached($gate);
since();

$redis->call('CONFIG', 'SET', 'maxmemory', 1);
is(refused(), 403, 'refused while Redis is full');
$scene->release($gate);
is($scene->answer($client)->{status}, 200, 'landed while Redis is full');
is(told(), 'PROMOTION_COMMITTED qa', 'only what has landed is recorded');
$redis->call('CONFIG', 'SET', 'maxmemory', 0);

is(refused(), 403, 'room again');
is(told(1), 'ACCESS_DENIED qa', 'recorded again');


# what cannot be recorded does not happen

my $tail = $redis->call('DUMP', 'promotions:audit:tail');
$redis->call('SET', 'promotions:audit:tail', 'x');
$scene->change;
is($scene->commit('orders-dev', 'orders-qa')->{status}, 503,
   'a stream that cannot be written to');
is($redis->call('LLEN', $_), 0, "nothing in $_")
    for @{ $redis->call('KEYS', 'promotions:lane:*:waiting') };
$redis->call('DEL', 'promotions:audit:tail');
$redis->call('RESTORE', 'promotions:audit:tail', 0, $tail);
$scene->landed($scene->commit('orders-dev', 'orders-qa'), 'mended');

audit_ok($redis, 'after that');

done_testing();
