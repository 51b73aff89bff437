# Where the token of a provider may go: its own host, over TLS that is
# checked, and the API that is configured for it; look-alikes get nothing.

use lib 't/lib';
use Promotions::Test;
use Promotions::Forge;
use Promotions::Pulls ();
use Promotions::Remotes;

my $token = $Promotions::Pulls::token;
my %files = map { my $n = $_;
                  ("dev/$n/values.yaml" => "tag: $n.1\n",
                   "qa/$n/values.yaml" => "tag: $n.0\n") } 1 .. 9;

# the API behind the git server's own TLS, and behind one of another CA
my $api_port = free_port();
my $proxy = <<"END";
        location /api/v3/ { proxy_pass http://127.0.0.1:$api_port; }
END
my $git = Promotions::Git->start(user => 'bot', token => $token, tls => 1,
                                 directives => $proxy);
my $other = Promotions::Git->start(tls => 1, directives => $proxy);
my $named = Promotions::Git->start(directives => $proxy, tls => {
    ca => $git, names => 'DNS:else.example' });
my $plain = Promotions::Git->start;

my $repo = $git->repository('acme/gitops', \%files);
my $forge = Promotions::Forge->start('github', port => $api_port,
    token => $token, repositories => { 'acme/gitops' => $repo });
my $dir = temporary_folder();

write_file("$dir/credentials", $git->credentials, 0600);

my %url = (
    own       => $git->base_url . '/acme/gitops.git',
    localhost => "https://localhost:$git->{port}/acme/gitops.git",
    short     => "https://127.1:$git->{port}/acme/gitops.git",
    elsewhere => $plain->base_url . '/acme/gitops.git',
    person    => "http://127.0.0.1\@127.0.0.1:$plain->{port}/acme/gitops.git",
);

$plain->repository('acme/gitops', \%files);


# A gateway whose applications are these, as NAME-dev and NAME-qa.
sub gateway {
    my ($forges, %urls) = @_;

    my $n = 0;
    my $text = '';

    for my $name (sort keys %urls) {
        $n++;
        $text .= application(name => "$name-$_", url => $urls{$name},
                             path => "$_/$n") for qw(dev qa);
    }

    my $redis = Promotions::Redis->start;
    my $self = bless { redis => $redis,
        key => $redis->key(id => 'admin', grants => 'admin') },
        'Promotions::Test::Scene';

    $self->{nginx} = Promotions::Nginx->start(redis => $redis,
        catalog => catalog('a.yaml' => $text), http => <<"END");
    promotions_credentials $dir/credentials;
    promotions_trusted_certificate @{[ $git->ca ]};
    $forges
END
    return $self;
}


sub asked {
    my ($scene, $name) = @_;

    return $scene->post('pullRequest', {
        srcAppId => app_id("$name-dev"), destAppId => app_id("$name-qa"),
        head => 'main', title => 'x' }, headers => {
            Prefer => 'respond-async' });
}


# What became of it, once its record says.
sub outcome {
    my ($scene, $name) = @_;

    my $r = asked($scene, $name);
    return { error => $r->json // {}, status => $r->{status} }
        if $r->{status} != 202;

    my $id = $r->{headers}{'promotion-id'};
    return wait_for("$name to be tried", sub {
        my $record = $scene->get($id)->json;
        return $record if $record->{PULL_REQUEST_ID} || $record->{error};
    }, 30);
}


# TLS, with the API's address that the provider documents for its host

my $scene = gateway("promotions_forge 127.0.0.1:$git->{port} github;",
                    own => $url{own});
my $r = $scene->pull_request('own-dev', 'own-qa');

is($r->{status}, 200, 'an API over TLS, at its documented address')
    or diag($r->{body}, $scene->{nginx}->log);
ok((grep { m{^POST /api/v3/repos/acme/gitops/pulls 201} } $git->requests),
   'on the host of the repository');


# TLS that cannot be trusted

for (['another CA', $other], ['another name', $named]) {
    my ($why, $server) = @$_;

    my $before = () = $forge->requests;
    my $bad = gateway("promotions_forge 127.0.0.1:$git->{port} github "
        . 'api=' . $server->base_url . '/api/v3;', own => $url{own});
    my $record = outcome($bad, 'own');

    like($record->{error} && JSON::PP->new->encode({ e => $record->{error} }),
         qr/certificate|TLS|SSL/, "$why: the certificate is not taken")
        or diag(explain($record));
    is(scalar(() = $forge->requests), $before, "$why: nothing is asked");
    stays_secret($bad, 'bot', $token);
}


# look-alikes of the host, and of the repository on another one

my @known = map { "promotions_forge $_ github api=" . $forge->api . ';' }
            "127.0.0.1:$git->{port}", "localhost:$git->{port}",
            "127.1:$git->{port}", "127.0.0.1:$plain->{port}";
my %alike = %url;
delete $alike{own};

my $before = () = $forge->requests;
my $alike = gateway(join("\n", @known), %alike);

for my $name (sort keys %alike) {
    my $record = outcome($alike, $name);

    ok(!$record->{PULL_REQUEST_ID}
       && ($record->{status} // 0) =~ /^(?:5|4)|^0$/,
       "$name: no pull request") or diag(explain($record));
}

is(scalar(() = $forge->requests), $before, 'look-alikes: nothing is asked');
is(scalar(grep { /Basic/ } $plain->requests), 0,
   'nor is another git server told');
stays_secret($alike, 'bot', $token);


# what a configuration may not say

for my $forges (
    'git.example nothing',
    'git.example github api=http://git.example/api/v3',
    'git.example github api=https://git.example@evil.example/api/v3',
    'git.example github api=https://git.example/api/v3?x=1',
    'git.example github api=ftp://git.example/',
    'git.example/path github',
    'bot@git.example github',
    'git.example')
{
    my ($status, $output) = Promotions::Nginx->test_configuration(
        redis => $scene->{redis}, http => "promotions_forge $forges;");

    isnt($status, 0, "promotions_forge $forges; is refused");
    like($output, qr/promotions_forge|invalid number of arguments/,
         'and named');
}

# nor a catalog

my $secret = 'p4ssw0rd-in-a-url';

for my $url ("https://git.example:$secret\@evil.example/a/b",
             'https://git.example.:8443/a/b',
             'https://git.example%2f@evil.example/a/b?x',
             'https://git.example\@evil.example/a/b',
             'https://git.example#@evil.example/a/b')
{
    my ($status, $output) = Promotions::Nginx->test_configuration(
        redis => $scene->{redis}, catalog => catalog('a.yaml' => application(
            name => 'a', url => $url, path => 'x')));

    isnt($status, 0, "$url is refused") or diag($output);
    unlike($output, qr/$secret/, 'without its secret');
}

done_testing();
