# Local remotes, and hooks: that they run, that they are obeyed, and that
# their words reach the client; over http too.

use lib 't/lib';
use Promotions::Test;
use Promotions::Remotes;

my $local = Promotions::Git->repositories;
my $http = Promotions::Git->start;
my $hooks = temporary_folder();
my %repo = map { $_ => $local->repository($_, files()) }
           qw(plain file busy hangs foreign checked);
$repo{http} = $http->repository('http', files());

# a worktree with its branch checked out
my ($status) = run('git', 'clone', '-q', $repo{checked}->path,
                   "$hooks/worktree");
is($status, 0, 'a worktree');
my $worktree = bless { %{ $repo{checked} }, path => "$hooks/worktree" },
               ref $repo{checked};

my $scene = remotes(allow_local => 1, http => <<'END', pairs => {
    promotions_git_timeout 3s;
    promotions_git_idle_timeout 2s;
    promotions_lease 1s;
END
    (map { ($_ => $repo{$_}->url) } keys %repo),
    file     => 'file://' . $repo{file}->path,
    worktree => $worktree->path,
    missing  => "$local->{dir}/no-such.git",
    nogit    => $hooks,
});


# Something new to promote.

my $n = 0;

sub ahead {
    my ($repo) = @_;
    $repo->commit({ 'dev/values.yaml' => 'n: ' . ++$n . "\n" });
}


lands($scene, 'plain', $repo{plain}, 'a path');
lands($scene, 'file', $repo{file}, 'a file:// URL');
ahead($repo{plain});
lands($scene, 'plain', $repo{plain}, 'a path, fetched again');

refused($scene, 'missing', 502, qr{no-such\.git cannot be used: .*no-such},
        'no such repository');
refused($scene, 'nogit', 502, qr{cannot be used: .*not appear to be a git},
        'a folder that is none');


# hooks run, and may decline, on every transport

for my $name (qw(plain http)) {
    my $repo = $repo{$name};
    my $trace = "$hooks/$name";

    ahead($repo);
    $repo->hook('post-receive', <<"END");
#!/bin/sh
cat > $trace
sleep 1
echo late >> $trace
END
    my $r = lands($scene, $name, $repo, "$name: with a post-receive hook");
    my ($old) = @{ ($repo->log)[0]{parents} };
    my $new = $repo->head;

    wait_for('the end of the hook',
             sub { (read_file($trace) // '') =~ /late/ }, 5);
    is(read_file($trace), "$old $new refs/heads/main\nlate\n",
       "$name: which ran, to its end");
    unlink $repo->path . '/hooks/post-receive';

    my $before = ahead($repo);
    $repo->hook('pre-receive', <<'END');
#!/bin/sh
echo "frozen until Monday" >&2
printf 'ask \033[1mBob\007\n\377\n' >&2
exit 1
END
    $r = refused($scene, $name, 502, qr{^remote\ rejected\ refs/heads/main:\ pre
            -receive\ hook\ declined:\ frozen\ until\ Monday;\ ask}x,
            "$name: pre-receive declines");
    unlike($r->json->{message}, qr/[\x00-\x1f\x7f]/,
           "$name: no control character comes through");
    is($repo->head, $before, "$name: nothing has landed");
    is($scene->{redis}->hash("promotions:promotion:"
           . $r->{headers}{'promotion-id'})->{state}, 'FAILED',
       "$name: and that is final");
    unlink $repo->path . '/hooks/pre-receive';

    $repo->hook('update', <<'END');
#!/bin/sh
echo "no $1 from $GIT_COMMITTER_NAME" >&2
exit 1
END
    refused($scene, $name, 502, qr{^remote\ rejected\ refs/heads/main:\ hook
            \ declined:\ no\ refs/heads/main\ from}x,
            "$name: update declines a ref");
    unlink $repo->path . '/hooks/update';

    $repo->hook('pre-receive', "#!/bin/sh\nhead -c 300000 /dev/zero"
                . " | tr '\\0' 'w' >&2\nexit 1\n");
    $r = refused($scene, $name, 502, qr{hook declined: w+},
                 "$name: a hook that talks without end");
    ok(length $r->{body} < 10_000, "$name: is cut short")
        or diag(length $r->{body});
    unlink $repo->path . '/hooks/pre-receive';

    # a hook that looks at what is pushed: one is refused, the next lands
    $repo->hook('pre-receive', <<'END');
#!/bin/sh
read old new ref
git log -1 --format=%s $new | grep -q '^bad' || exit 0
echo "bad subject" >&2
exit 1
END
    refused($scene, $name, 502, qr{declined: bad subject},
            "$name: this one is refused", message => 'bad one');
    lands($scene, $name, $repo, "$name: and that one is not",
          body => { message => 'good one' });

    # a server's own rules
    ahead($repo);
    unlink $repo->path . '/hooks/pre-receive';
    $repo->git('config', 'receive.maxInputSize', '10');
    refused($scene, $name, 502,
            qr{^remote \S+ rejected the pack|too large|size},
            "$name: a push that is larger than the server allows");
    $repo->git('config', '--unset', 'receive.maxInputSize');
    $repo->git('config', 'receive.fsckObjects', 'true');
    $repo->git('config', 'receive.denyNonFastForwards', 'true');
    $repo->git('config', 'receive.denyDeletes', 'true');
    lands($scene, $name, $repo, "$name: a strict server takes ours");
}


# a branch that somebody has checked out

my $before = ahead($worktree);
refused($scene, 'worktree', 502, qr{^remote\ rejected\ refs/heads/main:
        \ branch\ is\ currently\ checked\ out}x,
        'receive.denyCurrentBranch');
is($worktree->head, $before, 'is obeyed');
$worktree->git('config', 'receive.denyCurrentBranch', 'updateInstead');
$worktree->git('reset', '-q', '--hard');
my $r = $scene->commit('worktree-dev', 'worktree-qa');
is($r->{status}, 200, 'updateInstead') or diag($r->{body});
is(read_file("$hooks/worktree/qa/values.yaml"),
   read_file("$hooks/worktree/dev/values.yaml"), 'updates the files');


# what a hook is given

$repo{plain}->hook('post-receive', <<"END");
#!/bin/sh
{ env; grep Sig /proc/self/status; ls -l /proc/self/fd; } > $hooks/given
END
ahead($repo{plain});
lands($scene, 'plain', $repo{plain}, 'a hook that looks around');
wait_for('it', sub { (read_file("$hooks/given") // '') =~ /total/ });

my $given = read_file("$hooks/given");
my %name = map { /^(\w+)=/ ? ($1 => 1) : () } split /\n/, $given;
delete @name{ grep { /^GIT_/ } keys %name };
delete @name{qw(PATH HOME LC_ALL PWD OLDPWD SHLVL _)};
is(join(' ', sort keys %name), '', 'nothing of nginx\'s environment');
like($given, qr/^HOME=\S/m, 'but a HOME');
like($given, qr/^SigBlk:\t0+$/m, 'no signal blocked');
my ($ignored) = $given =~ /^SigIgn:\t(\w+)$/m;
is(hex($ignored) & 0x7fffffff, 0, 'none ignored');
unlike($given, qr/socket:\[.*\n(?:.*\n)*.*socket:\[/, 'no socket of nginx');
unlike($given, qr/(?:error|access)\.log|eventpoll|eventfd/,
       'no file of nginx');
unlink $repo{plain}->path . '/hooks/post-receive';


# a hook that never ends

$repo{hangs}->hook('pre-receive', "#!/bin/sh\necho \$\$ > $hooks/pid\n"
                                  . "exec sleep 3600\n");
my $start = time;
$r = $scene->commit('hangs-dev', 'hangs-qa', message => 'hanging');
is($r->{status}, 504, 'is not waited for without end')
    or diag($r->{body} || $r->{error});
ok(time - $start < 8, 'but as long as two silent pushes take')
    or diag(time - $start);
my ($pid) = (read_file("$hooks/pid") // '') =~ /(\d+)/;
ok($pid, 'it ran');
wait_for('its end', sub { !kill 0, $pid }, 10);
pass('and was ended');
unlink $repo{hangs}->path . '/hooks/pre-receive';
wait_for('the promotion to be settled', sub {
    $scene->{redis}->hash("promotions:promotion:"
        . $r->{headers}{'promotion-id'})->{state} =~ /LANDED|FAILED/ }, 20);
my @landed = grep { $_->{message} =~ /^hanging/ } $repo{hangs}->log;
ok(@landed < 2, 'it landed once or not at all');


# somebody else's repository

SKIP: {
    skip 'only root can give files away', 3 if $> != 0;

    run('chown', '-R', 'nobody', $repo{foreign}->path);
    my ($refuses) = run('git-receive-pack', $repo{foreign}->path);
    skip 'this git does not care who owns a repository', 3 if !$refuses;

    refused($scene, 'foreign', 502, qr{dubious ownership.*safe\.directory},
            'a repository of another user, with git\'s own advice');
    run('chown', '-R', 'root', $repo{foreign}->path);
    lands($scene, 'foreign', $repo{foreign}, 'and our own again');
}

is($_->fsck, '', "git fsck --strict: $_->{name}")
    for map { $repo{$_} } sort keys %repo;


# not allowed unless it is said

for my $url ($repo{plain}->path, 'file://' . $repo{plain}->path) {
    my ($status, $output) = Promotions::Nginx->test_configuration(
        redis => $scene->{redis}, catalog => catalog('a.yaml' =>
            application(name => 'a', url => $url, path => 'dev')));
    isnt($status, 0, 'local remotes are off');
    like($output, qr{promotions_allow_local_remotes}, 'and it says how');
}

done_testing();
