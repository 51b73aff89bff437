# What one promotion takes, from the request to the answer, against what a
# script with git's own commands takes in a worktree that it keeps:
#
#     perl tests/bench/promote.pl [FILES …]        (default: 100 10000 100000)
#     ROUNDS=15
#
# Both push to their own copy of one repository on one git server (smart HTTP
# on loopback), in turns.  "unmoved": nobody else has pushed since their last
# time.  "moved": somebody just has, so that both must fetch.  One file
# differs in each promotion.  Prints medians in ms; fails over the limits.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../../t/lib";

use Socket ();
use Time::HiRes ();

use Promotions::Test limit => 3600;

my $rounds = $ENV{ROUNDS} // 15;
my @sizes = @ARGV ? @ARGV : (100, 10_000, 100_000);

# ours / script, at most
my %limit = (
    unmoved => { 100 => 0.35, 10_000 => 0.30, 100_000 => 0.20 },
    moved   => { 100 => 0.45, 10_000 => 0.35, 100_000 => 0.25 },
);
my $bytes_limit = 1024;

# files of an application: two environments with five files each
my $each = 10;
my $sources = 8;

my $faults = 0;
my $git = Promotions::Git->start;

printf "%8s %-8s %9s %9s %7s %7s %6s\n", 'files', 'branch', 'ours',
    'script', 'ratio', 'limit', 'bytes';

for my $size (@sizes) {
    my $ours = $git->repository("ours-$size", tree($size));
    my $theirs = $git->repository("theirs-$size", tree($size));
    my $gateway = gateway($ours);
    my $script = script($theirs, $size);
    my %time;
    my $turn = 0;

    # the mirror's first fetch, and everybody's caches
    $gateway->(++$turn), $script->($turn) for 1 .. 3;

    for my $round (1 .. $rounds) {
        for my $branch ('unmoved', 'moved') {
            $turn++;

            for my $pair ([ $ours, $gateway, 'ours' ],
                          [ $theirs, $script, 'script' ]) {
                my ($repo, $run, $name) = @$pair;
                elsewhere($repo, $turn) if $branch eq 'moved';
                push @{ $time{$branch}{$name} }, $run->($turn);
            }
        }
    }

    die "the two ended with different trees\n"
        if $ours->tree('main^{tree}') ne $theirs->tree('main^{tree}')
           || $ours->fsck ne '';

    report($size, $_, $time{$_}) for 'unmoved', 'moved';
    stop_gateway();
}

exit($faults ? 1 : 0);


sub report {
    my ($size, $branch, $time) = @_;

    my ($ours, $script) = map { median(@{ $time->{$_} }) } qw(ours script);
    my $ratio = $ours / $script;
    my $limit = $limit{$branch}{$size};
    my $bytes = pushed($size);
    my $bad = defined $limit && $ratio > $limit || $bytes > $bytes_limit;

    printf "%8d %-8s %9.1f %9.1f %7.3f %7s %6d%s\n", $size, $branch,
        1000 * $ours, 1000 * $script, $ratio, $limit // '-', $bytes,
        $bad ? '   over the limit' : '';
    $faults++ if $bad;
}


sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ @sorted / 2 ];
}


# The largest push of ours: commands and pack.
sub pushed {
    my ($size) = @_;

    my @lengths = map { m{^POST /ours-$size\.git/git-receive-pack 200 \d+ (\d+)}
                        ? $1 : () } $git->requests;
    die "no push to ours-$size in the git server's log\n" if !@lengths;
    return (sort { $b <=> $a } @lengths)[0];
}


sub path {
    my ($i, $environment) = @_;
    return sprintf 'apps/team-%d/app-%d/%s', $i / 100, $i % 100, $environment;
}


sub tree {
    my ($size) = @_;

    my %files;

    for my $i (0 .. $size / $each - 1) {
        for my $environment ('dev', 'qa') {
            my $path = path($i, $environment);

            $files{"$path/values.yaml"} =
                "image:\n  tag: 1.$i.0 # $environment\n";
            $files{"$path/file-$_.yaml"} = "kind: ConfigMap # $_\n"
                for 1 .. 4;
        }
    }

    return \%files;
}


# Somebody else's push, to a folder that is no matter of ours.
sub elsewhere {
    my ($repo, $turn) = @_;
    $repo->commit({ path(9, 'dev') . '/values.yaml' => "turn: $turn\n" });
}


# The script: one process of sh, as a CI job would have it.
sub script {
    my ($repo, $size) = @_;

    my $worktree = temporary_folder() . "/worktree-$size";
    my $shell = "$worktree.sh";

    my ($status, $output) = run({ limit => 600 }, 'git', 'clone', '-q',
                                $repo->url, $worktree);
    die $output if $status;

    write_file($shell, <<"END");
set -e
cd $worktree
git fetch -q origin main
git reset -q --hard origin/main
cp -R "\$1/." "\$2/"
git add "\$2"
git -c user.name=a -c user.email=a\@b commit -q -m "\$3"
git push -q origin HEAD:main
END

    return sub {
        my ($turn) = @_;
        return elapsed(sub {
            system('/bin/sh', $shell, path(1 + $turn % $sources, 'dev'),
                   path(0, 'qa'), "turn $turn") == 0
                or die "the script failed\n";
        });
    };
}


# The gateway, and a client that keeps its connection.
sub gateway {
    my ($repo) = @_;

    my $redis = Promotions::Redis->start;
    my $key = $redis->key;
    my @applications = map { application(name => "source-$_",
        url => $repo->url, path => path($_, 'dev')) } 1 .. $sources;

    my $nginx = Promotions::Nginx->start(redis => $redis, workers => 1,
        catalog => catalog('applications.yaml' => join('', @applications,
            application(name => 'target', url => $repo->url,
                        path => path(0, 'qa')))));

    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $nginx->{port}) or die "connect: $!";
    setsockopt $client, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;

    return sub {
        my ($turn) = @_;

        my $request = Promotions::HTTP::compose(method => 'POST',
            path => '/api/promotions/commit', key => $key,
            headers => { Connection => 'keep-alive' },
            json => { srcAppId => app_id('source-' . (1 + $turn % $sources)),
                      destAppId => app_id('target'),
                      message => "turn $turn" });

        return elapsed(sub {
            syswrite $client, $request;
            my $answer = '';

            while ($answer !~ /\r\n\r\n.*\}/s) {
                sysread $client, $answer, 65536, length $answer
                    or die "no answer: $answer\n" . $nginx->log;
            }

            die "$answer\n" if $answer !~ m{^HTTP/1.1 200};
        });
    };
}


sub stop_gateway {
    $_->stop for @Promotions::Nginx::all;
}


sub elapsed {
    my ($run) = @_;

    my $start = Time::HiRes::time();
    $run->();
    return Time::HiRes::time() - $start;
}
