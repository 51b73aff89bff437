# An application that is promoted by a request: asked for, looked at, accepted
# or rejected by somebody of the target environment.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;
use Promotions::Review;

my $scene = review_scene(workers => 2);
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};
my @to = (destAppId => app_id('orders-qa'));


# the walk

my $targets = $scene->management('GET', 'environments/dev/promotion-targets',
                                 key => $scene->{publisher})->json;
is_deeply([ map { $_->{id} } @$targets ], ['prod', 'qa'],
          'the targets: all of the organization but its own');
is_deeply($targets->[1], {
    id => 'qa', hrids => ['qa'], name => 'qa', description => '',
    organizationId => 'acme', installationId => 'acme',
    available => JSON::PP::true, reason => undef, wouldUpdate => undef,
    pendingPromotionId => undef, pendingAuthor => undef }, 'as documented');

my $asked = $repo->head;
my $r = $scene->ask('orders-dev', 'qa', @to, comment => "please\nand soon");
is($r->{status}, 200, 'a request is made') or diag($r->{body});

my $json = $r->json;
my $id = $json->{id};
like($id, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'it has an id');
is($r->{headers}{'promotion-id'}, $id, 'which a header names');
is($r->{headers}{location}, "/management/organizations/acme/promotions/$id",
   'and where it is read');
is_deeply({ %$json, id => '', createdAt => '', updatedAt => '',
            digest => '' }, {
    id => '', createdAt => '', updatedAt => '', digest => '',
    status => 'TO_BE_VALIDATED', apiDefinition => undef, apiId => undef,
    srcAppId => app_id('orders-dev'), destAppId => app_id('orders-qa'),
    targetEnvCockpitId => 'qa', targetEnvName => 'qa',
    sourceEnvCockpitId => 'dev', sourceEnvName => 'dev',
    targetApiId => undef, comment => "please\nand soon",
    sourceRevision => $asked,
    author => { userId => 'publisher', displayName => 'Paula Publisher',
                email => 'paula@example.com', source => 'promotions',
                sourceId => 'publisher' } }, 'the request');
like($json->{createdAt}, qr/^\d{13}$/, 'v1: times are milliseconds');
like($scene->one($id, base => 'v2/organizations/acme/')->json->{createdAt},
     qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'v2: ISO 8601');
is($repo->head, $asked, 'nothing is written');

refused_is($scene->ask('orders-dev', 'qa', @to), 409,
           'promotion.alreadyInProgress',
           'Another promotion for the same application and environment is '
           . "already in progress: Promotion [$id].", 'one at a time');
is_deeply($scene->ask('orders-dev', 'qa', @to)->json->{parameters},
          { promotion => $id, author => 'Paula Publisher',
            createdAt => "$json->{createdAt}" }, 'and whose it is');

my ($task) = @{ $scene->tasks };
is_deeply($task, {
    type => 'APPLICATION_PROMOTION', created_at => $json->{createdAt},
    data => {
        promotionId => $id, sourceEnvironmentName => 'dev',
        targetEnvironmentName => 'qa', comment => "please\nand soon",
        authorDisplayName => 'Paula Publisher',
        authorEmail => 'paula@example.com', digest => $json->{digest},
        srcAppId => app_id('orders-dev'), destAppId => app_id('orders-qa'),
        isApiUpdate => JSON::PP::true, sourceMoved => JSON::PP::false,
        targetMoved => JSON::PP::false, conflicts => [], notes => [] } },
    'the task of whoever decides');
is_deeply($scene->tasks(key => $scene->{publisher}), [],
          'nobody else has it');

my $diff = $scene->management('GET', "promotions/$id/diff")->json;
is($diff->{digest}, $json->{digest}, 'the diff has the same digest');
is($diff->{digest}, $scene->preview('orders-dev', 'orders-qa')->json->{digest},
   'which is that of a preview');
is_deeply([ map { $_->{path} } @{ $diff->{files} } ],
          [ map { "qa/orders/$_" } qw(Chart.yaml run.sh values.yaml) ],
          'and what would change');

$r = $scene->decide($id, 1, reason => 'fine');
is($r->{status}, 200, 'it is accepted') or diag($r->{body});
$json = $r->json;

my ($commit) = $repo->log;
is_deeply([ @$json{qw(status commit reason)} ],
          [ 'ACCEPTED', $repo->head, 'fine' ], 'and has landed');
is($json->{decider}{email}, 'rita@example.com', 'by whom');
ok($json->{decidedAt} >= $json->{createdAt}, 'and when');
is($repo->tree('main:qa/orders'), $repo->tree('main:dev/orders'),
   'qa has what dev has');
is($commit->{author_name}, 'Rita Reviewer', 'the commit is the reviewer\'s');
is($commit->{message}, <<"END", 'its message');
Promote orders/orders-dev from dev to qa

please
and soon

Promotion-Id: $id
Promoted-From: orders/orders-dev\@$asked
Promoted-By: name of reviewer
Co-authored-by: Paula Publisher <paula\@example.com>
END
is_deeply($scene->tasks, [], 'the task is gone');
is($scene->one($id)->json->{status}, 'ACCEPTED', 'the record says so');
is($scene->get($id)->json->{state}, 'LANDED', 'as that of a commit');

for my $accept (0, 1) {
    $r = $scene->decide($id, $accept);
    refused_is($r, 409, 'promotion.alreadyProcessed', "Promotion [$id] is "
               . 'already ACCEPTED by Rita Reviewer.', 'it is decided once');
    is_deeply($r->json->{parameters},
              { promotion => $id, status => 'ACCEPTED', reason => 'fine',
                decider => 'Rita Reviewer',
                decidedAt => "$json->{decidedAt}" }, 'and who did it');
}

is(audit_events($redis), 'PROMOTION_CREATED PROMOTION_PROCESSED '
   . 'PROMOTION_COMMITTED', 'the audit: asked for, decided, committed');

my @entries = audit($redis);
is_deeply([ map { $_->{environmentId} } @entries ], [qw(dev qa qa)],
          'each where it happened');
is_deeply([ map { $_->{keyId} } @entries ],
          [qw(publisher reviewer reviewer)], 'and by whom');
is_deeply([ map { $_->{referenceId} } @entries ],
          [ map { "codefresh/orders/orders-$_" } qw(dev qa qa) ],
          'of which application');
is($entries[0]{properties}{promotion}, $id, 'and of which promotion');
is($entries[2]{properties}{commit}, $repo->head, 'as which commit');
audit_ok($redis, 'of an accepted request');


# undone by one revert

$r = $nginx->request(method => 'POST', key => $scene->{key},
                     path => "/api/promotions/$id/revert");
is($r->{status}, 200, 'one revert undoes it') or diag($r->{body});
is($repo->tree('main:qa/orders'), $repo->tree("$asked:qa/orders"),
   'qa is what it was');


# rejected

sub asked {
    my (%body) = @_;

    my $answer = $scene->ask('orders-dev', 'qa', @to, %body);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($answer->{status}, 200, 'asked for') or diag($answer->{body});
    return $answer->json->{id};
}

my $head = $repo->head;
$id = asked();
$r = $scene->management('POST', "promotions/$id/_process", body => 'false',
                        headers => { 'Content-Type' => 'application/json' });
is($r->json->{status}, 'REJECTED', 'rejected, by a word') or diag($r->{body});
is($repo->head, $head, 'nothing is written');
is_deeply($scene->tasks, [], 'the task is gone');
refused_is($scene->decide($id, 1), 409, 'promotion.alreadyProcessed',
           "Promotion [$id] is already REJECTED by Rita Reviewer.",
           'what is rejected cannot be accepted later');

is((audit($redis))[-1]{event}, 'PROMOTION_PROCESSED', 'audited');
is((audit($redis))[-1]{properties}{status}, 'REJECTED', 'as rejected');


# cancelled by its author

$id = asked();
refused_is($scene->management('DELETE', "promotions/$id",
           key => $redis->key(grants => 'APPLICATION:R@qa')), 403,
           'forbidden',
           'You do not have sufficient rights to access this resource',
           'not by whoever may read it');
$r = $scene->management('DELETE', "promotions/$id",
                        key => $scene->{publisher});
is($r->json->{status}, 'CANCELLED', 'its author cancels it')
    or diag($r->{body});
refused_is($scene->decide($id, 1), 409, 'promotion.alreadyProcessed',
           qr/is already CANCELLED by Paula Publisher/, 'and that is it');
is((audit($redis))[-1]{event}, 'PROMOTION_CANCELLED', 'audited');
is((audit($redis))[-1]{environmentId}, 'dev', 'in the source');


# what was asked for lands, whatever the source has by now

$id = asked();
my $tree = $repo->tree('main:dev/orders');
$repo->commit({ 'dev/orders/values.yaml' => "later: 1\n" });
ok($scene->tasks->[0]{data}{sourceMoved}, 'the task says that it moved');
$r = $scene->decide($id, 1);
is($r->{status}, 200, 'accepted') or diag($r->{body});
is($repo->tree('main:qa/orders'), $tree, 'as it was asked for');


# the target has moved

$id = asked();
my $digest = $scene->one($id)->json->{digest};
$repo->commit({ 'qa/orders/values.yaml' => "somebody: else\n" });
ok($scene->tasks->[0]{data}{targetMoved}, 'the task says that it moved');
my $now = $scene->management('GET', "promotions/$id/diff")->json->{digest};
isnt($now, $digest, 'the diff is another');
$head = $repo->head;
$r = $scene->decide($id, 1);
refused_is($r, 409, 'promotion.target.changed', qr/$digest.*$now/,
           'accepting tells both digests');
is_deeply($r->json->{parameters},
          { expectedDigest => $digest, digest => $now }, 'by name, too');
is($repo->head, $head, 'and writes nothing');
is($scene->one($id)->json->{status}, 'TO_BE_VALIDATED', 'it is still open');
ok(!$scene->one($id)->json->{decider}, 'nobody has decided it');
is(scalar @{ $scene->tasks }, 1, 'and a task');

$r = $scene->decide($id, 1, expectedDigest => $digest);
is($r->{status}, 409, 'the same by the old digest');
$r = $scene->decide($id, 1, expectedDigest => $now);
is($r->{status}, 200, 'who has seen the new diff accepts that')
    or diag($r->{body});
is($repo->tree('main:qa/orders'), $repo->tree('main:dev/orders'), 'landed');

$repo->commit({ 'dev/orders/values.yaml' => "n: 5\n" });
$id = asked();
$repo->commit({ 'qa/orders/values.yaml' => "somebody: again\n" });
is($scene->decide($id, 1)->{status}, 409, 'moved again');
$r = $scene->decide($id, 1, force => JSON::PP::true);
is($r->{status}, 200, 'force lands') or diag($r->{body});
is($repo->file('main', 'qa/orders/values.yaml'), "n: 5\n", 'over it');


# nothing to promote: nothing of it stays

my $count = @{ $scene->management('POST', 'promotions/_search')->json };
refused_is($scene->ask('orders-dev', 'qa', @to), 400, 'promotion.noChanges',
           'no changes found between source and destination applications',
           'nothing to promote');
is(scalar @{ $scene->management('POST', 'promotions/_search')->json }, $count,
   'it leaves no request');
is($redis->call('EXISTS', 'promotions:pending:application:codefresh/orders/'
                . 'orders-dev:qa'), 0, 'nor holds the pair');


# the target gets it by another way meanwhile

$repo->commit({ 'dev/orders/values.yaml' => "n: 6\n" });
$id = asked();
$repo->commit({ 'qa/orders/values.yaml' => "n: 6\n" });
refused_is($scene->decide($id, 1, force => JSON::PP::true), 400,
           'promotion.noChanges',
           'no changes found between source and destination applications',
           'nothing left to accept');
is($scene->one($id)->json->{status}, 'TO_BE_VALIDATED', 'it stays open');
is($scene->decide($id, 0)->json->{status}, 'REJECTED', 'until it is ended');


# a dry run

$repo->commit({ 'dev/orders/values.yaml' => "n: 7\n" });
$r = $scene->ask('orders-dev', 'qa', @to, dryRun => JSON::PP::true);
is($r->{status}, 200, 'a dry run') or diag($r->{body});
is_deeply([ map { $_->{path} } @{ $r->json->{files} } ],
          ['qa/orders/values.yaml'], 'answers as a preview');
is_deeply($scene->tasks, [], 'and asks nobody');


# answered at once

$id = asked();
my $gate = $scene->hold;
$r = $scene->decide($id, 1, request => {
    headers => { Prefer => 'respond-async' } });
is($r->{status}, 202, 'not waited for') or diag($r->{body});
is($r->json->{status}, 'TO_BE_VALIDATED', 'it is not accepted yet');
ok($r->json->{deciding}, 'but is being so');
$scene->reached($gate);
is_deeply($scene->tasks, [], 'it is nobody\'s task meanwhile');

for my $call ([ 'POST', '/_process', { accept => JSON::PP::false } ],
              [ 'POST', '/_process', { accept => JSON::PP::true } ],
              [ 'DELETE', '' ])
{
    refused_is($scene->management($call->[0], "promotions/$id$call->[1]",
               key => $scene->{key}, $call->[2] ? (json => $call->[2]) : ()),
               409, 'promotion.alreadyProcessed', "Promotion [$id] is being "
               . 'accepted by Rita Reviewer.', "$call->[0] comes too late");
}

error_is($nginx->request(method => 'DELETE', key => $scene->{key},
         path => "/api/promotions/$id"), 409, qr/only one that is QUEUED/,
         'nor can the queue be left');
$scene->release($gate);
ok(wait_for('its end', sub {
    $scene->one($id)->json->{status} eq 'ACCEPTED'
}), 'it lands without anybody waiting');
unlink $repo->path . '/hooks/pre-receive';


# refused by the remote

$repo->commit({ 'dev/orders/values.yaml' => "n: 8\n" });
$id = asked();
$repo->hook('pre-receive', "#!/bin/sh\necho no friday deploys\nexit 1\n");
$r = $scene->decide($id, 1);
refused_is($r, 502, 'remote.refused', qr/no friday deploys/,
           'the remote\'s own words');
$json = $scene->one($id)->json;
is($json->{status}, 'ERROR', 'tried and failed');
like($json->{error}, qr/no friday deploys/, 'and why');
is(scalar @{ $scene->tasks }, 1, 'it is still somebody\'s task');
refused_is($scene->ask('orders-dev', 'qa', @to), 409,
           'promotion.alreadyInProgress', qr/\Q$id\E/, 'and has its pair');
unlink $repo->path . '/hooks/pre-receive';
$r = $scene->decide($id, 1);
is($r->{status}, 200, 'and can be tried again') or diag($r->{body});
is(scalar(grep { $_->{message} =~ /^Promotion-Id: $id$/m } $repo->log), 1,
   'as one commit');


# refused before it could be looked at

{
    $repo->commit({ 'dev/orders/values.yaml' => "n: 10\n" });
    rename $repo->path, $repo->path . '.away';
    $r = $scene->ask('orders-dev', 'qa', @to, comment => 'unreachable');
    rename $repo->path . '.away', $repo->path;
    is($r->{status}, 502, 'a remote that is not there') or diag($r->{body});
    is($r->json->{technicalCode}, 'remote.refused', 'is named');
    $json = $scene->management('POST', 'promotions/_search?size=1')->json->[0];
    is($json->{comment}, 'unreachable', 'it is recorded');
    is($json->{status}, 'ERROR', 'as tried and failed');
    ok($json->{error}, 'and why');
    refused_is($scene->decide($json->{id}, 1), 409,
               'promotion.alreadyProcessed', qr/is ERROR/,
               'there is nothing to accept');
    is($scene->management('GET', "promotions/$json->{id}/diff")->{status},
       409, 'nor to look at');
    is_deeply($scene->tasks, [], 'and nobody has a task');
    $json = $scene->ask('orders-dev', 'qa', @to)->json;
    is($json->{status}, 'TO_BE_VALIDATED', 'it can be asked for again');
    $scene->decide($json->{id}, 1);
}


# lists

$repo->commit({ 'dev/orders/values.yaml' => "n: 9\n" });
$id = asked();
my @all = @{ $scene->management('POST', 'promotions/_search')->json };
cmp_ok(scalar @all, '>', 8, 'all of them');
is($all[0]{id}, $id, 'the newest first');
is_deeply([ sort { $b cmp $a } map { $_->{id} } @all ],
          [ map { $_->{id} } @all ], 'in order');

sub found {
    my ($query, %request) = @_;
    my $answer = $scene->management('POST', "promotions/_search?$query",
                                    %request);
    return $answer->{status} == 200
        ? join ' ', map { $_->{id} } @{ $answer->json } : $answer->{body};
}

is(found('statuses=TO_BE_VALIDATED'), $id, 'by status');
is(found('statuses=TO_BE_VALIDATED,REJECTED'),
   join(' ', map { $_->{id} }
        grep { $_->{status} =~ /^(?:TO_BE_VALIDATED|REJECTED)$/ } @all),
   'by several');
is(found("statuses=$_"), found('statuses=TO_BE_VALIDATED,REJECTED'),
   "as statuses=$_, too")
    for 'TO_BE_VALIDATED&statuses=REJECTED',
        'TO_BE_VALIDATED%2CREJECTED&statuses=',
        'TO_BE_VALIDATED&apiId=&xstatuses=x&statuses=REJECTED&';
is(found('page=2&size=3'), join(' ', map { $_->{id} } @all[3 .. 5]),
   'by pages');
is(found('page=50&size=100'), '', 'past the end');
is(found('author=publisher&size=1'), $id, 'by author');
is(found('author=nobody'), '', 'or not');
is(found('targetEnvCockpitId=prod'), '', 'by target');
is(found("from=$all[1]{createdAt}&to=$all[1]{createdAt}"), $all[1]{id},
   'by time');
is(found('apiId=x'), '', 'by API');
is(found('', key => $redis->key(grants => 'APPLICATION:R@prod')), '',
   'only what the key may see');

for my $query ('statuses=x', 'page=0', 'size=101', 'from=x', 'page=101',
               'statuses=ACCEPTED,,', 'statuses=ACCEPTED&statuses=x') {
    is($scene->management('POST', "promotions/_search?$query")->{status}, 400,
       "$query is refused");
}

is($scene->management('GET', 'user/tasks?size=1')->json->{page}{size}, 1,
   'tasks come in pages, too');
is($scene->management('GET', 'user/tasks?size=0')->{status}, 400,
   'of a size');


# somebody has put something else under a name of ours: nothing is asked for

$scene->decide($id, 0);
$scene->change;

for my $name (qw(reviews reviews:created promotions promotions:dev
                 promotions:qa))
{
    my $key = "promotions:$name";
    my $kept = $redis->call('EXISTS', $key);
    $redis->call('RENAME', $key, 'kept') if $kept;
    $redis->call('SET', $key, 'something else');

    my @before = @{ $redis->call('KEYS', 'promotions:promotion:*') };
    is($scene->ask('orders-dev', 'qa', @to)->{status}, 503,
       "$name is something else: 503");
    is(scalar @{ $redis->call('KEYS', 'promotions:promotion:*') },
       scalar @before, "$name: there is no request");

    $redis->call('DEL', $key);
    $redis->call('RENAME', 'kept', $key) if $kept;
}

is_deeply($redis->call('KEYS', 'promotions:pending:*'), [],
          'which nobody waits for');


# what could not be written is not asked for

write_file("$scene->{catalog}/away.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionTemplate
metadata: {name: away}
spec:
  applicationSourceSelector: {}
  priority: 0
  promotion: {values.yaml: {jsonPaths: ['*'], to: .git/config}}
END
$nginx->reload;
refused_is($scene->ask('orders-dev', 'qa', @to), 422, 'unprocessable',
           qr{"qa/orders/\.git/config" is not a path},
           'a template that leads to .git');
unlink "$scene->{catalog}/away.yaml";


# nobody decides in time

$nginx->reload(http => 'promotions_request_ttl 1s;');
$id = asked();
ok(wait_for('its end', sub {
    $scene->one($id)->json->{status} eq 'CANCELLED'
}, 15), 'promotions_request_ttl ends it');
like($scene->one($id)->json->{reason}, qr/^expired/, 'and says so');

audit_ok($redis, 'of all of this');
is($repo->fsck, '', 'git fsck --strict finds nothing');

done_testing();
