# The directives: what is right parses, what is wrong fails nginx -t with a
# message that names it.

use lib 't/lib';
use Promotions::Test;

my $dir = temporary_folder();
my $remote = 'https://git.example.com/acme/gitops.git';
my $manifests = catalog('a.yaml' =>
    environment('qa')
    . application(name => 'orders-qa', url => $remote, path => 'qa/orders',
                  server => 'https://qa.example'));

write_file("$dir/password", "s3cret\n", 0600);
write_file("$dir/credentials", "https://bot:t\@git.example.com\n", 0600);
write_file("$dir/secrets", "git.example.com wh00k\n", 0600);
write_file("$dir/known_hosts", "git.example.com ssh-ed25519 AAAA\n");
write_file("$dir/key", "key\n", 0600);
write_file("$dir/readable", "https://bot:t0psecret\@git.example.com\n", 0644);
write_file("$dir/empty", '');
write_file("$dir/open-key", "key\n", 0644);
write_file("$dir/damaged.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"
                               . "-----END CERTIFICATE-----\n");
run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj',
    '/CN=test', '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem");
write_file("$dir/bundle.pem", "# two\n" . read_file("$dir/ca.pem") x 2);
write_file("$dir/half.pem", read_file("$dir/ca.pem")
                            . read_file("$dir/damaged.pem"));

my @usual = (catalog => $manifests,
             redis_directive => 'promotions_redis 127.0.0.1:6379;');


sub passes {
    my ($name, %options) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $output) =
        Promotions::Nginx->test_configuration(@usual, %options);
    is($status, 0, $name) or diag($output);
}


sub fails {
    my ($name, $pattern, %options) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $output) =
        Promotions::Nginx->test_configuration(@usual, %options);

    ok($status == 1 && $output =~ /\[emerg\]/ && $output =~ $pattern, $name)
        or diag("status $status\n$output");
    return $output;
}


# Directives that docs/directives.md has headings for, of one level or all.
sub documented {
    my ($level) = @_;

    my $text = read_file('docs/directives.md');
    ($text) = $text =~ /^## \Q$level\E$(.*?)(?=^## |\z)/ms if $level;
    return map { split /, / } $text =~ /^### (.*)$/mg;
}


# the module alone changes nothing

passes('loaded, and not used', thread_pool => '', use_pool => '',
       mirrors => '', redis_directive => '', catalog => undef,
       locations => '');

passes('the usual configuration');


# promotions_redis

for my $good ('127.0.0.1:6379', 'localhost:6379', "unix:$dir/redis.sock",
              "127.0.0.1:6379 user=pm password_file=$dir/password database=3"
              . ' prefix=p: connect_timeout=200ms timeout=3s')
{
    passes("promotions_redis $good",
           redis_directive => "promotions_redis $good;");
}

# what is wrong, and what is said of it after the directive's name
for my $case (['127.0.0.1:99999', '"127.0.0.1:99999": the port must be'],
              ['127.0.0.1:port', '"127.0.0.1:port": the port must be'],
              ['unix:', 'the path of a socket must be absolute'],
              ['sentinel:', 'it must be sentinel:NAME@HOST:PORT'],
              ['sentinel:@127.0.0.1:1', '"@127.0.0.1:1": it must be sentinel:'],
              ['no-such-host.invalid:6379', '"no-such-host.invalid"'],
              ['127.0.0.1:6379 database=x', '', '"database=x"'],
              ['127.0.0.1:6379 database=-1', '', '"database=-1"'],
              ['127.0.0.1:6379 timeout=never', '', '"timeout=never"'],
              ['127.0.0.1:6379 colour=red', '', '"colour=red"'],
              ['127.0.0.1:6379 user=gateway', 'user= without password_file='],
              ["127.0.0.1:6379 password_file=$dir/missing",
               "password file $dir/missing: No such file"])
{
    my ($bad, $after, $before) = @$case;
    $before //= '';
    fails("promotions_redis $bad",
          qr/\[emerg\] .*\Q$before\E.*"promotions_redis".*\Q$after\E/,
          redis_directive => "promotions_redis $bad;");
}

fails('promotions_redis twice', qr/"promotions_redis" directive is duplicate/,
      redis_directive => 'promotions_redis 127.0.0.1; '
                         . 'promotions_redis 127.0.0.1;');


# promotions_thread_pool

my $said = fails('no thread pool named', qr/"promotions_thread_pool"/,
                 use_pool => '');
like($said, qr/thread_pool promotions threads=\d+;/,
     'the message shows the line to add');
fails('a thread pool that nobody declared',
      qr/unknown thread pool "promotions"/, thread_pool => '');


# a directive without its arguments, or with too many

for my $name (documented('http level')) {
    fails("$name without arguments",
          qr/number of arguments in "$name"/, http => "$name;");
}


# values of the wrong kind

my %is_documented = map { $_ => 1 } documented();

my %wrong = (
    promotions_allow_local_remotes => ['maybe'],
    promotions_four_eyes           => ['2'],
    promotions_api_v4              => ['yes'],
    promotions_batch               => ['none', '-1', '0'],
    promotions_queue               => ['none', '-1', '0'],
    promotions_lease               => ['soon', '0'],
    promotions_git_timeout         => ['soon', '0'],
    promotions_git_idle_timeout    => ['soon', '0'],
    promotions_retention           => ['ever', '0'],
    promotions_request_ttl         => ['ever', '0'],
    promotions_committer           => ['nobody', '"Bot <bot"', '"Bot bot@x>"',
                                       '"<a@b>"', '"Bot <>"'],
    promotions_mirrors             => ['""'],
    promotions_catalog             => ['codefresh ""', '"" /tmp'],
    promotions_credentials         => ["$dir/missing", "$dir/readable", '""'],
    promotions_webhook_secrets     => ["$dir/missing", "$dir/readable"],
    promotions_trusted_certificate => ["$dir/missing", "$dir/empty", $dir,
                                       "$dir/ca.key", "$dir/damaged.pem",
                                       "$dir/half.pem", '""'],
    promotions_ssh_key             => ["$dir/missing", $dir, "$dir/open-key",
                                       '""'],
    promotions_ssh_known_hosts     => ["$dir/missing", '""'],
    promotions_forge               => ['git.example.com sourceforge',
                                       'git.example.com gitea colour=red',
                                       'git.example.com gitea api=ftp://x/',
                                       'git.example.com gitea '
                                       . 'api=http://git.example.com/api/v1'],
);

for my $name (sort grep { $is_documented{$_} } keys %wrong) {
    for my $value (@{ $wrong{$name} }) {
        my ($said) = $value =~ /""/ ? 'needs a ' : $value =~ /([^" ][^"]*)/;
        $said =~ s/^git\.example\.com (?:gitea (?:api=)?)?//;
        my $output = fails("$name $value",
                           qr/\[emerg\] (?=.*\b$name\b).*\Q$said\E/,
                           $name eq 'promotions_mirrors'
                               ? (mirrors => "$name $value;")
                               : (http => "$name $value;"));
        unlike($output, qr/t0psecret/, 'and shows no secret')
            if $value =~ /readable/;
    }
}


# values of the right kind

my %right = (
    promotions_allow_local_remotes => 'on',
    promotions_four_eyes           => 'on',
    promotions_api_v4              => 'on',
    promotions_batch               => '1',
    promotions_queue               => '10',
    promotions_lease               => '500ms',
    promotions_git_timeout         => '1m',
    promotions_git_idle_timeout    => '5s',
    promotions_retention           => '30d',
    promotions_request_ttl         => '7d',
    promotions_committer           => '"Bot Ölaf <bot@example.com>"',
    promotions_credentials         => "$dir/credentials",
    promotions_webhook_secrets     => "$dir/secrets",
    promotions_trusted_certificate => "$dir/bundle.pem",
    promotions_ssh_key             => "$dir/key",
    promotions_ssh_known_hosts     => "$dir/known_hosts",
    promotions_forge               => 'git.example.com gitea '
                                      . 'api=http://127.0.0.1:3000/api/v1',
);

for my $name (sort grep { $is_documented{$_} } keys %right) {
    passes("$name $right{$name}", http => "$name $right{$name};");
}


# files that root can read, and the workers cannot

SKIP: {
    skip 'only root has workers of another user', 6 if $> != 0;

    my $theirs = temporary_folder();
    chmod 0755, $theirs;
    write_file("$theirs/closed/known_hosts", "x\n");
    chmod 0700, "$theirs/closed";

    for my $file ('key', 'closed/known_hosts') {
        write_file("$theirs/key", "key\n", 0600);
        my $name = $file eq 'key' ? 'promotions_ssh_key'
                                  : 'promotions_ssh_known_hosts';
        fails("$name that the workers cannot read",
              qr/"$name": the workers' user "www-data" cannot read "\Q$theirs/,
              user => 'www-data', http => "$name $theirs/$file;");
    }

    my (undef, undef, $user, $group) = getpwnam 'www-data';
    chown $user, $group, "$theirs/key";
    passes('a key of theirs', user => 'www-data',
           http => "promotions_ssh_key $theirs/key;");
    chmod 0640, "$theirs/key";
    fails('one of theirs that ssh refuses', qr/ssh refuses.*chmod 600/,
          user => 'www-data', http => "promotions_ssh_key $theirs/key;");
    chown 0, $group, "$theirs/key";
    passes('one of root for their group, which ssh accepts',
           user => 'www-data', http => "promotions_ssh_key $theirs/key;");
    chown 0, 0, "$theirs/key";
    fails('one for the group of root', qr/"www-data" cannot read/,
          user => 'www-data', http => "promotions_ssh_key $theirs/key;");
}


# where a directive may stand

fails('promotions_redis in a location',
      qr/"promotions_redis" directive is not allowed here/,
      server => 'location /x/ { promotions_redis 127.0.0.1; }');
fails('promotions in http', qr/"promotions" directive is not allowed here/,
      http => 'promotions;');
passes('settings of a location, inherited',
       http => 'promotions_trailing_commas on;',
       server => 'promotions_success_status 201; location /x/ { '
                 . 'promotions; promotions_trailing_commas on; }');

for my $bad ('promotions_success_status 204', 'promotions_success_status ok',
             'promotions_trailing_commas 1')
{
    my ($name, $value) = split / /, $bad;
    fails($bad, qr/\[emerg\] .*"$value" in "$name" directive/,
          server => "location /x/ { promotions; $bad; }");
}

fails('promotions_hooks without secrets',
      qr/"promotions_hooks" needs "promotions_webhook_secrets"/,
      server => 'location /hooks/ { promotions_hooks; }');
passes('promotions_hooks with them',
       http => "promotions_webhook_secrets $dir/secrets;",
       server => 'location /hooks/ { promotions_hooks; }');
fails('a host of pull requests given twice',
      qr/host "git\.example\.com" is given twice/,
      http => 'promotions_forge git.example.com gitea; '
              . 'promotions_forge GIT.example.com gitlab;');


# the catalog is read by nginx -t, and a faulty manifest is named with its
# place

fails('a catalog that is not there', qr/\[emerg\] .*\Q$dir\E\/missing: /,
      catalog => "$dir/missing");

my $broken = catalog('broken.yaml' => "kind: Application\n  metadata: x\n");
fails('YAML that does not parse', qr/broken\.yaml:2:\d+: /,
      catalog => $broken);

my $same = catalog(
    'a.yaml' => application(name => 'x', url => $remote, path => 'a'),
    'b.yaml' => application(name => 'x', url => $remote, path => 'b'));
my $output = fails('two applications of one id', qr/b\.yaml/,
                   catalog => $same);
like($output, qr/a\.yaml/, 'both files are named');

my $both = catalog(
    'e.yaml' => environment('qa') . environment('prod',
        clusters => [ { runtime => 'codefresh',
                        server => 'https://qa.example' } ]),
    'a.yaml' => application(name => 'x', url => $remote, path => 'a',
                            server => 'https://qa.example'));
fails('an application of two environments', qr/qa.*prod|prod.*qa/,
      catalog => $both);

fails('promotesTo names an unknown environment', qr/nowhere/,
      catalog => catalog('e.yaml' =>
                         environment('qa', promotesTo => ['nowhere'])));

my $ssh = catalog('a.yaml' => application(name => 'x', path => 'a',
    url => 'git@git.example.com:acme/gitops.git'));
fails('an ssh remote and no known hosts', qr/promotions_ssh_known_hosts/,
      catalog => $ssh);
passes('an ssh remote with them', catalog => $ssh,
       http => "promotions_ssh_known_hosts $dir/known_hosts;");

my $local = catalog('a.yaml' => application(name => 'x', path => 'a',
                                            url => '/srv/git/x.git'));
fails('a local remote that is not allowed',
      qr/promotions_allow_local_remotes/, catalog => $local);
passes('a local remote that is', catalog => $local, allow_local => 1);

# every remote that is fetched from or pushed to, at its place in the manifest

sub manifest {
    my ($sources) = @_;
    return catalog('a.yaml' => <<"END");
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: x
spec:
  sources:
$sources
END
}

sub environment_of_apis {
    my ($remote) = @_;
    return catalog('e.yaml' => <<"END");
apiVersion: promotions.nginx/v1
kind: Environment
metadata:
  name: qa
spec:
  apis:
    path: qa
    repoURL: $remote
END
}

for my $case (
    [ 'git@git.example.com:acme/x.git', qr/promotions_ssh_known_hosts/,
      'ssh without known hosts' ],
    [ '/srv/git/x.git', qr/promotions_allow_local_remotes/,
      'a local one that is not allowed' ],
    [ 'ftp://git.example.com/x.git', qr/ftp/, 'a scheme that is none' ],
) {
    my ($url, $pattern, $name) = @$case;

    fails("a folder: $name", qr{/a\.yaml:8:16: repoURL: .*$pattern},
          catalog => manifest("    - path: qa\n      repoURL: $url"));
    fails("value files of a chart: $name",
          qr{/a\.yaml:13:16: repoURL: .*$pattern},
          catalog => manifest(<<"END" =~ s/\n\z//r));
    - chart: orders
      repoURL: oci://charts.example.com
      targetRevision: 1.2.3
      helm:
        valueFiles: [\$values/qa.yaml]
    - ref: values
      repoURL: $url
END
    fails("API definitions: $name", qr{/e\.yaml:8:14: repoURL: .*$pattern},
          catalog => environment_of_apis($url));
}

passes('a chart has a repository of its own kind',
       catalog => manifest("    - chart: orders\n      repoURL: oci://x.example"
                           . "\n      targetRevision: 1.2.3"));
passes('API definitions over ssh, and known hosts',
       catalog => environment_of_apis('ssh://git@git.example.com/x.git'),
       http => "promotions_ssh_known_hosts $dir/known_hosts;");


# mirrors

fails('a folder of mirrors that cannot be made', qr{\Q$dir\E/empty/mirrors},
      mirrors => "promotions_mirrors $dir/empty/mirrors;");

my $nginx = Promotions::Nginx->new(@usual);
my ($status) = $nginx->test_configuration;
is($status, 0, 'a folder of mirrors is made');
is(sprintf('%o', (stat "$nginx->{dir}/mirrors")[2] & 0777), '700',
   'for the worker alone');

for my $slashes ('/', '///') {
    $nginx = Promotions::Nginx->new(@usual,
        mirrors => "promotions_mirrors \@DIR\@/deep/mirrors$slashes;");
    ($status) = $nginx->test_configuration;
    is($status, 0, "a path that ends in $slashes");
    is(sprintf('%o', (stat "$nginx->{dir}/deep/mirrors")[2] & 0777), '700',
       'is for the worker alone, too');
}


# every directive of the module is documented, and none that it lacks

my %compiled;

for my $path (glob 'src/http/*.c') {
    my ($table) = read_file($path)
        =~ /^ngx_command_t\s+\w+\[\] = \{(.*?)^\};/ms or next;
    $compiled{$_} = 1 for $table =~ /\{ ngx_string\("(\w+)"\),/g;
}

is(join(' ', sort keys %is_documented), join(' ', sort keys %compiled),
   'docs/directives.md has the directives that the module has');

done_testing();
