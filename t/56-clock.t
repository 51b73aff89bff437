# Clocks that differ and jump: leases and times are Redis's own, so that two
# nodes that are years apart share a lane, and a jump loses nothing.

use lib 't/lib';
use Promotions::Test limit => 180;
use Promotions::Load;

if ($ENV{PROMOTIONS_ASAN}) {
    plan(skip_all => 'a sanitizer wants to be the only one preloaded');
}

my $dir = temporary_folder();

# The wall clock of a process, moved by the seconds in a file.
write_file("$dir/clock.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long
moved(void)
{
    char  text[32];
    long  seconds = 0;
    FILE *file = fopen(getenv("CLOCK_FILE"), "r");

    if (file != NULL) {
        seconds = fgets(text, sizeof(text), file) ? atol(text) : 0;
        fclose(file);
    }

    return seconds;
}

int
gettimeofday(struct timeval *tv, void *tz)
{
    struct timespec  now;
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT,
                                                      "clock_gettime");
    real(CLOCK_REALTIME, &now);
    tv->tv_sec = now.tv_sec + moved();
    tv->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t
time(time_t *t)
{
    struct timeval  tv;

    gettimeofday(&tv, NULL);
    if (t != NULL) {
        *t = tv.tv_sec;
    }

    return tv.tv_sec;
}
END

my ($status, $output) = run({ limit => 60 }, 'cc', '-shared', '-fPIC', '-O1',
                            '-o', "$dir/clock.so", "$dir/clock.c", '-ldl');
is($status, 0, 'a clock that can be moved') or diag($output);

my $year = 365 * 86400;
my $git = Promotions::Git->start;
my $redis = Promotions::Redis->start(persist => 1);
my $key = $redis->key;
my $field = Promotions::Load->field($git, 120);
my $repo = $field->{repo};

my @nodes = map { node($_) } 0, 1;
$_->allow(qr/exited on signal 9/) for @nodes;


sub node {
    my ($i) = @_;

    # nginx keeps what its configuration names, and a library that its master
    # has loaded
    write_file("$dir/clock-$i", $i ? 2 * $year : -$year);
    return Promotions::Nginx->start(redis => $redis, workers => 2,
        catalog => $field->{catalog}, main => 'env CLOCK_FILE;',
        environment => { LD_PRELOAD => "$dir/clock.so",
                         CLOCK_FILE => "$dir/clock-$i" },
        http => 'promotions_lease 2s;');
}


sub clean {
    my ($load, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %found = $load->verdict($redis);
    my @faults = map { my $what = $_; map { "$what: $_" } @{ $found{$what} } }
                 sort keys %found;
    is_deeply(\@faults, [], "$name: none lost, none twice, no wrong answer");
}


sub date {
    my ($node) = @_;
    return $node->request(path => '/health')->{headers}{date} // '';
}


my ($past, $future) = map { date($_) } @nodes;
isnt(($past =~ /(\d{4})/)[0], ($future =~ /(\d{4})/)[0],
     "the nodes are years apart: $past, $future");

# both lead and wait in turn, one is killed in between
{
    my $load = Promotions::Load->start($field, nodes => \@nodes, key => $key,
        count => 60, clients => 8, limit => 60);
    wait_for('a part of the load', sub { $load->done > 10 }, 30);
    $nodes[0]->crash;
    Time::HiRes::sleep(1);
    $nodes[0]->revive;
    $load->wait(60);
    clean($load, 'years apart');
}

# and the clocks jump all the time
{
    my $load = Promotions::Load->start($field, nodes => \@nodes, key => $key,
        first => 60, count => 60, clients => 8, limit => 60);
    my $jumps = 0;

    while ($load->running) {
        my $i = $jumps++ % 2;
        write_file("$dir/clock-$i.new", int((rand() - 0.5) * $year));
        rename "$dir/clock-$i.new", "$dir/clock-$i" or die $!;
        Time::HiRes::sleep(0.05 + rand(0.1));
    }

    cmp_ok($jumps, '>=', 4, "the clocks jumped $jumps times");
    clean($load, 'jumping');
}

# what is recorded is Redis's time, and ends in order
my $now = time * 1000;
my @records = map { $redis->hash("promotions:promotion:$_") }
              @{ $redis->call('ZRANGE', 'promotions:promotions', 0, -1) };
is(scalar(grep { abs($_->{created_at} - $now) > 300_000
                 || $_->{settled_at} < $_->{created_at} } @records), 0,
   'times of records are Redis\'s');
is(scalar(grep { my $ttl = $redis->call('PTTL', $_); $ttl > 2000 }
          @{ $redis->call('KEYS', '*:lease') }), 0,
   'no lease outlives its time');
is($repo->fsck, '', 'git fsck --strict');

done_testing();
