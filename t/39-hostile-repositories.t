# Repositories that somebody has made to hurt: 100,000 refs, names that lead
# out of a work tree, trees of any depth, commits of any size.  Each has an
# answer in time, memory stays bounded, and others are not held up.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Remotes;

my $slow = $ENV{PROMOTIONS_ASAN} ? 4 : 1;
my $git = Promotions::Git->start;
my %repo = map { $_ => $git->repository($_, files()) }
           qw(plain refs dots deep wide large chain);


# An object, as bytes, whatever git thinks of it; its name.
sub object {
    my ($repo, $type, $bytes) = @_;

    my ($status, $name) = run({ input => $bytes }, 'git', '-C', $repo->path,
        'hash-object', '-w', '-t', $type, '--literally', '--stdin');
    die $name if $status;
    chomp $name;
    return $name;
}


sub entry {
    my ($mode, $name, $id) = @_;
    return "$mode $name\0" . pack 'H*', $id;
}


# Folder dev of a branch becomes this tree; the folder is the first in its
# root by then.
sub graft {
    my ($repo, $tree, $branch) = @_;

    $branch //= 'main';
    my $qa = $repo->tree("main:qa");
    my $root = object($repo, 'tree', entry('40000', 'dev', $tree)
                                     . entry('40000', 'qa', $qa));
    my $head = $repo->head;
    my $commit = object($repo, 'commit', "tree $root\nparent $head\n"
        . "author a <a\@b> 1 +0000\ncommitter a <a\@b> 1 +0000\n\nx\n");
    $repo->git('update-ref', "refs/heads/$branch", $commit);
}


my $blob = object($repo{dots}, 'blob', "x: 1\n");
object($_, 'blob', "x: 1\n") for values %repo;

# 100,000 branches and tags, and 1,000 notes
{
    my $head = $repo{refs}->head;
    write_file($repo{refs}->path . '/packed-refs',
        "# pack-refs with: peeled fully-peeled sorted \n"
        . join '', map { "$head refs/$_\n" } sort
              (map({ sprintf 'heads/branch-%06d', $_ } 1 .. 60_000),
               map({ sprintf 'tags/tag-%06d', $_ } 1 .. 40_000),
               map({ "notes/n-$_" } 1 .. 1000)));
}

# one branch for each name that leads elsewhere
my %dots = (
    up       => entry('40000', '..', object($repo{dots}, 'tree',
                      entry('100644', 'values.yaml', $blob))),
    here     => entry('100644', '.', $blob),
    git      => entry('40000', '.git', object($repo{dots}, 'tree',
                      entry('100644', 'config', $blob))),
    'git-up' => entry('40000', '.GIT', object($repo{dots}, 'tree',
                      entry('100644', 'config', $blob))),
    slash    => entry('100644', 'a/b', $blob),
    empty    => entry('100644', '', $blob),
    twice    => entry('100644', 'a', $blob) . entry('100644', 'a', $blob),
    order    => entry('100644', 'b', $blob) . entry('100644', 'a', $blob),
    mode     => entry('777', 'a', $blob),
    missing  => entry('100644', 'a', 'f' x 40),
    short    => '100644 a',
);
graft($repo{dots}, object($repo{dots}, 'tree', $dots{$_}), $_)
    for sort keys %dots;

# 400 folders in each other
{
    my $tree = object($repo{deep}, 'tree', entry('100644', 'f', $blob));

    $tree = object($repo{deep}, 'tree', entry('40000', 'd', $tree))
        for 1 .. 400;
    graft($repo{deep}, $tree);
}

# 150,000 files
graft($repo{wide}, object($repo{wide}, 'tree', join '', map {
    entry('100644', sprintf('f%06d', $_), $blob) } 1 .. 150_000));

# a file of 300 MiB, which packs to nothing
{
    my $path = temporary_folder() . '/large';
    run('truncate', '-s', '300M', $path);
    my ($status, $name) = run({ limit => 60 }, 'git', '-C',
        $repo{large}->path, 'hash-object', '-w', $path);
    die $name if $status;
    chomp $name;
    graft($repo{large}, object($repo{large}, 'tree',
                               entry('100644', 'large.bin', $name)));
}

# a link to itself and one out of the repository, as the folder promoted
graft($repo{chain}, object($repo{chain}, 'tree',
    entry('120000', 'a', object($repo{chain}, 'blob', 'a'))
    . entry('120000', 'values.yaml', object($repo{chain}, 'blob',
                                            '../../../etc/passwd'))));

my $scene = remotes(workers => 1, threads => 4,
    http => 'promotions_git_timeout 60s;', pairs => {
        (map { ($_ => $repo{$_}->url) } keys %repo),
        (map { ("dots-$_" => { url => $repo{dots}->url, from_branch => $_ }) }
             keys %dots) });
my $worker;


# MiB that the worker has had at most.
sub memory {
    return read_file("/proc/$worker/status") =~ /^VmHWM:\s+(\d+) kB/m
           ? $1 / 1024 : 0;
}


lands($scene, 'plain', $repo{plain}, 'a plain one');
($worker) = $scene->{nginx}->workers;
my $before = memory();
cmp_ok($before, '>', 1, 'a worker');

# 100,000 refs: promoted
{
    my $start = Time::HiRes::time();
    my $r = $scene->commit('refs-dev', 'refs-qa');
    is($r->{status}, 200, '100,000 refs: promoted') or diag($r->{body});
    cmp_ok(Time::HiRes::time() - $start, '<', 15 * $slow, 'in time');
    same_folder($repo{refs}, 'main:dev', $repo{refs}, 'main:qa', 'it');
}

# names
for my $name (sort keys %dots) {
    my $head = $repo{dots}->head;
    my $r = $scene->commit("dots-$name-dev", "dots-$name-qa");

    like($r->{status}, qr/^(?:422|502)$/, "a tree with \"$name\": refused")
        or diag($r->{status}, ' ', $r->{body} || $r->{error});
    ok(length(($r->json // {})->{message} // ''), "$name: it is said why");
    is($repo{dots}->head, $head, "$name: and nothing has landed");
}

# deep, wide, large
for my $case ([ 'deep', qr/^422$/, '400 folders in each other' ],
              [ 'wide', qr/^422$/, '150,000 files' ],
              [ 'large', qr/^200$/, '300 MiB, which need not be read' ]) {
    my ($name, $status, $text) = @$case;
    my $start = Time::HiRes::time();
    my $r = $scene->commit("$name-dev", "$name-qa");

    like($r->{status}, $status, "$text: $r->{status}")
        or diag($r->{body} || $r->{error});
    note(substr $r->{body}, 0, 500);
    cmp_ok(Time::HiRes::time() - $start, '<', 66 * $slow, "$text: in time");
    cmp_ok(memory() - $before, '<', 600, "$text: memory stays bounded")
        if !$ENV{PROMOTIONS_ASAN};
}

# links are copied, never followed
{
    my $r = $scene->commit('chain-dev', 'chain-qa');
    is($r->{status}, 200, 'links: copied as they are') or diag($r->{body});
    is($repo{chain}->git('cat-file', 'blob', 'main:qa/values.yaml'),
       '../../../etc/passwd', 'and not followed');
    $r = $scene->preview('chain-dev', 'chain-qa');
    unlike($r->{body}, qr/root:/, 'nor by a preview');
}

lands($scene, 'plain', $repo{plain}, 'after all that')
    if $repo{plain}->commit({ 'dev/values.yaml' => "after: all\n" });
is(join(' ', $scene->{nginx}->workers), $worker, 'by the same worker');

done_testing();
