# `make run`: a gateway to try.  Redis, a git server with a sample repository
# (conf-examples/gitops) and nginx with conf-examples/quickstart.conf, all on
# loopback, in a temporary folder, until Ctrl-C.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Find ();
use IO::Socket::INET ();

use lib 't/lib';

use Promotions::Git;
use Promotions::HTTP;
use Promotions::Nginx;
use Promotions::Process;
use Promotions::Redis;

my $build = $ENV{B} // 'build';

$| = 1;
$SIG{$_} = sub { print "\nstopped\n"; exit 0 } for qw(INT TERM HUP);

my $redis = Promotions::Redis->start;
my $git = Promotions::Git->start(port => preferred(8081));
my $repo = $git->repository('gitops', files('conf-examples/gitops'));

# the sample catalog, with the address of this git server
my $folder = temporary_folder();
my $manifests = files('conf-examples/catalog');

for my $name (keys %$manifests) {
    (my $text = $manifests->{$name})
        =~ s{https://git\.example\.com/acme/gitops\.git}{$repo->url}ge;
    write_file("$folder/catalog/$name", $text);
}

my $nginx = Promotions::Nginx->start(
    port => preferred(8080),
    configuration => Promotions::Nginx->example(
        'conf-examples/quickstart.conf',
        folder => $folder, redis => $redis->address));

# for a second terminal, each in a file of its own
my $key = key('key', 'Quick Start <quickstart@example.com>', 'admin');
my $publisher = key('publisher', 'Paula Publisher <paula@example.com>',
                    'API_DEFINITION:RU@dev ENVIRONMENT_AUDIT:R@dev');
my $reviewer = key('reviewer', 'Rita Reviewer <rita@example.com>',
                   'ENVIRONMENT_API:CU@qa ENVIRONMENT_AUDIT:R@qa');

my ($source, $destination) = map {
    qq({"runtime":"codefresh","namespace":"argocd","name":"orders-$_"})
} qw(dev qa);

my $url = "http://127.0.0.1:$nginx->{port}";

print <<"END";

The gateway is at $url, its repository at @{[ $repo->url ]}

What would change if orders went from dev to qa?

  curl -s $url/api/promotions/preview \\
    -H 'Authorization: $key' \\
    -H 'Content-Type: application/json' \\
    -d '{"srcAppId": $source,
         "destAppId": $destination}'

Promote it (a second time there is nothing left to promote: 400):

  curl -s $url/api/promotions/commit \\
    -H 'Authorization: $key' \\
    -H 'Content-Type: application/json' \\
    -d '{"srcAppId": $source,
         "destAppId": $destination,
         "message": "orders to qa"}'

Or let somebody review it: Paula asks for the API "petstore" to go from dev to
qa, Rita decides (docs/reviews.md tells more).

  GATEWAY=$url/management/organizations/acme
  PUBLISHER=$publisher
  REVIEWER=$reviewer

@{[ walk() ]}
There are orders, web and search, each as -dev, -qa and -prod; the catalog lies
in $folder/catalog, the error log is
$nginx->{dir}/error.log.  The keys are in $build/key,
$build/publisher and $build/reviewer too.
Ctrl-C stops everything.
END

# until a signal; if nginx ends by itself, so does this
sleep 1 while $nginx->{process}->alive;
print read_file("$nginx->{dir}/error.log");
exit 1;


# A port that people remember, if nobody has it.
sub preferred {
    my ($port) = @_;

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 1, ReuseAddr => 1);
    return $socket ? $port : free_port();
}


# A new key, which is kept in a file, too.
sub key {
    my ($name, $author, $grants) = @_;

    my ($failed, $made) = run({ only_output => 1 },
        "$build/promotions-key", 'create', '--address', $redis->address,
        '--name', $name eq 'key' ? 'quickstart' : $name,
        '--author', $author, '--grants', $grants);
    die "promotions-key failed\n" if $failed;
    chomp $made;

    write_file("$build/$name", "$made\n", 0600);
    return $made;
}


# The commands of docs/reviews.md, as they stand there.
sub walk {
    my @commands = read_file('docs/reviews.md') =~ /^```sh\n(.*?)^```$/msg;

    return join "\n", map { s/^(?=.)/  /mgr } @commands;
}


# Path => contents of all files below a folder.
sub files {
    my ($top) = @_;

    my %found;
    File::Find::find({ no_chdir => 1, wanted => sub {
        return if !-f;
        (my $name = $_) =~ s{^\Q$top\E/}{};
        $found{$name} = read_file($_);
    } }, $top);
    return \%found;
}
