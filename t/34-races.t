# Others write to the branch at the same time, rewrite it, or look away.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;

my $git = Promotions::Git->start;
my $flags = temporary_folder();
my $push = qr{^POST \S+/git-receive-pack };
my %repo = map { $_ => $git->repository($_, files()) }
           qw(moving always source target plain);
my $many = $git->repository('many', files(
    map { ("to/$_/values.yaml" => "tag: 0\n") } 1 .. 20));


# A wire on which somebody else's push comes before ours, as often as the
# number in a file says.

sub overtaken {
    my ($name) = @_;

    my $wire = wire($git->{port}, edit => sub {
        my ($way, $bytes) = @_;
        my $left = read_file("$flags/$name") // 0;

        if ($way eq 'to_server' && $bytes =~ $push && $left > 0) {
            write_file("$flags/$name", $left - 1);
            local $SIG{CHLD} = 'DEFAULT';
            my $path = read_file("$flags/$name.path") // "outside/$left";
            my $text = read_file("$flags/$name.text") // "by hand\n";
            $text =~ s/%/$left/;
            $repo{$name}->commit({ $path => $text },
                                 message => "outside $left");
        }
        return $bytes;
    });

    return 'http://127.0.0.1:' . $wire->port . "/$name.git";
}


sub overtake {
    my ($name, $times) = @_;
    write_file("$flags/$name", $times);
}


$repo{plain}->git('branch', 'next', 'main');

my %pair = (
    moving  => overtaken('moving'),
    plain   => $repo{plain}->url,
    next    => { url => $repo{plain}->url, to_branch => 'next' },
    two     => { from => $repo{source}->url, to => $repo{target}->url },
    (map { ("many$_" => { url => $many->url, to_path => "to/$_" }) } 1 .. 20),
);

my $scene = remotes(pairs => \%pair, workers => 2,
                    http => 'promotions_git_timeout 8s;');


# overtaken between the look and the push

lands($scene, 'moving', $repo{moving}, 'nobody in the way');

for my $times (1, 2, 5, 13) {
    my $head = $repo{moving}->commit({
        'dev/values.yaml' => "times: $times\n" });

    overtake('moving', $times);
    my $r = $scene->commit('moving-dev', 'moving-qa',
                           message => "overtaken $times");
    is($r->{status}, 200, "overtaken $times times") or diag($r->{body});

    my @log = $repo{moving}->log("$head..main");
    is(join(',', map { (split /\n/, $_->{message})[0] } @log),
       join(',', "overtaken $times",
            map({ "outside $_" } 1 .. $times)),
       'it landed once, on top of the others, which are all there');
    is($log[0]{sha}, $r->json->{COMMIT_SHA}, 'the answer names it');
    same_folder($repo{moving}, 'main:dev', $repo{moving}, 'main:qa', 'it');
}

overtake('moving', 1_000_000);
my $head = $repo{moving}->commit({ 'dev/values.yaml' => "never\n" });
my $start = Time::HiRes::time();
my $r = refused($scene, 'moving', 503,
                qr{^the branch moved at each of (?:[1-9]\d|[1-9]\d\d) tries},
                'overtaken each time');
cmp_ok(Time::HiRes::time() - $start, '>=', 8,
       'as long as one operation of git may take');
ok($r->{headers}{'retry-after'}, 'with Retry-After');
overtake('moving', 0);
is(scalar(grep { $_->{message} !~ /^outside/ }
          $repo{moving}->log("$head..main")), 0, 'and nothing has landed');
lands($scene, 'moving', $repo{moving}, 'the way is free again');

# somebody changes the very file each time: ten times are enough
$repo{moving}->commit({ 'dev/values.yaml' => "the same\n" });
write_file("$flags/moving.path", 'qa/values.yaml');
write_file("$flags/moving.text", "by hand, %\n");
overtake('moving', 1_000_000);
$head = $repo{moving}->head;
refused($scene, 'moving', 503,
        qr{^others changed the same files at each of 10 tries},
        'overtaken by changes of the same file');
overtake('moving', 0);
is(scalar(grep { $_->{message} !~ /^outside/ }
          $repo{moving}->log("$head..main")), 0, 'nothing has landed');
cmp_ok(scalar(my @others = $repo{moving}->log("$head..main")), '<=', 14,
       'after ten tries');
unlink map { "$flags/moving.$_" } 'path', 'text';
lands($scene, 'moving', $repo{moving}, 'and later');

# somebody does by hand what we are about to do
$repo{moving}->commit({ 'dev/values.yaml' => "by hand\n" });
write_file("$flags/moving.path", 'qa/values.yaml');
overtake('moving', 1);
$head = $repo{moving}->head;
refused($scene, 'moving', 400, qr{^no changes found},
        'nothing is left to do when it has been done in between');
is(scalar(my @one = $repo{moving}->log("$head..main")), 1,
   'and nothing is done');


# somebody who writes all the time

my $writer = Promotions::Process->start(name => 'writer', code => sub {
    for my $n (1 .. 1000) {
        $many->commit({ "outside/$n" => "$n\n" }, message => "outside $n");
        select undef, undef, undef, 0.1;
    }
});

wait_for('the writer', sub { $many->tree('main:outside/3') });

my @answers = $scene->{nginx}->requests(map { {
    method => 'POST', path => '/api/promotions/commit', timeout => 30,
    key => $scene->{key},
    json => { srcAppId => app_id("many$_-dev"),
              destAppId => app_id("many$_-qa"), message => "promotion $_" },
} } 1 .. 20);

$writer->stop;

is(join(' ', map { $_->{status} } @answers), join(' ', (200) x 20),
   'twenty promotions against a busy writer')
    or diag(join "\n", map { $_->{body} } @answers);

my %subject;
$subject{(split /\n/, $_->{message})[0]}++ for $many->log;
is(join(' ', grep { ($subject{"promotion $_"} // 0) != 1 } 1 .. 20), '',
   'each is there once');
my $outside = grep { /^outside/ } keys %subject;
is(join(' ', grep { !$subject{"outside $_"} } 1 .. $outside), '',
   "and so is each of the $outside others");

my %sha = map { $_->{sha} => $_ } $many->log;
is(join(' ', grep { $sha{ $answers[$_ - 1]->json->{COMMIT_SHA} // '' }{message}
                    !~ /^promotion $_\n/ } 1 .. 20), '',
   'each answer names its own commit');
is(join(' ', grep { $many->tree("main:to/$_") ne $many->tree('main:dev') }
             1 .. 20), '', 'each folder is what it should be');
is(scalar(grep { @{ $_->{parents} } > 1 } values %sha), 0, 'no merges');
is($many->fsck, '', 'git fsck --strict');


# the same promotion eight times at once

$repo{plain}->commit({ 'dev/values.yaml' => "eight\n" });
$head = $repo{plain}->head;
@answers = $scene->{nginx}->requests(map { {
    method => 'POST', path => '/api/promotions/commit', timeout => 30,
    key => $scene->{key},
    json => { srcAppId => app_id('plain-dev'),
              destAppId => app_id('plain-qa'), message => "same $_" },
} } 1 .. 8);
is(join(' ', sort map { $_->{status} } @answers), '200' . ' 400' x 7,
   'of eight equal ones, one has something to do');
is(scalar(@one = $repo{plain}->log("$head..main")), 1, 'and does it');


# one source, two branches, two repositories

$repo{plain}->git('update-ref', 'refs/heads/next', 'main');
$repo{plain}->commit({ 'qa/values.yaml' => "old\n" }, branch => 'next');
lands($scene, 'next', $repo{plain}, 'another branch', branch => 'next');

$r = $scene->commit('two-dev', 'two-qa');
is($r->{status}, 200, 'from one repository into another') or diag($r->{body});
same_folder($repo{source}, 'main:dev', $repo{target}, 'main:qa', 'two');
is($repo{target}->trailers('main')->{'Promoted-From'},
   'orders/two-dev@' . $repo{source}->head, 'the trailer names the source');
is(scalar(@one = $repo{source}->log), 1, 'the source is as it was');

$repo{source}->commit({ 'dev/values.yaml' => "newer\n" });
$repo{target}->commit({ 'else' => "moved too\n" });
$r = $scene->commit('two-dev', 'two-qa');
is($r->{status}, 200, 'both have moved') or diag($r->{body});
same_folder($repo{source}, 'main:dev', $repo{target}, 'main:qa', 'both');


# a revision of the source

my $source = $repo{source};
my @old = map { $source->commit({ 'dev/values.yaml' => "rev $_\n" }) } 1 .. 3;
my $side = $source->commit({ 'dev/values.yaml' => "side\n" },
                           branch => 'side', from => $old[0]);

for my $case ([ $old[0], 1 ], [ substr($old[1], 0, 7), 2 ],
              [ uc substr($old[2], 0, 12), 3 ]) {
    my ($sha, $n) = @$case;

    $r = $scene->commit('two-dev', 'two-qa', srcAppCommitSha => $sha);
    is($r->{status}, 200, "srcAppCommitSha $sha") or diag($r->{body});
    is($repo{target}->file('main', 'qa/values.yaml'), "rev $n\n",
       'is what is promoted');
    is($repo{target}->trailers('main')->{'Promoted-From'},
       "orders/two-dev\@$old[$n - 1]", 'and the trailer has it whole');
}

$head = $repo{target}->head;

for my $case ([ $side, 'of another branch' ], [ 'f' x 40, 'unknown' ],
              [ '0000000', 'a short one, unknown' ]) {
    my ($sha, $what) = @$case;
    $r = $scene->commit('two-dev', 'two-qa', srcAppCommitSha => $sha);
    error_is($r, 400, qr{^srcAppCommitSha: commit $sha not found in},
             "srcAppCommitSha $what");
}
is($repo{target}->head, $head, 'and nothing was promoted');


# a digest that is expected, and looking without touching

$source->commit({ 'dev/values.yaml' => "previewed\n" });
my $preview = $scene->preview('two-dev', 'two-qa')->json;
my $digest = $preview->{digest};
like($digest, qr/^[0-9a-f]{64}$/, 'a preview has a digest');
is($preview->{sourceRevision}, $source->head, 'and the source\'s revision');

$r = $scene->commit('two-dev', 'two-qa', dryRun => JSON::PP::true());
is($r->{status}, 200, 'dryRun') or diag($r->{body});
is($r->json->{digest}, $digest, 'answers as preview does');
is($repo{target}->head, $head, 'and changes nothing');

$source->commit({ 'dev/values.yaml' => "not previewed\n" });
my $now = $scene->preview('two-dev', 'two-qa')->json->{digest};
refused($scene, 'two', 409, qr{$digest.*$now},
        'other changes than expected: both digests are told',
        expectedDigest => $digest);
is($repo{target}->head, $head, 'nothing has landed');
$r = $scene->commit('two-dev', 'two-qa', expectedDigest => $now);
is($r->{status}, 200, 'what was expected lands') or diag($r->{body});


# a branch that is rewritten, goes, and comes back

my $target = $repo{target};
$target->git('update-ref', 'refs/heads/main', "$head~3");
$target->git('reflog', 'expire', '--expire=now', '--all');
$target->git('gc', '-q', '--prune=now');
$r = $scene->commit('two-dev', 'two-qa', message => 'after the rewrite');
is($r->{status}, 200, 'a branch that was pushed with force')
    or diag($r->{body});
is(($target->log)[0]{parents}[0],
   $target->git('rev-parse', 'main~1'), 'what was cut away stays away');
same_folder($source, 'main:dev', $target, 'main:qa', 'rewritten');

$target->git('branch', 'other', 'main');
$target->git('update-ref', '-d', 'refs/heads/main');
refused($scene, 'two', 409, qr{branch main does not exist},
        'a branch is gone');
$target->commit({ 'README' => "anew\n" });
$r = $scene->commit('two-dev', 'two-qa');
is($r->{status}, 200, 'it came back with another history') or diag($r->{body});
is(scalar(my @log = $target->log), 2, 'on which the promotion stands');
same_folder($source, 'main:dev', $target, 'main:qa', 'anew');

is($repo{$_}->fsck, '', "git fsck --strict: $_") for sort keys %repo;

done_testing();
