# Runs everything that speaks TAP and counts: tests/run.pl [style|unit|fuzz|t …]
# (default: all).  The last line is "N passed, N failed"; a program that dies,
# or says less than it planned, is a failure more.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Find ();
use File::Temp ();
use POSIX ();
use TAP::Harness ();

my $build = $ENV{B} // 'build';
my $jobs = $ENV{JOBS} // processors();
my @wanted = @ARGV ? @ARGV : qw(style unit fuzz t);
my ($passed, $failed, $skipped) = (0, 0, 0);

# nothing of the user's own configuration of git or ssh
my $home = File::Temp->newdir;
$ENV{HOME} = "$home";
$ENV{GIT_CONFIG_NOSYSTEM} = 1;

# TAP on stdout, at once: output must not wait behind a buffer
$| = 1;
chdir File::Basename::dirname(Cwd::abs_path($0)) . '/..' or die $!;

my %section = (
    style => sub { programs([ $^X, 'tests/style/check.pl' ]) },
    unit  => sub { unit() },
    fuzz  => sub { replays() },
    t     => sub { behaviour() },
);

for my $name (@wanted) {
    my $run = $section{$name} or die "$0: no tests named $name\n";
    $run->();
}

print "skipped: $skipped\n" if $skipped;
print "$passed passed, $failed failed\n";
exit($failed || !$passed ? 1 : 0);


sub unit {
    $ENV{CMOCKA_MESSAGE_OUTPUT} = 'TAP';

    programs(map { m{^tests/(.*)\.c$} ? [ "$build/$1" ] : () }
             files('tests/unit', qr{/test_\w+\.c$}));
}


sub replays {
    programs(map { m{fuzz_(\w+)\.c$}
                   ? [ "$build/replay/fuzz_$1", "tests/fuzz/corpus/$1" ] : () }
             files('tests/fuzz', qr{/fuzz_\w+\.c$}));
}


# Programs that print TAP, as many at once as there are processors.
sub programs {
    my @waiting = @_;
    my %running;

    while (@waiting || %running) {
        while (@waiting && keys %running < $jobs) {
            my $program = start(@{ shift @waiting });
            $running{ $program->{pid} } = $program;
        }

        my $pid = waitpid -1, 0;
        die "waitpid: $!" if $pid < 0;

        my $program = delete $running{$pid} or next;
        report($program, $?);
    }
}


sub start {
    my @command = @_;

    # a name for people: without the build folder and perl
    my $name = join ' ', grep { $_ ne $^X } @command;
    my $output = File::Temp->new;
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', $output->filename or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        alarm 300;
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }

    return { pid => $pid, name => $name, output => $output };
}


# Counts what one has said; it is shown only when it fails.
sub report {
    my ($program, $status) = @_;

    open my $file, '<', $program->{output}->filename or die $!;
    my @lines = <$file>;

    # cmocka says "not ok … # SKIP"
    my $left_out = grep { /^(?:not )?ok\b.*# *SKIP/i } @lines;
    my $good = grep { /^ok\b/ && !/# *SKIP/i } @lines;
    my $bad = grep { /^not ok\b/ && !/# *SKIP/i } @lines;
    my $planned = 0;

    $planned += $_ for map { /^1\.\.(\d+)/ ? $1 : () } @lines;
    $bad++ if !$bad && ($status || !@lines || $good + $left_out < $planned);

    $passed += $good;
    $skipped += $left_out;
    $failed += $bad;

    printf "%-60s %s\n", $program->{name}, $bad ? "FAILED ($bad)" : $good;
    print map { "    $_" } grep { !/^ok\b/ } @lines if $bad;
}


# The files of t, two at a time where there are two processors.
sub behaviour {
    my @files = files('t', qr{\.t$});
    return if !@files;

    local $ENV{B} = $build;
    my $harness = TAP::Harness->new({
        lib => ['t/lib'], jobs => $jobs, timer => 1, color => 0,
        verbosity => 0, failures => 1,
    });
    my $result = $harness->runtests(@files);

    my $bad = $result->failed;

    # a file that died, or planned more than it ran
    for my $parser ($result->parsers($result->descriptions)) {
        $bad++ if ($parser->exit || $parser->parse_errors)
                  && !$parser->failed;
    }

    $passed += $result->passed - $result->skipped;
    $skipped += $result->skipped;
    $failed += $bad;
}


sub files {
    my ($folder, $pattern) = @_;

    my @found;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @found, $_ if -f && /$pattern/;
    } }, $folder) if -d $folder;
    return sort @found;
}


sub processors {
    my $n = `nproc 2>/dev/null` || 1;
    return $n > 4 ? 4 : $n + 0;
}
