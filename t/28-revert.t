# POST {id}/revert: what a promotion changed is as it was before, unless
# somebody has changed it since.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(failpoints => 1, workers => 2,
                  http => 'promotions_lease 1s;');
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};

$nginx->allow(qr/exited on signal 9/);


sub revert {
    my ($id, %request) = @_;

    return $nginx->request(method => 'POST', key => $scene->{key},
        path => "/api/promotions/$id/revert", %request);
}

# A promotion of dev to qa that lands; its id.
sub promoted {
    my ($message) = @_;

    $scene->change;
    my $r = $scene->commit('orders-dev', 'orders-qa', message => $message);
    $scene->landed($r, (split /\n/, $message)[0] . ': promoted');
    return $r->{headers}{'promotion-id'};
}

sub undone {
    my ($r, $tree, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $id = $r->{headers}{'promotion-id'} // 'none';
    my @found = grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m }
                $repo->log;

    ok($r->{status} == 200 && @found == 1
       && $found[0]{sha} eq $r->json->{COMMIT_SHA}
       && $repo->tree('main:qa/orders') eq $tree && $repo->fsck eq '', $name)
        or diag("$r->{status} $r->{body}, found " . scalar @found);
}


# what it would do

my $before = $repo->tree('main:qa/orders');
my $id = promoted("bumped version\n\nand why");
my $commit = $repo->head;
my $dev = $repo->tree('main:dev/orders');

my $r = revert($id, json => { dryRun => JSON::PP::true });
is($r->{status}, 200, 'dryRun: a preview') or diag($r->{body});
is($repo->head, $commit, 'and no commit');

my $preview = $r->json;
is($preview->{sourceRevision}, $commit, 'of what undoes this commit');
is($preview->{destinationRevision}, $commit, 'on this head');
my %status = (A => 'deleted', D => 'added', M => 'modified');
is(join("\n", map { "$_->{status}\t$_->{path}" } @{ $preview->{files} }),
   $repo->changed($commit) =~ s/^(\w)/$status{$1}/gmr,
   'each file that the commit changed, the other way round');

my ($values) = grep { $_->{path} =~ /values/ } @{ $preview->{files} };
is($values->{data}, $repo->file("$commit^", 'qa/orders/values.yaml'),
   'as it was');
is_deeply((grep { $_->{path} eq '/changed' } @{ $values->{properties} })[0],
          { path => '/changed', from => 1, to => undef }, 'with its values');

error_is(revert($id, json => { expectedDigest => '0' x 64 }), 409,
         qr/^the changes differ from what was expected/,
         'other changes than were expected');
is($repo->head, $commit, 'do not land');


# without a body, or with what was looked at

$r = revert($id, json => { expectedDigest => $preview->{digest} });
my $head = $repo->head;

undone($r, $before, 'qa is as it was, file by file');
is($r->{body}, qq({"COMMIT_SHA":"$head",)
   . '"COMMIT_MESSAGE":"Revert \"bumped version\"",'
   . '"COMMIT_AUTHOR":"Ada Author <ada@example.com>"}',
   'the answer is that of a commit');
is($repo->tree('main:dev/orders'), $dev, 'dev stays');
is(($repo->log)[0]{parents}[0], $commit, 'one commit on top');
is(($repo->log)[0]{message}, <<"END", 'its message');
Revert "bumped version"

This reverts commit $commit.

Promotion-Id: $r->{headers}{'promotion-id'}
Promotion-Reverts: $commit
Promoted-By: name of admin
END

my $undo = $r->{headers}{'promotion-id'};
isnt($undo, $id, 'it is a promotion of its own');
is($r->{headers}{location}, "/api/promotions/$undo", 'and where it is read');

my $record = $scene->get($undo)->json;
is($record->{kind}, 'revert', 'whose record says what it is');
is($record->{reverts}, $commit, 'and what it undoes');
is($record->{state}, 'LANDED', 'and that it landed');
is($record->{targetEnvironment}, 'qa', 'in the same environment');
is($scene->get($id)->json->{state}, 'LANDED', 'the first one stays as it is');

error_is(revert($id), 400, "no changes found: "
         . substr($commit, 0, 7) . ' is reverted already', 'once is enough');
is($repo->head, $head, 'no commit for nothing');

$r = revert($undo, json => { message => 'on second thoughts',
                             description => 'it was good' });
undone($r, $dev, 'a revert is reverted');
like(($repo->log)[0]{message}, qr/\Aon second thoughts\n\nit was good\n\nPro/,
     'with a message of its own');


# what stands in the way

$id = promoted('with later changes');
$repo->commit({ 'qa/orders/values.yaml' => "somebody: else\n",
                'qa/other.yaml' => "qa: 1\n" });
$head = $repo->head;

error_is(revert($id), 409, qr{^later\ changes\ stand\ in\ the\ way\ of
         \ reverting\ [0-9a-f]{7}:\ qa/orders/values\.yaml$}x,
         'later changes are named');
is($repo->head, $head, 'and kept');


# requests that are none

$id = promoted('for the others');

error_is(revert('01890a5d-ac96-774b-bcce-b302099a8057'), 404,
         'promotion 01890a5d-ac96-774b-bcce-b302099a8057 not found',
         'no such promotion');
error_is(revert('x'), 404, 'Cannot POST /api/promotions/x/revert',
         'no such id');
error_is($scene->post("$id/revert/x", {}), 404,
         "Cannot POST /api/promotions/$id/revert/x", 'no such route');
error_is($scene->post("$id/x", {}), 404, "Cannot POST /api/promotions/$id/x",
         'nor that');

$r = $scene->get("$id/revert");
error_is($r, 405, "Cannot GET /api/promotions/$id/revert, use POST",
         'another method');
is($r->{headers}{allow}, 'POST', 'and which is allowed');

error_is(revert($id, body => 'message=x',
                headers => { 'Content-Type' => 'text/plain' }), 415,
         qr/application\/json/, 'a body that is not JSON');
error_is(revert($id, body => '{'), 400, qr/^Unexpected/, 'a broken one');
error_is(revert($id, json => []), 400, qr/./, 'an array');
error_is(revert($id, json => { message => 1, description => "x\n"
                               . 'Promotion-Reverts: 0' }), 400,
         ['message must be a string',
          'description must not contain a line that begins with '
          . 'Promotion-Id:, Promotion-Reverts:, Promoted-From:, '
          . 'Promoted-To: or Promoted-By:'], 'every fault at once');

$r = $scene->commit('orders-dev', 'orders-qa', message => 'nothing');
my $failed = $r->{headers}{'promotion-id'};
error_is(revert($failed), 409, "promotion $failed is FAILED, only one that "
         . 'is LANDED or MERGED can be reverted', 'one that did not land');


# grants: it is a commit into qa

my %key = map { $_->[0] => $redis->key(id => $_->[0], grants => $_->[1]) }
    [ qa => 'PROMOTE_TO@qa' ], [ reader => 'APPLICATION:R@dev' ],
    [ pr => 'PROMOTE_PR@qa' ], [ prod => 'PROMOTE_TO@prod' ];

$head = $repo->head;
error_is(revert($id, key => $key{reader}), 403, 'Forbidden resource',
         'who may read it may not revert it');
error_is(revert($id, key => $key{pr}), 403, 'Forbidden resource',
         'nor who may make pull requests');
error_is(revert($id, key => $key{prod}), 404, "promotion $id not found",
         'who may not read it does not learn that it is there');
is(revert($id, key => 'x.y')->{status}, 401, 'nobody else');
is($repo->head, $head, 'nothing happened');

$before = $repo->tree('main~1:qa/orders');
$r = revert($id, key => $key{qa});
undone($r, $before, 'who may promote into qa may');
is($repo->trailers('main')->{'Promoted-By'}, 'name of qa',
   'in the name of who asked');


# Idempotency-Key, several at once, 202

$before = $repo->tree('main:qa/orders');
$id = promoted('idempotent');
my $other = promoted('another one');

$r = revert($other, headers => { 'Idempotency-Key' => 'once' });
is($r->{status}, 200, 'reverted under a key') or diag($r->{body});
my $again = revert($other, headers => { 'Idempotency-Key' => 'once' });
is($again->{body}, $r->{body}, 'the same again is the same answer');
is($again->{headers}{'promotion-id'}, $r->{headers}{'promotion-id'},
   'of the same promotion');
error_is(revert($id, headers => { 'Idempotency-Key' => 'once' }), 409,
         qr/^Idempotency-Key was used/, 'for another one it is taken');

my @answers = $nginx->requests(map { {
    method => 'POST', key => $scene->{key},
    path => "/api/promotions/$id/revert" } } 1 .. 8);
is(join(' ', sort map { $_->{status} } @answers),
   '200 400 400 400 400 400 400 400', 'of eight at once one lands');
is($repo->tree('main:qa/orders'), $before, 'and it is undone');

$id = promoted('later');
$r = revert($id, headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'answered at once');
ok(wait_for('its end', sub {
    $scene->get($r->json->{id})->json->{state} eq 'LANDED'
}), 'and done');
is($repo->tree('main:qa/orders'), $before, 'as it was');


# kill -9 of the leader

for my $point (qw(begun reported settling)) {
    $id = promoted("killed at $point");
    $nginx->arm($point);

    my $end = time + 15;

    while (time < $end) {
        $r = revert($id, headers => { 'Idempotency-Key' => $point });
        last if $r->{status} == 200;
        select(undef, undef, undef, 0.2);
    }

    ok(!$nginx->armed($point), "$point: a worker was killed there");
    undone($r, $before, "$point: it is undone, once");
}


# policies bind; the catalog's applications do not matter any more

$id = promoted('under a policy');

write_file("$scene->{catalog}/applications.yaml", '');
write_file("$scene->{catalog}/policy.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: careful}
spec:
  selector: {targetEnvironment: {names: [qa]}}
  policy: {action: pr}
END

my ($status, $output) = Promotions::Nginx->test_configuration(
    redis => $redis, catalog => $scene->{catalog});
is($status, 0, 'the catalog is accepted') or diag($output);

$nginx->restart;
error_is(revert($id), 403, 'policy careful allows only pr',
         'a policy that asks for pull requests');
$r = revert($id, json => { override => JSON::PP::true });
undone($r, $before, 'which an admin overrides');

is(scalar(grep { !/Promotion-Id/ } map { $_->{message} }
          grep { $_->{committer_name} eq 'promotions' } $repo->log), 0,
   'every commit of the gateway has its trailer');

my %count;
$count{$_}++ for map { $_->{message} =~ /^Promotion-Id: (\S+)$/m } $repo->log;
is(scalar(grep { $_ > 1 } values %count), 0, 'none is there twice');

done_testing();
