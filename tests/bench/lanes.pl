# What lanes are for: many promotions of one branch at once.
#
#     perl tests/bench/lanes.pl            ROUNDS=3
#
#   64 clients at once against one at a time, on a branch with 10,000 files
#   8 clients at once against 8 racing worktrees of git's own commands
#   300 applications at once, with the git server 50 ms away
#   two workers, and two nodes, against one worker
#
# Prints promotions a second and their ratios, medians of the rounds; fails
# over the limits.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../../t/lib";

use IO::Select ();
use List::Util qw(shuffle sum);
use Socket ();
use Time::HiRes ();

use Promotions::Test limit => 3600;

my $rounds = $ENV{ROUNDS} // 3;
my $files = 10_000;
my $faults = 0;

my $git = Promotions::Git->start(processes => 8);


# Two files an application, an environment a folder.
sub path {
    my ($i, $environment) = @_;
    return sprintf 'apps/team-%d/app-%d/%s', $i / 100, $i % 100, $environment;
}


sub repository {
    my ($name, $size) = @_;

    my %files;

    for my $i (0 .. $size / 2 - 1) {
        $files{path($i, $_) . '/values.yaml'} = "tag: 1.$i.0 # $_\n"
            for 'dev', 'qa';
    }

    return $git->repository($name, \%files);
}


# A repository, and gateways for it; %options go to each.
sub gateway {
    my ($name, %options) = @_;

    my $nodes = delete $options{nodes} // 1;
    my $size = delete $options{size} // $files;
    my $repo = repository($name, $size);
    my $url = delete($options{url}) // $repo->url;
    my $redis = Promotions::Redis->start;
    my $catalog = catalog('applications.yaml' => join '', map {
        (application(name => "from-$_", url => $url, path => path($_, 'dev')),
         application(name => "to-$_", url => $url, path => path($_, 'qa')))
    } 0 .. $size / 2 - 1);

    my $self = { repo => $repo, next => 0, key => $redis->key,
        nginx => [ map { Promotions::Nginx->start(redis => $redis,
            catalog => $catalog, %options) } 1 .. $nodes ] };

    # the mirror's first fetch
    run_clients($self, scalar @{ $self->{nginx} }, @{ $self->{nginx} } * 2);
    return $self;
}


sub stop {
    my ($gateway) = @_;
    $_->stop for @{ $gateway->{nginx} };
}


# So many promotions by so many clients, each with a connection of its own;
# returns the seconds.
sub run_clients {
    my ($gateway, $clients, $n) = @_;

    my @nginx = @{ $gateway->{nginx} };
    my @requests = map { request($gateway, $gateway->{next}++) } 1 .. $n;
    my $select = IO::Select->new;
    my %buffer;

    for my $client (0 .. $clients - 1) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $nginx[$client % @nginx]{port}) or die "connect: $!";
        setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
        $select->add($socket);
        $buffer{$socket} = '';
    }

    my $start = Time::HiRes::time();
    my $open = 0;

    for my $socket ($select->handles) {
        my $request = shift @requests or last;
        syswrite $socket, $request;
        $open++;
    }

    while ($open) {
        for my $socket ($select->can_read) {
            sysread $socket, $buffer{$socket}, 65536, length $buffer{$socket}
                or die "closed: $buffer{$socket}\n";
            next if $buffer{$socket} !~ /\r\n\r\n.*\}$/s;
            die "$buffer{$socket}\n" if $buffer{$socket} !~ m{^HTTP/1.1 200};

            $buffer{$socket} = '';
            $open--;

            if (my $request = shift @requests) {
                syswrite $socket, $request;
                $open++;
            }
        }
    }

    return Time::HiRes::time() - $start;
}


sub request {
    my ($gateway, $n) = @_;

    return Promotions::HTTP::compose(method => 'POST',
        path => '/api/promotions/commit', key => $gateway->{key},
        headers => { Connection => 'keep-alive' },
        json => { srcAppId => app_id("from-$n"), destAppId => app_id("to-$n"),
                  message => "promotion $n" });
}


# All that was asked for has landed, once each.
sub check {
    my ($gateway) = @_;

    my $repo = $gateway->{repo};
    my $n = () = $repo->git('log', '--format=%s', 'main') =~ /^promotion /mg;
    die "$n commits of $gateway->{next}\n" if $n != $gateway->{next};
    die $repo->fsck if $repo->fsck ne '';
}


sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ @sorted / 2 ];
}


# One line; bad if it is less than the limit.
sub report {
    my ($name, $ratio, $limit, $aim, $text) = @_;

    my $bad = $ratio < $limit;
    printf "%-44s %7.2f  (%s, aim %s)  %s%s\n", $name, $ratio, $limit, $aim,
           $text, $bad ? '   UNDER THE LIMIT' : '';
    $faults++ if $bad;
}


# Worktrees that race: one process of sh each, as CI jobs would be.
sub racing {
    my ($repo, $n, $each) = @_;

    my $dir = temporary_folder();
    my $shell = "$dir/race.sh";

    for my $i (1 .. $n) {
        my ($status, $output) = run({ limit => 600 }, 'git', 'clone', '-q',
                                    $repo->url, "$dir/worktree-$i");
        die $output if $status;
    }

    write_file($shell, <<'END');
cd "$1"
shift
for pair; do
    while :; do
        git fetch -q origin main && git reset -q --hard origin/main
        cp -R "${pair%:*}/." "${pair#*:}/"
        git add "${pair#*:}"
        git -c user.name=a -c user.email=a@b commit -q -m "promotion $pair"
        git push -q origin HEAD:main 2>/dev/null && break
    done
done
END

    my $next = 0;
    my $start = Time::HiRes::time();
    my @racers = map {
        my $i = $_;
        Promotions::Process->start(name => "worktree $i", command => [
            'sh', $shell, "$dir/worktree-$i", map {
                $next++;
                path($next, 'dev') . ':' . path($next, 'qa') } 1 .. $each ])
    } 1 .. $n;

    wait_for('the worktrees', sub { !grep { $_->alive } @racers }, 600);
    my $time = Time::HiRes::time() - $start;
    my $landed = () = $repo->git('log', '--format=%s', 'main')
                      =~ /^promotion /mg;
    die "$landed commits of " . $n * $each . "\n" if $landed != $n * $each;

    return $n * $each / $time;
}


# 64 at once, and 8, and one at a time: in turns

{
    my $gateway = gateway('one');
    my %speed;

    for my $round (1 .. $rounds) {
        push @{ $speed{1} }, 40 / run_clients($gateway, 1, 40);
        push @{ $speed{8} }, 160 / run_clients($gateway, 8, 160);
        push @{ $speed{64} }, 960 / run_clients($gateway, 64, 960);
    }

    check($gateway);
    stop($gateway);
    my %median = map { $_ => median(@{ $speed{$_} }) } keys %speed;

    report('64 at once / one at a time', $median{64} / $median{1}, 15, 20,
           sprintf '%.0f/s, %.0f/s', $median{64}, $median{1});

    my $racing = racing(repository('raced', $files), 8, 4);
    report('8 at once / 8 racing worktrees', $median{8} / $racing, 30, 40,
           sprintf '%.0f/s, %.1f/s', $median{8}, $racing);
}


# far away

{
    my $far = Promotions::Tcp->distant($git->{port}, 0.05);
    my $url = 'http://127.0.0.1:' . $far->port . '/far.git';
    my $gateway = gateway('far', url => $url);
    my @times = map { run_clients($gateway, 300, 300) } 1 .. $rounds;

    check($gateway);
    stop($gateway);
    my $time = median(@times);
    report('300 at once, 50 ms away: 5 s / the time', 5 / $time, 1, 1,
           sprintf '%.2f s', $time);
    $far->stop;
}


# two workers, two nodes: in turns

{
    my @size = (size => 2 * 640 * ($rounds + 1));
    my %gateway = ('one worker' => gateway('w1', @size),
                   'two workers' => gateway('w2', @size, workers => 2),
                   'two nodes' => gateway('n2', @size, nodes => 2));
    my %speed;

    for my $round (1 .. $rounds) {
        for my $name (shuffle keys %gateway) {
            push @{ $speed{$name} },
                 640 / run_clients($gateway{$name}, 64, 640);
        }
    }

    for my $name (sort keys %gateway) {
        check($gateway{$name});
        stop($gateway{$name});
        next if $name eq 'one worker';

        my ($this, $one) = map { median(@{ $speed{$_} }) } $name,
                                                           'one worker';
        report("$name / one worker", $this / $one, 0.8, 1,
               sprintf '%.0f/s, %.0f/s', $this, $one);
    }
}

exit($faults ? 1 : 0);
