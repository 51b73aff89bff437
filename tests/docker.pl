# The remote of tests/docker.sh: a git server on loopback that wants a token,
# with the sample repository.  Writes its address, a line of credentials and
# the path of the repository into a folder, and serves until it is told to end:
#
#     perl tests/docker.pl FOLDER

use strict;
use warnings;

use File::Find ();

use lib 't/lib';

use Promotions::Git;
use Promotions::Process;

my ($folder) = @ARGV;

$SIG{$_} = sub { exit 0 } for qw(INT TERM HUP);

my %files;
my $sample = 'conf-examples/gitops';

File::Find::find({ no_chdir => 1, wanted => sub {
    return if !-f;
    (my $name = $_) =~ s{^\Q$sample\E/}{};
    $files{$name} = read_file($_);
} }, $sample);

my $git = Promotions::Git->start(user => 'bot', token => 't0ken');
my $repo = $git->repository('gitops', \%files);

write_file("$folder/credentials", $git->credentials, 0600);
write_file("$folder/repository", $repo->path);

# the last one: it says that all is there
write_file("$folder/url.new", $repo->url);
rename "$folder/url.new", "$folder/url" or die "$folder/url: $!\n";

sleep 1 while 1;
