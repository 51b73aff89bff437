# What comes after a pull request: reverting what was merged, however it was;
# one that cannot be cancelled any more; one that is given up.

use lib 't/lib';
use Promotions::Test limit => 200;

use Time::HiRes ();

my $scene = scene(forge => 'github', many => 12);
my ($repo, $nginx, $forge, $redis) = @$scene{qw(repo nginx forge redis)};


sub revert {
    my ($id, %request) = @_;

    return $nginx->request(method => 'POST', key => $scene->{key},
        path => "/api/promotions/$id/revert", %request);
}


# A pull request of that application: its id, number and commit.
sub opened {
    my ($n) = @_;

    my $r = $scene->pull_request("many-$n-dev", "many-$n-qa",
                                 title => "Release $n");
    is($r->{status}, 200, "$n: opened") or diag($r->{body}, $nginx->log);
    return ($r->{headers}{'promotion-id'}, $r->json->{PULL_REQUEST_ID},
            $r->json->{COMMIT_SHA});
}


# main becomes a commit with the tree of a merge of it and that one.
sub merge {
    my ($commit, @parents) = @_;

    my $tree = (split /\n/, $repo->git('merge-tree', '--write-tree', 'main',
                                       $commit))[0];
    my %who = map { ("GIT_${_}_NAME" => 'Sam',
                     "GIT_${_}_EMAIL" => 'sam@example.com') }
              qw(AUTHOR COMMITTER);
    my $merge = $repo->git({ environment => \%who }, 'commit-tree', $tree,
        '-m', 'merged', map { ('-p', $_) } 'main', @parents);

    $repo->git('update-ref', 'refs/heads/main', $merge);
    return $merge;
}


# The provider says so, and the record follows.
sub merged {
    my ($id, $number, $commit) = @_;

    $forge->change($number, state => 'MERGED', merge_commit => $commit);
    $redis->call('DEL', "promotions:looked:$id");
    wait_for('the record', sub {
        $scene->get($id)->json->{state} eq 'MERGED' });
}


sub tag {
    my ($n) = @_;
    return $repo->file('main', "qa/many-$n/values.yaml") =~ /^tag: (\d)$/m
        ? $1 : undef;
}


# by a merge's commit, after the base has moved

my ($id, $number, $commit) = opened(1);
error_is(revert($id), 409, "promotion $id is OPEN, only one that is LANDED or "
         . 'MERGED can be reverted', 'an open one');
$repo->commit({ 'README.md' => "moved\n" });
my $merge = merge($commit, $commit);
merged($id, $number, $merge);
is(tag(1), 2, 'merged');
$repo->commit({ 'README.md' => "moved again\n" });

my $r = revert($id, json => { dryRun => JSON::PP::true });
is($r->{status}, 200, 'dryRun: a preview') or diag($r->{body});
is($r->json->{sourceRevision}, $merge, 'of what undoes the merge');
is(join(' ', map { $_->{path} } @{ $r->json->{files} }),
   'qa/many-1/values.yaml', 'each file of it');

$r = revert($id);
is($r->{status}, 200, 'reverted') or diag($r->{body});
is(tag(1), 1, 'as it was before');
is($repo->file('main', 'README.md'), "moved again\n", 'and nothing else');
is(($repo->log)[0]{message}, <<"END", 'its message');
Revert "Release 1"

This reverts commit $merge.

Promotion-Id: $r->{headers}{'promotion-id'}
Promotion-Reverts: $merge
Promoted-By: name of admin
END

my $record = $scene->get($r->{headers}{'promotion-id'})->json;
is($record->{kind}, 'revert', 'a record of its own');
is($record->{reverts}, $merge, 'which says what it undoes');
is($record->{state}, 'LANDED', 'and landed');
is($scene->get($id)->json->{state}, 'MERGED', 'the first one stays merged');
error_is(revert($id), 400, 'no changes found: ' . substr($merge, 0, 7)
         . ' is reverted already', 'once is enough');


# squashed, and its branch deleted

($id, $number, $commit) = opened(2);
$merge = merge($commit);
$repo->git('update-ref', '-d',
           'refs/heads/promote/orders/many-2-qa/orders.many-2-dev');
merged($id, $number, $merge);
is(revert($id)->{status}, 200, 'one that was squashed');
is(tag(2), 1, 'is as it was');


# fast-forward, and nobody tells by which commit

($id, $number, $commit) = opened(3);
$repo->git('update-ref', 'refs/heads/main', $commit);
merged($id, $number, undef);
is($scene->get($id)->json->{MERGE_COMMIT_SHA}, undef, 'no merge commit');
is(revert($id)->{status}, 200, 'its own commit, if that is on the branch');
is(tag(3), 1, 'is undone');

($id, $number, $commit) = opened(4);
merge($commit);
merged($id, $number, undef);
error_is(revert($id), 409, "commit $commit is not part of the branch any "
         . 'more: there is nothing to revert', 'if it is not');
is(tag(4), 2, 'nothing is done');


# what somebody has added goes with it on the provider, not here

($id, $number, $commit) = opened(5);
my $head = 'promote/orders/many-5-qa/orders.many-5-dev';
$repo->commit({ 'qa/note.txt' => "mine\n" }, branch => $head);
$merge = merge($head);
merged($id, $number, $merge);
my $short = substr $merge, 0, 7;
error_is(revert($id), 409, "commit $short, by which the pull request was "
         . 'merged, changes other files than the promotion, or changes them '
         . 'otherwise: revert it on its provider', 'with somebody\'s commits');
is($repo->head, $merge, 'nothing is pushed');


# a policy that allows only pull requests binds it, and the grant is a commit's

($id, $number, $commit) = opened(6);
$merge = merge($commit, $commit);
merged($id, $number, $merge);
my $key = $redis->key(id => 'pr', grants => 'PROMOTE_PR@qa APPLICATION:R@dev');
error_is(revert($id, key => $key), 403, 'Forbidden resource',
         'who may only open pull requests');
write_file("$scene->{catalog}/policy.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: reviewed}
spec:
  selector: {targetEnvironment: {names: [qa]}}
  policy: {action: pr}
END
$nginx->reload;
error_is(revert($id), 403, 'policy reviewed allows only pr',
         'a policy that asks for pull requests');
is(tag(6), 2, 'and nothing is done');
unlink "$scene->{catalog}/policy.yaml";
$nginx->reload;


# one whose pull request a later try has opened: what it changed is known

$forge->fault(status => 503, times => 1);
($id, $number, $commit) = opened(7);
like($scene->get($id)->json->{digest}, qr/^[0-9a-f]{64}$/,
     'one that was opened by a later try has its digest');
$merge = merge($commit, $commit);
merged($id, $number, $merge);
is(revert($id)->{status}, 200, 'and is reverted');
is(tag(7), 1, 'as others are');


# what cannot be cancelled, and what there is to do

($id) = opened(8);
my %cancel = (method => 'DELETE', key => $scene->{key});
error_is($nginx->request(%cancel, path => "/api/promotions/$id"), 409,
         "promotion $id is OPEN, only one that is QUEUED can be cancelled: "
         . 'close the pull request on its provider', 'cancelling an open one');

$forge->fault(status => 503, body => '{"message":"No server is available"}');
$r = $scene->post('pullRequest', { srcAppId => app_id('many-9-dev'),
    destAppId => app_id('many-9-qa'), head => 'main', title => 'nine' },
    headers => { Prefer => 'respond-async' });
$id = $r->{headers}{'promotion-id'};
wait_for('the commit', sub {
    my $record = $scene->get($id)->json;
    $record->{state} eq 'COMMITTED' && $record->{error} });
error_is($nginx->request(%cancel, path => "/api/promotions/$id"), 409,
         "promotion $id is COMMITTED, only one that is QUEUED can be "
         . 'cancelled: its commit is on its head branch; close the pull '
         . 'request on its provider when it is open', 'one that is committed');


# given up after a day, with its last words

$redis->call('HINCRBY', "promotions:promotion:$id", 'created_at', -86_400_000);
ok(eval { wait_for('the end', sub {
    $scene->get($id)->json->{state} eq 'FAILED' }, 30) },
   'a day later: failed');
$record = $scene->get($id)->json;
$head = 'promote/orders/many-9-qa/orders.many-9-dev';
$short = substr $repo->head($head), 0, 7;
is($record->{error}, "commit $short is on $head, but there is no pull "
   . "request: given up after a day, at last 127.0.0.1:$scene->{git}{port}"
   . ' answered HTTP 503 for acme/gitops: No server is available',
   'it says so, and why');
is($record->{statusCode}, 502, 'as a provider that has refused');
like($record->{digest}, qr/^[0-9a-f]{64}$/, 'and what it would have changed');

$forge->clear;
is($redis->call('ZCARD', $_), 0, 'nobody tries any more')
    for grep { /:pending$/ } @{ $redis->call('KEYS', '*') };
is($scene->pull_request('many-9-dev', 'many-9-qa')->{status}, 200,
   'asked for again, it is opened');
is($repo->git('rev-parse', '--short=7', $head), $short, 'with that commit');



# a host is not asked again at once, whoever looks at whatever record

($id, $number) = opened(10);
my $asking = "promotions:looking:127.0.0.1:$scene->{git}{port}";
$forge->change($number, state => 'CLOSED');
$redis->call('SET', $asking, 1, 'EX', 600);
$redis->call('DEL', "promotions:looked:$id");
is($scene->get($id)->json->{state}, 'OPEN', 'its host was asked a moment ago');
is($redis->call('EXISTS', "promotions:looked:$id"), 0, 'so this one was not');
$redis->call('DEL', $asking);
is($scene->get($id)->json->{PULL_REQUEST_STATE}, 'CLOSED', 'then it is');
ok($redis->call('PTTL', "promotions:looked:$id") <= 10_000,
   'which counts for ten seconds');
$redis->call('SET', $asking, 1, 'EX', 600);
$forge->change($number, state => 'OPEN');
is($scene->get($id)->json->{state}, 'CLOSED', 'of one that is closed, too');
$redis->call('DEL', $asking, "promotions:looked:$id");
is($scene->get($id)->json->{state}, 'OPEN', 'which may be opened again');


# a provider that asks to wait is left alone, by later batches too, and by
# those who look at a record

$forge->fault(method => 'POST', path => 'pulls$', status => 429,
              headers => ['Retry-After: 3000'], times => 1);
my %error;

for my $n (11, 12) {
    $r = $scene->post('pullRequest', { srcAppId => app_id("many-$n-dev"),
        destAppId => app_id("many-$n-qa"), head => "main", title => "of $n" },
        headers => { Prefer => 'respond-async' });
    my $one = $r->{headers}{'promotion-id'};
    wait_for('its try', sub {
        $error{$n} = $scene->get($one)->json->{error} });
}

like($error{11}, qr/HTTP 429 \(too many requests\)/, 'at its limit');
like($error{12}, qr/asks to wait \d{4} s \(too many requests\)$/,
     'the next one is not even tried');
isnt($repo->head('promote/orders/many-12-qa/orders.many-12-dev'), '',
     'its commit is there');
$redis->call('DEL', "promotions:looked:$id");
is($scene->get($id)->json->{state}, 'OPEN', 'what was known is shown');
my @asked = $forge->requests;
is($asked[-1]{status}, 429, 'nothing was asked after that');

is($repo->fsck, '', 'git fsck --strict finds nothing');

done_testing();
