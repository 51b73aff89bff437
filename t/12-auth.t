# API keys: who is let in, and what for.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(server => <<'END');
        location /open/ {
            satisfy any;
            allow all;
            promotions;
        }
        location /sub/ { auth_request /api/promotions/environments; }
        location /mirrored/ {
            mirror /api/promotions/commit;
            return 204;
        }
END
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};
my $head = $repo->head;

my $body = { srcAppId => app_id('orders-dev'),
             destAppId => app_id('orders-qa'), message => 'm' };


sub try_key {
    my ($key, %request) = @_;
    return $nginx->request(method => 'POST', key => $key, json => $body,
                           path => '/api/promotions/commit', %request);
}


# 401: one answer for all

my $good = $redis->key(id => 'good', grants => 'admin');
my ($id, $secret) = split /\./, $good, 2;
my $expired = $redis->key(id => 'old', expires_at => time - 1);
my $disabled = $redis->key(id => 'off', disabled => 1);
my $no_digest = $redis->key(id => 'nodigest', digest => undef);
my $odd_digest = $redis->key(id => 'odd', digest => 'abc');
my $odd_name = $redis->key(id => 'evil', author_name => "Eve\nBad <x");

my %refused = (
    'no key'                => undef,
    'an empty one'          => '',
    'no dot'                => 'goodsecret',
    'no secret'             => "$id.",
    'no id'                 => ".$secret",
    'unknown'               => "nobody.$secret",
    'a wrong secret'        => "$id.x$secret",
    'a secret cut short'    => $id . '.' . substr($secret, 0, -1),
    'of another key'        => "old.$secret",
    'expired'               => $expired,
    'disabled'              => $disabled,
    'a record with no digest' => $no_digest,
    'a digest that is none' => $odd_digest,
    'an id with a colon'    => "key:$id.$secret",
    'an id with a star'     => "*.$secret",
    'an id too long'        => 'a' x 65 . ".$secret",
    'basic authentication'  => 'Basic Z29vZDpzZWNyZXQ=',
    'two of them'           => "$good $good",
);

for my $case (sort keys %refused) {
    my $r = try_key($refused{$case});

    is($r->{body}, '{"statusCode":401,"message":"Unauthorized"}',
       "401: $case") or diag($r->{status});
    ok($r->{status} == 401 && $r->{headers}{'www-authenticate'},
       'with WWW-Authenticate');
}

my $r = try_key($odd_name);
ok($r->{status} == 401 || $r->{status} == 403,
   'a record whose name would forge a commit is refused')
    or diag("$r->{status} $r->{body}");

is($repo->head, $head, 'none of them reached the repository');


# the body of a stranger is not read

$r = $nginx->request(method => 'POST', path => '/api/promotions/commit',
    timeout => 5, raw => "POST /api/promotions/commit HTTP/1.1\r\nHost: x\r\n"
    . "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n");
is($r->{status}, 401, 'answered before the body has come');

$r = $nginx->request(method => 'POST', path => '/api/promotions/commit',
    timeout => 5, raw => "POST /api/promotions/commit HTTP/1.1\r\nHost: x\r\n"
    . "Content-Type: application/json\r\nContent-Length: 10\r\n"
    . "Expect: 100-continue\r\nConnection: close\r\n\r\n");
is($r->{status}, 401, 'and without asking for it');
ok(!$r->{continued}, 'no 100 Continue');


# the ways around the access phase

$r = try_key(undef, path => '/open/commit');
is($r->{status}, 401, 'satisfy any does not open it');

$r = $nginx->request(path => '/sub/x', key => $good);
ok($r->{status} != 200, 'no answer to a subrequest of auth_request');

my $before = $repo->head;
$r = try_key($good, path => '/mirrored/x');
is($r->{status}, 204, 'a mirrored request');
sleep 1;
is($repo->head, $before, 'promotes nothing');


# 403: what a key may do

my %may = (
    'PROMOTE_TO@qa APPLICATION:R@dev'     => 200,
    'PROMOTE_TO@* APPLICATION:R@*'        => 200,
    'admin'                               => 200,
    'PROMOTE_TO@*'                        => 200,
    'PROMOTE_TO@qa'                       => 403,   # nothing on the source
    'APPLICATION:R@dev'                   => 403,
    'PROMOTE_TO@prod APPLICATION:R@dev'   => 403,
    'PROMOTE_PR@qa APPLICATION:R@dev'     => 403,   # pull requests only
    'APPLICATION:CRUD@qa APPLICATION:R@dev' => 403,
    'PROMOTE_TO@q APPLICATION:R@dev'      => 403,
    'PROMOTE_TO@qa,dev'                   => 403,
    ''                                    => 403,
    'admins'                              => 401,   # nobody knows what
    'PROMOTE_TO'                          => 401,   # these mean
);

my $n = 0;

for my $grants (sort keys %may) {
    my $key = $redis->key(grants => $grants);

    # so that there is something to promote each time
    $repo->commit({ 'dev/orders/values.yaml' => "n: " . ++$n . "\n" })
        if $may{$grants} == 200;

    my $r = try_key($key);
    is($r->{status}, $may{$grants}, qq(grants "$grants")) or diag($r->{body});

    is($r->{body}, '{"statusCode":403,"message":"Forbidden resource",'
                   . '"error":"Forbidden"}', 'the answer')
        if $r->{status} == 403 && $may{$grants} == 403;
}


# a grant is looked at before what the request names

my $stranger = $redis->key(grants => 'PROMOTE_TO@prod');
$r = $nginx->request(method => 'POST', key => $stranger,
    path => '/api/promotions/preview',
    json => { %$body, message => undef });
is($r->{status}, 403, 'preview needs a grant on both');

# and before what stands in the promotion's way: the same application twice

for my $case ([ $good, 400 ], [ $stranger, 403 ]) {
    my ($key, $status) = @$case;
    $r = $nginx->request(method => 'POST', key => $key,
        path => '/api/promotions/commit',
        json => { %$body, destAppId => $body->{srcAppId} });
    is($r->{status}, $status, 'what cannot be promoted') or diag($r->{body});
}


# what is not in the catalog is told to who could promote something: another's
# guesses are answered alike, right or wrong

for my $case (
    [ '',                              commit      => 403 ],
    [ '',                              pullRequest => 403 ],
    [ '',                              preview     => 403 ],
    [ 'APPLICATION:R@dev',             commit      => 403 ],
    [ 'APPLICATION:R@dev',             pullRequest => 403 ],
    [ 'PROMOTE_PR@qa',                 commit      => 403 ],
    [ 'PROMOTE_TO:RUD@qa',             commit      => 403 ],
    [ 'APPLICATION:R@dev PROMOTE_TO@qa', commit    => 404 ],
    [ 'PROMOTE_TO@qa',                 pullRequest => 404 ],
    [ 'PROMOTE_PR@qa',                 pullRequest => 404 ],
    [ 'APPLICATION:R@dev',             preview     => 404 ],
    [ 'admin',                         commit      => 404 ],
    [ 'admin',                         preview     => 404 ],
) {
    my ($grants, $route, $status) = @$case;
    my $key = $redis->key(grants => $grants);
    my ($known, $unknown) = ($body->{srcAppId}, app_id('orders-guessed'));

    for my $pair ([ $unknown, $known ], [ $known, $unknown ]) {
        my $r = $nginx->request(method => 'POST', key => $key,
            path => "/api/promotions/$route",
            json => { srcAppId => $pair->[0], destAppId => $pair->[1],
                      message => 'm', head => 'h', title => 't' });
        my $message = $status == 404
            ? qr{^application \S+/orders-guessed not found$}
            : 'Forbidden resource';

        error_is($r, $status, $message, qq($route with "$grants"));
    }
}


# the forms of the header

for my $form ("Bearer $good", "bearer $good", $good) {
    my $r = $nginx->request(method => 'POST', json => {},
        path => '/api/promotions/commit',
        headers => { Authorization => $form });
    is($r->{status}, 400, 'accepted: ' . ($form =~ /^(\w+) / ? $1 : 'bare'));
}


# a key changes while nginx runs

my $late = $redis->key(id => 'late');
is(try_key($late, json => {})->{status}, 400, 'a new key works at once');
$redis->call('HSET', 'promotions:key:late', 'disabled', 1);
is(try_key($late, json => {})->{status}, 401, 'a disabled one no longer does');


# Redis away is 503, never 401, and no hang

$redis->pause;
my $start = time;
$r = try_key($good);
is($r->{status}, 503, 'Redis silent') or diag($r->{body} || $r->{error});
ok(time - $start < 8, 'within its timeout');
ok($r->{headers}{'retry-after'}, 'with Retry-After');
$redis->resume;

wait_for('Redis to be used again',
         sub { try_key($good, json => {})->{status} == 400 }, 15);
pass('and it recovers');

$redis->kill;
$r = try_key($good);
is($r->{status}, 503, 'Redis gone');
$redis->launch;
$good = $redis->key(id => 'good', grants => 'admin');
wait_for('Redis to be used again',
         sub { try_key($good, json => {})->{status} == 400 }, 30);
pass('and it recovers');


# secrets are nowhere

unlike($nginx->log, qr/\Q$secret\E/, 'no secret in the error log');
unlike($nginx->access_log, qr/\Q$secret\E/, 'nor in the access log');

done_testing();
