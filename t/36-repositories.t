# Repositories and revisions that cannot be promoted from or into, and what
# they hold: modes, links, submodules, names.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;
use Digest::SHA 'sha1_hex';

my $git = Promotions::Git->start;
my $main = $git->repository('main', files());
my $empty = $git->repository('empty');
my $odd = $git->repository('odd', files());
my $other = $git->repository('other', { 'there/x' => "1\n" },
                             branch => 'trunk');
my $submodule = 'c0ffee' . '0' x 34;

$main->git('tag', 'v1', 'main');
$main->git('-c', 'user.name=a', '-c', 'user.email=a@x', 'tag', '-a',
           '-m', 'second', 'v2', 'main');
$main->git('branch', 'next', 'main');
$main->commit({ 'dev/values.yaml' => "tag: 9\n" }, branch => 'release/1.x');

# versions, not in the order of time or of names, and one of no version
my $ranged = $git->repository('ranged', { 'dev/values.yaml' => "tag: 0\n" });

for my $tag (qw(v1.2.0 v1.10.0 1.9.0 v3.0.0-rc.1 v2.0.0 release-9)) {
    $ranged->commit({ 'dev/values.yaml' => "tag: $tag\n" });
    $ranged->git('-c', 'user.name=a', '-c', 'user.email=a@x', 'tag',
                 $tag =~ /^v/ ? ('-a', '-m', $tag) : (), $tag, 'main');
}

my $tagged = $ranged->head('main');
$ranged->commit({ 'dev/values.yaml' => "tag: head\n" });
my $twins = twins($ranged);
my $aside = $ranged->commit({ 'dev/values.yaml' => "tag: aside\n" },
                            branch => '2.x');

# Two commits become part of main whose names begin with the same seven digits:
# these.
sub twins {
    my ($repo) = @_;

    my $head = $repo->head('main');
    my $who = 'a <a@x> 1 +0000';
    my $text = 'tree ' . $repo->tree('main^{tree}')
               . "\nauthor $who\ncommitter $who\n\n";
    my (%seen, @pair);

    for (my $n = 0; !@pair; $n++) {
        my $data = $text . $n;
        my $digits = substr sha1_hex('commit ' . length($data) . "\0$data"),
                            0, 7;
        @pair = ($seen{$digits}, $data) if $seen{$digits};
        $seen{$digits} = $data;
    }

    my @ids = map {
        $repo->git({ input => $_ }, qw(hash-object -t commit -w --stdin))
    } @pair;

    my $merge = $repo->git('-c', 'user.name=a', '-c', 'user.email=a@x',
        'commit-tree', '-m', 'twins', 'main^{tree}',
        map { ('-p', $_) } $head, @ids);
    $repo->git('update-ref', 'refs/heads/main', $merge, $head);
    return substr $ids[0], 0, 7;
}


my ($status, $output) = run('git', 'init', '-q', '--bare', '-b', 'main',
    '--object-format=sha256', "$git->{dir}/sha256.git");
is($status, 0, 'a repository of the other object format') or diag($output);
run('git', '-C', "$git->{dir}/sha256.git", 'config', 'http.receivepack',
    'true');

my $url = $main->url;
my %pair = (
    sha256   => $git->base_url . '/sha256.git',
    empty    => $empty->url,
    fromnone => { from => $empty->url, to => $url },
    missing  => { url => $url, to_branch => 'no-such' },
    notag    => { url => $url, to_branch => 'v1' },
    nosource => { url => $url, from_branch => 'no-such' },
    nopath   => { url => $url, from_path => 'nowhere' },
    onfile   => { url => $url, from_path => 'other.txt' },
    intofile => { url => $url, to_path => 'other.txt' },
    newpath  => { url => $url, to_path => 'new/folder' },
    tag      => { url => $url, from_branch => 'v1', to_path => 'from-v1' },
    tagged   => { url => $url, from_branch => 'v2', to_path => 'from-v2' },
    slash    => { url => $url, from_branch => 'release/1.x',
                  to_path => 'from-release' },
    branches => { url => $url, from_branch => 'main', to_branch => 'next' },
    head     => { from => $url, to => $other->url, to_branch => 'HEAD',
                  to_path => 'there' },
    odd      => $odd->url,
    minor    => of_range('1.x', 'minor'),
    between  => of_range('>=1.2.0, <1.10.0', 'between'),
    rc       => of_range('^3.0.0-0', 'rc'),
    either   => of_range('~1.2.0 || 2.*', 'either'),
    named    => of_range('2.x', 'named'),
    norange  => of_range('>=4', 'nothing'),
    norc     => of_range('^3', 'nothing'),
    short    => of_range(substr($tagged, 0, 7), 'short'),
    upper    => of_range(uc substr($tagged, 0, 39), 'upper'),
    aside    => of_range(substr($aside, 0, 12), 'nothing'),
    unknown  => of_range('fedcba9876', 'nothing'),
    twins    => of_range($twins, 'nothing'),
    nobranch => of_range('refs/heads/1.x', 'nothing'),
    nodigits => of_range('refs/heads/' . substr($tagged, 0, 7), 'nothing'),
    asatag   => of_range('refs/heads/v2.0.0', 'nothing'),
    abranch  => of_range('refs/heads/main', 'head'),
    written  => { url => $ranged->url, to_branch => '1.x' },
    digits   => { url => $ranged->url, to_branch => substr($tagged, 0, 7) },
);

my $scene = remotes(pairs => \%pair);


# An application whose source is a revision of the repository with versions.
sub of_range {
    my ($revision, $folder) = @_;

    return { url => $ranged->url, from_branch => $revision,
             to_branch => 'main', to_path => $folder };
}


# what cannot be

refused($scene, 'sha256', 422, qr{sha256}i,
        'an object format that git may have and we have not');
refused($scene, 'empty', 409, qr{is empty}, 'a repository without a commit');
refused($scene, 'fromnone', 409, qr{is empty}, 'the same as a source');
refused($scene, 'missing', 409,
        qr{destination branch no-such does not exist}, 'no such branch');
refused($scene, 'notag', 409, qr{destination v1 of \S+ is a tag},
        'a tag cannot be written');
refused($scene, 'nosource', 409, qr{source revision no-such is no branch},
        'no such source');
refused($scene, 'nopath', 404, qr{path nowhere not found in},
        'no such folder in the source');
refused($scene, 'onfile', 422, qr{other\.txt}, 'a file in its place');
refused($scene, 'intofile', 422, qr{other\.txt},
        'a file where the destination\'s folder would be');
is(scalar(my @log = $main->log), 1, 'nothing was committed');


# revisions of all kinds

for my $case ([ 'newpath', 'main', 'new/folder', 'main' ],
              [ 'tag', 'v1', 'from-v1', 'main' ],
              [ 'tagged', 'v2', 'from-v2', 'main' ],
              [ 'slash', 'release/1.x', 'from-release', 'main' ],
              [ 'branches', 'main', 'qa', 'next' ]) {
    my ($name, $from, $folder, $to) = @$case;

    my $r = $scene->commit("$name-dev", "$name-qa");
    is($r->{status}, 200, "$name: from $from to $folder of $to")
        or diag($r->{body});
    same_folder($main, "$from:dev", $main, "$to:$folder", $name);
}



# ranges of versions, and commits by some of their digits

refused($scene, 'norange', 409,
        qr{no tag of \S+ranged\.git is a version in the range >=4},
        'a range that no tag is in');
refused($scene, 'norc', 409, qr{no tag of .* in the range \^3},
        'a range without prereleases');
refused($scene, 'aside', 422, qr{is not on the default branch},
        'a commit of another branch');
refused($scene, 'unknown', 422, qr{is not on the default branch},
        'digits of no commit');
refused($scene, 'twins', 422, qr{several commits of .*: give more digits},
        'digits of two commits');
refused($scene, $_, 409, qr{source branch \S+ does not exist in \S+ranged},
        "what is written as a branch is nothing else: $_")
    for 'nobranch', 'nodigits', 'asatag';
is($scene->commit('abranch-dev', 'abranch-qa')->{status}, 200,
   'and is found if it is there');
refused($scene, 'written', 409, qr{targetRevision 1\.x is not a branch},
        'a range cannot be written');
refused($scene, 'digits', 409, qr{destination branch \w{7} does not exist},
        'nor can a commit');

for my $case ([ 'minor', 'v1.10.0', 'the highest, not the newest' ],
              [ 'between', '1.9.0', 'of several conditions' ],
              [ 'rc', 'v3.0.0-rc.1', 'with prereleases' ],
              [ 'either', 'v2.0.0', 'of two ranges' ],
              [ 'named', 'aside', 'a branch of that name comes first' ],
              [ 'short', 'release-9', 'seven digits' ],
              [ 'upper', 'release-9', '39, in capitals' ]) {
    my ($name, $version, $text) = @$case;

    my $r = $scene->commit("$name-dev", "$name-qa");
    is($r->{status}, 200, "$pair{$name}{from_branch}: $text")
        or diag($r->{body});
    is($ranged->file('main', "$name/values.yaml"), "tag: $version\n",
       "is $version");
}

$ranged->commit({ 'dev/values.yaml' => "tag: v1.11.0\n" });
$ranged->git('tag', 'v1.11.0', 'main');
my $r = $scene->commit('minor-dev', 'minor-qa');
is($r->{status}, 200, 'a new version') or diag($r->{body});
is($ranged->file('main', 'minor/values.yaml'), "tag: v1.11.0\n",
   'is seen at once');
is($ranged->fsck, '', 'git fsck --strict');


# the default branch

$r = $scene->commit('head-dev', 'head-qa');
is($r->{status}, 200, 'the default branch of another repository')
    or diag($r->{body});
is($other->file('trunk', 'there/values.yaml'), "tag: 2\n", 'has the files');
is($other->file('trunk', 'there/x'), "1\n", 'and its own');
is($other->fsck, '', 'git fsck --strict');


# everything that a tree can hold, byte for byte

$odd->commit({
    'dev/run.sh'             => { mode => '100644', data => "#!/bin/sh\n" },
    'dev/values.yaml'        => { mode => '100755', data => "tag: 2\n" },
    'dev/module'             => { mode => '160000', data => $submodule },
    'dev/dangling'           => { mode => '120000', data => '../../etc' },
    'dev/empty'              => '',
    'dev/no-newline'         => 'x',
    'dev/crlf'               => "a\r\nb\r\n",
    "dev/binary"             => join('', map { chr } 0 .. 127) x 20,
    'dev/größe/straße.yaml'  => "ß: 1\n",
    'dev/数据/値.yaml'        => "名: 前\n",
    'dev/with space/-dash'   => "-\n",
    'dev/a-b'                => "before\n",
    'dev/a/x'                => "between\n",
    'dev/a.b'                => "after\n",
    'dev/a0'                 => "after that\n",
    'dev/deep/' . join('/', ('d') x 60) . '/file' => "deep\n",
    'qa/dangling'            => 'a file',
    'qa/link/inside'         => "a folder where the source has a link\n",
});

$r = $scene->commit('odd-dev', 'odd-qa', message => "Größe ↑\n\nzwei");
is($r->{status}, 200, 'modes, links, a submodule, names') or diag($r->{body});
same_folder($odd, 'main:dev', $odd, 'main:qa', 'all of them');
is($r->json->{COMMIT_MESSAGE}, "Größe ↑\n\nzwei", 'the message, as given');
like($odd->git('log', '-1', '--format=%B'),
     qr/^Gr\xc3\xb6\xc3\x9fe \xe2\x86\x91\n\nzwei\n\n/, 'and in the commit');


# nothing of it changes on the way back and forth

my $before = $odd->tree('main:qa');
$odd->commit({ 'dev/run.sh' => { mode => '100755', data => "#!/bin/sh\n" } });
$r = $scene->commit('odd-dev', 'odd-qa');
is($r->{status}, 200, 'a mode alone is a change') or diag($r->{body});
is($odd->changed('main'), "M\tqa/run.sh", 'of that file alone');
isnt($odd->tree('main:qa'), $before, 'which is another tree');
same_folder($odd, 'main:dev', $odd, 'main:qa', 'the mode');

done_testing();
