# Wrong requests: each row of the table of errors that a commit can meet
# before anything reaches git.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(
    http   => 'client_max_body_size 2m;',
    server => 'location /lenient/ { promotions; '
              . 'promotions_trailing_commas on; }');
my $nginx = $scene->{nginx};
my $head = $scene->{repo}->head;

my @src = (srcAppId => app_id('orders-dev'));
my @dest = (destAppId => app_id('orders-qa'));
my @message = (message => 'm');


sub raw {
    my ($body, %request) = @_;
    return $nginx->request(method => 'POST', key => $scene->{key},
                           path => '/api/promotions/commit', body => $body,
                           headers => { 'Content-Type' => 'application/json' },
                           %request);
}


sub id_faults {
    my ($name) = @_;
    return map { ("$name.$_ should not be empty", "$name.$_ must be a string")
           } qw(runtime namespace name);
}


# validation: every fault at once, in order

my $r = $scene->post('commit', {});
my @object = map { "$_ must be an object" } qw(srcAppId destAppId);
error_is($r, 400, [@object, 'message should not be empty',
                   'message must be a string'], 'an empty object');
like($r->{body}, qr/^\{"statusCode":400,"message":\[".*"\],
                    "error":"Bad\ Request"\}$/x, 'keys in order');
is($r->{headers}{'content-type'}, 'application/json; charset=utf-8',
   'content type of an error');

error_is($scene->post('commit', { srcAppId => {}, destAppId => {},
                                  message => '' }),
         400, [id_faults('srcAppId'), id_faults('destAppId'),
               'message should not be empty'], 'empty ids, an empty message');

error_is($scene->post('commit', { @src, @dest, message => 7 }),
         400, ['message must be a string'], 'a number as message');

error_is($scene->post('commit', { @dest, @message,
             srcAppId => { runtime => 1, namespace => '', name => 'x' } }),
         400, ['srcAppId.runtime must be a string',
               'srcAppId.namespace should not be empty'],
         'faults inside an id');

error_is($scene->post('commit', { @dest, @message, srcAppId => 'x' }),
         400, ['srcAppId must be an object'], 'a string as id');

error_is($scene->post('commit', { @dest, @message, srcAppId => [] }),
         400, ['srcAppId must be an object'], 'an array as id');

error_is($scene->post('commit', { @src, @dest, message => 'x' x 65537 }),
         400, ['message must be shorter than or equal to 65536 characters'],
         'a long message');

for my $sha ('123456', 'g' x 40, 'a' x 41) {
    error_is($scene->post('commit', { @src, @dest, @message,
                                      srcAppCommitSha => $sha }),
             400, ['srcAppCommitSha must be 7 to 40 hexadecimal digits'],
             "srcAppCommitSha $sha");
}

for my $message ("a\0b", "a\x01b", "a\x7fb") {
    my $r = $scene->post('commit', { @src, @dest, message => $message });
    is($r->{status}, 400, 'a control character in the message');
}

$r = $scene->post('commit', { @src, @dest,
                              message => "x\n\nPromotion-Id: forged" });
is($r->{status}, 400, 'a message that forges a trailer');


# the JSON itself

for my $case (
    ['', 'nothing'],
    ['{', 'an open brace'],
    ['{"a":1', 'an open object'],
    ['{"a":}', 'no value'],
    ["{'a':1}", 'single quotes'],
    ['{"a":01}', 'a leading zero'],
    ['[1,]', 'a trailing comma in an array'],
    ['{"a":1,}', 'a trailing comma in an object'],
    ['{"a":1} x', 'something after it'],
    ['{"a":"\ud800"}', 'half of a surrogate pair'],
    ["{\"a\":\"\xff\"}", 'bytes that are not UTF-8'],
    ["{\"a\":\"\n\"}", 'a bare newline in a string'],
    ['{"a":1,"a":2}', 'a duplicate key'],
    ['{"srcAppId":{"name":"a","name":"b"}}', 'a duplicate key inside'],
    ['{"a":"\u0000"}', 'a NUL'],
    ['[' x 65 . ']' x 65, 'a depth over 64'],
    ['[' x 200000, 'a very deep array'],
)
{
    my ($body, $name) = @$case;
    my $r = raw($body);
    my $message = ($r->json // {})->{message};
    ok($r->{status} == 400 && defined $message && !ref $message, $name)
        or diag("$r->{status} $r->{body}");
}

error_is(raw('{"a" 1}'), 400, qr/^Unexpected token .* at line 1 column 6$/,
         'the place of a fault');
error_is(raw("{\n  \"a\": x}"), 400,
         qr/^Unexpected token .* at line 2 column 8$/,
         'the place of a fault on the second line');

for my $case (['"text"', 'a string'], ['[]', 'an array'], ['null', 'null'],
              ['7', 'a number'])
{
    my ($body, $name) = @$case;
    is(raw($body)->{status}, 400, "$name in place of an object");
}

$r = raw('{"srcAppId":{},"destAppId":{},"message":"",}',
         path => '/lenient/commit');
ok(ref(($r->json // {})->{message}),
   'promotions_trailing_commas on: the trailing comma is no fault');


# bodies as they travel

$r = raw(('x' x 3_000_000), timeout => 10);
is($r->{status}, 413, 'too large: nginx itself answers');

$r = raw(' ' x 1_500_000 . '{}');
is($r->{status}, 400, 'a body in a temporary file is read');
ok(ref $r->json->{message}, 'to its end');

$r = raw('{}', headers => { 'Content-Type' => undef,
                            'Transfer-Encoding' => 'x' });
ok($r->{status} >= 400, 'a transfer encoding that nobody knows');

my $chunked = "POST /api/promotions/commit HTTP/1.1\r\nHost: x\r\n"
    . "Authorization: $scene->{key}\r\nContent-Type: application/json\r\n"
    . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    . "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
$r = $nginx->request(raw => $chunked, method => 'POST');
error_is($r, 400, [@object, 'message should not be empty',
                   'message must be a string'], 'a chunked body');


# content type

for my $type ('text/plain', 'application/x-www-form-urlencoded', '', undef,
              'application/jsonx')
{
    my $r = raw('{}', headers => { 'Content-Type' => $type });
    is($r->{status}, 415, 'content type '
       . (defined $type ? qq("$type") : 'missing')) or diag($r->{body});
}

for my $type ('application/json', 'application/json; charset=utf-8',
              'Application/JSON;charset=UTF-8')
{
    is(raw('{}', headers => { 'Content-Type' => $type })->{status}, 400,
       "content type $type is read");
}


# routes and methods

$r = $scene->get('nothing/here');
error_is($r, 404, 'Cannot GET /api/promotions/nothing/here',
         'an unknown route');
is($r->{body}, '{"statusCode":404,"message":"Cannot GET '
               . '/api/promotions/nothing/here","error":"Not Found"}',
   'byte for byte');

for my $method (qw(GET PUT PATCH)) {
    my $r = $nginx->request(method => $method, key => $scene->{key},
                            path => '/api/promotions/commit');
    is($r->{status}, 405, "$method commit");
    like($r->{headers}{allow} // '', qr/\bPOST\b/, 'what is allowed');
}


# applications

error_is($scene->commit('nobody', 'orders-qa'), 404,
         'application codefresh/orders/nobody not found', 'unknown source');
error_is($scene->commit('orders-dev', 'nobody'), 404,
         'application codefresh/orders/nobody not found',
         'unknown destination');
error_is($scene->post('commit', { @dest, @message,
             srcAppId => app_id('orders-dev', 'orders', 'elsewhere') }),
         404, 'application elsewhere/orders/orders-dev not found',
         'the runtime counts');
is($scene->commit('orders-dev', 'orders-dev')->{status}, 400,
   'an application to itself');

$r = $scene->commit('orders-dev', 'orders-qa', srcAppCommitSha => 'a' x 40);
is($r->{status}, 400, 'a commit that the source does not have')
    or diag($r->{body});

is($scene->{repo}->head, $head, 'none of it reached the repository');

done_testing();
