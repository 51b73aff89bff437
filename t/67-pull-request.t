# POST pullRequest, from the request to the pull request on its provider: what
# is written, what never is, and what a client sees of it.

use lib 't/lib';
use Promotions::Test limit => 300;

use Time::HiRes ();

my $scene = scene(forge => 'github', workers => 2, many => 60,
                  http => 'promotions_lease 2s;', server => <<'END');
        location /soon/ { promotions; promotions_wait 2s; }
        location /commas/ { promotions; promotions_trailing_commas on; }
END
my ($repo, $nginx, $forge, $redis) = @$scene{qw(repo nginx forge redis)};

my $qa = 'promote/orders/orders-qa/orders.orders-dev';
my $main = $repo->head;
my $app = 0;


# The next application that dev has ahead of qa, and its head branch.
sub next_app {
    $app++;
    return ("many-$app-dev", "many-$app-qa",
            "promote/orders/many-$app-qa/orders.many-$app-dev");
}


sub pulls {
    my ($head) = @_;
    return grep { $_->{head} eq $head } $forge->pulls;
}


sub branch {
    my ($name) = @_;
    return eval { $repo->git('rev-parse', '--verify', '-q',
                             "refs/heads/$name") } // '';
}


sub record {
    my ($response) = @_;
    return $scene->get($response->{headers}{'promotion-id'})->json;
}


sub pushes {
    return scalar grep { /^POST \S+git-receive-pack / } $scene->{git}->requests;
}


# what is written

my $r = $scene->pull_request('orders-dev', 'orders-qa',
    title => 'Release 1.3.0', description => 'What is **new**.',
    labels => ['release', 'qa'], reviewers => ['hubot'],
    draft => JSON::PP::true);
my $tip = branch($qa);
my ($pull) = pulls($qa);

is($r->{status}, 200, 'opened') or diag($r->{body}, "\n", $nginx->log);
is($r->{body},
   qq({"COMMIT_SHA":"$tip","COMMIT_MESSAGE":"Release 1.3.0",)
   . '"COMMIT_AUTHOR":"Ada Author <ada@example.com>",'
   . qq("PULL_REQUEST_ID":$pull->{number},)
   . qq("PULL_REQUEST_URL":"https://forge.example/acme/gitops/pull/)
   . qq($pull->{number}","PULL_REQUEST_STATE":"OPEN",)
   . qq("PULL_REQUEST_HEAD":"$qa","PULL_REQUEST_BASE":"main"}),
   'the documented answer, its keys in order');
is($r->{headers}{location}, "/api/promotions/$r->{headers}{'promotion-id'}",
   'and where it is read');

my ($commit) = $repo->log($tip);
is("@{ $commit->{parents} }", $main, 'one commit on the head of the base');
is($repo->head, $main, 'which has not moved');
is($repo->tree("$tip:qa/orders"), $repo->tree('main:dev/orders'),
   'qa is what dev is');
is($commit->{author}, 'Ada Author <ada@example.com>', 'the author: the key');
is("$commit->{committer_name} <$commit->{committer_email}>",
   'promotions <promotions@localhost>', 'the committer: the gateway');
is($commit->{message}, "Release 1.3.0\n\n"
   . "Promotion-Id: $r->{headers}{'promotion-id'}\n"
   . "Promoted-From: orders/orders-dev\@$main\n"
   . "Promoted-To: codefresh/orders/orders-qa\n"
   . "Promoted-By: name of admin\n", 'its message and trailers');

is($pull->{title}, 'Release 1.3.0', 'the title');
is($pull->{base}, 'main', 'the base');
ok($pull->{draft}, 'a draft');
is("@{ $pull->{labels} }", 'release qa', 'labels');
is("@{ $pull->{reviewers} }", 'hubot', 'reviewers');
is(join("\n", (split /\n/, $pull->{body})[0 .. 5]), <<"END" =~ s/\n\z//r,
What is **new**.

- Source: `orders/orders-dev` in `dev` at $main
- Destination: `orders/orders-qa` in `qa`, branch `main` at $main
- Requested by: `Ada Author <ada\@example.com>`, key `name of admin`
- Promotion: `$r->{headers}{'promotion-id'}`
END
   'what, whereto, who');
like($pull->{body},
     qr/^\| `qa\/orders\/Chart\.yaml` \| modified \| \+2 -2 \|$/m,
     'each file with its lines');
like($pull->{body}, qr/^3 files changed: 5 lines added, 3 removed\.$/m,
     'their sum');


# its record

my $json = record($r);
is($json->{kind}, 'pullRequest', 'the record: its kind');
is($json->{state}, 'OPEN', 'its state');
is($json->{PULL_REQUEST_STATE}, 'OPEN', 'also by its own name');
is($json->{PULL_REQUEST_ID}, $pull->{number}, 'its number');
is($json->{PULL_REQUEST_URL}, $r->json->{PULL_REQUEST_URL}, 'where it is');
is($json->{PULL_REQUEST_HEAD}, $qa, 'its head');
is($json->{COMMIT_SHA}, $tip, 'its commit');
is(join(' ', map { $_->{state} } @{ $json->{timeline} }),
   'queued taken planned pushed settled', 'its times');
is($scene->get('?state=OPEN')->json->{promotions}[0]{id}, $json->{id},
   'in the history');


# the same again, and what has changed since

my $pushes = pushes();
my $again = $scene->pull_request('orders-dev', 'orders-qa',
                                 title => 'Release 1.3.0, really');
is($again->{status}, 200, 'the same again');
is($again->json->{COMMIT_SHA}, $tip, 'is the same commit');
is($again->json->{PULL_REQUEST_ID}, $pull->{number}, 'and pull request');
is(pushes(), $pushes, 'nothing is pushed');
is(scalar(pulls($qa)), 1, 'there is one');
is((pulls($qa))[0]{title}, 'Release 1.3.0, really', 'with the new title');

my $bob = $redis->key(id => 'bob', grants => 'PROMOTE_PR@qa APPLICATION:R@dev',
                      author_name => 'Bob', author_email => 'bob@example.com');
$again = $scene->post('pullRequest', { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-qa'), head => 'main', title => 'of Bob',
    commitMessage => 'his words' }, key => $bob);
is($again->json->{COMMIT_SHA}, $tip, 'from somebody else: the same commit');
is($again->json->{COMMIT_AUTHOR}, 'Ada Author <ada@example.com>',
   'and whose it is');
is($again->json->{COMMIT_MESSAGE}, 'Release 1.3.0', 'and what it says');
is((pulls($qa))[0]{title}, 'of Bob', 'the pull request is called anew');

$main = $repo->commit({ 'README.md' => "the base has moved\n" });
$r = $scene->pull_request('orders-dev', 'orders-qa');
isnt($r->json->{COMMIT_SHA}, $tip, 'on a new base: a new commit');
$tip = branch($qa);
is($r->json->{COMMIT_SHA}, $tip, 'on the head branch');
is($repo->git('rev-parse', "$tip^"), $main, 'on the new head of the base');
is($r->json->{PULL_REQUEST_ID}, $pull->{number}, 'of the same pull request');

$repo->commit({ 'dev/orders/values.yaml' => "changed: 1\n" });
$r = $scene->pull_request('orders-dev', 'orders-qa');
is($repo->file($qa, 'qa/orders/values.yaml'), "changed: 1\n",
   'a new source: its contents');
is($repo->git('rev-list', '--count', "main..$qa"), 1, 'one commit, always');
is($r->json->{PULL_REQUEST_ID}, $pull->{number}, 'the same pull request');
is(scalar($forge->pulls), 1, 'and there is no other');


# messages

my ($from, $to, $head) = next_app();
$r = $scene->pull_request($from, $to, title => 'title',
    commitMessage => 'commit', commitDescription => "why\nnot");
is($r->json->{COMMIT_MESSAGE}, 'commit', 'commitMessage');
like(($repo->log($head))[0]{message}, qr/\Acommit\n\nwhy\nnot\n\nPromotion-Id/,
     'and commitDescription are the commit\'s');


# another head

($from, $to) = next_app();
$r = $scene->pull_request($from, $to, head => 'releases/one');
is($r->json->{PULL_REQUEST_HEAD}, 'releases/one', 'a head of another name');
is($r->json->{PULL_REQUEST_BASE}, 'main', 'the base is the destination\'s');
is(branch('releases/one'), $r->json->{COMMIT_SHA}, 'its commit is there');

$r = $scene->pull_request('many-3-dev', 'many-3-qa', head => 'releases/one');
my $short = substr branch('releases/one'), 0, 7;
error_is($r, 409, "head branch releases/one is taken: its last commit $short "
         . 'is not of a promotion into codefresh/orders/many-3-qa; give '
         . 'another head, or delete it', 'one of another destination is taken');
error_is($scene->pull_request($from, $to, head => 'releases'), 409,
         'head branch releases cannot be made: there is a branch releases/one',
         'a branch cannot be where others are below it');
error_is($scene->pull_request($from, $to, head => 'releases/one/more'), 409,
         'head branch releases/one/more cannot be made: there is a branch '
         . 'releases/one', 'nor below one');
is($scene->pull_request($from, $to, head => 'refs/heads/main')
         ->json->{PULL_REQUEST_BASE}, 'main', 'the whole name of a branch');


# what others have made

my $theirs = $repo->commit({ 'x' => "mine\n" }, branch => $head = 'theirs');
error_is($scene->pull_request($from, $to, head => 'theirs'), 409,
         qr/^head branch theirs is taken/, 'a branch of somebody\'s');
is(branch('theirs'), $theirs, 'stays as it is');

($from, $to, $head) = next_app();
$scene->pull_request($from, $to);
$repo->commit({ 'qa/fixed' => "by hand\n" }, branch => $head);
$theirs = branch($head);
$repo->commit({ 'README.md' => "moved again\n" });
error_is($scene->pull_request($from, $to), 409, qr/^head branch \Q$head\E is/,
         'a commit on top of ours');
is(branch($head), $theirs, 'is never lost');

# amended by somebody: our trailers, not our commit

($from, $to, $head) = next_app();
$scene->pull_request($from, $to);
my $message = ($repo->log($head))[0]{message};
$repo->git({ environment => { GIT_COMMITTER_NAME => 'Sam',
                              GIT_COMMITTER_EMAIL => 'sam@example.com' } },
           'update-ref', "refs/heads/$head",
           $repo->git({ environment => { GIT_AUTHOR_NAME => 'Sam',
                        GIT_AUTHOR_EMAIL => 'sam@example.com',
                        GIT_COMMITTER_NAME => 'Sam',
                        GIT_COMMITTER_EMAIL => 'sam@example.com' } },
                      'commit-tree', "$head^{tree}", '-p', "$head^",
                      '-m', $message));
$repo->commit({ 'README.md' => "moved once more\n" });
error_is($scene->pull_request($from, $to), 409, qr/is taken/,
         'one that somebody has amended');


# a branch that something is deployed from is never written, even where the
# last commit on it is ours for the same destination: the pull request was
# merged without a commit of its own, and the branch was cut from there

($from, $to) = next_app();
$repo->git('update-ref', 'refs/heads/main',
           $scene->pull_request($from, $to)->json->{COMMIT_SHA});
$repo->git('branch', $_, 'main') for qw(live live-apis free);
write_file("$scene->{catalog}/live.yaml", join('',
    application(name => 'live', url => $repo->url, branch => 'live',
                path => 'qa/many-1', server => 'https://live.example'),
    application(name => 'else', branch => 'free', path => 'x',
                url => $repo->url =~ s{gitops}{other}r,
                server => 'https://live.example'))
    . <<"END");
---
apiVersion: promotions.nginx/v1
kind: Environment
metadata: {name: live}
spec:
  apis: {repoURL: @{[ $repo->url ]}, targetRevision: live-apis, path: a}
END
$nginx->reload;
$repo->commit({ 'README.md' => "and the base\n" });

for my $branch (qw(live refs/heads/live live-apis)) {
    my $name = $branch =~ s{^refs/heads/}{}r;
    my $before = branch($name);
    error_is($scene->pull_request('many-40-dev', $to, head => $branch), 409,
             "$name is a branch that is deployed from and cannot be the head "
             . 'of a pull request; give another head',
             "$branch is deployed from");
    is(branch($name), $before, 'and stays');
}

$r = $scene->pull_request('many-40-dev', $to, head => 'free');
is($r->{status}, 200, 'one of another repository\'s is not')
    or diag($r->{body});


# the default branch is never written, whatever is on it

$repo->git('branch', 'trunk', 'main');
write_file("$scene->{catalog}/trunk.yaml", join '', map {
    application(name => "$_->[0]", url => $repo->url, branch => $_->[1],
                path => $_->[2], server => "https://qa.example")
} ['trunk-qa', 'trunk', 'qa/many-50'], ['trunk-dev', 'main', 'dev/many-50']);
$nginx->reload;

$r = $scene->pull_request('trunk-dev', 'trunk-qa', head => 'trunk');
is($r->json->{PULL_REQUEST_BASE}, 'trunk', 'into another branch');
is($r->json->{PULL_REQUEST_HEAD}, 'promote/orders/trunk-qa/orders.trunk-dev',
   'from its own');

$repo->git('branch', 'default', $r->json->{COMMIT_SHA});
$repo->git('symbolic-ref', 'HEAD', 'refs/heads/default');
$repo->commit({ 'later' => "1\n" }, branch => 'trunk');
error_is($scene->pull_request('trunk-dev', 'trunk-qa', head => 'default'), 409,
         qr/^default is the default branch of http/,
         'our own commit on the default branch');
is(branch('default'), $r->json->{COMMIT_SHA}, 'stays');
$repo->git('symbolic-ref', 'HEAD', 'refs/heads/main');


# nothing to promote, and what is asked before

error_is($scene->pull_request('many-50-dev', 'trunk-dev'), 400,
         'no changes found between source and destination applications',
         'nothing to promote');
($from, $to, $head) = next_app();
error_is($scene->pull_request($from, $to, expectedDigest => 'a' x 64), 409,
         qr/expectedDigest/, 'another digest');
my $digest = $scene->preview($from, $to)->json->{digest};
$r = $scene->pull_request($from, $to, dryRun => JSON::PP::true);
is($r->json->{digest}, $digest, 'a dry run answers as preview does');
is(branch($head), '', 'and writes nothing');
is($scene->pull_request($from, $to, expectedDigest => $digest)->{status}, 200,
   'the digest of what was looked at');

error_is($scene->post('pullRequest', { head => 1 }), 400,
    [ 'srcAppId must be an object', 'destAppId must be an object',
      'head must be a string', 'title should not be empty',
      'title must be a string' ], 'every fault, in the documented order');


# the documented example, with its trailing comma

$repo->commit({ 'staging/values.yaml' => "accounts: new\n",
                'prod/values.yaml' => "accounts: old\n" });
write_file("$scene->{catalog}/membership.yaml", join '', map {
    application(name => "membership-$_", namespace => 'membership',
                url => $repo->url, path => $_, server => "https://$_.example")
} qw(staging prod));
$nginx->reload;

my $example = <<'END';
{
        "srcAppId": {
            "runtime": "codefresh",
            "namespace": "membership",
            "name": "membership-staging"
        },
        "destAppId": {
            "runtime": "codefresh",
            "namespace": "membership",
            "name": "membership-prod"
        },
        "head": "main",
        "title": "Merge new-accounts",
        "description": "Added new accounts and git sources",
        "commitMessage": "Merge new-accounts",
        "commitDescription": "Approved new accounts and git sources",
    }
END
my %example = (method => 'POST', key => $scene->{key}, body => $example,
               headers => { 'Content-Type' => 'application/json' });

error_is($nginx->request(%example, path => '/api/promotions/pullRequest'), 400,
         qr/^Unexpected token/, 'the documented example is not JSON');
$r = $nginx->request(%example, path => '/commas/pullRequest');
is($r->{status}, 200, 'promotions_trailing_commas takes it')
    or diag($r->{body});
is($r->json->{PULL_REQUEST_HEAD},
   'promote/membership/membership-prod/membership.membership-staging',
   'its head branch');
is($r->json->{COMMIT_MESSAGE}, 'Merge new-accounts', 'its message');
like((pulls($r->json->{PULL_REQUEST_HEAD}))[0]{body},
     qr/^Added new accounts and git sources\n\n- Source:/, 'its description');


# grants and policies

my $key = $redis->key(id => 'pr', grants => 'PROMOTE_PR@qa APPLICATION:R@dev');
($from, $to) = next_app();
is($scene->pull_request($from, $to)->{status}, 200, 'an admin');
my %body = (srcAppId => app_id($from), destAppId => app_id($to),
            head => 'main', title => 't', message => 'm');
is($scene->post('pullRequest', \%body, key => $key)->{status}, 200,
   'PROMOTE_PR may');
error_is($scene->post('commit', \%body, key => $key), 403,
         'Forbidden resource', 'but not commit');
error_is($scene->post('pullRequest', { %body, destAppId =>
         app_id('orders-prod') }, key => $key), 403, 'Forbidden resource',
         'nor elsewhere');

# applications of no environment take PROMOTE_TO on all, in either place

my %of_none = map {
    $_ => application(name => $_, url => $repo->url, path => $_,
                      server => 'https://nowhere.example')
} qw(stray-one stray-two);
$repo->commit({ 'stray-one/values.yaml' => "tag: 2\n",
                'stray-two/values.yaml' => "tag: 1\n" });
write_file("$scene->{catalog}/strays.yaml", join '', values %of_none);
$nginx->reload;

my $pulls = $redis->key(id => 'pulls',
                        grants => 'PROMOTE_PR@* APPLICATION:R@*');
my $all = $redis->key(id => 'all', grants => 'PROMOTE_TO@*');
($from, $to) = next_app();

for my $case ([ $from, 'stray-two', 403, 200 ], [ 'stray-one', $to, 403, 200 ],
              [ 'stray-one', 'stray-two', 403, 200 ],
              [ $from, $to, 200, 200 ]) {
    my ($source, $destination, @status) = @$case;
    my $name = "$source to $destination";

    for my $key ($pulls, $all) {
        my $r = $scene->post('pullRequest', { srcAppId => app_id($source),
            destAppId => app_id($destination), head => 'main', title => 't' },
            key => $key);
        is($r->{status}, shift @status, $name
           . ($key eq $all ? ' with PROMOTE_TO@*' : ' with PROMOTE_PR@*'))
            or diag($r->{body});
    }
}

is($scene->post('preview', { srcAppId => app_id('stray-one'),
       destAppId => app_id('stray-two') }, key => $pulls)->{status}, 403,
   'nor does a preview show them');
unlink "$scene->{catalog}/strays.yaml";

write_file("$scene->{catalog}/policy.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: reviewed}
spec:
  selector: {targetEnvironment: {names: [prod]}}
  policy: {action: pr}
---
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: frozen}
spec:
  selector: {targetEnvironment: {names: [qa]}}
  policy: {action: none}
END
$nginx->reload;
error_is($scene->commit('orders-qa', 'orders-prod'), 403,
         'policy reviewed allows only pr', 'a policy that asks for it');
is($scene->pull_request('orders-qa', 'orders-prod')->{status}, 200, 'gets it');
error_is($scene->pull_request($from, $to), 403,
         'policy frozen allows nothing but preview', 'one that allows nothing');
is($scene->pull_request($from, $to, override => JSON::PP::true)->{status}, 200,
   'but to an admin who overrides it');
unlink "$scene->{catalog}/policy.yaml";
$nginx->reload;


# eight equal requests at once, in two workers

($from, $to, $head) = next_app();
my @same = $nginx->requests(({
    method => 'POST', path => '/api/promotions/pullRequest',
    key => $scene->{key}, timeout => 20,
    json => { srcAppId => app_id($from), destAppId => app_id($to),
              head => 'main', title => 'the same' } }) x 8);
is(join(' ', map { $_->{status} } @same), '200 ' x 7 . '200',
   'eight at once: eight answers') or diag($nginx->log);
my %answers = map { $_->{body} => 1 } @same;
is(scalar keys %answers, 1, 'equal ones') or diag(join "\n", keys %answers);
is(scalar(pulls($head)), 1, 'one pull request');
is($repo->git('rev-list', '--count', "main..$head"), 1, 'one commit');
is($same[0]->json->{COMMIT_SHA}, branch($head), 'which is there');


# many of one repository: few pushes, each its own pull request

$pushes = pushes();
my @many = map { [ next_app() ] } 1 .. 24;
my @all = $nginx->requests(map { {
    method => 'POST', path => '/api/promotions/pullRequest',
    key => $scene->{key}, timeout => 30,
    json => { srcAppId => app_id($_->[0]), destAppId => app_id($_->[1]),
              head => 'main', title => "one of many: $_->[0]" } } } @many);
is(scalar(grep { $_->{status} == 200 } @all), 24, 'many at once');
is(scalar(grep { pulls($_->[2]) == 1
                 && branch($_->[2]) eq (shift @all)->json->{COMMIT_SHA} }
          @many), 24, 'each with its commit and its pull request');
cmp_ok(pushes() - $pushes, '<=', 8, 'in few pushes');


# one that a hook refuses, among others

$repo->hook('pre-receive', <<'END');
#!/bin/sh
while read old new ref; do
    case $ref in */many-40-qa/*) echo "not many-40" >&2; exit 1;; esac
done
END
@many = map { ["many-$_-dev", "many-$_-qa"] } 38 .. 44;
@all = $nginx->requests(map { {
    method => 'POST', path => '/api/promotions/pullRequest',
    key => $scene->{key}, timeout => 30,
    json => { srcAppId => app_id($_->[0]), destAppId => app_id($_->[1]),
              head => 'main', title => $_->[0] } } } @many);
is(join(' ', map { $_->{status} } @all), '200 200 502 200 200 200 200',
   'a hook that refuses one refuses no other')
    or diag(join "\n", map { $_->{body} } @all);
error_is($all[2], 502, 'remote rejected refs/heads/promote/orders/many-40-qa/'
         . 'orders.many-40-dev: pre-receive hook declined: not many-40',
         'in its own words');
is(scalar(pulls('promote/orders/many-40-qa/orders.many-40-dev')), 0,
   'and has no pull request');
unlink $repo->path . '/hooks/pre-receive';


# a provider that is down: committed, and finished when it is back

$forge->fault(status => 503);
($from, $to, $head) = ('many-51-dev', 'many-51-qa',
                       'promote/orders/many-51-qa/orders.many-51-dev');
$r = $nginx->request(method => 'POST', path => '/soon/pullRequest',
    key => $scene->{key}, json => { srcAppId => app_id($from),
    destAppId => app_id($to), head => 'main', title => 'later' });
is($r->{status}, 202, 'a provider that is down: 202');
is($r->json->{state}, 'COMMITTED', 'committed');
like($r->json->{message}, qr/^committed, pull request pending: .*503/,
     'and why the pull request is pending');
$json = record($r);
is($json->{state}, 'COMMITTED', 'so says the record');
like($json->{error}, qr/503/, 'and why');
is($json->{COMMIT_SHA}, branch($head), 'the commit is there');
is($json->{PULL_REQUEST_STATE}, undef, 'the pull request is not');

# others of the lane do not wait for it
my $other = $scene->pull_request('many-40-dev', 'many-40-qa',
                                 expectedDigest => 'a' x 64);
is($other->{status}, 409, 'the lane goes on');

$forge->clear;
ok(eval { wait_for('the pull request', sub {
    record($r)->{state} eq 'OPEN' }, 15) }, 'and is opened when it is back');
is(scalar(pulls($head)), 1, 'once');
is(branch($head), $json->{COMMIT_SHA}, 'with the same commit');


# one who waits has the answer of a later try

$forge->fault(status => 502, times => 4);
($from, $to) = ('many-52-dev', 'many-52-qa');
$r = $scene->pull_request($from, $to, title => 'patience');
is($r->{status}, 200, 'one who waits gets the answer of a later try');


# cut in the middle of the answer to what has been done

$forge->fault(method => 'POST', path => 'pulls$', when => 'after', cut => 20,
              times => 1);
($from, $to, $head) = ('many-53-dev', 'many-53-qa',
                       'promote/orders/many-53-qa/orders.many-53-dev');
$r = $scene->pull_request($from, $to, title => 'cut');
is($r->{status}, 200, 'an answer that was cut');
is(scalar(pulls($head)), 1, 'makes no second one');


# refused for good

$forge->set(permission => 'read');
($from, $to, $head) = ('many-54-dev', 'many-54-qa',
                       'promote/orders/many-54-qa/orders.many-54-dev');
$r = $scene->pull_request($from, $to);
$short = substr branch($head), 0, 7;
my $words = "commit $short is on $head, but there is no pull request: ";
error_is($r, 502, qr/^\Q$words\E.*Resource not accessible/,
         'refused: its words, and what is there');
is(record($r)->{state}, 'FAILED', 'and that is its end');
$forge->set(permission => 'write');


# who does not wait, and who comes back

($from, $to, $head) = ('many-55-dev', 'many-55-qa',
                       'promote/orders/many-55-qa/orders.many-55-dev');
%body = (srcAppId => app_id($from), destAppId => app_id($to), head => 'main',
         title => 'async');
$r = $scene->post('pullRequest', \%body, headers => {
    Prefer => 'respond-async', 'Idempotency-Key' => 'pr-1' });
is($r->{status}, 202, 'respond-async');
ok(wait_for('it', sub { record($r)->{state} eq 'OPEN' }),
   'is done all the same');
$again = $scene->post('pullRequest', \%body,
                      headers => { 'Idempotency-Key' => 'pr-1' });
is($again->{headers}{'promotion-id'}, $r->{headers}{'promotion-id'},
   'an Idempotency-Key answers with the first');
is($again->json->{PULL_REQUEST_ID}, (pulls($head))[0]{number},
   'and its pull request');
error_is($scene->post('commit', { %body, message => 'm' },
                      headers => { 'Idempotency-Key' => 'pr-1' }), 409,
         qr/Idempotency-Key/, 'of this route');


# cancelling what waits

my $gate = temporary_folder() . '/gate';
$repo->hook('pre-receive', "#!/bin/sh\ntouch $gate.there\n"
    . "for i in \$(seq 200); do test -e $gate && exit 0; sleep 0.05; done\n");
my $client = $nginx->open(method => 'POST', key => $scene->{key},
    path => '/api/promotions/pullRequest', timeout => 20,
    json => { srcAppId => app_id('many-56-dev'), head => 'main',
              destAppId => app_id('many-56-qa'), title => 'first' });
wait_for('the push', sub { -e "$gate.there" });
$r = $scene->post('pullRequest', { %body, srcAppId => app_id('many-57-dev'),
    destAppId => app_id('many-57-qa') },
    headers => { Prefer => 'respond-async' });
my $cancelled = $nginx->request(method => 'DELETE', key => $scene->{key},
    path => "/api/promotions/$r->{headers}{'promotion-id'}");
is($cancelled->{status}, 200, 'what waits can be cancelled');
write_file($gate, '');
is($client->finish->{status}, 200, 'the one before it is opened');
$client->close;
is(branch('promote/orders/many-57-qa/orders.many-57-dev'), '',
   'the other is never written');
unlink $repo->path . '/hooks/pre-receive';


# following it by asking

($from, $to, $head) = ('many-58-dev', 'many-58-qa',
                       'promote/orders/many-58-qa/orders.many-58-dev');
$r = $scene->pull_request($from, $to);
my $number = $r->json->{PULL_REQUEST_ID};
$forge->change($number, state => 'MERGED', merge_commit => 'c' x 40);
Time::HiRes::sleep(1.1);
$json = record($r);
is($json->{state}, 'MERGED', 'what has become of it is asked for');
is($json->{PULL_REQUEST_STATE}, 'MERGED', 'by its own name too');
is($json->{MERGE_COMMIT_SHA}, 'c' x 40, 'with the merge commit');
is($json->{timeline}[-1]{state}, 'merged', 'and when');

my $asked = grep { $_->{path} =~ m{/pulls/$number$} } $forge->requests('GET');
record($r) for 1 .. 5;
is(scalar(grep { $_->{path} =~ m{/pulls/$number$} } $forge->requests('GET')),
   $asked, 'a merged one is asked for no more');

($from, $to) = ('many-59-dev', 'many-59-qa');
$r = $scene->pull_request($from, $to);
$number = $r->json->{PULL_REQUEST_ID};
Time::HiRes::sleep(1.1);
my $before = () = $forge->requests('GET', "pulls/$number\$");
record($r) for 1 .. 10;
is(scalar(() = $forge->requests('GET', "pulls/$number\$")) - $before, 1,
   'an open one once in ten seconds');

$forge->fault(status => 500);
$redis->call('DEL', "promotions:looked:$r->{headers}{'promotion-id'}");
Time::HiRes::sleep(1.1);
is(record($r)->{state}, 'OPEN', 'a provider that is down: what was known');
$forge->clear;


# where it cannot be

write_file("$scene->{catalog}/else.yaml", join '', map {
    application(name => "else-$_", url => "http://127.0.0.1:1/acme/x.git",
                path => $_, server => "https://$_.example") } qw(dev qa));
$nginx->reload;
error_is($scene->pull_request('else-dev', 'else-qa'), 422,
         qr/^no provider is known for .*promotions_forge/,
         'a host without a provider');

is($repo->fsck, '', 'git fsck --strict finds nothing');
unlike($nginx->log, qr/t0ken/, 'no token in the log');
ok(wait_for('the end of the lanes', sub {
    !@{ $redis->call('SMEMBERS', 'promotions:lanes') }
}, 8), 'no lane is left behind');

done_testing();
