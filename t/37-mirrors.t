# The mirrors are a cache: whatever becomes of them, promotions go on.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;

use Digest::SHA ();
use File::Path ();

my $git = Promotions::Git->start;
my $noise = join '', map { chr(33 + int rand 90) } 1 .. 20_000;

# what is done to a mirror: `reload` where a worker would have it mapped

my %damage = (
    'the mirror is deleted' => sub { File::Path::remove_tree(shift) },
    'a file in its place' => sub {
        File::Path::remove_tree($_[0]);
        write_file($_[0], "not a mirror\n");
    },
    'a folder without anything in its place' => sub {
        File::Path::remove_tree($_[0]);
        mkdir $_[0];
    },
    'no HEAD' => sub { unlink "$_[0]/HEAD" },
    'a config of garbage' => sub { write_file("$_[0]/config", "[[[\n=\n") },
    'a ref of garbage' => sub { ref_is($_[0], "garbage\n") },
    'an empty ref' => sub { ref_is($_[0], '') },
    'a ref to nothing' => sub { ref_is($_[0], '1' x 40 . "\n") },
    'no objects' => sub { File::Path::remove_tree("$_[0]/objects/pack") },
    'packs without an index' => sub { unlink glob "$_[0]/objects/pack/*.idx" },
    'indexes without a pack' => sub { unlink glob "$_[0]/objects/pack/*.pack" },
    'an index of zeros' => sub { zero(glob "$_[0]/objects/pack/*.idx") },
    'a pack of zeros' => sub { zero(glob "$_[0]/objects/pack/*.pack") },
    'reload: packs cut in half' => sub {
        truncate $_, (-s $_) / 2 for glob "$_[0]/objects/pack/*.pack";
    },
    'reload: empty packs' => sub {
        truncate $_, 0 for glob "$_[0]/objects/pack/*";
    },
    'locks of a killed worker' => sub {
        write_file("$_[0]/$_", '')
            for qw(HEAD.lock config.lock packed-refs.lock shallow.lock
                   refs/remotes/origin/main.lock objects/pack/tmp_pack_1
                   objects/pack/pack_git2_1 objects/tmp_store/pack_git2_2);
    },
);

my @cases = sort keys %damage;
my %repo = map { $_ => $git->repository("r$_", files(
    'dev/large' => $noise)) } 0 .. $#cases, qw(quiet0 quiet1 many all);
my $scene = remotes(workers => 2, threads => 4,
    http => 'promotions_lease 2s;',
    pairs => { map { ("r$_" => $repo{$_}->url) } keys %repo });
my $nginx = $scene->{nginx};


# The first answer of that status; a thread that is late answers by what was
# last known.
sub health {
    my ($status) = @_;

    my $r;
    wait_for("health to say $status", sub {
        $r = $nginx->request(path => '/health');
        return $r->{status} == $status;
    });
    return $r;
}


sub mirror {
    my ($repo) = @_;
    my $name = Digest::SHA::sha256_hex($repo->url);
    return "$nginx->{dir}/mirrors/" . substr($name, 0, 2) . "/$name.git";
}


sub ref_is {
    my ($mirror, $text) = @_;
    write_file("$mirror/refs/remotes/origin/main", $text);
}


sub zero {
    for my $path (@_) {
        chmod 0644, $path;
        open my $file, '+<:raw', $path or die "$path: $!";
        print $file "\0" x -s $path;
        close $file;
    }
}


# each damage twice: with a push of somebody else in between, and without

my $n = 0;

for my $i (0 .. $#cases) {
    my ($case, $repo) = ($cases[$i], $repo{$i});
    my $mirror = mirror($repo);

    my $r = $scene->commit("r$i-dev", "r$i-qa");
    is($r->{status}, 200, "$case: before") or diag($r->{body});
    ok(-d "$mirror/objects", 'the mirror is where it should be');

    $damage{$case}->($mirror);
    $nginx->reload if $case =~ /^reload/;
    $repo->commit({ 'dev/values.yaml' => 'n: ' . ++$n . "\n" });
    lands($scene, "r$i", $repo, $case);

    ok(-d "$mirror/objects", 'there is a mirror again');
    my ($status, $output) = run('git', '-C', $mirror, 'fsck', '--full',
                                '--no-dangling', '--no-progress');
    is($status, 0, 'which is sound') or diag($output);
    is(run('git', '-C', $mirror, 'rev-parse', 'refs/remotes/origin/main'),
       $repo->head . "\n", 'and up to date');
    my @left = grep { -e } "$mirror.new", "$mirror.old",
        glob("$mirror/*.lock $mirror/refs/remotes/origin/*.lock"
             . " $mirror/objects/pack/tmp_* $mirror/objects/tmp_*");
    is("@left", '', 'nothing is left lying about');
}


# the same with nothing to fetch: what is read is found to be damaged

for my $i (0, 1) {
    my $case = ('a pack of zeros', 'the mirror is deleted')[$i];
    my $repo = $repo{"quiet$i"};

    $scene->preview("rquiet$i-dev", "rquiet$i-qa");
    $damage{$case}->(mirror($repo));
    lands($scene, "rquiet$i", $repo, "$case, with nothing new to fetch");

    for my $next (1, 2) {
        $repo->commit({ 'dev/values.yaml' => "next: $next\n" });
        lands($scene, "rquiet$i", $repo, "$case, promotion $next after it");
    }
}


# many promotions do not make many packs

my %status;

for my $i (1 .. 30) {
    $repo{many}->commit({ 'dev/values.yaml' => "round: $i\n" });
    my $r = $scene->commit('rmany-dev', 'rmany-qa', message => "round $i");
    $status{ $r->{status} }++;
    diag($r->{body}) if $r->{status} != 200;
}

is(join(' ', %status), '200 30', 'many promotions, each with a fetch');

my @packs = glob mirror($repo{many}) . '/objects/pack/*.pack';
ok(@packs > 1 && @packs <= 51, 'packs are joined') or diag(scalar @packs);
same_folder($repo{many}, 'main:dev', $repo{many}, 'main:qa', 'the last one');


# all of it is gone at once

lands($scene, 'rall', $repo{all}, 'before all mirrors go');
File::Path::remove_tree("$nginx->{dir}/mirrors", { keep_root => 1 });
$repo{all}->commit({ 'dev/values.yaml' => "all: gone\n" });
lands($scene, 'rall', $repo{all}, 'no mirror at all');
File::Path::remove_tree("$nginx->{dir}/mirrors");
is(health(200)->{status}, 200,
   'a folder that can be made is no fault of health');

for my $case ([ 'a file', sub { write_file(shift, '') } ],
              [ 'a link to nowhere', sub { symlink '/nowhere/at/all', shift } ])
{
    my ($name, $make) = @$case;
    $make->("$nginx->{dir}/mirrors");
    is(health(503)->{body}, '{"status":"down","down":["mirrors"]}',
       "$name in its place is one, and named");
    unlink "$nginx->{dir}/mirrors" or die $!;
}

is(health(200)->{status}, 200, 'until it is gone');
$repo{all}->commit({ 'dev/values.yaml' => "folder: gone\n" });
lands($scene, 'rall', $repo{all}, 'not even their folder');
is((stat "$nginx->{dir}/mirrors")[2] & 0777, 0700, 'made private again');


# a folder that cannot be written, and a disk that is full

SKIP: {
    my $disk = temporary_folder();

    skip 'only root can mount a small disk', 1 if $> != 0;
    my ($status, $output) = run('mount', '-t', 'tmpfs', '-o', 'size=600k',
                                'tmpfs', $disk);
    skip "a small disk cannot be mounted: $output", 1 if $status;

    my $large = $git->repository('large', files(
        map { ("dev/$_" => join '', map { chr(33 + int rand 90) }
                                    1 .. 200_000) } 1 .. 5));
    my $small = $git->repository('small', files());
    my $full = remotes(mirrors => "promotions_mirrors $disk/mirrors;",
                       pairs => { large => $large->url,
                                  small => $small->url });

    lands($full, 'small', $small, 'a small repository fits');
    my $r = refused($full, 'large', 503, qr{.}, 'a large one does not');
    ok($r->{headers}{'retry-after'}, 'the client may come back');
    is(scalar(my @log = $large->log), 1, 'nothing was pushed');

    $small->commit({ 'dev/values.yaml' => "still: here\n" });
    lands($full, 'small', $small, 'the small one goes on');

    run('mount', '-o', 'remount,size=20m', $disk);
    lands($full, 'large', $large, 'room again: nothing half-written is used');

    run('mount', '-o', 'remount,ro', $disk);
    $small->commit({ 'dev/values.yaml' => "read: only\n" });
    refused($full, 'small', 503, qr{mirror}, 'a disk that is read-only');
    run('mount', '-o', 'remount,rw', $disk);
    lands($full, 'small', $small, 'and writable again');

    $full->{nginx}->stop;
    ($status, $output) = run('umount', $disk);
    is($status, 0, 'the disk is given back') or diag($output);
}

done_testing();
