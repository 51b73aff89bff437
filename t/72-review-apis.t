# An API definition in git, promoted by a request: the whole walk, where the
# target has none yet and where it has one.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;
use Promotions::Review;

use Encode ();

my $id = '4d6a8a4f-7a01-4c22-9d0e-0b5d3f6a1c11';
my %petstore = (
    id => $id, gravitee => '2.0.0', name => 'Petstore', version => '1.1',
    description => 'all pets', state => 'STARTED',
    members => [ { source => 'memory', sourceId => 'dev-admin' } ],
    groups => ['dev-team'], primaryOwner => { id => 'dev-admin' },
    createdAt => 1, updatedAt => 2, deployedAt => 3,
    proxy => {
        virtual_hosts => [ { path => '/petstore' } ],
        groups => [ { name => 'default', endpoints => [
            { name => 'one', target => 'https://petstore.dev.example' } ] } ],
    },
    plans => [
        { id => 'plan-free', crossId => 'cross-free', name => 'Free',
          status => 'PUBLISHED', excluded_groups => ['x'] },
        { id => 'plan-old', crossId => 'cross-old', name => 'Old',
          status => 'CLOSED' } ],
    pages => [
        { id => 'page-1', crossId => 'cross-page', name => 'Docs',
          type => 'MARKDOWN', accessControls => ['x'], content => 'hello' } ],
    properties => [ { key => 'limit', value => '10' } ],
);

my $scene = review_scene(workers => 2, apis => {
    'dev/petstore.json' => \%petstore,
    'dev/broken.json' => '{ "gravitee": "2.0.0", "name": ',
    'dev/orders/api.yaml' => <<'END',
# kept as it is
id: orders-api
crossId: orders-cross
gravitee: "2.0.0"
name: Orders        # our best
version: "2"
proxy:
  virtual_hosts:
    - path: /orders
  groups: []
plans: []
pages: []
END
});
my ($repo, $nginx, $redis) = @$scene{qw(apis nginx redis)};


sub definition {
    my ($file) = @_;
    return JSON::PP->new->utf8->decode($repo->file('main', $file));
}


# what there is

my $list = $scene->management('GET', 'environments/dev/apis',
                              key => $scene->{publisher})->json;
is_deeply([ map { [ @$_{qw(id file)} ] } @{ $list->{data} } ],
          [ [ 'broken', 'broken.json' ], [ 'orders-api', 'orders/api.yaml' ],
            [ $id, 'petstore.json' ] ],
          'the definitions, also beside a malformed one');
like($list->{data}[0]{fault}, qr/broken\.json:\d+:\d+/, 'which says why');
is_deeply({ %{ $list->{data}[2] } }, {
    id => $id, crossId => undef, name => 'Petstore', version => '1.1',
    definition => 'V2', file => 'petstore.json',
    paths => [ { host => undef, path => '/petstore/' } ] },
    'an API of the list');
is($list->{page}{total_elements}, 3, 'and how many');
is_deeply($scene->management('GET', 'environments/dev/apis?size=1&page=2',
          key => $scene->{publisher})->json->{data}[0]{id}, 'orders-api',
          'by pages');

my $r = $scene->management('GET',
    "environments/dev/promotion-targets?apiId=$id",
    key => $scene->{publisher});
is_deeply([ map { @$_{qw(id available wouldUpdate)} } @{ $r->json } ],
          [ 'qa', JSON::PP::true, JSON::PP::false,
            'prod', JSON::PP::true, JSON::PP::false ],
          'where it can go, and that it would be created') or diag($r->{body});


# create

$r = $scene->ask_api($id, 'qa', targetEnvName => 'QA', comment => 'new API');
is($r->{status}, 200, 'asked for') or diag($r->{body});
my $json = $r->json;
my $promotion = $json->{id};
my $shown = JSON::PP->new->utf8->decode(Encode::encode('UTF-8',
                                        $json->{apiDefinition}));
is($shown->{name}, 'Petstore', 'the Promotion has the definition, as text');
ok(!grep({ exists $shown->{$_} } qw(members groups primaryOwner)),
   'without whose it is in dev');
is($json->{apiId}, $id, 'and its id');
is($json->{targetApiId}, undef, 'none in the target yet');

my ($task) = @{ $scene->tasks };
is($task->{type}, 'PROMOTION_APPROVAL', 'the task');
is_deeply([ @{ $task->{data} }{qw(apiName apiId isApiUpdate promotionId
                                  conflicts)} ],
          [ 'Petstore', $id, JSON::PP::false, $promotion, [] ],
          'says what it is about');
ok((grep { /^Old: .*closed/ } @{ $task->{data}{notes} }),
   'and what a reviewer should know');
ok(!exists $task->{data}{targetApiId}, 'there is none to update');

$r = $scene->management('GET',
    "environments/dev/promotion-targets?apiId=$id",
    key => $scene->{publisher})->json->[0];
is_deeply([ @$r{qw(available pendingPromotionId pendingAuthor)} ],
          [ JSON::PP::false, $promotion, 'Paula Publisher' ],
          'the targets show that it is pending');

my $diff = $scene->management('GET', "promotions/$promotion/diff")->json;
is($diff->{digest}, $json->{digest}, 'the diff has the digest');
is($diff->{files}[0]{path}, 'qa/petstore.json', 'of one file');
is($diff->{files}[0]{status}, 'added', 'that is new');
is($diff->{isApiUpdate}, JSON::PP::false, 'it would be created');

$r = $scene->decide($promotion, 1);
is($r->{status}, 200, 'accepted') or diag($r->{body});
my $cross = $r->json->{targetApiId};
is($r->json->{commit}, $repo->head, 'as a commit');

my ($commit) = $repo->log;
is($commit->{author_name}, 'Rita Reviewer', 'of who accepted');
like($commit->{message}, qr/\A
     Promote\ API\ Petstore\ 1\.1\ from\ dev\ to\ qa\n\nnew\ API\n\n
     Promotion-Id:\ $promotion\n
     Promoted-From:\ dev\/$id\@[0-9a-f]{40}\n
     Promoted-By:\ name\ of\ reviewer\n
     Co-authored-by:\ Paula\ Publisher\ <paula\@example\.com>\n\z/x,
     'with who asked');

my $qa = definition('qa/petstore.json');
is($qa->{state}, 'STOPPED', 'a new API is stopped');
ok(!exists $qa->{$_}, "without $_")
    for qw(id members groups primaryOwner createdAt updatedAt deployedAt);
is($qa->{crossId}, $cross, 'with a crossId, made of its id');
is_deeply([ map { $_->{name} } @{ $qa->{plans} } ], ['Free'],
          'closed plans stay out');
is_deeply([ sort keys %{ $qa->{plans}[0] } ], [qw(crossId name status)],
          'a plan without its id and groups');
is($qa->{pages}[0]{crossId}, 'cross-page', 'crossIds are kept');
ok(!exists $qa->{pages}[0]{accessControls}, 'and nobody is let in or out');
is(definition('dev/petstore.json')->{crossId}, undef,
   'the source is not written to');

is(audit_events($redis), 'PROMOTION_CREATED PROMOTION_PROCESSED '
   . 'API_CREATED PROMOTION_COMMITTED', 'audited');
my @entries = audit($redis);
is_deeply([ map { "$_->{environmentId} $_->{referenceType} "
                  . $_->{referenceId} } @entries ],
          [ "dev API $id", ("qa API $cross") x 3 ],
          'each in its environment, of its API');


# update: what is the target's own stays

$qa = { %$qa, id => 'qa-id', groups => ['qa-team'], state => 'STARTED',
        primaryOwner => { id => 'qa-admin' }, createdAt => 77,
        properties => [ @{ $qa->{properties} },
                        { key => 'qa-only', value => 'kept' } ] };
$qa->{plans}[0]{id} = 'qa-plan-free';
push @{ $qa->{plans} }, { id => 'qa-gold', crossId => 'cross-gold',
                          name => 'Gold', status => 'PUBLISHED' };

$repo->commit({
    'qa/petstore.json' => JSON::PP->new->pretty->canonical->encode($qa),
    'qa/petstore.overlay.json' => '{"proxy": {"groups": [{"name": "default",'
        . ' "endpoints": [{"name": "one", "target": "https://qa.example"}]}]'
        . '}, "tags": ["qa"]}',
    'dev/petstore.json' => JSON::PP->new->pretty->canonical->encode({
        %petstore, version => '1.2', description => 'more pets' }),
});

$r = $scene->ask_api($id, 'qa', comment => 'update');
is($r->{status}, 200, 'asked for again') or diag($r->{body});
$promotion = $r->json->{id};
($task) = @{ $scene->tasks };
ok($task->{data}{isApiUpdate}, 'it would be updated now');
is($task->{data}{targetApiId}, 'qa-id', 'and which');
ok((grep { /^Gold: / } @{ $task->{data}{notes} }),
   'a plan that only the target has is reported');
$diff = $scene->management('GET', "promotions/$promotion/diff")->json;
my %changed = map { $_->{path} => $_ }
              @{ $diff->{files}[0]{properties} };
is($changed{'/version'}{from}, '1.1', 'the diff names values: from');
is($changed{'/version'}{to}, '1.2', 'and to');

$r = $scene->decide($promotion, 1, reason => 'go');
is($r->{status}, 200, 'accepted') or diag($r->{body});
is($r->json->{targetApiId}, 'qa-id', 'under the target\'s id');

my $after = definition('qa/petstore.json');
is($after->{version}, '1.2', 'updated');
is_deeply([ @$after{qw(id state createdAt)} ], [ 'qa-id', 'STARTED', 77 ],
          'its own id, state and times');
is_deeply($after->{groups}, ['qa-team'], 'its own groups');
is_deeply($after->{primaryOwner}, { id => 'qa-admin' }, 'its own owner');
is_deeply([ map { "$_->{name} $_->{id}" } @{ $after->{plans} } ],
          [ 'Free qa-plan-free', 'Gold qa-gold' ],
          'its own plans, none deleted');
ok((grep { $_->{key} eq 'qa-only' } @{ $after->{properties} }),
   'its own properties');
is($after->{proxy}{groups}[0]{endpoints}[0]{target}, 'https://qa.example',
   'the overlay is applied');
is_deeply($after->{tags}, ['qa'], 'all of it');
is((audit($redis))[-2]{event}, 'API_UPDATED', 'audited as an update');

refused_is($scene->ask_api($id, 'qa'), 400, 'promotion.noChanges',
           'no changes found between source and destination applications',
           'then there is nothing left');


# undone by one revert

my $before = $repo->tree('main~1:qa');
$r = $nginx->request(method => 'POST', key => $scene->{key},
                     path => "/api/promotions/$promotion/revert");
is($r->{status}, 200, 'one revert undoes it') or diag($r->{body});
is($repo->tree('main:qa'), $before, 'all of it');


# the source moves on: what was asked for lands

$r = $scene->ask_api($id, 'qa');
$promotion = $r->json->{id};
$repo->commit({ 'dev/petstore.json' =>
    JSON::PP->new->pretty->canonical->encode({
        %petstore, version => '9.9' }) });
ok($scene->tasks->[0]{data}{sourceMoved}, 'the task says that it moved');
$r = $scene->decide($promotion, 1);
is($r->{status}, 200, 'accepted') or diag($r->{body});
is(definition('qa/petstore.json')->{version}, '1.2', 'as it was asked for');


# the target moves: 409 with both digests, unless by force

$r = $scene->ask_api($id, 'qa');
($promotion, my $digest) = @{ $r->json }{qw(id digest)};
$repo->commit({ 'qa/petstore.overlay.json' => '{"tags": ["other"]}' });
my $now = $scene->management('GET', "promotions/$promotion/diff")
                ->json->{digest};
$r = $scene->decide($promotion, 1);
refused_is($r, 409, 'promotion.target.changed', qr/$digest.*$now/,
           'the target has moved');
is($scene->one($promotion)->json->{status}, 'TO_BE_VALIDATED',
   'it stays open');
$r = $scene->decide($promotion, 1, force => JSON::PP::true);
is($r->{status}, 200, 'force lands') or diag($r->{body});
is(definition('qa/petstore.json')->{version}, '9.9', 'what was asked for');
is_deeply(definition('qa/petstore.json')->{tags}, ['other'],
          'on what the target is now');


# YAML, in a folder of its own: comments stay

$repo->commit({ 'qa/orders/api.yaml' => <<'END' });
# of qa
crossId: orders-cross
id: qa-orders
gravitee: "2.0.0"
name: Orders        # in qa
version: "1"        # not the newest
proxy:
  virtual_hosts:
    - path: /orders
  groups: []
plans: []
pages: []
END

$r = $scene->ask_api('orders-api', 'qa');
is($r->{status}, 200, 'one in YAML') or diag($r->{body});
is($scene->decide($r->json->{id}, 1)->{status}, 200, 'is promoted');
is($repo->file('main', 'qa/orders/api.yaml'), <<'END', 'byte for byte');
# of qa
crossId: orders-cross
id: qa-orders
gravitee: "2.0.0"
name: Orders        # in qa
version: "2"        # not the newest
proxy:
  virtual_hosts:
    - path: /orders
  groups: []
plans: []
pages: []
END


# a large one, and one by v2 paths

{
    my %large = (%petstore, id => 'large', name => 'Large',
        proxy => { virtual_hosts => [ { path => '/large' } ], groups => [] },
        pages => [ { crossId => 'p', name => 'P', content => 'x' x 1048576 }
                 ]);
    $repo->commit({ 'dev/large.json' => JSON::PP->new->encode(\%large) });
    $r = $scene->management('POST', 'apis/large/_promote',
        base => 'v2/environments/dev/', key => $scene->{publisher},
        json => { targetEnvCockpitId => 'qa' });
    is($r->{status}, 200, 'one of 1 MiB, by the second version\'s path')
        or diag(substr $r->{body} // '', 0, 300);
    like($r->json->{createdAt}, qr/^\d{4}-\d\d-\d\dT/, 'with its dates');
    $r = $scene->management('POST', 'promotions/' . $r->json->{id}
        . '/_process', base => 'v2/organizations/acme/', body => 'true',
        headers => { 'Content-Type' => 'application/json' });
    is($r->{status}, 200, 'and lands') or diag(substr $r->{body}, 0, 300);
    is(length definition('qa/large.json')->{pages}[0]{content}, 1048576,
       'whole');
}


# larger than what is shown, and values that JSON's readers do not take

{
    my ($id) = map { $_->json->{id} } map {
        $repo->commit({ 'dev/larger.json' => $_ });
        $scene->ask_api('larger', 'qa');
    } '{"gravitee":"2.0.0","id":"larger","crossId":"larger","name":"Larger",'
      . '"description":"' . 'x' x 3145728 . '"}';
    my $one = $scene->one($id)->json;
    ok(exists $one->{apiDefinition} && !defined $one->{apiDefinition},
       'one of 3 MiB is not shown');
    is($scene->decide($id, 1)->{status}, 200, 'and lands');

    my %odd = ('12345678901234567890123' => 1, '1e999' => 0,
               '-0.0' => 1);

    for my $value (sort keys %odd) {
        $repo->commit({ 'dev/odd.json' => '{"gravitee":"2.0.0","id":"odd",'
            . "\"crossId\":\"odd\",\"name\":\"Odd\",\"x\":$value}\n" });
        $r = $scene->ask_api('odd', 'qa');
        is($r->{status}, 200, "a definition with $value")
            or diag($r->{body});
        is(defined $r->json->{apiDefinition} ? 1 : 0, $odd{$value},
           $odd{$value} ? 'is shown' : 'cannot be shown');
        $scene->decide($r->json->{id}, 1);
        like($repo->file('main', 'qa/odd.json'), qr/\Q$value\E/,
             'and lands as it is');
    }
}


# a dry run

$repo->commit({ 'dev/petstore.json' =>
    JSON::PP->new->pretty->canonical->encode({ %petstore,
        version => '10' }) });
$r = $scene->ask_api($id, 'qa', dryRun => JSON::PP::true);
is($r->{status}, 200, 'a dry run') or diag($r->{body});
is($r->json->{files}[0]{path}, 'qa/petstore.json', 'is a preview');
is_deeply($scene->tasks, [], 'and asks nobody');


# lists: definitions only where they are asked for

my @all = @{ $scene->management('POST', "promotions/_search?apiId=$id")
                   ->json };
cmp_ok(scalar @all, '>=', 4, 'the promotions of one API');
ok($all[0]{apiDefinition}, 'the old form has definitions');
$r = $scene->management('POST', 'promotions/_search?page=1&size=2')->json;
ok(!exists $r->[0]{apiDefinition}, 'pages have none');
$r = $scene->management('POST',
    'promotions/_search?page=1&size=2&expand=definition')->json;
ok(exists $r->[0]{apiDefinition}, 'but where they are asked for');


audit_ok($redis, 'of all of this');
is($repo->fsck, '', 'git fsck --strict finds nothing');
is_deeply($redis->call('KEYS', 'promotions:pending:*'), [],
          'no pair is held');

done_testing();
