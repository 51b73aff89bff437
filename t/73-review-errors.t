# Each error of the management API, with its code and text, in the form of
# either version; every grant missing in turn.

use lib 't/lib';
use IO::Select ();
use Promotions::Test;
use Promotions::Audit;
use Promotions::Review;

my $rights = 'You do not have sufficient rights to access this resource';
my $none = '01890a5d-ac96-774b-bcce-b302099a8057';

sub api {
    my ($id, $path, %more) = @_;

    return { id => $id, crossId => "cross-$id", gravitee => '2.0.0',
             name => $id, version => '1',
             proxy => { virtual_hosts => [ { path => $path } ],
                        groups => [] }, plans => [], pages => [], %more };
}

my $scene = review_scene(apis => {
    'dev/one.json' => api('one', '/one'),
    'dev/two.json' => api('two', '/two'),
    'dev/taken.json' => api('taken', '/taken/sub'),
    'dev/hosted.json' => api('hosted', '/', proxy => { groups => [],
        virtual_hosts => [ { host => 'a.example', path => '/x' } ] }),
    'dev/four.json' => { gravitee => '4.0.0', export => {}, api => {
        id => 'four', crossId => 'cross-four', name => 'Four',
        apiVersion => '1', definitionVersion => 'V4', type => 'PROXY',
        listeners => [ { type => 'HTTP',
                         paths => [ { path => '/four' } ] } ],
        endpointGroups => [] }, plans => [], pages => [], members => [] },
    'dev/federated.json' => { api => { id => 'federated',
        name => 'F', definitionVersion => 'FEDERATED' } },
    'dev/kind.json' => api('kind', '/kind'),
    'dev/broken.json' => '{"id": "broken", ',
    'qa/other.json' => api('other', '/taken'),
    'qa/hosts.json' => api('hosts', '/', proxy => { groups => [],
        virtual_hosts => [ { host => 'A.example', path => '/x/y' },
                           { host => 'b.example', path => '/x' } ] }),
    'qa/kind.json' => { gravitee => '4.0.0', export => {}, api => {
        id => 'qa-kind', crossId => 'cross-kind', name => 'Kind',
        apiVersion => '1', definitionVersion => 'V4', type => 'PROXY',
        listeners => [], endpointGroups => [] }, plans => [], pages => [] },
}, environments => environment('elsewhere', organization => 'other'));

my ($repo, $nginx, $redis) = @$scene{qw(apis nginx redis)};

# dev leads everywhere; qa to prod only
$scene->environments(environment('elsewhere', organization => 'other'),
                     qa => { promotesTo => ['prod'] },
                     prod => { promotesTo => [] });


# the form of an error

my %form = (1 => [qw(http_status message parameters technicalCode)],
            2 => [qw(details httpStatus message parameters technicalCode)]);

for my $version (1, 2) {
    my $base = ($version == 2 ? 'v2/' : '') . 'organizations/acme/';
    my $r = $scene->management('GET', "promotions/$none", base => $base);
    refused_is($r, 404, 'promotion.notFound',
               "Promotion [$none] cannot be found.", "v$version: no such");
    is_deeply([ sort keys %{ $r->json } ], $form{$version},
              "v$version: the form of an error");
    is($r->json->{ $version == 1 ? 'http_status' : 'httpStatus' }, 404,
       "v$version: its status, a number");
    is_deeply($r->json->{details}, $version == 2 ? [] : undef,
              "v$version: details");

    for my $route ("promotions/$none/diff", 'promotions/x',
                   'promotions/x/diff') {
        my ($name) = $route =~ m{promotions/([^/]+)};
        refused_is($scene->management('GET', $route, base => $base), 404,
                   'promotion.notFound', "Promotion [$name] cannot be found.",
                   "v$version: $route");
    }

    refused_is($scene->decide($none, 1, request => { base => $base }), 404,
               'promotion.notFound', "Promotion [$none] cannot be found.",
               "v$version: nothing to decide");
    refused_is($scene->management('DELETE', "promotions/$none",
               base => $base), 404, 'promotion.notFound',
               "Promotion [$none] cannot be found.",
               "v$version: nothing to cancel");

    refused_is($scene->management('GET', 'user/tasks', base => $base,
               key => 'no.body'), 401, 'unauthorized', 'Unauthorized',
               "v$version: no such key");
    refused_is($scene->management('GET', 'nothing', base => $base), 404,
               'notFound', qr{^Cannot GET /management/},
               "v$version: no such route");
    refused_is($scene->management('PUT', 'user/tasks', base => $base), 405,
               'methodNotAllowed', qr{^Cannot PUT .*, use GET, HEAD$},
               "v$version: no such method");
}

is($scene->management('PUT', 'user/tasks')->{headers}{allow}, 'GET, HEAD',
   'what is allowed');


# routes

{
    my $r = $scene->management('GET', 'promotions/_search');
    is($r->{status}, 405, '_search is no id');
    is($r->{headers}{allow}, 'POST', 'and is POST alone');
}

for my $path ('', 'organizations', 'v2', 'v2/organizations', 'organizations/',
              'organizations/acme', 'organizations/acme/',
              'organizations/acme/environments', 'environments/dev/apis',
              'organizations/acme/environments/dev',
              'organizations/acme/environments/dev/user/tasks',
              'organizations/acme/apis', 'v2/environments/dev/user/tasks',
              'organizations/acme/user/tasks/x', join('/', ('x') x 20),
              'organizations/acme//user/tasks%00')
{
    my $r = $scene->management('GET', $path, base => '');
    is($r->{status}, $path =~ /%00/ ? 400 : 404, "no route: $path")
        or diag($r->{body});
}

refused_is($scene->management('GET', 'user/tasks',
           base => 'organizations/none/'), 404, 'organization.notFound',
           'Organization [none] cannot be found.', 'no such organization');
refused_is($scene->management('GET', 'environments/none/apis'), 404,
           'environment.notFound', 'Environment [none] cannot be found.',
           'no such environment');
refused_is($scene->management('GET', 'environments/elsewhere/apis'), 404,
           'environment.notFound', 'Environment [elsewhere] cannot be found.',
           'nor one of another organization');


# what a request can be refused for

for my $version (1, 2) {
    my $base = ($version == 2 ? 'v2/' : '') . 'organizations/acme/';
    my @how = (request => { base => $base });

    for my $row (
        [ 'one', 'dev', 'promotion.target.sameEnvironment',
          'Target environment [dev] is the one that the promotion comes '
          . 'from.' ],
        [ 'one', 'none', 'promotion.target.notFound',
          'Target environment [none] cannot be found.' ],
        [ 'one', 'elsewhere', 'promotion.target.otherOrganization',
          'Target environment [elsewhere] belongs to another organization.' ],
        [ 'four', 'qa', 'promotion.v4.notSupported',
          'four.json is a v4 API definition, and promoting these is not '
          . 'switched on' ],
        [ 'federated', 'qa', 'promotion.definition.notSupported',
          'federated.json is neither a v2 nor a v4 API definition: only these '
          . 'can be promoted' ],
        [ 'kind', 'qa', 'promotion.target.definitionVersionMismatch',
          'kind.json of the target is a v4 API definition, and the source\'s '
          . 'is a v2 one' ],
        [ 'broken', 'qa', 'promotion.definition.malformed',
          qr/broken\.json:\d+:\d+/ ])
    {
        my ($api, $target, $code, $message) = @$row;
        refused_is($scene->ask_api($api, $target, @how), 400, $code, $message,
                   "v$version: $code");
    }

    refused_is($scene->ask_api('none', 'qa', @how), 404, 'api.notFound',
               'Api [none] cannot be found.', "v$version: no such API");
}

$redis->call('HSET', 'promotions:key:publisher', 'grants',
             'API_DEFINITION:RU@dev API_DEFINITION:RU@qa '
             . 'API_DEFINITION:RU@elsewhere');
refused_is($scene->ask_api('other', 'dev', request => { source => 'qa' }),
           400, 'promotion.target.notAllowed',
           'Environment [qa] does not promote to [dev].', 'promotesTo');
refused_is($scene->management('POST', 'apis/x/_promote',
           base => 'v2/environments/elsewhere/', key => $scene->{publisher},
           json => { targetEnvCockpitId => 'qa' }), 400,
           'promotion.target.otherOrganization',
           'Target environment [qa] belongs to another organization.',
           'from another organization');


# bodies

for my $row ([ {}, 'targetEnvCockpitId should not be empty; '
                   . 'targetEnvCockpitId must be a string' ],
             [ { targetEnvCockpitId => 1 },
               'targetEnvCockpitId must be a string' ],
             [ { targetEnvCockpitId => 'qa', comment => 1,
                 destAppId => 'x', dryRun => 1 },
               'destAppId must be an object; comment must be a string; '
               . 'dryRun must be a boolean' ],
             [ { targetEnvCockpitId => 'qa',
                 comment => "x\nPromotion-Id: 1" },
               qr/^comment must not contain a line that begins with/ ],
             [ { targetEnvCockpitId => 'qa', comment => 'x' x 4097 },
               'comment must be shorter than or equal to 4096 characters' ])
{
    my $r = $scene->management('POST', 'environments/dev/apis/one/_promote',
        key => $scene->{publisher}, json => $row->[0]);
    refused_is($r, 400, 'request.invalid', $row->[1], 'a faulty request');
}

my $r = $scene->management('POST', 'environments/dev/apis/one/_promote',
    key => $scene->{publisher}, json => {}, base => 'v2/organizations/acme/');
is_deeply($r->json->{details},
          [ { message => 'targetEnvCockpitId should not be empty' },
            { message => 'targetEnvCockpitId must be a string' } ],
          'v2: each fault by itself');
refused_is($scene->management('POST', 'environments/dev/apis/one/_promote',
           key => $scene->{publisher}, body => '{}',
           headers => { 'Content-Type' => 'text/plain' }), 415,
           'unsupportedMediaType', qr/application\/json/, 'not JSON');
refused_is($scene->management('POST', 'environments/dev/apis/one/_promote',
           key => $scene->{publisher}, body => '{',
           headers => { 'Content-Type' => 'application/json' }), 400,
           'request.invalid', qr/^Unexpected/, 'broken JSON');

my $asked = $scene->ask_api('one', 'qa')->json->{id};

for my $row ([ '{}', 'accept must be true or false' ],
             [ '{"accept":"yes"}', 'accept must be true or false' ],
             [ '{"accept":true,"reason":1,"force":"x"}',
               'force must be a boolean; reason must be a string' ],
             [ '{"accept":true,"expectedDigest":"x"}',
               'expectedDigest must be 64 hexadecimal digits' ],
             [ 'truefalse', qr/^Unexpected/ ], [ '', qr/^Unexpected/ ],
             [ '[]', qr/^Unexpected/ ])
{
    refused_is($scene->management('POST', "promotions/$asked/_process",
               body => $row->[0],
               headers => { 'Content-Type' => 'application/json' }), 400,
               'request.invalid', $row->[1], "a decision: $row->[0]");
}

refused_is($scene->management('POST', 'promotions/_search?statuses=NONE'),
           400, 'request.invalid', 'statuses must be some of CREATED, '
           . 'TO_BE_VALIDATED, ACCEPTED, REJECTED, CANCELLED, ERROR, '
           . 'separated by commas', 'an unknown status names the known ones');


# in progress, and processed

$r = $scene->ask_api('one', 'qa');
refused_is($r, 409, 'promotion.alreadyInProgress',
           'Another promotion for the same API and environment is already in '
           . "progress: Promotion [$asked].", 'in progress');
is_deeply([ sort keys %{ $r->json->{parameters} } ],
          [qw(author createdAt promotion)], 'with its parameters');
is_deeply([ @{ $r->json->{parameters} }{qw(promotion author)} ],
          [ $asked, 'Paula Publisher' ], 'which tell whose it is');
is($scene->ask_api('one', 'prod')->{status}, 200, 'not for another target');
is($scene->ask_api('two', 'qa')->{status}, 200, 'nor of another API');
is($scene->decide($asked, 1)->{status}, 200, 'accepted');
refused_is($scene->decide($asked, 0), 409, 'promotion.alreadyProcessed',
           "Promotion [$asked] is already ACCEPTED by Rita Reviewer.",
           'once');
$r = $scene->decide($asked, 0, request => { base => 'v2/organizations/acme/' });
refused_is($r, 409, 'promotion.alreadyProcessed',
           "Promotion [$asked] is already ACCEPTED by Rita Reviewer.",
           'v2: once');
is_deeply([ @{ $r->json->{parameters} }{qw(promotion status decider)} ],
          [ $asked, 'ACCEPTED', 'Rita Reviewer' ],
          'with its state, and who decided');
is($r->{headers}{'promotion-id'}, $asked, 'which a header names, too');


# paths that are taken, by prefix and by host

for my $row ([ 'taken', '/taken/', 'other' ], [ 'hosted', '/x/y/', 'hosts' ])
{
    my ($api, $path, $who) = @$row;

    $r = $scene->ask_api($api, 'qa');
    is($r->{status}, 200, "$api: can be asked for") or diag($r->{body});
    my $id = $r->json->{id};
    my ($task) = grep { $_->{data}{promotionId} eq $id } @{ $scene->tasks };
    like($task->{data}{conflicts}[0],
         qr/^Path \[\Q$path\E\] already exists in API $who/,
         "$api: the task shows the conflict");
    like($scene->management('GET', "promotions/$id/diff")
               ->json->{conflicts}[0], qr/\Q$path\E/, "$api: so does the diff");

    my $head = $repo->head;

    for my $force (0, 1) {
        $r = $scene->decide($id, 1, $force ? (force => JSON::PP::true) : ());
        refused_is($r, 400, 'path.invalid', "Path [$path] already exists",
                   "$api: and it cannot be accepted");
        is_deeply($r->json->{parameters}, { api => $who },
                  "$api: which API has it");
    }

    is($repo->head, $head, "$api: nothing is written");
    is($scene->one($id)->json->{status}, 'TO_BE_VALIDATED',
       "$api: it stays open");
    $scene->decide($id, 0);
}


# one that is taken after the request

{
    my $id = $scene->ask_api('one', 'prod')->json->{parameters}{promotion};
    my $both = $redis->key(grants => 'ENVIRONMENT_API:CU@prod');
    $repo->commit({ 'prod/quick.json' =>
        JSON::PP->new->encode(api('quick', '/one/more')) });
    my $head = $repo->head;
    my ($task) = @{ $scene->tasks(key => $both) };
    is_deeply($task->{data}{conflicts},
              [ 'Path [/one/more/] already exists in API quick (quick)' ],
              'taken meanwhile: the task shows it');
    refused_is($scene->decide($id, 1, request => { key => $both }), 400,
               'path.invalid', 'Path [/one/more/] already exists',
               'and it cannot be accepted');
    is($repo->head, $head, 'nothing is written');
    $repo->commit({ 'prod/quick.json' => undef });
    is($scene->decide($id, 1, request => { key => $both })->{status}, 200,
       'but when the path is free again');
}


# an application: which one

for my $row ([ 'none', {}, 404, 'application.notFound',
               'Application [orders/none] cannot be found.' ],
             [ 'orders-qa', {}, 404, 'application.notFound',
               'Application [orders/orders-qa] cannot be found.' ],
             [ 'orders-dev', {}, 400, 'destAppId.missing',
               qr/is of no product: give destAppId/ ],
             [ 'orders-dev', { destAppId => app_id('orders-prod') }, 400,
               'destAppId.otherEnvironment', qr/does not belong to/ ],
             [ 'orders-dev', { destAppId => app_id('none') }, 404,
               'application.notFound', qr/orders\/none/ ],
             [ 'orders-dev', { destAppId => {} }, 400, 'request.invalid',
               qr/^destAppId\.runtime should not be empty; / ])
{
    my ($name, $body, $status, $code, $message) = @$row;
    refused_is($scene->ask($name, 'qa', %$body), $status, $code, $message,
               "application: $code");
}


# grants: each missing in turn

sub key {
    my ($grants) = @_;
    return $redis->key(grants => $grants);
}

my @ask = ([ 'an API', 'environments/dev/apis/kind/_promote' ],
           [ 'an application',
             'environments/dev/applications/orders/orders-dev/_promote' ]);

for my $row (@ask) {
    for my $grants ('API_DEFINITION:R@dev', 'API_DEFINITION:RU@qa',
                    'ENVIRONMENT_API:CU@dev', 'PROMOTE_TO@*') {
        refused_is($scene->management('POST', $row->[1], key => key($grants),
                   json => { targetEnvCockpitId => 'qa' }), 403, 'forbidden',
                   $rights, "to ask for $row->[0]: not with $grants");
    }
}

my ($denied) = grep { $_->{event} eq 'ACCESS_DENIED' } audit($redis);
is($denied->{environmentId}, 'dev', 'refusals are audited');
is($denied->{referenceId}, 'kind', 'with what they were about');

for my $route ('promotion-targets', 'apis') {
    for my $grants ('API_DEFINITION:RU@qa', 'PROMOTE_TO@prod') {
        refused_is($scene->management('GET', "environments/dev/$route",
                   key => key($grants)), 403, 'forbidden', $rights,
                   "$route: not with $grants");
    }
}

is($scene->management('GET', 'environments/dev/promotion-targets',
   key => key('APPLICATION:R@dev'))->{status}, 403,
   'targets need API_DEFINITION');
is($scene->management('GET', 'environments/dev/promotion-targets',
   key => key('API_DEFINITION:R@dev'))->{status}, 200, 'R of it is enough');

for my $grants ('API_DEFINITION:RU@dev', 'ENVIRONMENT_API:R@qa',
                'ENVIRONMENT_API:CU@prod', 'PROMOTE_TO@qa') {
    is_deeply([ grep { $_->{data}{targetEnvironmentName} eq 'qa' }
                @{ $scene->tasks(key => key($grants)) } ], [],
              "tasks of qa: none with $grants");
}

# two would be created, one would be updated

$repo->commit({ 'dev/one.json' =>
    JSON::PP->new->encode(api('one', '/one', version => '2')) });
my $update = $scene->ask_api('one', 'qa')->json->{id};
my ($create) = map { $_->{data}{promotionId} }
               grep { $_->{data}{apiId} eq 'two' } @{ $scene->tasks };
my $head = $repo->head;

for my $row ([ $create, 'U', 'create' ], [ $update, 'C', 'update' ]) {
    my ($id, $letter, $what) = @$row;
    my $other = key("ENVIRONMENT_API:$letter\@qa");

    for my $accept (1, 0) {
        my $word = $accept ? 'accept' : 'reject';
        for my $key ([ $other, "only $letter" ],
                     [ key('ENVIRONMENT_API:CU@dev'), 'the source\'s' ],
                     [ key('PROMOTE_TO@qa'), 'PROMOTE_TO' ],
                     [ $scene->{publisher}, 'its author' ])
        {
            refused_is($scene->decide($id, $accept,
                       request => { key => $key->[0] }), 403, 'forbidden',
                       $rights, "to $word what would $what: not $key->[1]");
        }
    }

    ok(!(grep { $_->{data}{promotionId} eq $id }
         @{ $scene->tasks(key => $other) }), "$what: it is not their task");
    is($scene->one($id)->json->{status}, 'TO_BE_VALIDATED',
       "$what: it stays open");
}

is($repo->head, $head, 'and nothing was written');
is($scene->decide($create, 1,
   request => { key => key('ENVIRONMENT_API:C@qa') })->{status}, 200,
   'C is enough to create');
is($scene->decide($update, 0,
   request => { key => key('ENVIRONMENT_API:U@qa') })->{status}, 200,
   'U is enough to reject an update');

# what the target has by now decides whose task it is

{
    my ($c, $u) = map { key("ENVIRONMENT_API:$_\@qa") } 'C', 'U';
    $repo->commit({ 'dev/late.json' =>
        JSON::PP->new->encode(api('late', '/late')) });
    my $id = $scene->ask_api('late', 'qa')->json->{id};
    my $mine = sub {
        my ($key) = @_;
        return scalar(() = grep { $_->{data}{promotionId} eq $id }
                           @{ $scene->tasks(key => $key) });
    };

    is($mine->($c) . $mine->($u), '10', 'to create it is a task of C');
    $repo->commit({ 'qa/late.json' =>
        JSON::PP->new->encode(api('late', '/late', version => '0')) });
    is($mine->($c), 0, 'not when it would be updated by now');
    is($mine->($u), 1, 'which is a task of U');
    is($scene->decide($id, 0, request => { key => $c })->{status}, 403,
       'nor can C reject it');
    is($scene->decide($id, 0, request => { key => $u })->{status}, 200,
       'as U can');
}


# what the key must not see is not there

$scene->{secret} = key('ENVIRONMENT_API:CUR@elsewhere');

for my $call ([ 'GET', '' ], [ 'GET', '/diff' ], [ 'DELETE', '' ],
              [ 'POST', '/_process', { accept => JSON::PP::true } ])
{
    refused_is($scene->management($call->[0], "promotions/$update$call->[1]",
               key => $scene->{secret}, $call->[2] ? (json => $call->[2])
                                                   : ()),
               404, 'promotion.notFound',
               "Promotion [$update] cannot be found.",
               "$call->[0] $call->[1]: not there for others");
}

is_deeply($scene->management('POST', 'promotions/_search',
          key => $scene->{secret})->json, [], 'nor in a list');
refused_is($scene->one($update, base => 'organizations/other/',
           key => $scene->{key}), 404, 'promotion.notFound',
           "Promotion [$update] cannot be found.",
           'nor in another organization');


# four eyes

$nginx->reload(http => 'promotions_four_eyes on; promotions_api_v4 on;');
$redis->call('HSET', 'promotions:key:publisher', 'grants',
             'API_DEFINITION:RU@dev ENVIRONMENT_API:CU@qa');
my $second = $redis->key(grants => 'admin',
                         author_email => 'Paula@example.com');
$r = $scene->ask_api('one', 'qa');
my $id = $r->json->{id};

for my $key ($scene->{publisher}, $second) {
    refused_is($scene->decide($id, 1, request => { key => $key }), 403,
               'forbidden',
               'Somebody else than the author must accept a promotion.',
               'the author cannot accept, by any key');
}

is($scene->decide($id, 0, request => { key => $scene->{publisher} })
         ->json->{status}, 'REJECTED', 'but may reject');
is($scene->decide($scene->ask_api('one', 'qa')->json->{id}, 1)->{status},
   200, 'somebody else accepts');


# v4 is switched on

$r = $scene->ask_api('four', 'qa');
is($r->{status}, 200, 'v4 can be asked for') or diag($r->{body});
$r = $scene->decide($r->json->{id}, 1);
is($r->{status}, 200, 'and lands') or diag($r->{body});
my $four = JSON::PP->new->utf8->decode(
    $repo->file('main', 'qa/four.json'));
is($four->{api}{name}, 'Four', 'wrapped as it was');
ok(!exists $four->{members} && !exists $four->{export},
   'without members and export');
is($four->{api}{state}, 'STOPPED', 'stopped');

$four->{api}{id} = 'qa-four';
$four->{api}{groups} = ['qa-team'];
push @{ $four->{plans} }, { id => 'p', crossId => 'qa-plan', name => 'QA' };
my $dev = JSON::PP->new->utf8->decode($repo->file('main', 'dev/four.json'));
$dev->{api}{apiVersion} = '2';
$repo->commit({ 'qa/four.json' => JSON::PP->new->pretty->encode($four),
                'dev/four.json' => JSON::PP->new->encode($dev) });
$r = $scene->ask_api('four', 'qa');
is($r->{status}, 200, 'it can be updated') or diag($r->{body});
ok($scene->tasks->[0]{data}{isApiUpdate}, 'which the task says');
$r = $scene->decide($r->json->{id}, 1);
is($r->json->{targetApiId}, 'qa-four', 'and is') or diag($r->{body});
$four = JSON::PP->new->utf8->decode($repo->file('main', 'qa/four.json'));
is_deeply([ @{ $four->{api} }{qw(apiVersion id)}, $four->{api}{groups}[0],
            $four->{plans}[0]{crossId} ],
          [ '2', 'qa-four', 'qa-team', 'qa-plan' ],
          'what is the target\'s own stays');


# Redis falls silent after it has told of the key: a promotion that there may be
# is named

sub silent {
    my ($key, $path, $body) = @_;

    my $client = $nginx->open(method => 'POST', raw => "POST /management/"
        . "organizations/acme/$path HTTP/1.1\r\nHost: localhost\r\n"
        . "Authorization: $key\r\nContent-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n"
        . "Expect: 100-continue\r\nConnection: close\r\n\r\n");

    ok(IO::Select->new($client->socket)->can_read(20), 'the body is awaited');
    sysread $client->socket, $client->{buffer}, 4096;
    $redis->pause;
    syswrite $client->socket, $body;
    my $r = $client->finish;
    $redis->resume;
    wait_for('Redis', sub { $nginx->request(path => '/health')->{status}
                            == 200 }, 15);
    return $r;
}

$r = silent($scene->{publisher}, 'environments/dev/apis/two/_promote',
            '{"targetEnvCockpitId": "qa"}');
refused_is($r, 503, 'unavailable', qr/^redis is not available/,
           'a request whose reply is lost');
like($r->{headers}{'promotion-id'} // '', qr/^[0-9a-f-]{36}\z/,
     'names its promotion');
like($r->{headers}{location} // '', qr{^/management/organizations/acme/
     promotions/\Q$r->{headers}{'promotion-id'}\E\z}x, 'and where it is');

for my $body ('true', 'false') {
    $r = silent($scene->{reviewer}, "promotions/$id/_process", $body);
    refused_is($r, 503, 'unavailable', qr/^redis is not available/,
               "a decision, $body, whose reply is lost");
    is($r->{headers}{'promotion-id'}, $id, 'names its promotion');
}


# a large one of that kind

$repo->commit({ 'dev/vast.json' => JSON::PP->new->encode({
    gravitee => '4.0.0', export => {}, members => [], plans => [],
    api => { id => 'vast', crossId => 'cross-vast', name => 'Vast',
             apiVersion => '1', definitionVersion => 'V4', type => 'PROXY',
             listeners => [], endpointGroups => [] },
    pages => [ map { { id => "p$_", crossId => "cross-$_", name => "P $_",
                       type => 'MARKDOWN', content => qq(<a href="$_">) x 4096
                     } } 1 .. 20 ] }) });
$r = $scene->ask_api('vast', 'qa');
is($r->{status}, 200, 'v4 of more than 1 MiB') or diag($r->{error});
cmp_ok(length $r->json->{apiDefinition}, '>', 1048576, 'is shown');
is($scene->decide($r->json->{id}, 1)->{status}, 200, 'and lands');
is_deeply([ map { "$_->{crossId} " . length $_->{content} }
            @{ JSON::PP->new->utf8->decode($repo->file('main',
                'qa/vast.json'))->{pages} } ],
          [ map { "cross-$_ " . 4096 * length qq(<a href="$_">) } 1 .. 20 ],
          'whole');


# a policy that allows nothing but pull requests

write_file("$scene->{catalog}/policy.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: careful}
spec:
  selector: {targetEnvironment: {names: [qa]}}
  policy: {action: pr}
END
$repo->commit({ 'dev/one.json' =>
    JSON::PP->new->encode(api('one', '/one', version => '3')) });
$id = $scene->ask_api('one', 'qa')->json->{id};
$nginx->reload;
refused_is($scene->ask_api('two', 'qa'), 403, 'forbidden',
           'policy careful allows only pr', 'a policy binds who asks');
is_deeply([ map { @$_{qw(id available reason)} }
            $scene->management('GET', 'environments/dev/promotion-targets'
                . '?apiId=taken', key => $scene->{publisher})->json->[0] ],
          [ 'qa', JSON::PP::false, 'policy careful allows only pr' ],
          'which the targets say');
refused_is($scene->decide($id, 1), 403, 'forbidden',
           'policy careful allows only pr', 'and who accepts');


# the target leaves the catalog

unlink "$scene->{catalog}/policy.yaml";
write_file("$scene->{catalog}/environments.yaml", environment('dev',
    apis => { repoURL => $repo->url, targetRevision => 'main',
              path => 'dev' }));
write_file("$scene->{catalog}/applications.yaml", '');
$nginx->reload;
refused_is($scene->decide($id, 1), 409, 'promotion.target.gone',
           'Target environment [qa] is not in the catalog any more.',
           'a target that is gone');
is($scene->one($id)->json->{status}, 'CANCELLED', 'ends the request');
refused_is($scene->decide($id, 1), 409, 'promotion.alreadyProcessed',
           qr/is already CANCELLED/, 'for good');


# Redis away

$redis->kill;

for my $call ([ 'GET', 'user/tasks' ], [ 'POST', 'promotions/_search' ],
              [ 'GET', "promotions/$none" ]) {
    refused_is($scene->management(@$call), 503, 'unavailable',
               'redis is not available, try again', "@$call: Redis is away");
}

done_testing();
