# Remotes over http: credentials, and servers that are wrong, away or slow.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;
use Promotions::Tcp;

use Time::HiRes ();

my $token = 's3cr3t-t0ken-of-the-bot';
my $wrong = 'wr0ng-t0ken-of-the-bot';

my $open = Promotions::Git->start(directives => <<'END');
        location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
END
my $closed = Promotions::Git->start(user => 'bot', token => $token,
                                    directives => <<'END');
        location /moved/ {
            absolute_redirect off;
            rewrite ^/moved/(.*)$ /$1 redirect;
        }
END

my $plain = $open->repository('plain', files());
my $secret = $closed->repository('team/right/app', files());
my $default = $closed->repository('team/rightly', files());


# the servers that are odd: each answers every request alike

my %odd = map { my ($status, @rest) = @{ $_->[1] };
                ($_->[0] => odd_server(sub {
                    http_answer($status, @rest) })) } (
    [ missing   => [ 404, 'text/plain', "no such project\n" ] ],
    [ forbidden => [ 403, 'text/plain', "ask Bob\n" ] ],
    [ limited   => [ 429, 'text/html', '<html>', 'Retry-After: 7' ] ],
    [ error500  => [ 500, 'text/html', '<html>oops</html>' ] ],
    [ error503  => [ 503, undef, '' ] ],
    [ html      => [ 200, 'text/html', '<html>Log in</html>' ] ],
    [ dumb      => [ 200, 'text/plain', ('a' x 40) . "\trefs/heads/main\n" ] ],
    [ typeless  => [ 200, undef, 'x' ] ],
);

my $advertised = 'application/x-git-receive-pack-advertisement';
my $first = "001f# service=git-receive-pack\n0000";

my %bytes = (
    garbage   => 'this is not a pkt-line',
    short     => "${first}00a0",
    noflush   => $first . pkt('1' x 40 . " refs/heads/main\0report-status"),
    badhex    => $first . pkt('x' x 40 . " refs/heads/main\0report-status"),
    huge      => $first . 'ffff' . 'a' x 65531,
    error     => $first . pkt("ERR the house is on fire\n"),
    empty     => '',
);


sub pkt {
    my ($text) = @_;
    return sprintf '%04x%s', 4 + length $text, $text;
}


$odd{$_} = byte_server($bytes{$_}) for keys %bytes;


sub byte_server {
    my ($body) = @_;
    return odd_server(sub { http_answer(200, $advertised, $body) });
}


$odd{closes} = odd_server(sub { die });
$odd{noise} = odd_server(sub { "SSH-2.0-OpenSSH_9.2\r\n\r\n" });
$odd{header} = odd_server(sub {
    "HTTP/1.1 200 OK\r\n" . 'X-Long: ' . 'a' x 400_000 . "\r\n\r\n" });
$odd{headers} = odd_server(sub {
    "HTTP/1.1 200 OK\r\n" . "X-Many: aaaaaaaa\r\n" x 40_000 . "\r\n" });
$odd{lying} = odd_server(sub {
    "HTTP/1.1 200 OK\r\nContent-Type: $advertised\r\n"
    . "Content-Length: 100000\r\nConnection: close\r\n\r\n$first" });


# where redirects lead

my $thief = odd_server(sub { http_answer(200, $advertised, '') });
my $thief_port = $thief->{tcp}->port;
my %to = (
    host     => "http://localhost:$thief_port/r.git",
    port     => $thief->url,
    scheme   => "https://127.0.0.1:$thief_port/r.git",
    file     => 'file:///etc',
    nowhere  => '/login',
);
my %redirect;

for my $where (keys %to) {
    $redirect{$where} = odd_server(sub {
        my ($head) = @_;
        my $query = $where eq 'nowhere' ? ''
                    : '/info/refs?service=git-receive-pack';
        return http_answer(302, 'text/html', '', "Location: $to{$where}$query");
    });
}

$redirect{circle} = odd_server(sub {
    my ($path) = $_[0] =~ m{^GET (\S+)/info/refs};
    return http_answer(302, 'text/html', '', "Location: ${path}x"
                       . '/info/refs?service=git-receive-pack');
});

$redirect{name} = odd_server(sub {
    my ($port) = $_[0] =~ m{^Host: [^:]+:(\d+)}m;
    return http_answer(302, 'text/html', '', 'Location: http://localhost:'
                       . "$port/r.git/info/refs?service=git-receive-pack");
});

my $late = odd_server(sub { sleep 600; '' });
my $slow = wire($open->{port}, slow => { to_client => 400 });
my $first_byte = Promotions::Tcp->proxy($open->{port}, rate => 1);
my $dead = free_port();
my $file = temporary_folder() . '/credentials';

write_file($file, join("\n", '# the bot of all teams', '',
    "http://bot:$wrong\@127.0.0.1:$closed->{port}",
    "http://bot:$wrong\@127.0.0.1:$closed->{port}/team/rightly",
    "http://bot:$token\@127.0.0.1:$closed->{port}/team/right",
    map { "http://bot:$token\@127.0.0.1:$_" }
        map { $_->{tcp}->port } values %redirect) . "\n", 0600);

my $scene = remotes(
    workers => 1, threads => 4,
    http => "promotions_credentials $file; promotions_git_timeout 3s;
             promotions_git_idle_timeout 1500ms;",
    pairs => {
        plain    => $plain->url,
        moved    => $open->base_url . '/moved/plain.git',
        inside   => $closed->base_url . '/moved/team/right/app.git',
        absent   => $open->base_url . '/absent.git',
        longest  => $secret->url,
        segment  => $default->url,
        lookalike => "http://localhost:$closed->{port}/team/right/app.git",
        dead     => "http://127.0.0.1:$dead/r.git",
        unknown  => 'http://no-such-host.invalid/r.git',
        late     => $late->url,
        slow     => 'http://127.0.0.1:' . $slow->port . '/plain.git',
        crawls   => 'http://127.0.0.1:' . $first_byte->port . '/plain.git',
        source   => { from => "http://127.0.0.1:$dead/r.git",
                      to => $plain->url },
        (map { ($_ => $odd{$_}->url) } keys %odd),
        (map { ("to-$_" => $redirect{$_}->url) } keys %redirect),
    });


# with and without credentials

lands($scene, 'plain', $plain, 'without credentials');
lands($scene, 'longest', $secret, 'with a token of the longest prefix');

my $r = refused($scene, 'segment', 502,
    qr{^authentication failed for 127\.0\.0\.1:$closed->{port} \(HTTP 401},
    'a wrong token; prefixes end at whole segments');
my @tries = grep { /rightly/ } $closed->requests;
ok(@tries <= 2, 'which is not tried over and over') or diag("@tries");

refused($scene, 'lookalike', 502, qr{^authentication\ failed\ for\ localhost:
        \d+:\ no\ line\ of\ promotions_credentials\ matches}x,
        'another name of the host gets no token');
is($default->fsck . $secret->fsck, '', 'both repositories are sound');

# the same token is right for a whole second of changes
$secret->commit({ 'dev/values.yaml' => "tag: 3\n" });
lands($scene, 'longest', $secret, 'again, with a fetch');


# servers that are not there

refused($scene, 'absent', 502,
        qr{^repository \S+/absent\.git not found}, 'no such repository');
refused($scene, 'dead', 502,
        qr{^cannot connect to 127\.0\.0\.1:$dead: Connection refused},
        'nobody listens');
refused($scene, 'unknown', 502,
        qr{^cannot connect to no-such-host\.invalid:80: name not found},
        'no such name');
$r = refused($scene, 'source', 502, qr{127\.0\.0\.1:$dead},
             'a source that is away');


# servers that refuse, or do not speak git

my %says = (
    missing   => qr{^repository \S+ not found: no such project$},
    forbidden => qr{^authentication failed for 127\.0\.0\.1:\d+.*: ask Bob$},
    limited   => qr{HTTP 429 \(too many requests\), asks to wait 7 s},
    error500  => qr{^127\.0\.0\.1:\d+ answered HTTP 500 for \S+/r\.git$},
    error503  => qr{answered HTTP 503},
    html      => qr{does not speak git's smart HTTP.*\(content type text/html},
    dumb      => qr{does not speak git's smart HTTP.*text/plain},
    typeless  => qr{content type missing},
    (map { ($_ => qr{^remote http://127\.0\.0\.1:\d+/r\.git}) }
         qw(garbage short noflush badhex huge empty)),
    error     => qr{the house is on fire},
    closes    => qr{^the connection to 127\.0\.0\.1:\d+ broke},
    noise     => qr{127\.0\.0\.1:\d+},
    header    => qr{^the connection to 127\.0\.0\.1:\d+ broke},
    headers   => qr{^the connection to 127\.0\.0\.1:\d+ broke},
    lying     => qr{127\.0\.0\.1:\d+},
);

refused($scene, $_, 502, $says{$_}, "$_: 502 says so") for sort keys %says;


# redirects

$plain->commit({ 'dev/values.yaml' => "tag: 4\n" });
lands($scene, 'moved', $plain, 'a redirect on the same host');

$secret->commit({ 'dev/values.yaml' => "tag: 4\n" });
lands($scene, 'inside', $secret,
      'a redirect to a path, which has a token of its own');

my %refuses = (
    host    => qr{redirects to http://localhost:$thief_port/r\.git; if that},
    port    => qr{redirects to http://127\.0\.0\.1:$thief_port/r\.git},
    name    => qr{redirects to http://localhost:\d+/r\.git},
    scheme  => qr{redirects to https://127\.0\.0\.1},
    file    => qr{redirects},
    nowhere => qr{redirects \S+ to what is no repository},
    circle  => qr{in circles},
);

refused($scene, "to-$_", 502, $refuses{$_}, "a redirect: $_")
    for sort keys %refuses;
is(scalar $thief->requests, 0, 'nobody else was asked, nor given a token');
is(scalar(my @same = $redirect{name}->requests), 1,
   'not even at another name of the same server');
ok($redirect{circle}->requests < 8, 'a circle is left soon');


# silence and slowness, while others go on

my @answers = $scene->{nginx}->requests(map { {
    method => 'POST', path => '/api/promotions/commit', timeout => 10,
    key => $scene->{key},
    json => { srcAppId => app_id("$_-dev"), destAppId => app_id("$_-qa"),
              message => 'm' } } } qw(late slow crawls));

error_is($answers[0], 504, qr{^remote \S+ was silent for 1500 ms},
         'a server that takes the connection and says nothing');
error_is($answers[1], 504, qr{^remote \S+ did not finish within 3000 ms},
         'half a second for each byte');
is($answers[2]{status}, 504, 'from the first one on');


# Within a limit; a machine with more to do has three tries.

sub in_time {
    my ($name, $from, $to, $message) = @_;
    my $seconds;

    for (1 .. 3) {
        my $start = Time::HiRes::time();
        my $r = $scene->commit("$name-dev", "$name-qa");
        $seconds = Time::HiRes::time() - $start;

        error_is($r, 504, $message, "$name: 504") or last;
        last if $seconds < $to;
    }

    ok($seconds >= $from && $seconds < $to, "$name: in $to s")
        or diag($seconds);
}


in_time('late', 1.4, 1.65, qr{silent});
in_time('slow', 2.9, 3.3, qr{within 3000 ms});

$plain->commit({ 'dev/values.yaml' => "tag: 5\n" });
lands($scene, 'plain', $plain, 'after all that');

stays_secret($scene, 'bot', $_) for $token, $wrong;

done_testing();
