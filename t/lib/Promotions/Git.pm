package Promotions::Git;

# Bare repositories, and servers for them: smart HTTP (git http-backend behind
# nginx and fcgiwrap) and ssh.
#
#   my $git  = Promotions::Git->start(
#       user => 'bot', token => 't0ken',     # basic authentication
#       tls  => 1,                           # https, CA in $git->ca; or
#       tls  => { ca => $other,              # the CA of another server
#                 names => 'DNS:localhost', days => -1 },
#       directives => '…');                  # more for nginx's server {}
#   my $repo = $git->repository('gitops', {
#       'dev/orders/values.yaml' => "tag: 2\n",
#       'dev/orders/run.sh'      => { mode => '100755', data => "…" },
#       'dev/orders/link'        => { mode => '120000', data => 'run.sh' },
#   });                                      # one commit on main
#   $repo->url;                              # as a catalog names it
#   $repo->commit({ path => $data | undef }, branch => 'main',
#                 message => 'changed', author => 'A <a@x>');   # its sha
#   $repo->head('main'); $repo->file('main', 'path'); $repo->tree('main:dev');
#   $repo->log('main');      # newest first: {sha,parents,author,…,message}
#   $repo->changed($sha);    # "M\tpath" lines of one commit
#   $repo->fsck_ok; $repo->hook('pre-receive', "#!/bin/sh\n…");
#   $git->requests;          # lines of the access log
#   Promotions::Git->repositories($dir)->repository(…);   # no server: paths
#   my $ssh = $git->ssh;     # {port,key,known_hosts,user}; $repo->ssh_url($ssh)

use strict;
use warnings;

use Promotions::Process;


sub repositories {
    my ($class, $dir) = @_;
    return bless { dir => $dir // temporary_folder(), log => undef }, $class;
}


sub start {
    my ($class, %options) = @_;

    my $self = $class->repositories;
    my $dir = temporary_folder();

    $self->{server} = $dir;
    $self->{port} = $options{port} // free_port();
    $self->{$_} = $options{$_} for qw(user token tls directives);

    if ($self->{tls}) {
        $self->certificates("$dir/tls", ref $self->{tls} ? $self->{tls} : {});
    }

    my (undef, $exec_path) = run('git', '--exec-path');
    chomp $exec_path;
    $self->{backend} = "$exec_path/git-http-backend";

    $self->{fcgi} = Promotions::Process->start(
        command => ['fcgiwrap', '-f', '-c', $options{processes} // 4,
                    '-s', "unix:$dir/fcgi.sock"],
        name => 'fcgiwrap', output => "$dir/fcgiwrap.log",
        environment => { HOME => $dir });

    wait_for('fcgiwrap', sub { -S "$dir/fcgi.sock" });

    $self->write_configuration;
    $self->launch;
    return $self;
}


sub write_configuration {
    my ($self) = @_;

    my $dir = $self->{server};
    my $user = $> == 0 ? 'user root;' : '';
    my $listen = "listen 127.0.0.1:$self->{port}";
    my $tls = '';
    my $auth = '';

    if ($self->{tls}) {
        $listen .= ' ssl';
        $tls = "ssl_certificate $dir/tls/server.pem;\n"
               . "ssl_certificate_key $dir/tls/server.key;";
    }

    if ($self->{token}) {
        write_file("$dir/htpasswd", "$self->{user}:{PLAIN}$self->{token}\n");
        $auth = "auth_basic git; auth_basic_user_file $dir/htpasswd;";
    }

    my $temporary = join "\n",
        map { "${_}_temp_path $dir/temp_$_;" }
        qw(client_body fastcgi proxy uwsgi scgi);

    write_file("$dir/nginx.conf", <<"END");
$user
worker_processes 1;
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 512; }
http {
    log_format git '\$request_method \$request_uri \$status \$request_length '
                   '\$content_length \$connection_requests '
                   '\$ssl_session_reused';
    access_log $dir/access.log git;
    $temporary
    client_max_body_size 0;
    server {
        $listen;
        $tls
        @{[ $self->{directives} // '' ]}
        location / {
            $auth
            fastcgi_param SCRIPT_FILENAME $self->{backend};
            fastcgi_param GIT_PROJECT_ROOT $self->{dir};
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param GIT_CONFIG_NOSYSTEM 1;
            fastcgi_param PATH_INFO \$uri;
            fastcgi_param QUERY_STRING \$query_string;
            fastcgi_param REQUEST_METHOD \$request_method;
            fastcgi_param CONTENT_TYPE \$content_type;
            fastcgi_param CONTENT_LENGTH \$content_length;
            fastcgi_param REMOTE_USER \$remote_user;
            fastcgi_param REMOTE_ADDR \$remote_addr;
            fastcgi_param GIT_PROTOCOL \$http_git_protocol;
            fastcgi_buffering off;
            fastcgi_read_timeout 120s;
            fastcgi_pass unix:$dir/fcgi.sock;
        }
    }
}
END
}


sub launch {
    my ($self) = @_;

    $self->{nginx} = Promotions::Process->start(
        command => ['nginx', '-c', "$self->{server}/nginx.conf",
                    '-p', $self->{server},
                    '-e', "$self->{server}/error.log"],
        name => 'git server', output => "$self->{server}/nginx.out");

    wait_for_port($self->{port}, $self->{nginx});
}


# Down and up again on the same port.
sub stop {
    my ($self) = @_;
    $self->{nginx}->stop;
}


sub restart {
    my ($self) = @_;
    $self->stop;
    $self->write_configuration;
    $self->launch;
}


sub base_url {
    my ($self) = @_;
    my $scheme = $self->{tls} ? 'https' : 'http';
    return "$scheme://127.0.0.1:$self->{port}";
}


# A line for promotions_credentials.
sub credentials {
    my ($self) = @_;

    my $url = $self->base_url;
    $url =~ s{//}{//$self->{user}:$self->{token}@};
    return "$url\n";
}


sub requests {
    my ($self) = @_;
    return split /\n/, read_file("$self->{server}/access.log") // '';
}


sub ca {
    my ($self) = @_;
    return "$self->{server}/tls/ca.pem";
}


# A CA, and a certificate of its for 127.0.0.1 and localhost.
sub certificates {
    my ($self, $dir, $options) = @_;

    my $names = $options->{names} // 'IP:127.0.0.1,DNS:localhost';
    my $days = $options->{days} // 30;
    my @commands;

    write_file("$dir/extensions", "subjectAltName=$names\n");

    if ($options->{ca}) {
        write_file("$dir/ca.$_", read_file("$options->{ca}{server}/tls/ca.$_"))
            for qw(pem key);
    } else {
        push @commands,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
            . "-days 30 -subj /CN=test-ca -keyout ca.key -out ca.pem "
            . "-addext basicConstraints=critical,CA:TRUE";
    }

    for my $command (@commands,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
            . "-subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
            . "-days $days -extfile extensions -out server.pem")
    {
        my ($status, $output) = run({ folder => $dir }, 'openssl',
                                    split / /, $command);
        die "openssl: $output" if $status;
    }
}


# sshd on loopback, for the user that runs the test.
sub ssh {
    my ($self) = @_;

    return $self->{ssh} if $self->{ssh};

    my $dir = temporary_folder();
    my $port = free_port();
    my $user = getpwuid $>;

    chmod 0700, $dir;

    for my $name ('host', 'client') {
        my ($status, $output) = run('ssh-keygen', '-q', '-t', 'ed25519',
                                    '-N', '', '-f', "$dir/$name");
        die "ssh-keygen: $output" if $status;
    }

    write_file("$dir/authorized_keys", read_file("$dir/client.pub"), 0600);

    my ($type, $key) = split / /, read_file("$dir/host.pub");
    write_file("$dir/known_hosts", "[127.0.0.1]:$port $type $key\n", 0644);

    # the folder that sshd's privilege separation wants
    mkdir '/run/sshd', 0755 if $> == 0;

    write_file("$dir/sshd_config", <<"END");
ListenAddress 127.0.0.1:$port
HostKey $dir/host
AuthorizedKeysFile $dir/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv GIT_CONFIG_NOSYSTEM=1
END

    my $sshd = Promotions::Process->start(
        command => ['/usr/sbin/sshd', '-D', '-e', '-f', "$dir/sshd_config"],
        name => 'sshd', output => "$dir/sshd.log");
    wait_for_port($port, $sshd);

    $self->{ssh} = {
        process => $sshd, port => $port, user => $user, log => "$dir/sshd.log",
        key => "$dir/client", known_hosts => "$dir/known_hosts",
    };
    return $self->{ssh};
}


sub repository {
    my ($self, $name, $files, %options) = @_;

    my $path = "$self->{dir}/$name.git";
    my ($status, $output) = run('git', 'init', '-q', '--bare', '-b',
                                $options{branch} // 'main', $path);
    die "git init: $output" if $status;

    my $repo = bless { git => $self, name => $name, path => $path },
               'Promotions::Git::Repository';

    $repo->git('config', 'http.receivepack', 'true');
    $repo->commit($files, message => 'first', %options) if $files;
    return $repo;
}


package Promotions::Git::Repository;

use Promotions::Process;


sub url {
    my ($self) = @_;

    return $self->{git}{port} ? $self->{git}->base_url . "/$self->{name}.git"
                              : $self->{path};
}


sub path {
    my ($self) = @_;
    return $self->{path};
}


sub ssh_url {
    my ($self, $ssh) = @_;
    return "ssh://$ssh->{user}\@127.0.0.1:$ssh->{port}$self->{path}";
}


# Runs git here and returns its output without the last newline; dies when it
# fails.
sub git {
    my ($self, @arguments) = @_;

    my $options = ref $arguments[0] eq 'HASH' ? shift @arguments : {};
    my ($status, $output) = run($options, 'git', '-C', $self->{path},
                                @arguments);
    die "git @arguments: $output" if $status;
    chomp $output;
    return $output;
}


# One commit on a branch, by git fast-import.  The branch is made if it is
# not there; when somebody else has moved it in between, it is tried again.
# `from` names another parent, and rewrites the branch.
sub commit {
    my ($self, $files, %options) = @_;

    my $tries = $options{from} ? 1 : 50;

    for (2 .. $tries) {
        return $self->head($options{branch})
            if $self->try_commit($files, %options);
    }

    $self->try_commit($files, %options, last => 1);
    return $self->head($options{branch});
}


sub try_commit {
    my ($self, $files, %options) = @_;

    my $branch = $options{branch} // 'main';
    my $author = $options{author} // 'Sam Sample <sam@example.com>';
    my $message = $options{message} // 'changed';
    my $when = $options{time} // time;
    my $stream = "commit refs/heads/$branch\nauthor $author $when +0000\n"
                 . "committer $author $when +0000\n" . data($message);

    my $parent = $options{from} // eval { $self->head($branch) };
    $stream .= "from $parent\n" if $parent;

    for my $name (sort keys %$files) {
        my $path = $name;
        my $file = $files->{$name};
        utf8::encode($path) if utf8::is_utf8($path);

        if (!defined $file) {
            $stream .= "D $path\n";
            next;
        }

        $file = { data => $file } if ref $file ne 'HASH';
        my $mode = $file->{mode} // '100644';

        # a submodule has a commit's name in place of data
        $stream .= $mode eq '160000'
            ? "M $mode $file->{data} $path\n"
            : "M $mode inline $path\n" . data($file->{data});
    }

    my @command = ('fast-import', '--quiet',
                   $options{from} ? '--force' : ());

    if ($options{last}) {
        $self->git({ input => "$stream\n" }, @command);
        return 1;
    }

    my ($status, $output) = run({ input => "$stream\n" }, 'git', '-C',
                                $self->{path}, @command);
    return $status == 0;
}


sub data {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    return 'data ' . length($text) . "\n$text\n";
}


sub head {
    my ($self, $branch) = @_;
    return $self->git('rev-parse', '--verify', '-q',
                      'refs/heads/' . ($branch // 'main'));
}


# The bytes of a file, undef when there is none.
sub file {
    my ($self, $revision, $path) = @_;

    my ($status, $output) = run('git', '-C', $self->{path}, 'cat-file', 'blob',
                                "$revision:$path");
    return $status ? undef : $output;
}


# The object name of a revision or REVISION:PATH, '' when there is none.
sub tree {
    my ($self, $what) = @_;

    my ($status, $output) = run('git', '-C', $self->{path}, 'rev-parse',
                                '--verify', '-q', $what);
    chomp $output;
    return $status ? '' : $output;
}


sub log {
    my ($self, $range) = @_;

    my $format = join '%x00', qw(%H %T %P %an %ae %at %cn %ce %ct %B);
    my $text = $self->git('log', '-z', "--format=$format%x01",
                          $range // 'main');
    my @commits;

    for my $entry (split /\x01\0?/, $text) {
        my %commit;
        @commit{qw(sha tree parents author_name author_email author_time
                   committer_name committer_email committer_time message)}
            = split /\0/, $entry, -1;
        $commit{parents} = [ split / /, $commit{parents} ];
        $commit{author} = "$commit{author_name} <$commit{author_email}>";
        push @commits, \%commit;
    }

    return @commits;
}


# The trailers of a commit's message, as a hash.
sub trailers {
    my ($self, $revision) = @_;

    my $text = $self->git('log', '-1',
                          '--format=%(trailers:only,unfold)', $revision);
    return { map { /^([^:]+):\s*(.*)$/ ? ($1, $2) : () } split /\n/, $text };
}


sub changed {
    my ($self, $revision) = @_;
    return $self->git('diff-tree', '-r', '--name-status', '--no-commit-id',
                      $revision);
}


# '' when the repository is sound, else what git says.
sub fsck {
    my ($self) = @_;

    my ($status, $output) = run('git', '-C', $self->{path}, 'fsck', '--strict',
                                '--full', '--no-dangling', '--no-progress');
    return $status ? $output || 'failed' : '';
}


# A new file: a shell that runs the old one goes on reading it.
sub hook {
    my ($self, $name, $script) = @_;

    my $path = "$self->{path}/hooks/$name";
    write_file("$path.new", $script, 0755);
    rename "$path.new", $path or die "$path: $!";
}


1;
