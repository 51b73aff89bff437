# Remotes over https: whom the gateway believes, and that it does so cheaply.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;
use Promotions::Tcp;

my $token = 't0ken-over-tls';
my $git = Promotions::Git->start(tls => 1, user => 'bot', token => $token,
                                 directives => <<'END');
        location /down/ {
            return 302 http://127.0.0.1:1/r.git/info/refs?$args;
        }
END
my $repo = $git->repository('main', files());

# of the same CA: closes each connection, and then those that are wrong

my %server = (
    closing => Promotions::Git->start(tls => { ca => $git },
                   directives => 'keepalive_requests 1;'
                                 . 'ssl_session_cache shared:tls:1m;'),
    name    => Promotions::Git->start(tls => { ca => $git,
                   names => 'DNS:git.example.com,IP:10.1.2.3' }),
    noip    => Promotions::Git->start(tls => { ca => $git,
                   names => 'DNS:localhost' }),
    expired => Promotions::Git->start(tls => { ca => $git, days => -1 }),
    ca      => Promotions::Git->start(tls => 1),
    old     => Promotions::Git->start(tls => { ca => $git },
                   directives => 'ssl_protocols TLSv1 TLSv1.1;'
                                 . 'ssl_ciphers DEFAULT@SECLEVEL=0;'),
    plain   => Promotions::Git->start,
);
my %repo = map { $_ => $server{$_}->repository($_, files()) } keys %server;
my $silent = Promotions::Tcp->silent;

my %url = map { $_ => $repo{$_}->url } keys %repo;
$url{main} = $repo->url;
($url{localhost} = $url{noip}) =~ s/127\.0\.0\.1/localhost/;
$url{plain} =~ s/^http:/https:/;
$url{silent} = 'https://127.0.0.1:' . $silent->port . '/r.git';
$url{down} = $git->base_url . '/down/main.git';

my $file = temporary_folder() . '/credentials';
write_file($file, $git->credentials . 'https://bot:'
           . "$token\@127.0.0.1:$server{$_}{port}\n", 0600) for 'ca';

my $scene = remotes(pairs => \%url, http => <<"END");
    promotions_trusted_certificate @{[ $git->ca ]};
    promotions_credentials $file;
    promotions_git_timeout 3s;
    promotions_git_idle_timeout 1s;
END


# what is believed

lands($scene, 'main', $repo, 'a certificate of our own CA, for an address');
lands($scene, 'localhost', $repo{noip}, 'and for a name');

for my $n (3 .. 5) {
    $repo->commit({ 'dev/values.yaml' => "tag: $n\n" });
    lands($scene, 'main', $repo, "promotion $n");
}


# one connection for all of them

my @requests = $git->requests;
my ($asked) = map { (split)[5] } $requests[-1];
is($asked, scalar @requests, 'all requests came on one connection')
    or diag(join "\n", @requests);

lands($scene, 'closing', $repo{closing}, 'a server that closes connections');
$repo{closing}->commit({ 'dev/values.yaml' => "tag: 7\n" });
lands($scene, 'closing', $repo{closing}, 'again');
my @reused = grep { (split)[6] eq 'r' } $server{closing}->requests;
ok(@reused > 2, 'has the TLS session resumed');


# what is not

my %because = (
    name    => qr{no alternative certificate subject name matches}i,
    noip    => qr{no alternative certificate subject name matches}i,
    expired => qr{certificate has expired},
    ca      => qr{unable to get local issuer|self-signed|verify failed}i,
    old     => qr{protocol|version}i,
    plain   => qr{wrong version number|record|packet length}i,
);

for my $name (sort keys %because) {
    my $before = grep { / 200 / } $server{$name}->requests;
    my $host = "127.0.0.1:$server{$name}{port}";
    my $r = refused($scene, $name, 502, qr{^TLS with \Q$host\E failed: },
                    "$name: refused, and the host is named");
    like($r->json->{message}, $because{$name}, "$name: with the reason");
    is(scalar(my @asked = grep { / 200 / } $server{$name}->requests), $before,
       "$name: and nothing was asked");
}

my $port = $silent->port;
my $r = refused($scene, 'silent', 504, qr{127\.0\.0\.1:$port},
                'a server that does not answer the handshake');
ok($r->{seconds} < 1.5, 'in time') or diag($r->{seconds});
refused($scene, 'down', 502, qr{redirects to http://127\.0\.0\.1:1/},
        'no way from https to http');

is($_->fsck, '', 'git fsck --strict') for $repo, $repo{noip}, $repo{closing};
stays_secret($scene, 'bot', $token);


# the certificate is another one after a reload

my ($status, $output) = Promotions::Nginx->test_configuration(
    redis => $scene->{redis}, catalog => $scene->{catalog},
    http => 'promotions_trusted_certificate /no/such/file;');
isnt($status, 0, 'a CA file that is missing fails nginx -t');
like($output, qr{promotions_trusted_certificate.*/no/such/file},
     'and is named');

my $both = temporary_folder() . '/ca.pem';
write_file($both, read_file($git->ca) . read_file($server{ca}->ca));
$scene->{nginx}->reload(http => "promotions_trusted_certificate $both;
    promotions_credentials $file;");
lands($scene, 'ca', $repo{ca}, 'a CA that a reload has brought');

done_testing();
