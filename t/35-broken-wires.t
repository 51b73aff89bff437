# Connections that break, and servers with other capabilities than git's:
# whatever happens, a promotion is on the branch once or not at all, and what
# the client is told is true.

use feature 'state';
use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;

my $git = Promotions::Git->start;
my $flags = temporary_folder();
my $kept = "$flags/kept";
my $noise = join '', map { chr(33 + int rand 90) } 1 .. 60_000;
my $source = $git->repository('source', files('dev/large.txt' => $noise));
my $push = qr{^POST \S+/git-receive-pack };
my (%repo, %wire);


# A destination behind a wire.  Its source is another repository, so that a
# push carries the large file.

sub through {
    my ($name, %options) = @_;

    $repo{$name} = $git->repository($name, { 'qa/values.yaml' => "tag: 1\n",
                                             'other.txt' => "$name\n" });
    $wire{$name} = wire($git->{port}, while => "$flags/$name", %options);

    return { from => $source->url, to => 'http://127.0.0.1:'
             . $wire{$name}->port . "/$name.git" };
}


# How long the header lines of an answer are.

sub head_length {
    my (%request) = @_;
    return 2 + length http_request(port => $git->{port}, %request)->{head};
}


my $refs = head_length(
    path => '/source.git/info/refs?service=git-receive-pack');
my $head = head_length(path => '/source.git/git-receive-pack',
    method => 'POST', body => '0000', headers => {
        'Content-Type' => 'application/x-git-receive-pack-request' });

my %url = (
    plain   => through('plain'),

    # the refs, cut after their first lines
    refs    => through('refs', cut => { to_client => $refs + 50 }),

    # the pack: once, and as long as the flag is there
    pack    => through('pack', from => $push, cut => { to_server => 30_000 },
                       once => 1),
    packs   => through('packs', from => $push, cut => { to_server => 30_000 }),
    silence => through('silence', from => $push, once => 1,
                       stall => { to_server => 30_000 }),

    # the report: in the first line of the answer, and in its middle
    answer  => through('answer', from => $push, cut => { to_client => 20 },
                       once => 1),
    report  => through('report', from => $push, once => 1,
                       cut => { to_client => $head + 40 }),
    stalled => through('stalled', from => $push, once => 1,
                       stall => { to_client => $head + 40 }),
    reports => through('reports', from => $push,
                       cut => { to_client => $head + 40 }),

    # the answer is lost, and somebody has pushed on top of it
    ontop   => through('ontop', edit => sub {
        my ($way, $bytes) = @_;
        state $pushed;

        $pushed ||= $way eq 'to_server' && $bytes =~ $push;

        if ($pushed && $way eq 'to_client' && unlink "$flags/ontop") {
            local $SIG{CHLD} = 'DEFAULT';
            $repo{ontop}->commit({ 'qa/other.yaml' => "on top\n",
                                   'qa/values.yaml' => "on top\n" });
            return undef;
        }
        return $bytes;
    }),

    # other servers than git's, as far as their first line says
    thick   => through('thick', file => $kept, edit => sub {
        my ($way, $bytes) = @_;
        $bytes =~ s/ delete-refs / no-thin abc / if $way eq 'to_client';
        return $bytes;
    }),
    oneband => through('oneband', edit => sub {
        my ($way, $bytes) = @_;
        $bytes =~ s/side-band-64k/side-band-99k/ if $way eq 'to_client';
        return $bytes;
    }),
    mute    => through('mute', edit => sub {
        my ($way, $bytes) = @_;
        $bytes =~ s/report-status/deport-status/g if $way eq 'to_client';
        return $bytes;
    }),
);

my $scene = remotes(pairs => \%url, threads => 8, http => <<'END');
    promotions_git_timeout 3s;
    promotions_git_idle_timeout 1s;
    promotions_lease 2s;
END


sub break {
    my ($name) = @_;
    write_file("$flags/$name", '');
}


sub landed {
    my ($name, $message) = @_;
    return grep { $_->{message} =~ /^\Q$message\E$/m } $repo{$name}->log;
}


sub lands_there {
    my ($name, $text) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $r = $scene->commit("$name-dev", "$name-qa", message => $text);
    is($r->{status}, 200, $text) or diag($r->{body} || $r->{error});
    once($name, $text, $text);
}


sub once {
    my ($name, $message, $text) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(scalar landed($name, $message), 1, "$text: exactly one commit");
    same_folder($source, 'main:dev', $repo{$name}, 'main:qa', $text);
}


# before the pack has left: a plain failure

lands_there('plain', 'nothing breaks');

break('refs');
refused($scene, 'refs', 502, qr{^the connection to 127\.0\.0\.1:\d+ broke},
        'the list of refs is cut');
unlink "$flags/refs";
lands_there('refs', 'and then is not');


# in the pack, in the answer, once: nobody notices

for my $name (qw(pack answer report silence stalled)) {
    break($name);
    my $r = $scene->commit("$name-dev", "$name-qa", message => "over $name");
    ok(!-e "$flags/$name", "$name: the connection was broken");
    is($r->{status}, 200, "$name: and the promotion landed")
        or diag($r->{body} || $r->{error});
    is($r->json->{COMMIT_SHA}, $repo{$name}->head, "$name: its commit");
    once($name, "over $name", $name);
}


# what has landed is found below what came after it, and not done again

break('ontop');
my $r = $scene->commit('ontop-dev', 'ontop-qa', message => 'below');
ok(!-e "$flags/ontop", 'ontop: the connection was broken');
is($r->{status}, 200, 'ontop: the promotion is found') or diag($r->{body});

my @below = landed('ontop', 'below');
is(scalar @below, 1, 'ontop: exactly one commit');
is($r->json->{COMMIT_SHA}, $below[0]{sha}, 'ontop: which is the answer');
is($repo{ontop}->file('main', 'qa/values.yaml'), "on top\n",
   'ontop: what came after it stays');


# again and again: told as what it is, and settled when it can be

for my $name (qw(packs reports)) {
    break($name);
    my $r = $scene->commit("$name-dev", "$name-qa", message => "over $name");

    if ($name eq 'reports') {

        # what has arrived is seen when the refs are read again
        is($r->{status}, 200, "$name: the next look finds it")
            or diag($r->{body} || $r->{error});

    } else {
        error_is($r, 504, qr{does not say|Promotion-Id|unknown|broke}i,
                 "$name: nobody can tell");
        ok($r->{headers}{'promotion-id'}, "$name: the promotion is named");
        is(scalar landed($name, "over $name"), 0, "$name: it has not landed");
    }

    unlink "$flags/$name";
    wait_for("$name to land", sub { landed($name, "over $name") }, 15);
    my $key = "promotions:promotion:$r->{headers}{'promotion-id'}";
    wait_for("$name to be settled",
             sub { $scene->{redis}->hash($key)->{state} eq 'LANDED' }, 15);
    is($scene->{redis}->hash($key)->{commit}, $repo{$name}->head,
       "$name: its record names the commit");
    once($name, "over $name", $name);
}


# other capabilities

lands_there('thick', 'a server that takes no thin packs');

my ($pack) = (read_file($kept) // '') =~ /receive-pack HTTP.*?(PACK.*)/s;
$repo{empty} = $git->repository('empty');
my ($status, $output) = run({ input => $pack // '',
                              folder => $repo{empty}->path },
                            'git', 'index-pack', '--stdin');
is($status, 0, 'what was sent has no deltas against what was not sent')
    or diag($output);

lands_there('oneband', 'a server without side-band');
$source->commit({ 'dev/values.yaml' => "tag: 8\n" });
$repo{oneband}->hook('pre-receive', "#!/bin/sh\nexit 1\n");
refused($scene, 'oneband', 502, qr{^remote rejected refs/heads/main: pre-},
        'whose refusal is read');
refused($scene, 'mute', 502, qr{does not report what becomes of a push},
        'a server that would not tell is not asked');
is(scalar(my @log = $repo{mute}->log), 1, 'and got nothing');

is($repo{$_}->fsck, '', "$_: git fsck --strict") for sort keys %repo;

done_testing();
