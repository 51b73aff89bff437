# A proxy between the gateway and the git servers, named by the environment
# as curl has it: env https_proxy=…; at the top of nginx.conf.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;
use Promotions::Tcp;

use IO::Select ();
use IO::Socket::INET ();
use MIME::Base64 ();

my $secret = 'pr0xy-passw0rd';
my $seen = temporary_folder() . '/seen';
my $plain = Promotions::Git->start;
my $tls = Promotions::Git->start(tls => 1);
my %repo = (plain => $plain->repository('plain', files()),
            tls   => $tls->repository('tls', files()));
my $dead = free_port();
my $login = MIME::Base64::encode_base64("us:$secret", '');


# CONNECT host:port, or a request with a whole URL; 407 without the password.

my $proxy = Promotions::Tcp->start(sub {
    my ($client) = @_;
    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread $client, $head, 65536, length $head or return;
    }

    my ($method, $host, $port) =
        $head =~ m{^(\S+) (?:http://)?([\d.]+):(\d+)\S* HTTP/1} or return;

    open my $log, '>>', $seen or die "$seen: $!";
    syswrite $log, "$method $host:$port\n";
    close $log;

    if ($head !~ /^Proxy-Authorization: Basic \Q$login\E\r$/mi) {
        syswrite $client, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n";
        return;
    }

    my $server = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port);

    if (!$server) {
        syswrite $client, "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n";
        return;
    }

    if ($method eq 'CONNECT') {
        syswrite $client, "HTTP/1.1 200 OK\r\n\r\n";
    } else {
        $head =~ s{^(\S+) http://[^/]+}{$1 };
        syswrite $server, $head;
    }

    my $select = IO::Select->new($client, $server);

    while (my @ready = $select->can_read) {
        for my $from (@ready) {
            sysread $from, my $bytes, 65536 or return;
            $bytes =~ s{^(GET|POST) http://[^/]+}{$1 } if $from == $client;
            syswrite $from == $client ? $server : $client, $bytes;
        }
    }
});

my $url = "http://us:$secret\@127.0.0.1:" . $proxy->port;


sub through {
    my (%variable) = @_;
    return join ' ', map { "env $_=$variable{$_};" } sort keys %variable;
}


my $scene = remotes(
    main => through(http_proxy => $url, https_proxy => $url),
    http => 'promotions_trusted_certificate ' . $tls->ca . ';',
    pairs => { plain => $repo{plain}->url, tls => $repo{tls}->url,
               dead => "https://127.0.0.1:$dead/r.git" });
my $nginx = $scene->{nginx};

lands($scene, 'plain', $repo{plain}, 'http through a proxy');
lands($scene, 'tls', $repo{tls}, 'https through a tunnel');

my %lines = map { $_ => 1 } split /\n/, read_file($seen) // '';
ok($lines{"GET 127.0.0.1:$plain->{port}"}, 'the proxy was asked for http')
    or diag(join "\n", keys %lines);
ok($lines{"CONNECT 127.0.0.1:$tls->{port}"}, 'and for a tunnel');

refused($scene, 'dead', 502, qr{127\.0\.0\.1:$dead.*proxy},
        'what the proxy cannot reach');


# without a password, without a proxy, and around it

$repo{$_}->commit({ 'dev/values.yaml' => "tag: 3\n" }) for keys %repo;
(my $open = $url) =~ s/us:.*\@//;
$nginx->reload(main => through(http_proxy => $open, https_proxy => $open));
refused($scene, 'tls', 502, qr{proxy.*407}, 'a proxy that wants a password');
refused($scene, 'plain', 502, qr{407}, 'the same without a tunnel');

my $nobody = 'http://us:' . $secret . '@127.0.0.1:' . free_port();
$nginx->reload(main => through(http_proxy => $nobody, https_proxy => $nobody));
refused($scene, $_, 502, qr{proxy|Connection refused}i,
        "$_: a proxy that is not there") for qw(plain tls);

$nginx->reload(main => through(http_proxy => $nobody, https_proxy => $nobody,
                               no_proxy => '127.0.0.1'));
lands($scene, $_, $repo{$_}, "$_: no_proxy") for qw(plain tls);

stays_secret($scene, 'us', $secret);
done_testing();
