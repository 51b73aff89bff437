# Idempotency-Key: nothing happens twice.  202: the client need not wait, and
# the work goes on.

use lib 't/lib';
use Promotions::Test;

my $asan = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $scene = scene(
    workers => 4,
    http    => 'promotions_lease 1s;',
    server  => 'location /hasty/ { promotions; promotions_wait 1s; }');
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

my $other = $redis->key(id => 'other');
my %qa = (srcAppId => app_id('orders-dev'), destAppId => app_id('orders-qa'));
my $body = JSON::PP->new->encode({ %qa, message => 'raw' });
my %prod = (srcAppId => app_id('orders-dev'),
            destAppId => app_id('orders-prod'));


sub with_key {
    my ($value, $body, %request) = @_;

    my $headers = delete $request{headers} // {};
    return (method => 'POST', path => '/api/promotions/commit',
            key => $scene->{key}, json => $body, timeout => 20 * $asan,
            headers => { %$headers, 'Idempotency-Key' => $value }, %request);
}


sub send_key {
    return $nginx->request(with_key(@_));
}


sub id {
    my ($response) = @_;
    return $response->{headers}{'promotion-id'} // 'none';
}


sub commits {
    return scalar(my @log = $repo->log);
}


# The answer as clients see it, but for the date.
sub seen {
    my ($response) = @_;
    (my $head = $response->{head}) =~ s/^Date: .*\r\n//m;
    return "$head\r\n$response->{body}";
}


# done: the same answer again

$scene->change;
my $first = send_key('done', { %qa, message => 'once' });
$scene->landed($first, 'the first');
my $before = commits();

for my $n (1 .. 4) {
    my $again = send_key('done', { %qa, message => 'once' });
    is(seen($again), seen($first), "the same key and body again, $n");
}

$scene->change;
is(seen(send_key('done', { %qa, message => 'once' })), seen($first),
   'also when there would be something to promote');
is(commits(), $before + 1, 'nothing was promoted again');

my $ttl = $redis->call('TTL', 'promotions:idempotency:admin:done');
ok($ttl > 86000 && $ttl <= 86400, 'it is kept for 24 h') or diag($ttl);


# another body

for my $body ({ %qa, message => 'twice' }, { %prod, message => 'once' },
              { %qa, message => 'once', x => 1 })
{
    my $r = send_key('done', $body);
    error_is($r, 409, qr/Idempotency-Key/, 'another body is refused');
    is(id($r), id($first), 'with the id that holds the key');
    is($r->{headers}{location}, $first->{headers}{location}, 'and its place');
}

# another key

$scene->change;
my $r = send_key('done', { %qa, message => 'once' }, key => $other);
$scene->landed($r, 'the same value under another API key is another one');
isnt(id($r), id($first), 'with an id of its own');


# running: several at once

$scene->change;
my $gate = $scene->hold;
$before = commits();
my @clients = map {
    $nginx->open(with_key('running', { %qa, message => 'running' })) } 1 .. 8;
$scene->reached($gate);
error_is(send_key('running', { %qa, message => 'another' }), 409,
         qr/Idempotency-Key/, 'running: another body is refused at once');
push @clients,
    $nginx->open(with_key('running', { %qa, message => 'running' }));
$scene->release($gate);

my @answers = map { $scene->answer($_) } @clients;
$scene->landed($answers[0], 'running: one of nine at once');
is(scalar(grep { seen($_) eq seen($answers[0]) } @answers), 9,
   'all have the same answer')
    or diag(join "\n", map { seen($_) } @answers);
is(commits(), $before + 1, 'of one promotion');


# a client that leaves and comes back

$scene->change;
$gate = $scene->hold;
my $client = $nginx->open(with_key('back', { %qa, message => 'back' }));
$scene->reached($gate);
my $id = $scene->newest;
$client->close;
$client = $nginx->open(with_key('back', { %qa, message => 'back' }));
select undef, undef, undef, 0.1;
$scene->release($gate);
$r = $scene->answer($client);
$scene->landed($r, 'a client that left has its answer when it comes back');
is(id($r), $id, 'that of the first time');


# failures

$r = send_key('nothing', { %qa, message => 'nothing' });
error_is($r, 400,
         'no changes found between source and destination applications',
         'nothing to promote');
$scene->change;
is(seen(send_key('nothing', { %qa, message => 'nothing' })), seen($r),
   'a 4xx is an answer: it is the same again');

is(send_key('fixed', { %qa })->{status}, 400, 'a body that is wrong');
$scene->landed(send_key('fixed', { %qa, message => 'fixed' }),
               'holds no key: the right one is promoted');

$scene->change;
$repo->hook('pre-receive', "#!/bin/sh\necho not today >&2\nexit 1\n");
my $failed = send_key('retried', { %qa, message => 'retried' });
error_is($failed, 502, qr/hook declined|not today/, 'a refusal is a 502');
$repo->hook('pre-receive', "#!/bin/sh\n");
$r = send_key('retried', { %qa, message => 'retried' });
$scene->landed($r, 'after a 5xx a retry runs anew');
isnt(id($r), id($failed), 'as another promotion');
is(seen(send_key('retried', { %qa, message => 'retried' })), seen($r),
   'whose answer holds');


# the value

for my $value ('x' x 255, 'a:b*[c]{d}?', '"quoted"', '../x', "'") {
    $scene->change;
    my $r = send_key($value, { %qa, message => 'value' });
    $scene->landed($r, 'a value of ' . length($value) . ' characters');
    is(seen(send_key($value, { %qa, message => 'value' })), seen($r),
       'is known again');
}

is(scalar @{ $redis->call('KEYS', 'promotions:idempotency:admin:*') }, 11,
   'each is a key of its own in Redis');

for my $value ('x' x 256, '', "a b", "a\tb", "a\x01b", "a\x7fb", "\xe4") {
    (my $name = substr $value, 0, 8) =~ s/([^!-~])/sprintf '\\x%02x',
                                         ord $1/ge;
    my $r = send_key($value, { %qa, message => 'value' });
    error_is($r, 400, qr/Idempotency-Key/, "\"$name\" is no value");
    is($r->{headers}{'promotion-id'}, undef, 'and promotes nothing');
}


# Prefer: respond-async

for my $prefer ('respond-async', 'Respond-Async', 'wait=10, respond-async',
                'respond-async; foo="x"')
{
    $scene->change;
    $gate = $scene->hold;
    my $start = Time::HiRes::time();
    my $r = $nginx->request($scene->commit_request('orders-dev', 'orders-qa'),
                         headers => { Prefer => $prefer });
    cmp_ok(Time::HiRes::time() - $start, '<', 0.7 * $asan,
           "Prefer: $prefer is answered at once");
    is($r->{status}, 202, 'with 202');
    my $id = id($r);
    is(join(' ', $r->{body} =~ /"(\w+)":/g), 'id state message',
       'its keys in order');
    is($r->json->{id}, $id, 'the id');
    like($r->json->{state}, qr/^[A-Z]+$/, 'the state');
    is($r->{headers}{location}, "/api/promotions/$id", 'its Location');
    is($r->{headers}{'retry-after'}, 1, 'when to ask again');
    $scene->release($gate);
    $scene->landed_once($id, $prefer);
    is($scene->get($id)->json->{state}, 'LANDED', 'as it is told there');
}

for my $prefer ('respond-asynchronously', 'return=minimal', 'x-respond-async',
                'foo="respond-async"')
{
    $scene->change;
    my $r = $nginx->request($scene->commit_request('orders-dev', 'orders-qa'),
                            headers => { Prefer => $prefer });
    $scene->landed($r, "Prefer: $prefer waits");
}

# two headers of the name, and a comma in quotes

$scene->change;
$r = $nginx->request(method => 'POST', raw =>
    "POST /api/promotions/commit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    . "Authorization: $scene->{key}\r\nContent-Type: application/json\r\n"
    . "Prefer: foo=\"a\\\", b\", wait=3\r\nPrefer:  ,respond-async\r\n"
    . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
is($r->{status}, 202, 'Prefer in a second header');
$scene->landed_once(id($r), 'Prefer in a second header');

$r = $nginx->request(
    $scene->commit_request('orders-dev', 'orders-qa', message => 7),
    headers => { Prefer => 'respond-async' });
is($r->{status}, 400, 'a wrong body is told at once, Prefer or not');

$r = $nginx->request($scene->commit_request('orders-dev', 'orders-qa'),
                     headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'nothing to promote, as one will see');
wait_for('its end', sub { $scene->record(id($r))->{state} eq 'FAILED' });
is($scene->record(id($r))->{status}, 400, 'at the Location');


# both

$scene->change;
$gate = $scene->hold;
$r = send_key('both', { %qa, message => 'both' },
              headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'respond-async with a key');
$id = id($r);
$r = send_key('both', { %qa, message => 'both' },
              headers => { Prefer => 'respond-async' });
is("$r->{status} " . id($r), "202 $id", 'and again');
$client = $nginx->open(with_key('both', { %qa, message => 'both' }));
select undef, undef, undef, 0.1;
$scene->release($gate);
$r = $scene->answer($client);
$scene->landed($r, 'waited for under the same key');
is(id($r), $id, 'it is the same');


# promotions_wait

$scene->change;
$gate = $scene->hold;
my $start = Time::HiRes::time();
$r = $nginx->request($scene->commit_request('orders-dev', 'orders-qa'),
                     path => '/hasty/commit');
my $time = Time::HiRes::time() - $start;
is($r->{status}, 202, 'promotions_wait has passed: 202');
ok($time > 0.9 && $time < 1.5 * $asan, 'after that time') or diag($time);
is($r->{headers}{location}, '/hasty/' . id($r), 'its Location');
is($r->{headers}{'retry-after'}, 1, 'when to ask again');
$scene->release($gate);
$scene->landed_once(id($r), 'the work goes on');

$scene->change;
$scene->landed($nginx->request(
    $scene->commit_request('orders-dev', 'orders-qa'),
    path => '/hasty/commit'), 'in time: 200');

done_testing();
