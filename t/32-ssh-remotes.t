# Remotes over ssh, to a sshd on loopback.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;
use Promotions::Tcp;

my $git = Promotions::Git->repositories;
my $ssh = $git->ssh;
my $address = "ssh://$ssh->{user}\@127.0.0.1:$ssh->{port}";

my $repo = $git->repository('main', files());
my $quoted = $git->repository(q{it's "a $(touch pwned);&|> name!}, files());
my $refusing = $git->repository('refusing', files());
my $dead = free_port();
my $silent = Promotions::Tcp->silent;

(my $encoded = $quoted->path) =~ s{([^A-Za-z0-9/._-])}{sprintf '%%%02x',
                                                       ord $1}ge;

my %url = (
    main     => $repo->ssh_url($ssh),
    quoted   => "$address$encoded",
    missing  => "$address$git->{dir}/no-such.git",
    refusing => $refusing->ssh_url($ssh),
    user     => "ssh://nobody-here\@127.0.0.1:$ssh->{port}" . $repo->path,
    dead     => "ssh://127.0.0.1:$dead/r.git",
    silent   => 'ssh://127.0.0.1:' . $silent->port . '/r.git',
    name     => 'git@no-such-host.invalid:r.git',
);


sub settings {
    my (%change) = @_;
    my $key = $change{key} // $ssh->{key};
    my $known = $change{known} // $ssh->{known_hosts};

    return "promotions_ssh_key $key; promotions_ssh_known_hosts $known;
            promotions_git_timeout 10s; promotions_git_idle_timeout 6s;";
}


my $scene = remotes(pairs => \%url, http => settings());
my $nginx = $scene->{nginx};


# what works

lands($scene, 'main', $repo, 'with a key and known hosts');
$repo->commit({ 'dev/values.yaml' => "tag: 3\n" });
lands($scene, 'main', $repo, 'again, on a head that has moved');
lands($scene, 'quoted', $quoted, 'quotes, blanks and more in a path');
ok(!-e "$_/pwned", "which no shell has read: $_")
    for $git->{dir}, '/root', '.', $nginx->{dir}, $quoted->path;


# what does not

$refusing->hook('pre-receive', "#!/bin/sh\necho not on Sundays >&2\nexit 1\n");
refused($scene, 'refusing', 502, qr{^remote\ rejected\ refs/heads/main:\ pre-
        receive\ hook\ declined:\ not\ on\ Sundays$}x,
        'the words of a hook');
is(scalar(my @log = $refusing->log), 1, 'which is obeyed');

refused($scene, 'missing', 502, qr{^repository\ ssh://\S+no-such\.git.*
        does\ not\ appear\ to\ be\ a\ git\ repository}x, 'no such repository');
refused($scene, 'user', 502,
        qr{^authentication failed for 127\.0\.0\.1:$ssh->{port}},
        'no such user');
refused($scene, 'dead', 502,
        qr{^cannot connect to 127\.0\.0\.1:$dead: .*Connection refused},
        'nobody listens');
refused($scene, 'name', 502, qr{^cannot connect to no-such-host\.invalid},
        'no such host');

my $r = refused($scene, 'silent', 504, qr{.}, 'a server that says nothing');
ok($r->{seconds} < 6.6, 'in time') or diag($r->{seconds});


# other keys

my $dir = temporary_folder();
chmod 0700, $dir;
run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', "$dir/other");
my ($type, $key) = split / /, read_file("$dir/other.pub");
write_file("$dir/known", "[127.0.0.1]:$ssh->{port} $type $key\n");
write_file("$dir/empty", "\n");

my $head = $repo->commit({ 'dev/values.yaml' => "tag: 4\n" });

$nginx->reload(http => settings(key => "$dir/other"));
refused($scene, 'main', 502,
        qr{^authentication failed for 127\.0\.0\.1:$ssh->{port}: .*denied}i,
        'a key that the server does not know');

for my $case ([ known => 'another host key', 'not the one in' ],
              [ empty => 'no host key', 'not in' ]) {
    my ($file, $what, $words) = @$case;

    $nginx->reload(http => settings(known => "$dir/$file"));
    refused($scene, 'main', 502, "cannot connect to 127.0.0.1:"
        . "$ssh->{port}: its host key is $words promotions_ssh_known_hosts",
        $what);
}

is(read_file("$dir/empty"), "\n", 'nothing was learned');
is($repo->head, $head, 'and nothing pushed');

$nginx->reload(http => settings());
lands($scene, 'main', $repo, 'the right ones again');


# nothing is left of it

my @left = grep { (read_file($_) // '') =~ /^ssh\0.*\Q$ssh->{port}\E\0/s }
           glob '/proc/[0-9]*/cmdline';
is("@left", '', 'no ssh is left running');
is($_->fsck, '', 'git fsck --strict') for $repo, $quoted, $refusing;


# nginx -t

my %bad = (
    'ssh://-oProxyCommand=touch${IFS}x/r.git' => qr{host},
    'ssh://-oProxyCommand=x@127.0.0.1/r.git'  => qr{user},
    'ssh://-host/r.git'                       => qr{host},
    'git@-host:r.git'                         => qr{host},
    '-l@host:r.git'                           => qr{user},
    'ssh://a b/r.git'                         => qr{blank},
    "ssh://host/r\x01.git"                    => qr{control},
    'ssh://host/a/../b.git'                   => qr{\.\.},
    'ssh://host/a/%2e%2e/b.git'               => qr{\.\.},
    'ssh://user:secret-word@host/r.git'       => qr{promotions_credentials},
    'ssh://host:99999/r.git'                  => qr{port},
    'ssh://host'                              => qr{names no repository},
    'ext::sh -c touch% x'                     => qr{URL},
    'git://host/r.git'                        => qr{URL},
);

for my $url (sort keys %bad) {
    my ($status, $output) = Promotions::Nginx->test_configuration(
        redis => $scene->{redis}, http => settings(),
        catalog => catalog('a.yaml' => application(name => 'a', url => $url,
                                                   path => 'dev')));
    (my $shown = $url) =~ s/[^ -~]/?/g;
    isnt($status, 0, "nginx -t refuses $shown");
    like($output, $bad{$url}, 'and says why');
    unlike($output, qr{secret-word}, 'without a secret');
}

my ($status, $output) = Promotions::Nginx->test_configuration(
    redis => $scene->{redis}, catalog => $scene->{catalog});
isnt($status, 0, 'a catalog with ssh remotes needs known hosts');
like($output, qr{promotions_ssh_known_hosts}, 'and says so');

done_testing();
