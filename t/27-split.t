# A batch that a hook refuses is split in halves until the refused promotion
# is alone: its neighbours land, and it has the server's words.

use lib 't/lib';
use Promotions::Test;

my $count = 16;
my $scene = scene(failpoints => 1, workers => 2, catalog => catalog(),
    http => 'promotions_lease 1s;',
    files => { map { ("qa/app-$_/values.yaml" => "tag: none\n") }
               0 .. $count - 1 });
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};

# of a repository of its own, so that what is promoted is also sent
my $source = $scene->{git}->repository('source', {
    map { ("dev/app-$_/values.yaml" => "tag: $_\n") } 0 .. $count - 1 });

write_file("$scene->{catalog}/applications.yaml", join '',
    map({ environment($_) } qw(dev qa)),
    map {
        application(name => "app-$_-dev", url => $source->url,
                    path => "dev/app-$_", server => 'https://dev.example'),
        application(name => "app-$_-qa", url => $repo->url,
                    path => "qa/app-$_", server => 'https://qa.example')
    } 0 .. $count - 1);
$nginx->restart;
$nginx->allow(qr/exited on signal 9/);

my $hooks = $repo->path . '/hooks';


# While the file "closed" is there a push waits: what comes meanwhile is one
# batch.  "refused" has patterns of paths that no push may bring.
sub hook {
    my ($refused) = @_;

    write_file("$hooks/refused", $refused);
    write_file("$hooks/pushes", '');
    $repo->hook('pre-receive', <<'END');
#!/bin/sh
while [ -e hooks/closed ]; do sleep 0.05; done
while read old new ref; do
    echo "$(git rev-list --count $old..$new)" >> hooks/pushes
    if git diff --name-only $old $new | grep -q -f hooks/refused; then
        echo "not these files" >&2
        exit 1
    fi
done
END
}

sub pushes {
    return split /\n/, read_file("$hooks/pushes");
}

# One promotion each of 1 to 15 in one batch, behind the one of 0; the
# answers, by number.
sub promote {
    my ($message, %request) = @_;

    my $opened = delete $request{opened};
    write_file("$hooks/closed", '');

    my @clients = map {
        my $client = $nginx->open(
            method => 'POST', path => '/api/promotions/commit',
            key => $scene->{key}, timeout => 60, %request,
            json => { srcAppId => app_id("app-$_-dev"),
                      destAppId => app_id("app-$_-qa"),
                      message => "$message $_" });

        # the first is on its way before the others come
        if ($_ == 0) {
            wait_for('the first push', sub {
                my @taken = map { @{ $redis->call('LRANGE', $_, 0, -1) } }
                            @{ $redis->call('KEYS', '*:taken') };
                @taken == 1 && $redis->hash("promotions:promotion:$taken[0]")
                                     ->{state} eq 'PUSHING';
            });
        }
        $client;
    } 0 .. $count - 1;

    wait_for('the others', sub {
        my @waiting = map { @{ $redis->call('LRANGE', $_, 0, -1) } }
                      @{ $redis->call('KEYS', '*:waiting') };
            @waiting == $count - 1;
    });

    $opened->() if $opened;
    unlink "$hooks/closed";

    my @answers = map { $_->finish } @clients;
    $_->close for @clients;
    return @answers;
}

# On the branch once, as its answer says.
sub landed_once {
    my ($name, @answers) = @_;

    my @commits = $repo->log;
    my $good = 1;

    for my $r (@answers) {
        my $id = $r->{headers}{'promotion-id'} // 'none';
        my @found = grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m }
                    @commits;
        $good &&= $r->{status} == 200 && @found == 1
                  && $found[0]{sha} eq $r->json->{COMMIT_SHA};
        diag("$r->{status} $r->{body}, found " . scalar @found) if !$good;
    }

    ok($good, $name);
}


# one of 15 is refused

hook("qa/app-9/\n");

my @answers = promote('one');
my $refused = splice @answers, 9, 1;

error_is($refused, 502, 'remote rejected refs/heads/main: pre-receive hook '
         . 'declined: not these files', 'the refused one has the words');
landed_once('all of its neighbours land', @answers);

my @pushes = pushes();
is($pushes[1], 15, 'they were in one batch');
cmp_ok(scalar @pushes, '<=', 1 + 2 * 4 + 8, 'the number of pushes is bounded')
    or diag("@pushes");

my $id = $refused->{headers}{'promotion-id'};
my $record = $redis->hash("promotions:promotion:$id");
is($record->{state}, 'FAILED', 'its record says so');
cmp_ok($record->{pushes}, '>', 1, 'after several pushes');
ok(!grep({ $_->{message} =~ /^one 9$/m } $repo->log), 'and it did not land');
is($source->tree('main:dev/app-8'), $repo->tree('main:qa/app-8'),
   'a neighbour is as it should be');
is($repo->fsck, '', 'git fsck --strict finds nothing');


# the same, answered at once: the records tell

$repo->commit({ map { ("qa/app-$_/values.yaml" => "tag: none\n") }
                0 .. $count - 1 });
hook("qa/app-3/\nqa/app-12/\n");

@answers = promote('two', headers => { Prefer => 'respond-async' });
is(scalar(grep { $_->{status} == 202 } @answers), $count, 'all queued');

my @ids = map { $_->{headers}{'promotion-id'} } @answers;
ok(wait_for('their end', sub {
    !grep { ($redis->hash("promotions:promotion:$_")->{state} // '')
            !~ /^(?:LANDED|FAILED)$/ } @ids;
}, 30), 'all come to their end');

my @state = map { $redis->hash("promotions:promotion:$_")->{state} } @ids;
is(join(' ', grep { $state[$_] eq 'FAILED' } 0 .. $#state), '3 12',
   'two are refused');

my %commits;
$commits{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)$/m }
                   $repo->log;
is(scalar(grep { ($commits{$_} // 0) == 1 } @ids), $count - 2,
   'the others are on the branch');
is(scalar(grep { $_ > 1 } values %commits), 0, 'each once');
cmp_ok(scalar pushes(), '<=', 1 + 2 * 4 + 8, 'in a bounded number of pushes');
is($repo->fsck, '', 'git fsck --strict finds nothing');


# a closed branch: all have the words, after no more pushes than that

$repo->commit({ map { ("qa/app-$_/values.yaml" => "tag: none\n") }
                0 .. $count - 1 });
hook(".\n");

my $head = $repo->head;
@answers = promote('closed');
is(scalar(grep { $_->{status} == 502 && $_->{body} =~ /not these files/ }
               @answers), $count, 'a closed branch refuses all');
cmp_ok(scalar pushes(), '<=', 1 + 2 * 4 + 8, 'in a bounded number of pushes');
is($repo->head, $head, 'and nothing landed');

hook("no such file\n");
my $r = $scene->commit('app-5-dev', 'app-5-qa');
is($r->{status}, 200, 'the lane goes on') or diag($r->{body});


# a batch that is larger than the server takes, of promotions that are not;
# but for one

srand 1;
$source->commit({ map {
    my $bytes = $_ == 0 ? 10 : $_ == 7 ? 60_000 : 9_000;
    ("dev/app-$_/values.yaml" => join '', map { chr 33 + int rand 90 }
                                              1 .. $bytes)
} 0 .. $count - 1 });
$scene->{git}{directives} = 'client_max_body_size 40k;';
$scene->{git}->restart;
hook("no such file\n");

@answers = promote('large');
$refused = splice @answers, 7, 1;
error_is($refused, 502, qr/answered HTTP 413/, 'one is too large');
landed_once('the others land, though together they were too large',
            @answers);
cmp_ok(scalar(grep { m{^POST /gitops\.git/\S+ 413 } } $scene->{git}->requests),
       '>=', 4, 'which took several tries');
$scene->{git}{directives} = '';
$scene->{git}->restart;


# kill -9 of the leader, at each of its steps, while a batch is split

for my $point (qw(begun reported pushed settling settled)) {
    $repo->commit({ map { ("qa/app-$_/values.yaml" => "at: $point\n") }
                    0 .. $count - 1 });
    hook("qa/app-10/\n");

    @answers = promote($point, headers => { Prefer => 'respond-async' },
                       opened => sub { $nginx->arm($point) });
    @ids = map { $_->{headers}{'promotion-id'} } @answers;

    ok(wait_for("$point: their end", sub {
        !grep { ($redis->hash("promotions:promotion:$_")->{state} // '')
                !~ /^(?:LANDED|FAILED)$/ } @ids;
    }, 30), "$point: all come to their end");
    ok(!$nginx->armed($point), "$point: a worker was killed there");

    @state = map { $redis->hash("promotions:promotion:$_")->{state} } @ids;
    is(join(' ', grep { $state[$_] eq 'FAILED' } 0 .. $#state), '10',
       "$point: one is refused");

    %commits = ();
    $commits{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)$/m }
                       $repo->log;
    is(scalar(grep { ($commits{$_} // 0) == 1 } @ids), $count - 1,
       "$point: the others are on the branch, each once");
}


# a worker that is told to leave ends the batch first

$repo->commit({ map { ("qa/app-$_/values.yaml" => "at: reload\n") }
                0 .. $count - 1 });
hook("qa/app-10/\n");

@answers = promote('reload', opened => sub { $nginx->reload });
$refused = splice @answers, 10, 1;
error_is($refused, 502, qr/not these files/, 'reloaded: one is refused');
landed_once('reloaded: the others land', @answers);
is($repo->fsck, '', 'git fsck --strict finds nothing');

done_testing();
