# The published examples of the API, as a shell unquotes them: what a client
# that was written against them sends, and what it reads.

use lib 't/lib';
use Promotions::Test;

my $request = <<'END';
{
    "srcAppId": {
        "runtime": "codefresh",
        "namespace": "orders",
        "name": "orders-qa-us-east"
    },
    "destAppId": {
        "runtime": "codefresh",
        "namespace": "orders",
        "name": "orders-prod-us-east"
    },
        "message": "Update image tag and bump version"
}
END

my $success = '{"COMMIT_SHA":"ff46cab5a4c94fc2db215b2bd2102da05c5314ba",'
    . '"COMMIT_MESSAGE":"bumped version",'
    . '"COMMIT_AUTHOR":"codefresh-user <codefresh.user@codefresh.io>"}';
my $failure = '{"statusCode":400,"message":"no changes found between source '
    . 'and destination applications","error":"Bad Request"}';

my $git = Promotions::Git->start;
my $repo = $git->repository('us-east', Promotions::Test::orders());
my $catalog = catalog(
    'environments.yaml' => environment('qa') . environment('prod'),
    'applications.yaml' => join '', map {
        application(name => "orders-$_-us-east", url => $repo->url,
                    path => "$_/orders", server => "https://$_.example")
    } qw(qa prod));
my $redis = Promotions::Redis->start;
my $key = $redis->key(id => 'codefresh-user', grants => 'admin',
                      author_name => 'codefresh-user',
                      author_email => 'codefresh.user@codefresh.io');
my $nginx = Promotions::Nginx->start(redis => $redis, catalog => $catalog);


sub post {
    my ($body) = @_;

    return $nginx->request(
        method => 'POST', path => '/api/promotions/commit', body => $body,
        headers => { 'content-type' => 'application/json',
                     'Authorization' => $key });
}


# An answer with what differs from one promotion to the next put as published.
sub as_published {
    my ($body) = @_;

    $body =~ s/(?<="COMMIT_SHA":")[0-9a-f]{40}(?=")
              /ff46cab5a4c94fc2db215b2bd2102da05c5314ba/x;
    $body =~ s/(?<="COMMIT_MESSAGE":")[^"]*/bumped version/;
    return $body;
}


my $r = post($request);
is($r->{status}, 200, 'the request example') or diag($r->{body});
is(as_published($r->{body}), $success, 'the success example');
is($r->json->{COMMIT_MESSAGE}, 'Update image tag and bump version',
   'with the message that was sent');
is($r->json->{COMMIT_SHA}, $repo->head, 'and the commit that is there');
is($repo->tree('main:prod/orders'), $repo->tree('main:qa/orders'),
   'prod is what qa is');

$r = post($request);
is($r->{status}, 400, 'the same once more');
is($r->{body}, $failure, 'the failure example, byte for byte');

(my $bumped = $request) =~ s/Update image tag and bump version/bumped version/;
$repo->commit({ 'qa/orders/values.yaml' => "tag: 2\n" });
$r = post($bumped);
is(as_published($r->{body}), $success, 'the message of the answer');

done_testing();
