# The files of conf-examples run as they stand, with paths and ports of the
# test's own.

use lib 't/lib';
use Promotions::Test;

my $folder = temporary_folder();
my $redis = Promotions::Redis->start(user => 'promotions', password => 'pw');
my $plain = Promotions::Redis->start;
my $git = Promotions::Git->start(tls => 1);

# what the examples name below /etc/nginx/promotions
run('cp', '-r', 'conf-examples/catalog', $folder);
write_file("$folder/redis-password", "pw\n", 0644);
write_file("$folder/credentials", "https://bot:t\@git.example.com\n", 0600);
write_file("$folder/git-ca.pem", read_file($git->ca));
write_file("$folder/server.$_", read_file("$git->{server}/tls/server.$_"))
    for qw(pem key);

my %redis = ('tls.conf' => $redis);

for my $path (sort glob 'conf-examples/*.conf') {
    my ($name) = $path =~ m{([^/]+)$};

    my $nginx = Promotions::Nginx->start(
        $name eq 'tls.conf' ? (scheme => 'https', ca => $git->ca) : (),
        configuration => Promotions::Nginx->example($path,
            folder => $folder,
            redis => ($redis{$name} // $plain)->address));

    my $prefix = $name eq 'existing-gateway.conf' ? '/app-proxy' : '';
    my $key = ($redis{$name} // $plain)->key(id => 'k', grants => 'admin');

    my $r = $nginx->request(method => 'POST', key => $key, json => {},
                            path => "$prefix/api/promotions/commit");
    is($r->{status}, 400, "$name: an empty request is checked")
        or diag($r->{error}, $r->{body}, $nginx->log);
    is($r->json->{statusCode}, 400, 'by the module');

    next if $name eq 'existing-gateway.conf';

    $r = $nginx->request(path => '/health');
    is($r->{status}, 200, 'healthy') or diag($r->{body});

    next if $name ne 'tls.conf';

    $r = $nginx->request(method => 'POST', key => $key,
        path => '/api/promotions/commit', body => ' ' x 1_100_000);
    is($r->{status}, 413, 'too large');
    is(($r->json // {})->{statusCode}, 413, 'answered as JSON')
        or diag($r->{body});
}

done_testing();
