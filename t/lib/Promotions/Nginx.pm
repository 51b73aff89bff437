package Promotions::Nginx;

# The nginx under test: a real one with the module, in a folder of its own.
#
#   my $nginx = Promotions::Nginx->start(
#       redis   => $redis,           # a Promotions::Redis
#       catalog => $folder,          # for promotions_catalog codefresh …
#       allow_local => 1,            # promotions_allow_local_remotes on
#       main    => '…', events => '…', http => '…', server => '…',  # more text
#       workers => 2, threads => 4, listen => 'ssl http2', port => 8080,
#       daemon  => 1,                # needed for a binary upgrade
#       user    => 'www-data',       # only as root; default root
#       failpoints => 1,             # the build with failpoints
#       configuration => '…');       # the whole text in place of the template
#   $nginx->request(method => 'POST', path => …, key => …, json => …);
#   $nginx->requests({…}, {…});      # at once
#   my ($status, $output) = Promotions::Nginx->test_configuration(%options);
#   $nginx->reload; $nginx->quit; $nginx->kill_worker; $nginx->workers;
#   $nginx->crash; $nginx->revive;   # the whole node, kill -9
#   $nginx->log;                     # the error log so far
#   $nginx->allow(qr/exited on signal 9/);   # a problem that the test makes
#   $nginx->problems;                # lines that fail the test file
#
# In the template, and in texts given to it, @DIR@ is the folder, @PORT@ the
# port; Promotions::Nginx->example() makes one of a file of conf-examples.
# Parts of the template can be replaced: `redis_directive`,
# `thread_pool`, `mirrors`, `locations`; an empty text leaves one out.
#
# With PROMOTIONS_ASAN the module is an instrumented one: the sanitizers'
# libraries are preloaded, and what they say fails the test.

use strict;
use warnings;

use Cwd ();
use File::Path ();
use Time::HiRes ();

use Promotions::HTTP;
use Promotions::Process;

our @all;

my $build = Cwd::abs_path($ENV{B} // 'build');

my $problem = qr/\[alert\]|\[emerg\]|exited\ on\ signal
                 |exited\ with\ fatal\ code|exited\ with\ code\ [1-9]
                 |AddressSanitizer|runtime\ error:|LeakSanitizer/x;


sub new {
    my ($class, %options) = @_;

    my $self = bless {
        workers => 1, threads => 4, allowed => [], %options,
        dir  => temporary_folder(),
        port => $options{port} // free_port(),
    }, $class;

    # the sanitizers' reports, which a worker writes as its own user
    chmod 0777, $self->{dir} if $ENV{PROMOTIONS_ASAN};

    $self->write_configuration;
    return $self;
}


sub start {
    my ($class, %options) = @_;

    my $self = $class->new(%options);
    push @all, $self;
    $self->launch;
    return $self;
}


sub module {
    my ($self) = @_;

    my $folder = ref $self && $self->{failpoints} ? "$build/failpoints"
                                                  : $build;
    return "$folder/ngx_http_promotions_module.so";
}


# The next process that comes to this point kills itself there, once.

sub arm {
    my ($self, $name) = @_;

    write_file("$self->{dir}/failpoints/$name", '');
}


# Whether nobody has come there since.

sub armed {
    my ($self, $name) = @_;

    return -e "$self->{dir}/failpoints/$name";
}


sub write_configuration {
    my ($self, %changes) = @_;

    $self->{$_} = $changes{$_} for keys %changes;

    my $text = $self->{configuration} // $self->template;
    $text =~ s/\@DIR\@/$self->{dir}/g;
    $text =~ s/\@PORT\@/$self->{port}/g;
    write_file("$self->{dir}/nginx.conf", $text);
}


sub template {
    my ($self) = @_;

    my %part = map { $_ => $self->{$_} // '' }
               qw(main events http server listen);

    my $user = $> == 0 ? 'user ' . ($self->{user} // 'root') . ';' : '';
    my $daemon = $self->{daemon} ? 'on' : 'off';

    # what a binary upgrade hands on
    my $environment = $ENV{PROMOTIONS_ASAN}
        ? 'env LD_PRELOAD; env ASAN_OPTIONS; env UBSAN_OPTIONS; '
          . 'env LSAN_OPTIONS;' : '';

    my $redis = $self->{redis_directive}
        // ($self->{redis}
            ? 'promotions_redis ' . $self->{redis}->directive . ';' : '');
    my $catalog = $self->{catalog}
        ? "promotions_catalog codefresh $self->{catalog};" : '';
    my $local = $self->{allow_local}
        ? 'promotions_allow_local_remotes on;' : '';
    my $pool = $self->{thread_pool}
        // "thread_pool promotions threads=$self->{threads} max_queue=1024;";
    my $mirrors = $self->{mirrors} // 'promotions_mirrors @DIR@/mirrors;';
    my $used = $self->{use_pool} // 'promotions_thread_pool promotions;';
    my $locations = $self->{locations} // <<'END';
        location /api/promotions/ { promotions; }
        location /app-proxy/api/promotions/ { promotions; }
        location = /health { promotions_health; }
END

    if ($self->{failpoints}) {
        $environment .= "\nenv PM_FAILPOINTS=$self->{dir}/failpoints;";
        File::Path::make_path("$self->{dir}/failpoints");
    }

    my $temporary = temporary();

    return <<"END";
load_module @{[ $self->module ]};
$user
$environment
worker_processes $self->{workers};
daemon $daemon;
pid \@DIR\@/nginx.pid;
lock_file \@DIR\@/nginx.lock;
error_log \@DIR\@/error.log info;
$pool
$part{main}

events {
    worker_connections 2048;
    $part{events}
}

http {
    access_log \@DIR\@/access.log;
    $temporary
    $redis
    $catalog
    $mirrors
    $used
    $local
    $part{http}

    server {
        listen 127.0.0.1:\@PORT\@ $part{listen};
$locations
        $part{server}
    }
}
END
}


# A file of conf-examples as a configuration that runs here: %places names
# `folder` (for /etc/nginx/promotions) and `redis` (an address).
sub example {
    my ($class, $path, %places) = @_;

    my $text = read_file($path) // die "$path: $!";
    my $module = module();
    my $temporary = temporary();

    $text =~ s{/usr/lib/nginx/modules/ngx_http_promotions_module\.so}{$module};
    $text =~ s{/etc/nginx/promotions\b}{$places{folder}}g;
    $text =~ s{/var/cache/nginx/promotions\b}{\@DIR\@/mirrors}g;
    $text =~ s{/var/log/nginx\b}{\@DIR\@}g;
    $text =~ s{(promotions_redis\s+)(?:127\.0\.0\.1|redis):6379}
              {$1$places{redis}}gx;
    $text =~ s{^(?:pid|error_log|\s*access_log /dev).*\n}{}mg;
    $text =~ s{listen(\s+)(?:127\.0\.0\.1:)?8\d+}
              {listen${1}127.0.0.1:\@PORT\@}gx;
    my $start = "http {\n    access_log \@DIR\@/access.log;\n"
                . "    $temporary\n";
    $text =~ s/^http \{\n/$start/m;

    return "daemon off;\npid \@DIR\@/nginx.pid;\n"
           . "error_log \@DIR\@/error.log info;\n$text";
}


sub temporary {
    return join "\n    ", map { "${_}_temp_path \@DIR\@/temp_$_;" }
                          qw(client_body fastcgi proxy uwsgi scgi);
}


# `leaks`: whether what is not freed at a worker's end is reported; a faulty
# configuration ends nginx without freeing anything.
sub environment {
    my ($self, %options) = @_;

    return { %{ $self->{environment} || {} } } if !$ENV{PROMOTIONS_ASAN};

    my @libraries;

    for my $name ('libasan.so', 'libubsan.so') {
        my (undef, $path) = run('cc', "-print-file-name=$name");
        chomp $path;
        push @libraries, $path;
    }

    my $common = "log_path=$self->{dir}/sanitizer:print_stacktrace=1";

    my $leaks = $options{leaks} ? 1 : 0;

    return {
        %{ $self->{environment} || {} },
        LD_PRELOAD    => join(':', @libraries),
        ASAN_OPTIONS  => "detect_leaks=$leaks:$common",
        UBSAN_OPTIONS => $common,
        LSAN_OPTIONS  => 'exitcode=0',
    };
}


sub command {
    my ($self) = @_;
    my $dir = $self->{dir};

    # the whole path: a binary upgrade runs it again
    my ($nginx) = grep { -x } map { "$_/nginx" }
                  qw(/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin);
    return ($nginx // 'nginx', '-p', $dir, '-c', "$dir/nginx.conf",
            '-e', "$dir/error.log");
}


# Status and output of nginx -t, for a configuration of its own or $self's.
sub test_configuration {
    my ($self, %options) = @_;

    $self = $self->new(%options) if !ref $self;
    my ($status, $output) = run({ environment => $self->environment },
                                $self->command, '-t');

    for my $path (glob "$self->{dir}/sanitizer*") {
        my $report = report($path);
        next if $report eq '';
        $output .= $report;
        $status = 99;
    }

    return ($status, $output);
}


sub launch {
    my ($self) = @_;

    my $dir = $self->{dir};
    my $workers = ($self->{main} // '') =~ /master_process off/
                  ? 0 : $self->{workers};

    $self->{process} = Promotions::Process->start(
        command => [$self->command], name => 'nginx', stop => 'QUIT',
        output => "$dir/output",
        environment => $self->environment(leaks => 1));

    eval { wait_for('nginx to start', sub {
        if (!$self->{daemon} && !$self->{process}->alive) {
            die "it ended\n";
        }
        # it listens before it has workers
        return -s "$dir/nginx.pid"
               && @{[ $self->workers ]} >= $workers
               && IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => $self->{port});
    }, $ENV{PROMOTIONS_ASAN} ? 30 : 10) };

    die "nginx: $@" . (read_file("$dir/output") // '')
        . (read_file("$dir/error.log") // '') if $@;
}


sub master {
    my ($self) = @_;
    my $pid = read_file("$self->{dir}/nginx.pid") // '';
    return $pid =~ /^(\d+)/ ? $1 : undef;
}


# Pids of the workers that are not shutting down.
sub workers {
    my ($self) = @_;

    my $master = $self->master or return ();
    my @pids;

    for my $path (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent) =
            (read_file($path) // '') =~ /^(\d+) \(nginx\) \S (\d+) /
            or next;
        next if $parent != $master;
        my $title = read_file("/proc/$pid/cmdline") // '';
        push @pids, $pid if $title =~ /worker process(?! is shutting)/;
    }

    return sort { $a <=> $b } @pids;
}


sub kill_worker {
    my ($self, $pid, $signal) = @_;
    $pid //= ($self->workers)[0];
    $signal //= 'KILL';
    $self->allow(qr/process $pid exited on signal/);
    kill $signal, $pid;
    return $pid;
}


# kill -9 of the master and its workers at once, as if the machine had gone;
# returns how many workers.  revive() starts it again.
sub crash {
    my ($self) = @_;

    my @workers = $self->workers;
    $self->{process}->stop('KILL');
    kill 'KILL', @workers;

    # one that nobody has waited for yet has ended all the same
    wait_for('the workers to end', sub {
        !grep { (read_file("/proc/$_/stat") // 'Z') !~ /\) Z |^Z$/ }
              @workers });
    unlink "$self->{dir}/nginx.pid";
    return scalar @workers;
}


sub revive {
    my ($self) = @_;
    $self->launch;
}


# Waits until the new workers serve and the old ones no longer listen.
sub reload {
    my ($self, %changes) = @_;

    $self->write_configuration(%changes);

    # one in place of a worker that was killed must not pass for a new one
    wait_for('workers', sub { @{[ $self->workers ]} >= $self->{workers} });

    my %old = map { $_ => 1 } $self->workers;
    kill 'HUP', $self->master;

    wait_for('new workers', sub {
        my @now = $self->workers;
        return @now >= $self->{workers} && !grep { $old{$_} } @now;
    });
}


sub quit {
    my ($self, $limit) = @_;
    return $self->stop('QUIT', $limit);
}


sub stop {
    my ($self, $signal, $limit) = @_;

    return 1 if $self->{stopped}++;
    $limit //= $ENV{PROMOTIONS_ASAN} ? 40 : 10;

    # a daemon is not our child: the pid file names it
    if ($self->{daemon}) {
        my $pid = $self->master or return 1;
        kill $signal // 'QUIT', $pid;
        eval { wait_for('nginx to end', sub { !kill 0, $pid }, $limit) };
        return 1 if !$@;
        kill 'KILL', $pid, $self->workers;
        return 0;
    }

    return $self->{process}->stop($signal, $limit);
}


# Starts again after stop.
sub restart {
    my ($self, %changes) = @_;
    $self->stop;
    $self->{stopped} = 0;
    $self->write_configuration(%changes);
    $self->launch;
}


sub log {
    my ($self) = @_;
    return read_file("$self->{dir}/error.log") // '';
}


sub access_log {
    my ($self) = @_;
    return read_file("$self->{dir}/access.log") // '';
}


sub allow {
    my ($self, @patterns) = @_;
    push @{ $self->{allowed} }, @patterns;
}


sub problems {
    my ($self) = @_;

    my @lines = grep { /$problem/ } split /\n/, $self->log;

    for my $path (glob "$self->{dir}/sanitizer*") {
        push @lines, grep { length } split /\n/, report($path);
    }

    for my $allowed (@{ $self->{allowed} }) {
        @lines = grep { !/$allowed/ } @lines;
    }

    return @lines;
}


# What a sanitizer wrote, without the leaks of nginx itself, which ends without
# freeing its connections or the contexts of regular expressions.  Their stacks
# end in its allocator (it has no frame pointers), so none of those count.
sub report {
    my ($path) = @_;

    my $text = read_file($path) // '';

    # it looks at threads that are just ending, and says nothing of leaks
    return '' if $text =~ /^Tracer caught signal 11.*LeakSanitizer has/s;

    return $text if $text !~ /LeakSanitizer: detected memory leaks/;

    return join "\n", grep { /^(?:Direct|Indirect)\ leak/x
                             && !/\#1\ .*in\ ngx_alloc\ /x }
                      split /\n\n+/, $text;
}


sub request {
    my ($self, %request) = @_;
    return http_request($self->address, %request);
}


sub requests {
    my ($self, @requests) = @_;
    return http_requests(map { { $self->address, %$_ } } @requests);
}


sub open {
    my ($self, %request) = @_;
    return http_open($self->address, %request);
}


sub address {
    my ($self) = @_;
    return (port => $self->{port}, $self->{scheme}
            ? (scheme => $self->{scheme}, ca => $self->{ca}) : ());
}


1;
