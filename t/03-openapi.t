# docs/openapi.json describes what the module answers: each answer below is
# checked against its schema, and each route of the document is asked for.

use lib 't/lib';
use Promotions::Test;
use Promotions::OpenAPI;

my $document = Promotions::OpenAPI->read('docs/openapi.json');
my $scene = scene(forge => 'github');
my $nginx = $scene->{nginx};


sub fits {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $document->fits(@_);
}


my @pair = ('orders-dev', 'orders-qa');
my $body = { srcAppId => app_id($pair[0]), destAppId => app_id($pair[1]),
             message => 'm' };

fits('post', '/preview', $scene->preview(@pair), 200);
fits('post', '/preview', $scene->preview('nobody', 'orders-qa'), 404);
fits('post', '/preview', $scene->post('preview', { srcAppId => app_id($pair[0]),
     destAppIds => [ map { app_id($_) } qw(orders-qa orders-prod) ] }), 200);

my $r = $scene->commit(@pair, description => 'd');
fits('post', '/commit', $r, 200);
my $id = $r->{headers}{'promotion-id'};

fits('post', '/commit', $scene->commit(@pair), 400);
fits('post', '/commit', $scene->post('commit', {}), 400);
fits('post', '/commit', $scene->post('commit', $body, key => 'a.b'), 401);
fits('post', '/commit', $scene->post('commit', $body,
     key => $scene->{redis}->key(grants => 'PROMOTE_TO@prod')), 403);
fits('post', '/commit', $scene->post('commit', $body,
     headers => { 'Content-Type' => 'text/plain' }), 415);

$scene->{repo}->commit({ 'dev/orders/values.yaml' => "n: 1\n" });
fits('post', '/commit', $scene->commit(@pair, expectedDigest => 'a' x 64),
     409);
fits('post', '/commit', $scene->post('commit', $body,
     headers => { Prefer => 'respond-async' }), 202);

wait_for('it to land', sub {
    $scene->{repo}->file('main', 'qa/orders/values.yaml') eq "n: 1\n";
});

# pull requests

$scene->{repo}->commit({ 'dev/orders/values.yaml' => "n: 2\n" });
$r = $scene->pull_request(@pair, labels => ['release']);
fits('post', '/pullRequest', $r, 200);
fits('get', '/{id}', $scene->get($r->{headers}{'promotion-id'}), 200);
fits('post', '/pullRequest', $scene->pull_request(@pair,
     expectedDigest => 'a' x 64), 409);
fits('post', '/pullRequest', $scene->pull_request(@pair, title => ''), 400);
$scene->{forge}->fault(status => 503);
fits('post', '/pullRequest', $scene->post('pullRequest', {
     srcAppId => app_id($pair[0]), destAppId => app_id($pair[1]),
     head => 'other', title => 't' },
     headers => { Prefer => 'respond-async' }), 202);
wait_for('it to be pending', sub {
    $scene->get('')->json->{promotions}[0]{state} eq 'COMMITTED';
});
fits('get', '/{id}',
     $scene->get($scene->get('')->json->{promotions}[0]{id}), 200);
$scene->{forge}->clear;

fits('get', '/', $scene->get(''), 200);
fits('get', '/', $scene->get("?$_"), 400)
    for 'limit=0', 'limit=101', 'limit=x', 'from=x', 'cursor=%20';
fits('get', '/{id}', $scene->get($id), 200);
fits('get', '/{id}', $scene->get('01a2001d-75a5-7fbc-ae06-c267bdbe0942'),
     404);

$r = $nginx->request(method => 'DELETE', key => $scene->{key},
                     path => "/api/promotions/$id");
fits('delete', '/{id}', $r, 409);


# reverts, groups

sub revert {
    my ($what, %request) = @_;

    return $nginx->request(method => 'POST', key => $scene->{key},
        path => "/api/promotions/$what/revert", %request);
}

# what was asked for without waiting ends first

sub settle {
    wait_for('the end of all promotions', sub {
        !grep { $_->{state} !~ /^(?:LANDED|FAILED|CANCELLED|OPEN)$/ }
              @{ $scene->get('')->json->{promotions} }
    });
}

settle();
$id = $scene->get('?state=LANDED')->json->{promotions}[0]{id};
$r = revert($id);
fits('post', '/{id}/revert', $r, 200);
fits('get', '/{id}', $scene->get($r->{headers}{'promotion-id'}), 200);
fits('post', '/{id}/revert', revert($id), 400);
fits('post', '/{id}/revert', revert($id, json => { message => 1 }), 400);
fits('post', '/{id}/revert',
     revert('01a2001d-75a5-7fbc-ae06-c267bdbe0942'), 404);
fits('post', '/{id}/revert', revert($id, headers => {
     Prefer => 'respond-async' }), 202);
settle();

my %group = (srcAppId => app_id('orders-dev'), message => 'all',
             destAppIds => [ map { app_id($_) } qw(orders-qa orders-prod) ]);

$r = $scene->post('commit', \%group);
fits('post', '/commit', $r, 200);
fits('get', '/{id}', $scene->get($r->{headers}{'promotion-id'}), 200);
fits('post', '/commit', $scene->post('commit', \%group), 400);

$scene->{repo}->commit({ 'prod/orders/values.yaml' => "n: 0\n" });
fits('post', '/commit', $scene->post('commit', \%group), 207);
$scene->change;
fits('post', '/commit', $scene->post('commit', { %group,
     expectedDigest => 'a' x 64 }), 400);
$group{destAppIds}[0]{expectedDigest} = 'a' x 64;
fits('post', '/commit', $scene->post('commit', \%group), 409);
delete $group{destAppIds}[0]{expectedDigest};
fits('post', '/commit', $scene->post('commit', \%group,
     headers => { Prefer => 'respond-async' }), 202);


# the catalog

fits('get', "/$_", $scene->get($_), 200)
    for 'applications', 'environments', 'products';
fits('get', "/$_", $scene->get("$_?limit=x"), 400)
    for 'applications', 'environments', 'products';
fits('get', '/policies/evaluate',
     $scene->get("policies/evaluate?environment=$_->[0]"), $_->[1])
    for ['qa', 200], ['no', 404], ['', 400];


# a product

my %product = (srcEnvironment => 'dev', destEnvironment => 'qa',
               message => 'all');

sub product {
    my ($name, $body, %request) = @_;
    return $scene->post("products/$name/promote", $body, %request);
}

write_file("$scene->{catalog}/shop.yaml", join '', map { my $environment = $_;
    map { application(name => "$_-$environment", url => $scene->{repo}->url,
                      path => "$environment/orders", namespace => 'shop',
                      server => "https://$environment.example",
                      annotations => { 'codefresh.io/product' => $_ },
                      $_ ne 'odd' ? ()
                      : (spec => { source => { repoURL => 'https://charts',
                         chart => 'x', targetRevision => '1.0' } })) }
    qw(shop odd) } qw(dev qa));
write_file("$scene->{catalog}/shop-more.yaml",
    application(name => 'more', url => $scene->{repo}->url, path => 'dev/more',
                namespace => 'shop', server => 'https://dev.example',
                annotations => { 'codefresh.io/product' => 'shop' }));
$nginx->reload;
$scene->change;

my $route = '/products/{product}/promote';
fits('post', $route, product('shop', { %product, dryRun => JSON::PP::true }),
     200);
fits('post', $route, product('shop', \%product), 200);
fits('post', $route, product('shop', \%product), 400);
fits('post', $route, product('shop', {}), 400);
fits('post', $route, product('odd', \%product), 422);
fits('post', $route, product('none', \%product), 404);
fits('post', $route, product('shop', \%product, key => 'a.b'), 401);
fits('post', $route, product('shop', \%product, key =>
     $scene->{redis}->key(grants => 'PROMOTE_TO@prod')), 403);
$scene->change;
fits('post', $route, product('shop', \%product,
     headers => { Prefer => 'respond-async' }), 202);
settle();


# with a template

write_file("$scene->{catalog}/templates.yaml", <<'END');
apiVersion: codefresh.io/v1beta1
kind: PromotionTemplate
metadata: {name: all}
spec:
  applicationSourceSelector: {}
  versionSource: {file: Chart.yaml, jsonPath: $.version}
  deletions: mirror
  exclude: [$.none, run.sh]
  promotion:
    Chart.yaml: {jsonPaths: [$.version, $.none]}
    values.yaml: {jsonPaths: ["*"], to: values.yaml}
---
apiVersion: codefresh.io/v1beta1
kind: PromotionPolicy
metadata: {name: by-pr}
spec:
  selector: {targetEnvironment: {names: [prod]}}
  policy: {action: pr, preAction: smoke}
END
$nginx->reload;
$scene->{repo}->commit({ 'dev/orders/Chart.yaml' => "version: 5\n" });

fits('post', '/preview', $scene->preview(@pair), 200);
fits('get', '/policies/evaluate',
     $scene->get('policies/evaluate?environment=prod'), 200);
fits('post', '/commit', $scene->commit('orders-dev', 'orders-prod'), 403);

$r = $scene->commit('orders-dev', 'orders-prod', override => JSON::PP::true);
fits('post', '/commit', $r, 200);
fits('get', '/{id}', $scene->get($r->{headers}{'promotion-id'}), 200);


# one that waits behind a push can be cancelled

$scene->{repo}->hook('pre-receive', "#!/bin/sh\nsleep 2\n");
$scene->{repo}->commit({ 'dev/orders/values.yaml' => "n: 2\n" });

my @waiting = map {
    $scene->post('commit', { %$body, message => "m$_" },
                 headers => { Prefer => 'respond-async' })
} 1, 2;

$id = $waiting[1]{headers}{'promotion-id'};
fits('delete', '/{id}', $nginx->request(method => 'DELETE',
     key => $scene->{key}, path => "/api/promotions/$id"), 200);

wait_for('the other to land', sub {
    $scene->get($waiting[0]{headers}{'promotion-id'})->json->{state}
        eq 'LANDED';
});

fits('get', '/health', $nginx->request(path => '/health'), 200);
$scene->{redis}->kill;
fits('get', '/health', $nginx->request(path => '/health'), 503);
fits('post', '/commit', $scene->commit(@pair), 503);

$document->asked_for;

done_testing();
