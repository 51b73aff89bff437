# There is no way around the API key: subrequests, internal redirects,
# "satisfy", other modules' answers, HTTP/2.  And every key that is no good is
# told so in the same words.

use lib 't/lib';
use Promotions::Test;

my $h2 = free_port();
my $pages = temporary_folder();
write_file("$pages/ssi/page.html",
           'before <!--# include virtual="/api/promotions/" --> '
           . '<!--# include virtual="/api/promotions/commit" --> after');
write_file("$pages/added/page.html", 'page');
write_file("$pages/mirrored/page.html", 'page');

my $scene = scene(
    git    => 'local',
    http   => "root $pages; log_format who '\$uri \$status';",
    server => <<"END");
        listen 127.0.0.1:$h2 http2;
        access_log \@DIR\@/who.log who;

        # as subrequests
        log_subrequest on;
        location /asked/ { auth_request /api/promotions/commit; }
        location /listed/ { auth_request /api/promotions/; }
        location /mirrored/ { mirror /api/promotions/commit; }
        location /ssi/ { ssi on; }
        location /added/ {
            add_before_body /api/promotions/;
            add_after_body /api/promotions/commit;
        }

        # by internal redirects
        rewrite ^/old/(.*) /api/promotions/\$1 last;
        location /tried/ { try_files /none /api/promotions/commit; }
        location /named/ { try_files /none \@named; }
        location \@named { rewrite ^/named/(.*) /api/promotions/\$1 last; }
        location /errors/ {
            error_page 418 = \@errors;
            return 418;
        }
        location \@errors { rewrite ^/errors/(.*) /api/promotions/\$1 last; }
        location /errors-uri/ {
            error_page 418 = /api/promotions/;
            return 418;
        }
        location /accel/ { proxy_pass http://127.0.0.1:\@PORT\@/accel-to/; }
        location /accel-to/ {
            add_header X-Accel-Redirect /api/promotions/;
            return 200;
        }

        # other modules in the access phase
        location = /yes { internal; return 204; }
        location = /no { internal; return 403; }
        location /any-allow/ { satisfy any; allow all; promotions; }
        location /any-deny/ { satisfy any; deny all; promotions; }
        location /all-allow/ { satisfy all; allow all; promotions; }
        location /all-deny/ { satisfy all; deny all; promotions; }
        location /any-yes/ { satisfy any; auth_request /yes; promotions; }
        location /any-no/ { satisfy any; auth_request /no; promotions; }
        location /all-yes/ { auth_request /yes; promotions; }
        location /all-no/ { auth_request /no; promotions; }

        # blocks in the location
        location /if/ {
            promotions;
            if (\$http_x_if) { set \$x 1; }
        }
        location /limited/ {
            promotions;
            limit_except GET { deny 192.0.2.1; }
        }
        location /error-page/ {
            promotions;
            error_page 400 401 403 404 405 415 = /yes;
        }

        # a copy of a request that promotes
        location /copied/ {
            promotions;
            mirror /api/promotions/commit;
        }
END
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

my $good = $scene->{key};
my ($id, $secret) = split /\./, $good;
my $body = JSON::PP->new->encode({
    srcAppId => app_id('orders-dev'), destAppId => app_id('orders-qa'),
    message => 'm' });
my $unauthorized = '{"statusCode":401,"message":"Unauthorized"}';
my $head = $repo->head;


sub try_key {
    my ($path, $key, %request) = @_;
    return $nginx->request(method => 'POST', path => $path, key => $key,
                           body => $body, %request);
}


sub promotes {
    my ($path, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $scene->change;
    $scene->landed(try_key($path, $good), $name);
}


# Neither without a key nor with a wrong one.
sub refuses {
    my ($path, $status, $name) = @_;

    for my $key (undef, "$id.wrong", "nobody.$secret") {
        my $r = try_key($path, $key);
        my $which = defined $key ? 'wrong key' : 'no key';
        $which = 'unknown key' if defined $key && $key =~ /nobody/;

        is($r->{status}, $status, "$name, $which: $status");
        is($r->{body}, $unauthorized, 'in the same words') if $status == 401;
        is($r->{headers}{'promotion-id'}, undef, 'and nothing is promoted');
    }
}


# subrequests: refused, good key or not

for my $path ('/asked/x', '/listed/x') {
    for my $key ($good, undef) {
        is(try_key($path, $key)->{status}, 403, "auth_request: $path");
    }
}

for my $key ($good, undef) {
    my $with = defined $key ? 'with a key' : 'without';

    my $r = $nginx->request(path => '/ssi/page.html', key => $key);
    like($r->{body}, qr/^before .*403 Forbidden.*403 Forbidden.* after$/s,
         "include of SSI, $with, shows that it is forbidden");

    $r = $nginx->request(path => '/added/page.html', key => $key);
    like($r->{body}, qr/^<html>.*403 Forbidden.*page.*403 Forbidden/s,
         "add_before_body and add_after_body, $with");

    $r = $nginx->request(path => '/mirrored/page.html', key => $key);
    is($r->{body}, 'page', "mirror, $with: the page comes");
}

my $who = $nginx->{dir} . '/who.log';
wait_for('mirrors to be logged', sub {
    my $commits = () = read_file($who) =~ m{^/api/promotions/commit 403$}mg;
    $commits >= 8;
});
unlike(read_file($who), qr{^/api/\S+ [^4]}m, 'no subrequest succeeded');
is($repo->head, $head, 'no subrequest promoted');


# internal redirects: the key decides, as ever

for my $path ('/old/commit', '/tried/x', '/named/commit', '/errors/commit') {
    refuses($path, 401, $path);
    promotes($path, "$path with a good key");
}

for my $path ('/errors-uri/x', '/accel/x') {
    for my $key (undef, "$id.wrong") {
        my $r = try_key($path, $key);
        is($r->{body}, $unauthorized, "$path is refused");
    }
}

is(ref try_key('/errors-uri/x', $good)->json->{promotions}, 'ARRAY',
   '/errors-uri/ with a good key');


# satisfy, with other modules

refuses('/any-allow/commit', 401, 'satisfy any, allow');
promotes('/any-allow/commit', 'satisfy any, allow, good key');
refuses('/all-allow/commit', 401, 'satisfy all, allow');
promotes('/all-allow/commit', 'satisfy all, allow, good key');
refuses('/any-yes/commit', 401, 'satisfy any, auth_request says yes');
promotes('/any-yes/commit', 'satisfy any, auth_request says yes, good key');
refuses('/all-yes/commit', 401, 'auth_request says yes');
promotes('/all-yes/commit', 'auth_request says yes, good key');

refuses('/any-deny/commit', 403, 'satisfy any, deny');
promotes('/any-deny/commit', 'satisfy any, deny: a good key is enough');
refuses('/any-no/commit', 403, 'satisfy any, auth_request says no');
promotes('/any-no/commit', 'satisfy any: a good key is enough');

for my $path ('/all-deny/commit', '/all-no/commit') {
    refuses($path, 403, "$path");
    $scene->change;
    is(try_key($path, $good)->{status}, 403, "$path: a good key is not all");
}


# blocks

for my $headers ({}, { 'X-If' => 1 }) {
    my $name = 'if (' . (%$headers ? 'true' : 'false') . ')';

    is(try_key('/if/commit', undef, headers => $headers)->{body},
       $unauthorized, "$name, no key");
    $scene->change;
    $scene->landed(try_key('/if/commit', $good, headers => $headers),
                   "$name, good key");
}

refuses('/limited/commit', 401, 'limit_except');
promotes('/limited/commit', 'limit_except, good key');

refuses('/error-page/commit', 401, 'error_page of 401 is not asked');
error_is(try_key('/error-page/commit', $good, body => '{'), 400, qr/./,
         'nor that of 400');
error_is(try_key('/error-page/nothing', $good), 404, qr/^Cannot POST/,
         'nor that of 404');

$scene->change;
my $r = try_key('/copied/commit', $good);
$scene->landed($r, 'a request that is mirrored to the API promotes once');
refuses('/copied/commit', 401, 'and without a key never');


# one connection, several clients behind it

my @three = map {
    "POST /api/promotions/preview HTTP/1.1\r\nHost: x\r\n"
    . ($_ ? "Authorization: $_\r\n" : '')
    . "Content-Type: application/json\r\nContent-Length: "
    . length($body) . "\r\n\r\n$body"
} ($good, undef, $good);

my $client = $nginx->open(raw => join('', @three), method => 'POST');
is(join(' ', map { $client->finish->{status} } 1 .. 3), '200 401 200',
   'a key is good for its own request only');
$client->close;

# nginx logs a line that it refuses, so not with the key of the others
my $second = $redis->key;
$r = $nginx->request(method => 'POST', raw =>
    "POST /api/promotions/commit HTTP/1.1\r\nHost: x\r\n"
    . "Authorization: x.y\r\nAuthorization: $second\r\n"
    . "Content-Length: 0\r\nConnection: close\r\n\r\n");
is($r->{status}, 400, 'two Authorization headers');


# every route asks for the key before it says what it is

for my $case (['GET', ''], ['GET', 'commit'], ['POST', 'preview'],
              ['POST', 'nothing'], ['DELETE', 'x'], ['OPTIONS', 'commit'],
              ['GET', '0195a0a0-0000-7000-8000-000000000000'])
{
    my ($method, $route) = @$case;
    my $r = $nginx->request(method => $method,
                            path => "/api/promotions/$route");
    is($r->{body}, $unauthorized, "$method $route without a key");
    is($r->{headers}{allow}, undef, 'says nothing of methods');
}


# the same words for all, to the last header

$redis->call('SET', 'promotions:key:text', 'x');
$redis->call('RPUSH', 'promotions:key:list', 'x');
$redis->call('HSET', 'promotions:key:hash', 'x', 'y');

my %bad = (
    'missing'          => undef,
    'empty'            => '',
    'malformed'        => 'no-dot',
    'not to be read'   => "\xff\xfe.$secret",
    'too long'         => "$id." . 'x' x 3000,
    'unknown'          => "nobody.$secret",
    'wrong'            => "$id.wrong",
    'expired'          => $redis->key(expires_at => time - 1),
    'disabled'         => $redis->key(disabled => 1),
    'no digest'        => $redis->key(digest => undef),
    'odd digest'       => $redis->key(digest => 'x'),
    'odd grants'       => $redis->key(grants => 'NO_SUCH'),
    'odd expiry'       => $redis->key(expires_at => 'soon'),
    'odd disabled'     => $redis->key(disabled => 'maybe'),
    'odd author'       => $redis->key(author_name => "Eve\nEvil <e\@x>"),
    'a string in Redis' => "text.$secret",
    'a list in Redis'  => "list.$secret",
    'other fields'     => "hash.$secret",
);

my %answers;

for my $name (sort keys %bad) {
    my $r = try_key('/api/promotions/commit', $bad{$name});
    (my $head = $r->{head}) =~ s/^Date: .*\r\n//m;
    push @{ $answers{"$head\r\n$r->{body}"} }, $name;
}

is(scalar keys %answers, 1, 'one answer for every bad key')
    or diag(join "\n", map { "@{ $answers{$_} }: $_" } sort keys %answers);
is((keys %answers)[0], "HTTP/1.1 401 Unauthorized\r\nServer: nginx/"
   . ((keys %answers)[0] =~ m{nginx/(\S+)})[0] . "\r\n"
   . "Content-Type: application/json; charset=utf-8\r\n"
   . 'Content-Length: ' . length($unauthorized) . "\r\n"
   . "Connection: close\r\n"
   . "WWW-Authenticate: Bearer realm=\"promotions\"\r\n\r\n$unauthorized",
   'which is this');


# HTTP/2

sub nghttp {
    my ($path, $key, $method) = @_;

    my (undef, $output) = run({ input => $body }, 'nghttp', '-v', '-t', 20,
        ($key ? ('-H', "authorization: $key") : ()),
        '-H', 'content-type: application/json',
        ($method eq 'POST' ? ('-d', '/dev/stdin') : ()),
        "http://127.0.0.1:$h2$path");
    return $output;
}

for my $path ('/api/promotions/commit', '/any-allow/commit', '/tried/x',
              '/named/commit')
{
    for my $key (undef, "$id.wrong") {
        my $output = nghttp($path, $key, 'POST');
        like($output, qr/:status: 401/, "HTTP/2: $path without a good key");
        like($output, qr/\Q$unauthorized/, 'in the same words');
        unlike($output, qr/promotion-id/, 'promotes nothing');
    }

    $scene->change;
    like(nghttp($path, $good, 'POST'), qr/"COMMIT_SHA"/, 'with one it does');
}

like(nghttp('/asked/x', $good, 'GET'), qr/:status: 403/,
     'HTTP/2: no subrequest');

is($repo->fsck, '', 'git fsck --strict, after all');
unlike($nginx->log . $nginx->access_log, qr/\Q$secret\E/,
       'the secret is in no log');

done_testing();
