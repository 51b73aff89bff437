# The files of conf-examples run as they stand, with paths and ports of the
# test's own; so do README's commands for a gateway that is there.

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

    my $key = ($redis{$name} // $plain)->key(id => 'k', grants => 'admin');

    my $r = $nginx->request(method => 'POST', key => $key, json => {},
                            path => '/api/promotions/commit');
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


# README: its commands, with /usr somewhere else and nobody to sudo

my ($section) = read_file('README.md')
    =~ /^## Add it to a gateway\n(.*?)^## /ms;
my ($install, $create) = $section =~ /^```console\n(.*?)^```$/msg;
my ($lines) = $section =~ /^```nginx\n(.*?)^```$/ms;
my $build = $ENV{B} // 'build';
my $installed = '/usr/lib/nginx/modules/ngx_http_promotions_module.so';

sub commands {
    my ($text) = @_;

    $text =~ s/^\$ make module.*\n//m;
    $text =~ s/^\$ (?:sudo )?//mg;
    $text =~ s{(^|\s)/usr/}{$1$folder/usr/}g;
    $text =~ s{(^|\s)build/}{$1$build/}g;
    $text =~ s{^promotions-key create}
              {$folder/usr/local/bin/promotions-key create --address @{[
                  $plain->address ]}}m;
    return run({ only_output => 1 }, 'sh', '-ec', $text);
}

# what Debian's nginx has brought: no folder for modules
run('mkdir', '-p', "$folder/usr/share/nginx", "$folder/usr/local/bin");

my ($failed, $output) = commands($install);
is($failed, 0, 'README: what it installs can be installed') or diag($output);
is(read_file("$folder$installed"),
   read_file("$build/ngx_http_promotions_module.so"), 'the module');
is((stat "$folder$installed")[2] & 0777, 0644, 'which anybody may read');
like($lines, qr/^load_module \Q$installed\E;$/m, 'where it is loaded from');

($failed, $output) = commands($create);
is($failed, 0, 'a key is made') or diag($output);
chomp $output;
my $nginx = Promotions::Nginx->start(
    configuration => Promotions::Nginx->example(
        'conf-examples/existing-gateway.conf',
        folder => $folder, redis => $plain->address));
is($nginx->request(method => 'POST', key => $output, json => {},
                   path => '/api/promotions/commit')->{status}, 400,
   'and known to the gateway');

# the example is the whole file of README's lines: they are those with a +

sub words {
    my ($text) = @_;

    $text =~ s/\s+#.*//mg;
    return [ map { join ' ', split } grep { /\S/ } split /\n/, $text ];
}

my @added = read_file('conf-examples/existing-gateway.conf')
    =~ /^(.*\S) +# \+$/mg;
is_deeply(words(join "\n", @added), words($lines), 'README: the same lines');
is(scalar @added, 10, 'ten');

done_testing();
