package Promotions::Process;

# Processes that a test starts, each in a process group of its own, all ended
# by END; temporary folders, free ports, and waiting with a limit.
#
#   my $dir  = temporary_folder();
#   my $port = free_port();
#   my $p    = Promotions::Process->start(
#                  command => ['redis-server', …],   # never through a shell
#                  name    => 'redis',               # for messages
#                  output  => "$dir/redis.log",      # stdout and stderr
#                  environment => { HOME => $dir },  # besides PATH
#                  stop    => 'TERM');               # the polite signal
#   $p->pid; $p->alive; $p->signal('STOP'); $p->stop;
#   wait_for('redis to answer', sub { … }, 5);       # dies when time is up
#   wait_for_port($port, $p);
#   my ($status, $output) = run('git', 'init', …);    # both streams together
#   write_file($path, $text); my $text = read_file($path);

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use POSIX ();
use Time::HiRes ();

our @EXPORT = qw(temporary_folder free_port wait_for wait_for_port run
                 read_file write_file);

my (@started, @held);
my $root;
my $owner = $$;
my $next_port = 20000 + ($$ * 7) % 10000;


sub temporary_folder {
    # readable to a worker that runs as another user
    if (!$root) {
        $root = File::Temp::tempdir('promotions.XXXXXX', TMPDIR => 1);
        chmod 0755, $root;
    }

    my $dir = File::Temp::tempdir('XXXXXX', DIR => $root);
    chmod 0755, $dir;
    return $dir;
}


# Below the ports that the kernel hands to clients, so that a connection of
# another test cannot take one between the look and the use; nor can another
# test that runs now, while this one holds the port's name (an abstract unix
# socket: gone with the process).
sub free_port {
    for (1 .. 200) {
        $next_port = 20000 + ($next_port - 20000 + 1 + int(rand(13))) % 10000;

        my $name = IO::Socket::UNIX->new(
            Local => "\0promotions-test.$next_port", Listen => 1) or next;
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $next_port,
            Listen => 1, Proto => 'tcp');
        next if !$socket;

        push @held, $name;
        return $next_port;
    }

    die "no free port";
}


sub wait_for {
    my ($what, $check, $limit) = @_;

    $limit //= 10;
    my $end = Time::HiRes::time() + $limit;

    while (1) {
        my $value = $check->();
        return $value if $value;

        die "waited $limit s for $what\n" if Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.02);
    }
}


sub wait_for_port {
    my ($port, $process, $limit) = @_;

    wait_for("port $port", sub {
        if ($process && !$process->alive) {
            die "$process->{name} did not start:\n"
                . (read_file($process->{output}) // '');
        }
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port, Timeout => 1);
    }, $limit // 10);
}


sub read_file {
    my ($path) = @_;

    open my $file, '<:raw', $path or return undef;
    local $/;
    return scalar <$file>;
}


sub write_file {
    my ($path, $text, $mode) = @_;

    (my $folder = $path) =~ s{/[^/]*$}{};
    File::Path::make_path($folder);

    utf8::encode($text) if utf8::is_utf8($text);
    open my $file, '>:raw', $path or die "$path: $!";
    print $file $text or die "$path: $!";
    close $file or die "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}


# The environment of everything that is started: nothing of the user's own
# configuration of git or ssh.
sub environment {
    my ($more) = @_;

    return (
        PATH                => '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
        LC_ALL              => 'C.UTF-8',
        TZ                  => 'UTC',
        HOME                => $root // '/nonexistent',
        GIT_CONFIG_NOSYSTEM => 1,
        GIT_CONFIG_GLOBAL   => '/dev/null',
        GIT_TERMINAL_PROMPT => 0,
        %{ $more || {} },
    );
}


# Runs to the end, within a minute; returns the exit status (256 and more: a
# signal) and both streams.  {input => …, folder => …, environment => {…},
# limit => seconds, only_output => 1} may come first; the last leaves standard
# error to the caller's.
sub run {
    my $options = ref $_[0] eq 'HASH' ? shift : {};
    my @command = @_;

    my $input = File::Temp->new();
    print $input $options->{input} // '';
    $input->flush;

    my $output = File::Temp->new();
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        %ENV = environment($options->{environment});
        POSIX::setpgid(0, 0);
        open STDIN, '<', $input->filename or POSIX::_exit(127);
        open STDOUT, '>', $output->filename or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127)
            if !$options->{only_output};
        chdir $options->{folder} or POSIX::_exit(127) if $options->{folder};
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }

    my $end = Time::HiRes::time() + ($options->{limit} // 60);
    my $pause = 0.001;

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        if (Time::HiRes::time() > $end) {
            kill 'KILL', -$pid;
            waitpid $pid, 0;
            die "@command: took too long\n";
        }
        Time::HiRes::sleep($pause);
        $pause *= 2 if $pause < 0.02;
    }

    my $status = $? & 127 ? 256 + ($? & 127) : $? >> 8;
    return ($status, read_file($output->filename));
}


sub start {
    my ($class, %options) = @_;

    my $self = bless {
        name   => $options{name} // $options{command}[0],
        output => $options{output} // temporary_folder() . '/output',
        stop   => $options{stop} // 'TERM',
    }, $class;

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        %ENV = environment($options{environment});
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>>', $self->{output} or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);

        if ($options{code}) {
            $SIG{$_} = 'DEFAULT' for qw(INT TERM ALRM);
            eval { $options{code}->() };
            print STDERR $@ if $@;
            POSIX::_exit($@ ? 1 : 0);
        }

        my @command = @{ $options{command} };
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }

    # both sides, so that a signal to the group cannot come too early
    POSIX::setpgid($pid, $pid);

    $self->{pid} = $pid;
    push @started, $self;
    return $self;
}


sub pid {
    my ($self) = @_;
    return $self->{pid};
}


sub alive {
    my ($self) = @_;

    return 0 if !$self->{pid};

    if (waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid}) {
        $self->{status} = $?;
        $self->{pid} = undef;
        return 0;
    }

    return 1;
}


sub signal {
    my ($self, $signal) = @_;
    return $self->{pid} ? kill($signal, $self->{pid}) : 0;
}


# Ends it: politely, then not; what is left of its group as well.
sub stop {
    my ($self, $signal, $limit) = @_;

    return if !$self->alive;

    my $pid = $self->{pid};
    kill 'CONT', -$pid;
    kill $signal // $self->{stop}, $pid;

    eval { wait_for("$self->{name} to end", sub { !$self->alive },
                    $limit // 10) };
    my $late = $@;

    kill 'KILL', -$pid;
    if ($self->{pid}) {
        waitpid $pid, 0;
        $self->{pid} = undef;
    }

    return !$late;
}


sub stop_all {
    # the last started first: nginx before its Redis
    while (my $process = pop @started) {
        local $@;
        eval { $process->stop(undef, 5) };
    }
}


for my $signal (qw(INT TERM HUP)) {
    $SIG{$signal} = sub { exit 1 };
}


END {
    if ($$ == $owner) {
        local $?;
        stop_all();

        if ($root && !$ENV{PROMOTIONS_KEEP}) {
            File::Path::remove_tree($root, { safe => 0 });
        }
        elsif ($root) {
            print STDERR "# kept: $root\n";
        }
    }
}


1;
