# Bodies as they travel, the routes they come by, and the connections that
# carry them: HTTP/1.1, HTTP/2, keep-alive and pipelining.

use lib 't/lib';
use Promotions::Test;

my $too_large = '{"statusCode":413,"message":"the body is too large",'
                . '"error":"Payload Too Large"}';
my $no_json = qr/^Unexpected token end of input/;
my $h2 = free_port();
my $scene = scene(
    git    => 'local',
    http   => 'client_max_body_size 2m;',
    server => <<"END");
        listen 127.0.0.1:$h2 http2;

        error_page 413 \@promotions_413;

        location /small/ { promotions; client_body_buffer_size 1k; }
        location /files/ { promotions; client_body_in_file_only clean; }
        location /bare { promotions; }
        location /created/ { promotions; promotions_success_status 201; }
        location /lenient/ { promotions; promotions_trailing_commas on; }

        location \@promotions_413 {
            internal;
            default_type application/json;
            return 413 '$too_large';
        }
END
my ($nginx, $repo) = @$scene{qw(nginx repo)};

my %pair = (srcAppId => app_id('orders-dev'), destAppId => app_id('orders-qa'));
my @empty = ('srcAppId must be an object', 'destAppId must be an object',
             'message should not be empty', 'message must be a string');
my $small = JSON::PP->new->canonical->encode({ %pair, message => 'm' });
my $length = length $small;


# A request's head, with what a good one has.
sub head {
    my (%field) = @_;

    my $method = delete $field{method} // 'POST';
    my $path = delete $field{path} // '/api/promotions/commit';
    my %header = (Host => 'x', Authorization => $scene->{key},
                  'Content-Type' => 'application/json', %field);

    return "$method $path HTTP/1.1\r\n"
        . join('', map { defined $header{$_} ? "$_: $header{$_}\r\n" : () }
                   sort keys %header)
        . "\r\n";
}


# The answer to a request that is sent in pieces, a little apart.
sub in_pieces {
    my (@pieces) = @_;

    my $client = $nginx->open(raw => shift @pieces, method => 'POST');

    for my $piece (@pieces) {
        select undef, undef, undef, 0.002;
        syswrite $client->socket, $piece;
    }

    my $response = $client->finish;
    $client->close;
    return $response;
}


sub chunked {
    my ($text, $size) = @_;
    return join('', map { sprintf "%x\r\n%s\r\n", length $_, $_ }
                    unpack "(a$size)*", $text) . "0\r\n\r\n";
}


sub post {
    my ($path, $body) = @_;
    return $nginx->request(method => 'POST', key => $scene->{key},
                           path => $path, body => $body);
}


# in memory: what came with the head, and what came after it

$scene->change;
$scene->landed($scene->post('commit', { %pair, message => 'one buffer' }),
               'a body in one buffer');

$scene->change;
$scene->landed(in_pieces(head('Content-Length' => $length)
                         . substr($small, 0, 20), substr($small, 20)),
               'a body in two buffers');

$scene->change;
$scene->landed(in_pieces(head('Content-Length' => $length),
                         split //, $small),
               'a body that comes byte by byte');


# in a temporary file

for my $size (2_000, 70_000) {
    $scene->change;
    $scene->landed(post('/small/commit', ' ' x $size . $small),
                   "a body of $size bytes over a buffer of 1k");
}

$scene->change;
$scene->landed(post('/files/commit', $small), 'client_body_in_file_only');

# a worker that has descriptors left for the client and for the file, and none
# for the thread that reads it
{
    my (@workers, $r) = $nginx->workers;

    my $limit = sub {
        my ($worker, $descriptors) = @_;
        run('prlimit', '--pid', $worker, "--nofile=$descriptors");
    };
    my ($old) = run('prlimit', '--pid', $workers[0], '--nofile', '--raw',
                    '--noheadings', '-o', 'SOFT,HARD') =~ /(\d+ +\d+)/;
    $old =~ s/ +/:/;

    # one of an earlier client may just be closed: then there is one too many
    ok(eval { wait_for('the limit', sub {
        for my $worker (@workers) {
            my %open = map { m{(\d+)$} ? ($1, 1) : () }
                       glob "/proc/$worker/fd/*";
            my ($second) = (grep { !$open{$_} } 0 .. keys(%open) + 2)[1];
            $limit->($worker, $second + 1 . ':');
        }

        $r = post('/files/commit', $small);
        $r->{status} == 500 }) }, 'no descriptor for the thread: 500')
        or diag("$r->{status} $r->{body}");
    like($nginx->log, qr/cannot be given to a thread: .* \(24: /,
         'and the log says so');
    $limit->($_, $old) for @workers;
    is(post('/files/preview', $small)->{status}, 200, 'until there is one');
}

for my $prefix ('small', 'files', 'api/promotions') {
    error_is(post("/$prefix/commit", ' ' x 20_000 . '{"a":1,"a":2}'),
             400, qr/line 1 column 200/, "/$prefix: a fault at the end");
}


# chunked

for my $size (1, 7, 100_000) {
    $scene->change;
    $scene->landed(in_pieces(head('Transfer-Encoding' => 'chunked')
                             . chunked($small, $size)),
                   "a body in chunks of $size");
}

$scene->change;
$scene->landed(in_pieces(head('Transfer-Encoding' => 'chunked',
                              path => '/small/commit')
                         . chunked(' ' x 5000 . $small, 500)),
               'chunks that go to a temporary file');

for my $path ('/api/promotions/commit', '/files/commit') {
    my $r = in_pieces(head('Transfer-Encoding' => 'chunked', path => $path)
                      . "0\r\n\r\n");
    error_is($r, 400, $no_json, "$path: no chunk but the last");
}

is(in_pieces(head('Transfer-Encoding' => 'chunked') . "xyz\r\n")->{status},
   400, 'chunks that are none');

# an answer that does not depend on the body is given all the same, and what
# comes after such chunks is nobody's request
my $none = "xyz\r\n" . head('Content-Length' => $length) . $small;

for my $case ([ 401, Authorization => undef ], [ 401, Authorization => 'x.y' ],
              [ 404, path => '/api/promotions/nothing' ],
              [ 405, method => 'PUT' ], [ 415, 'Content-Type' => 'text/plain' ],
              [ 404, path => '/api/promotions/' . '0' x 32 ],
              [ 200, method => 'GET', path => '/api/promotions/applications' ],
              [ 200, method => 'GET', path => '/api/promotions/' ],
              [ 200, method => 'GET', path => '/health' ])
{
    my ($status, %field) = @$case;
    my $client = $nginx->open(method => 'POST', raw =>
        head('Transfer-Encoding' => 'chunked', %field) . $none);
    my $r = $client->finish;

    is($r->{status}, $status, "chunks that are none: $status, "
                              . join ' ', map { $_ // 'none' } %field);
    is($r->{headers}{connection}, 'close', 'the last of its connection');
    is($client->finish->{status}, 0, 'and so it is');
    $client->close;
}


# empty, missing

error_is(in_pieces(head('Content-Length' => 0)), 400, $no_json,
         'an empty body');
error_is(in_pieces(head()), 400, $no_json, 'no body at all');


# Expect: 100-continue

$scene->change;
my $client = $nginx->open(method => 'POST', raw =>
    head(Expect => '100-continue', 'Content-Length' => $length));
my $select = IO::Select->new($client->socket);
ok($select->can_read(5), 'Expect: 100-continue is answered');
sysread $client->socket, $client->{buffer}, 4096;
like($client->{buffer}, qr{^HTTP/1.1 100 Continue\r\n\r\n\z}, 'with 100');
syswrite $client->socket, $small;
$scene->landed($client->finish, 'and then the body is read');
$client->close;


# one connection: errors, then success; pipelined

sub pipelined {
    my (@requests) = @_;

    my $client = $nginx->open(raw => join('', @requests), method => 'POST');
    my @answers = map { $client->finish } @requests;
    $client->close;
    return @answers;
}

my @body = ('Content-Length' => $length);
my %wrong = (
    400 => head('Content-Length' => 2) . '{]',
    401 => head(@body, Authorization => 'x.y') . $small,
    404 => head(@body, path => '/api/promotions/nothing') . $small,
    405 => head(@body, method => 'PUT') . $small,
    415 => head(@body, 'Content-Type' => 'text/plain') . $small,
);

for my $status (sort keys %wrong) {
    $scene->change;
    my @answers = pipelined($wrong{$status}, head(@body) . $small);
    is($answers[0]{status}, $status, "$status on a connection");
    $scene->landed($answers[1], 'that a promotion uses next');
}

$client = $nginx->open(method => 'POST', raw => $wrong{400});

for my $status (sort keys %wrong) {
    syswrite $client->socket, $wrong{$status} if $status != 400;
    is($client->finish->{status}, $status, "$status on a kept connection");
}

for my $try (1, 2) {
    $scene->change;
    syswrite $client->socket, head(@body) . $small;
    $scene->landed($client->finish, "then a promotion, $try");
}

$client->close;

$scene->change;
my @answers = pipelined(map { head(@body) . $small } 1 .. 3);
$scene->landed($answers[0], 'pipelined: the first');
error_is($answers[$_], 400,
         'no changes found between source and destination applications',
         'then there is nothing to promote') for 1, 2;

@answers = pipelined(head(@body, path => '/api/promotions/preview') . $small,
                     head(method => 'GET', path => '/health'),
                     head(@body, path => '/api/promotions/preview') . $small);
is(join(' ', map { $_->{status} } @answers), '200 200 200',
   'pipelined: jobs of two kinds');


# methods

for my $route ('commit', 'preview') {
    for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS)) {
        my $r = $nginx->request(method => $method, key => $scene->{key},
                                path => "/api/promotions/$route");
        is($r->{status}, 405, "$method $route");
        is($r->{headers}{allow}, 'POST', 'says what is allowed');

        if ($method eq 'HEAD') {
            is($r->{body}, '', 'without a body');
            ok($r->{headers}{'content-length'} > 0, 'but its length');

        } else {
            error_is($r, 405,
                     "Cannot $method /api/promotions/$route, use POST",
                     'and so does its body');
        }
    }
}

my $r = $nginx->request(method => 'HEAD', path => '/health');
is($r->{status}, 200, 'HEAD health');
$r = $nginx->request(method => 'POST', path => '/health', body => '');
error_is($r, 405, 'Cannot POST /health, use GET, HEAD', 'POST health');
is($r->{headers}{allow}, 'GET, HEAD', 'says what is allowed');


# routes

for my $path ('/api/promotions/commit/', '/api/promotions/commit/x',
              '/api/promotions/Commit', '/api/promotions/nothing/here',
              '/api/promotions/commi', '/api/promotions/commit%2Fx',
              '/bare/commit/', '/barecommit', '/bare-commit')
{
    (my $name = $path) =~ s/%2F/\//;
    error_is(post($path, $small), 404, "Cannot POST $name",
             "no route: $path");
}

is(post('/api/promotions/commit%00', $small)->{status}, 400,
   'a NUL in the path is refused by nginx');

$r = post("/api/promotions/%22%0a%ff%7f\\", $small);
is($r->{status}, 404, 'a name of odd bytes');
is(($r->json // {})->{statusCode}, 404, 'is answered with JSON')
    or diag($r->{body});

for my $path ('/api/promotions/commit', '/app-proxy/api/promotions/commit',
              '/bare/commit', '/api/promotions/%63ommit',
              '/api/promotions//commit', '/x/../api/promotions/commit',
              '/api/promotions/commit?x=/y')
{
    $scene->change;
    my $r = post($path, $small);
    $scene->landed($r, "route: $path");

    my ($prefix) = $path =~ m{^(/app-proxy/api/promotions|/bare)};
    $prefix //= '/api/promotions';
    is($r->{headers}{location}, "$prefix/$r->{headers}{'promotion-id'}",
       'its Location is below the prefix');
}

like(post('/api/promotion/commit', $small)->{body}, qr/^<html>/,
     'outside of it nginx answers as always');


# success status

$scene->change;
$r = post('/created/commit', $small);
is($r->{status}, 201, 'promotions_success_status 201');
$scene->landed($r, 'with the same body');
is(post('/created/preview', $small)->{status}, 200,
   'a preview creates nothing: 200');


# too large: nginx itself, by the documented error_page

for my $case (['a length', head('Content-Length' => 3_000_000)],
              ['chunks', head('Transfer-Encoding' => 'chunked')
                         . chunked('x' x 3_000_000, 1_000_000)])
{
    my ($name, $raw) = @$case;
    my $r = $nginx->request(raw => $raw, method => 'POST');
    is($r->{body}, $too_large, "too large by $name");
    is($r->{status}, 413, 'is answered 413');
    is($r->{headers}{'content-type'}, 'application/json', 'as JSON');
}


# JSON: the edges (t/11-validation.t has the rest)

sub nested {
    my ($n) = @_;
    return '{"x":' . '[' x ($n - 1) . ']' x ($n - 1) . '}';
}

for my $path ('/api/promotions/commit', '/files/commit') {
    error_is(post($path, nested(64)), 400, \@empty,
             "$path: a depth of 64 is read");

    for my $case ([nested(65), 'a depth of 65'],
                  [nested(100_000), 'a depth of 100,000'],
                  ['{"x":' x 100_000, 'open objects'],
                  ['{"message":"a","message":"a"}', 'a duplicate key'],
                  ['{"m":1,"\u006d":2}', 'a duplicate key, escaped'],
                  ["{\"x\":\"\xc3\x28\"}", 'no UTF-8'],
                  ["{\"x\":\"\xed\xa0\x80\"}", 'a surrogate in UTF-8'],
                  ["{\"x\":\"\xc0\x80\"}", 'an overlong NUL'],
                  ["{\"x\":\"\xf4\x90\x80\x80\"}", 'beyond Unicode'],
                  ["\xff\xfe{\0}\0", 'UTF-16'],
                  ["{\"x\":\"a\0b\"}", 'a NUL byte'],
                  ['{"x":"\u0000"}', 'an escaped NUL'],
                  ["{}\0", 'a NUL after the end'])
    {
        my $r = post($path, $case->[0]);
        my $message = ($r->json // {})->{message};
        ok($r->{status} == 400 && defined $message && !ref $message,
           "$path: $case->[1]")
            or diag("$r->{status} $r->{body}");
    }
}

for my $letter ('x', "\x{e9}", "\x{1f600}") {
    $scene->change;
    my $name = sprintf 'U+%04X', ord $letter;
    my $message = $letter x 65536;
    my $r = $scene->commit('orders-dev', 'orders-qa', message => $message);

    $scene->landed($r, "a message of 65536 characters $name");
    ok($r->json->{COMMIT_MESSAGE} eq $message, 'comes back whole');

    error_is($scene->commit('orders-dev', 'orders-qa',
                            message => $message . $letter), 400,
             ['message must be shorter than or equal to 65536 characters'],
             'one more is too many');
}


# trailing commas

(my $trailing = $small) =~ s/\}/,}/g;
(my $list = $small) =~ s/\}$/,"labels":["a","b",],}/;

for my $body ($trailing, $list) {
    error_is(post('/api/promotions/commit', $body), 400, qr/^Unexpected token/,
             'a trailing comma is a fault');

    $scene->change;
    $scene->landed(post('/lenient/commit', $body),
                   'promotions_trailing_commas on: it is not');
}

for my $body ('{"a":1,,}', '{,}', '[,]', '{"a":1,"b"}') {
    error_is(post('/lenient/commit', $body), 400, qr/^Unexpected/,
             "but $body is a fault");
}


# HTTP/2

sub curl {
    my ($path, $data, @options) = @_;

    my $dir = temporary_folder();
    write_file("$dir/body", $data);
    my ($status, $output) = run({ input => $data }, 'curl', '-sS',
        '--http2-prior-knowledge', '--max-time', 20, '-D', "$dir/head",
        '-o', "$dir/answer", '-H', "Authorization: $scene->{key}",
        '-H', 'Content-Type: application/json',
        @options ? @options : ('--data-binary', "\@$dir/body"),
        "http://127.0.0.1:$h2$path");
    diag($output) if $status;

    my $head = read_file("$dir/head") // '';
    my %headers = map { /^([^:]+): (.*?)\r?$/ ? (lc $1, $2) : () }
                  split /\n/, $head;

    return bless { status => $head =~ m{^HTTP/2 (\d+)} ? $1 : 0, head => $head,
                   headers => \%headers,
                   body => read_file("$dir/answer") // '' },
                 'Promotions::HTTP::Response';
}

for my $path ('/api/promotions/commit', '/small/commit', '/files/commit') {
    $scene->change;
    $scene->landed(curl($path, $small), "HTTP/2 $path");
    $scene->change;
    $scene->landed(curl($path, ' ' x 300_000 . $small),
                   "HTTP/2 $path, 300 kB");
    $scene->change;
    $scene->landed(curl($path, $small, '-X', 'POST', '-T', '-'),
                   "HTTP/2 $path, of a length that is not told");
}

$r = curl('/api/promotions/commit', '');
error_is($r, 400, $no_json,
         'HTTP/2: an empty body');
is($r->{headers}{'content-type'}, 'application/json; charset=utf-8',
   'its content type');
error_is(curl('/api/promotions/commit', nested(100_000)), 400, qr/./,
         'HTTP/2: deep');

# answers that do not wait for the body: curl takes the reset of the stream
# that follows them for a failure
sub nghttp {
    my ($path, $data, $method, $type) = @_;

    my $dir = temporary_folder();
    write_file("$dir/body", $data);
    my (undef, $output) = run('nghttp', '-v', '-t', 20,
        '-H', "authorization: $scene->{key}",
        '-H', 'content-type: ' . ($type // 'application/json'),
        '-H', ':method: ' . ($method // 'POST'), '-d', "$dir/body",
        "http://127.0.0.1:$h2$path");

    return $output =~ /:status: (\d+)/ ? $1 : $output;
}

is(nghttp('/api/promotions/nothing', $small), 404, 'HTTP/2: no route');
is(nghttp('/api/promotions/commit', $small, 'PUT'), 405,
   'HTTP/2: another method');
is(nghttp('/api/promotions/commit', 'x' x 3_000_000), 413,
   'HTTP/2: too large');
is(nghttp('/api/promotions/commit', $small, 'POST', 'text/plain'),
   415, 'HTTP/2: not JSON');


# the old protocol

$scene->change;
($r) = pipelined("POST /api/promotions/commit HTTP/1.0\r\n"
                 . "Authorization: $scene->{key}\r\n"
                 . "Content-Type: application/json\r\n"
                 . "Content-Length: $length\r\n\r\n$small");
$scene->landed($r, 'HTTP/1.0');

done_testing();
