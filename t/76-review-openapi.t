# docs/openapi-management.json describes what the management API answers.

use lib 't/lib';
use Promotions::Test;
use Promotions::OpenAPI;
use Promotions::Review;

my $document = Promotions::OpenAPI->read('docs/openapi-management.json');
my $other = Promotions::OpenAPI->read('docs/openapi.json');
my %api = (id => 'one', crossId => 'cross', gravitee => '2.0.0',
           name => 'One', version => '1', plans => [], pages => [],
           proxy => { virtual_hosts => [ { path => '/one' } ],
                      groups => [] });
my $scene = review_scene(apis => { 'dev/one.json' => \%api,
                                   'dev/broken.json' => '{' });
my ($repo, $nginx, $redis) = @$scene{qw(apis nginx redis)};
my $none = '01890a5d-ac96-774b-bcce-b302099a8057';
my $stranger = $redis->key(grants => 'PROMOTE_TO@prod');
my @bases = ('organizations/acme/', 'v2/organizations/acme/');

sub fits {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $document->fits(@_);
}

my $n = 1;

sub change {
    $n++;
    $repo->commit({ 'dev/one.json' => JSON::PP->new->encode(
        { %api, version => "$n" }) });
}

my $ask = '/environments/{env}/apis/{api}/_promote';
my $ask_application =
    '/environments/{env}/applications/{namespace}/{name}/_promote';

for my $base (@bases) {
    my @base = (base => $base);
    my %request = (request => { @base });
    my @publisher = (@base, key => $scene->{publisher});

    for my $route ('apis', 'promotion-targets') {
        my $path = "/environments/{env}/$route";
        my $get = "environments/dev/$route";

        fits('get', $path, $scene->management('GET', $get, @publisher), 200);
        fits('get', $path, $scene->management('GET', $get, @base,
             key => 'a.b'), 401);
        fits('get', $path, $scene->management('GET', $get, @base,
             key => $stranger), 403);
        fits('get', $path, $scene->management('GET',
             "environments/none/$route", @publisher), 404);
    }

    fits('get', '/environments/{env}/apis', $scene->management('GET',
         'environments/dev/apis?page=0', @publisher), 400);
    fits('get', '/environments/{env}/promotion-targets',
         $scene->management('GET',
             'environments/dev/promotion-targets?apiId=one', @publisher),
         200);

    change();
    fits('post', $ask, $scene->ask_api('one', 'qa', %request,
         dryRun => JSON::PP::true), 200);
    my $r = $scene->ask_api('one', 'qa', comment => 'c', %request);
    fits('post', $ask, $r, 200);
    my $id = $r->json->{id};
    fits('post', $ask, $scene->ask_api('one', 'qa', %request), 409);
    fits('post', $ask, $scene->ask_api('one', 'dev', %request), 400);
    fits('post', $ask, $scene->ask_api('none', 'qa', %request), 404);
    fits('post', $ask, $scene->management('POST',
         'environments/dev/apis/one/_promote', @publisher, json => {}), 400);
    fits('get', '/environments/{env}/promotion-targets',
         $scene->management('GET',
             'environments/dev/promotion-targets?apiId=one', @publisher),
         200);

    fits('get', '/user/tasks', $scene->management('GET', 'user/tasks', @base),
         200);
    fits('get', '/user/tasks', $scene->management('GET',
         'user/tasks?page=x', @base), 400);
    fits('get', '/promotions/{id}/diff', $scene->management('GET',
         "promotions/$id/diff", @base), 200);
    fits('post', '/promotions/_search', $scene->management('POST',
         'promotions/_search', @base), 200);
    fits('post', '/promotions/_search', $scene->management('POST',
         'promotions/_search?page=1', @base), 200);
    fits('post', '/promotions/_search', $scene->management('POST',
         'promotions/_search?statuses=x', @base), 400);
    fits('get', '/promotions/{id}', $scene->one($id, @base), 200);
    fits('get', '/promotions/{id}', $scene->one($none, @base), 404);
    $other->fits('get', '/{id}', $scene->get($id), 200);

    my $process = '/promotions/{id}/_process';
    fits('post', $process, $scene->decide($none, 1, %request), 404);
    fits('post', $process, $scene->management('POST',
         "promotions/$id/_process", @base, json => {}), 400);
    fits('post', $process, $scene->decide($id, 1,
         request => { @publisher }), 403);
    fits('post', $process, $scene->decide($id, 1, reason => 'r',
         request => { @base, headers => { Prefer => 'respond-async' } }),
         202);
    wait_for('its end', sub {
        $scene->one($id)->json->{status} eq 'ACCEPTED'
    });
    fits('get', '/promotions/{id}', $scene->one($id, @base), 200);
    $other->fits('get', '/{id}', $scene->get($id), 200);
    fits('post', $process, $scene->decide($id, 1, %request), 409);
    fits('get', '/promotions/{id}/diff', $scene->management('GET',
         "promotions/$id/diff", @base), 409);
    fits('delete', '/promotions/{id}', $scene->management('DELETE',
         "promotions/$id", @publisher), 409);
    fits('post', $ask, $scene->ask_api('one', 'qa', %request), 400);

    change();
    $id = $scene->ask_api('one', 'qa')->json->{id};
    fits('post', $process, $scene->decide($id, 0, reason => 'no', %request),
         200);
    $id = $scene->ask_api('one', 'qa')->json->{id};
    fits('delete', '/promotions/{id}', $scene->management('DELETE',
         "promotions/$id", @publisher), 200);


    # an application

    $scene->change;
    $r = $scene->ask('orders-dev', 'qa', destAppId => app_id('orders-qa'),
                     %request);
    fits('post', $ask_application, $r, 200);
    $id = $r->json->{id};
    fits('post', $ask_application, $scene->ask('orders-dev', 'qa',
         destAppId => app_id('orders-qa'), %request), 409);
    fits('post', $ask_application, $scene->ask('none', 'qa', %request), 404);
    fits('get', '/user/tasks', $scene->management('GET', 'user/tasks', @base),
         200);
    fits('get', '/promotions/{id}/diff', $scene->management('GET',
         "promotions/$id/diff", @base), 200);
    for my $route ('audit', 'audit/events') {
        my $path = "/environments/{env}/$route";
        my $get = "environments/qa/$route";

        fits('get', "/$route", $scene->management('GET', $route, @base,
             key => $scene->{key}), 200);
        fits('get', "/$route", $scene->management('GET', $route, @base), 403);
        fits('get', "/$route", $scene->management('GET', $route, @base,
             key => 'a.b'), 401);
        fits('get', $path, $scene->management('GET', $get, @base,
             key => $scene->{key}), 200);
        fits('get', $path, $scene->management('GET', $get, @base), 403);
        fits('get', $path, $scene->management('GET',
             "environments/none/$route", @base), 404);
    }

    fits('get', '/audit', $scene->management('GET', 'audit?type=KEY', @base,
         key => $scene->{key}), 200);
    fits('get', '/audit', $scene->management('GET', 'audit?size=0', @base,
         key => $scene->{key}), 400);

    $scene->{repo}->hook('pre-receive', "#!/bin/sh\nexit 1\n");
    fits('post', $process, $scene->decide($id, 1, %request), 502);
    unlink $scene->{repo}->path . '/hooks/pre-receive';
    fits('get', '/promotions/{id}', $scene->one($id, @base), 200);
    $other->fits('get', '/{id}', $scene->get($id), 200);
    fits('post', $process, $scene->decide($id, 1, %request), 200);
}

$document->asked_for;

$redis->kill;
fits('post', '/promotions/_search',
     $scene->management('POST', 'promotions/_search'), 503);

done_testing();
