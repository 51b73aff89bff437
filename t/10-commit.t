# POST commit: the documented example, from the key in Redis to the commit on
# a server that speaks smart HTTP.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(grants => 'PROMOTE_TO@qa APPLICATION:R@dev');
my ($repo, $nginx) = @$scene{qw(repo nginx)};

my $before = $repo->head;
my $prod = $repo->tree('main:prod');

my $r = $scene->commit('orders-dev', 'orders-qa',
                       message => 'bumped version',
                       description => 'the image of dev');
my $after = $repo->head;

is($r->{status}, 200, 'promoted') or diag($r->{body}, "\n", $nginx->log);
is($r->{body},
   qq({"COMMIT_SHA":"$after","COMMIT_MESSAGE":"bumped version",)
   . '"COMMIT_AUTHOR":"Ada Author <ada@example.com>"}',
   'the documented answer, its keys in order, nothing else');
is($r->{headers}{'content-type'}, 'application/json; charset=utf-8',
   'its content type');
is($r->{headers}{'content-length'}, length $r->{body}, 'its length');

my $id = $r->{headers}{'promotion-id'} // '';
like($id, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-
             [0-9a-f]{12}$/x, 'the id of the promotion, a UUIDv7');
is($r->{headers}{location}, "/api/promotions/$id", 'and where it is read');


# what landed

my ($commit, @older) = $repo->log;

is($commit->{sha}, $after, 'one new commit on the branch');
is("@{ $commit->{parents} }", $before, 'on the head that was there');
is($commit->{author}, 'Ada Author <ada@example.com>',
   'its author is the owner of the key');
is("$commit->{committer_name} <$commit->{committer_email}>",
   'promotions <promotions@localhost>', 'its committer is the gateway');
ok(abs($commit->{committer_time} - time) < 60, 'made now');
like($commit->{message}, qr/\Abumped version\n\nthe image of dev\n\n/,
     'message, blank line, description');

my $trailers = $repo->trailers($after);
is($trailers->{'Promotion-Id'}, $id, 'trailer: the promotion');
is($trailers->{'Promoted-From'}, "orders/orders-dev\@$before",
   'trailer: where from');
is($trailers->{'Promoted-By'}, 'name of admin', 'trailer: by which key');

is($repo->tree('main:qa/orders'), $repo->tree('main:dev/orders'),
   'the folder of qa equals that of dev, modes included');
is($repo->tree('main:prod'), $prod, 'prod is as it was');
is($repo->file('main', 'README.md'), "the repository of all environments\n",
   'the rest is as it was');
is($repo->changed($after), join("\n", "M\tqa/orders/Chart.yaml",
                                "A\tqa/orders/run.sh",
                                "M\tqa/orders/values.yaml"),
   'nothing but what differed');
is($repo->fsck, '', 'git fsck --strict finds nothing');


# the same again

$r = $scene->commit('orders-dev', 'orders-qa', message => 'again');
is($r->{status}, 400, 'nothing is left to promote');
is($r->{body}, '{"statusCode":400,"message":"no changes found between source '
               . 'and destination applications","error":"Bad Request"}',
   'the documented failure, byte for byte');
is($repo->head, $after, 'and no commit');


# somebody pushes past the gateway

my $outside = $repo->commit({ 'dev/orders/values.yaml' => "replicas: 7\n",
                              'prod/other.txt' => "x\n" });

$r = $scene->commit('orders-dev', 'orders-qa', message => 'on a moved head');
is($r->{status}, 200, 'promoted on a head that has moved')
    or diag($r->{body});
is($repo->file('main', 'qa/orders/values.yaml'), "replicas: 7\n",
   'with what the source is now');
is(($repo->log)[0]{parents}[0], $outside, 'the other commit is its parent');
is($repo->file('main', 'prod/other.txt'), "x\n", 'and is not lost');


# a file of the destination alone stays

$repo->commit({ 'qa/orders/qa-only.yaml' => "qa: true\n",
                'dev/orders/link' => { mode => '120000', data => 'run.sh' },
                'dev/orders/run.sh' => { mode => '100755',
                                         data => "#!/bin/sh\n" } });

$r = $scene->commit('orders-dev', 'orders-qa', message => 'modes');
is($r->{status}, 200, 'a link and a script') or diag($r->{body});
is($repo->file('main', 'qa/orders/qa-only.yaml'), "qa: true\n",
   'a file that only the destination has stays');
like($repo->git('ls-tree', 'main', 'qa/orders/'),
     qr/^120000 blob \S+\tqa\/orders\/link\n.*^100755 \S+ \S+\t\S+run\.sh$/ms,
     'the link is a link, the script is executable');


# the round trips

my $lines = () = $scene->{git}->requests;
$repo->commit({ 'dev/orders/values.yaml' => "replicas: 8\n" });
$scene->commit('orders-dev', 'orders-qa', message => 'fetches once');
my @requests = $scene->{git}->requests;
is($#requests - $lines, 2, 'a promotion on a branch that others have moved '
   . 'is three requests to the git server: refs, fetch, push')
    or diag(join "\n", @requests[$lines .. $#requests]);
$lines = @requests;

# qa is brought to prod's content by a pair that needs no fetch
my $key = $scene->{redis}->key(id => 'back', grants => 'admin');
$r = $scene->post('commit', {
    srcAppId => app_id('orders-prod'), destAppId => app_id('orders-qa'),
    message => 'back' }, key => $key);
is($r->{status}, 200, 'a promotion on an unchanged branch');
@requests = $scene->{git}->requests;
@requests = @requests[$lines .. $#requests];
is(scalar @requests, 2, 'is two requests to the git server')
    or diag(join "\n", @requests);


# the other prefix

$r = $nginx->request(method => 'POST', key => $key,
    path => '/app-proxy/api/promotions/commit',
    json => { srcAppId => app_id('orders-dev'),
              destAppId => app_id('orders-qa'), message => 'proxy' });
is($r->{status}, 200, 'served below a second prefix');
like($r->{headers}{location}, qr{^/app-proxy/api/promotions/},
     'whose Location leads there');


# settings that a location has from the server, or from http

my $http = 'promotions_committer "Bot of ours <bot@example.com>"; '
           . 'promotions_success_status 201; promotions_trailing_commas on;';

for my $case ([ 'http', '/api/promotions/commit', 201, 201 ],
              [ 'server', '/api/promotions/commit', 200, 400,
                'promotions_success_status 200; '
                . 'promotions_trailing_commas off;' ],
              [ 'the location itself', '/own/commit', 201, 201,
                'promotions_success_status 200; '
                . 'promotions_trailing_commas off; location /own/ { '
                . 'promotions; promotions_success_status 201; '
                . 'promotions_trailing_commas on; }' ])
{
    my ($name, $path, $status, $lenient, $server) = @$case;
    $nginx->reload(http => $http, server => $server // '');

    for my $comma ('', ',') {
        $scene->change;
        my $json = JSON::PP->new->canonical->encode({
            srcAppId => app_id('orders-dev'),
            destAppId => app_id('orders-qa'), message => $name });
        $json =~ s/\}$/$comma}/;
        $r = $nginx->request(method => 'POST', key => $key, path => $path,
                             body => $json);
        is($r->{status}, $comma ? $lenient : $status,
           'settings of ' . $name . ($comma ? ', a trailing comma' : ''))
            or diag($r->{body});
    }
}

($commit) = $repo->log;
is("$commit->{committer_name} <$commit->{committer_email}>",
   'Bot of ours <bot@example.com>', 'promotions_committer');
is($commit->{author}, 'Ada Author <ada@example.com>',
   'and the author is the owner of the key');

is($repo->fsck, '', 'git fsck --strict, after all');

done_testing();
