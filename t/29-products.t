# A product is promoted: every application that both environments have, by the
# policy's action, as a group; what one environment lacks is told.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(failpoints => 1, workers => 2, catalog => catalog(),
                  http => 'promotions_lease 1s; promotions_queue 500;');
my ($git, $repo, $nginx, $redis) = @$scene{qw(git repo nginx redis)};
my $other = $git->repository('other', { 'README.md' => "another one\n" });
my $product = 'codefresh.io/product';

$nginx->allow(qr/exited on signal 9/);


# The application of a product in an environment.
sub member {
    my ($name, $environment, %field) = @_;

    return application(url => $repo->url, path => "$environment/$name",
        server => "https://$environment.example", name => "$name-$environment",
        annotations => { $product => delete $field{product} // 'shop' },
        %field);
}


sub policy {
    my ($name, %policy) = @_;

    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'PromotionPolicy',
        metadata => { name => $name },
        spec => { selector => { product => { names => [ $policy{product} ] } },
                  policy => { action => $policy{action} } } });
}


my %manifests = (
    'environments.yaml' => join('', environment('dev',
        promotesTo => [ 'qa', 'prod' ], id => 'dev-id'),
        map { environment($_) } qw(qa prod)),
    'shop.yaml' => join('', map { (member('api', $_), member('web', $_),
        member('jobs', $_, name => "$_-jobs")) } qw(dev qa)),
    'more.yaml' => member('old', 'dev') . member('new', 'qa'),
    'wide.yaml' => join('', map { my $environment = $_;
        member('api', $environment, product => 'wide',
               namespace => 'wide', path => "$environment/api"),
        member('web', $environment, product => 'wide', namespace => 'wide',
               $environment eq 'qa' ? (url => $other->url) : ()) }
        qw(dev qa)),
    'odd.yaml' => join('', map { (member('api', $_, product => 'odd',
            namespace => 'odd'),
        member('chart', $_, product => 'odd', namespace => 'odd',
            spec => { source => { repoURL => 'https://charts.example',
                                  chart => 'x', targetRevision => '1.0' } }))
        } qw(dev qa)),
    'frozen.yaml' => policy('frozen', product => 'ice', action => 'none')
        . policy('careful', product => 'glass', action => 'pr')
        . join('', map { my $name = $_; map { member('api', $_,
              product => $name, namespace => $name) } qw(dev qa) }
              qw(ice glass)),
    'twins.yaml' => member('api', 'dev', product => 'twins',
                           namespace => 'twins')
        . member('api', 'dev', product => 'twins', namespace => 'twins',
                 name => 'dev-api')
        . member('api', 'qa', product => 'twins', namespace => 'twins'),
    'many.yaml' => join('', map { my $n = $_; map { member("many-$n", $_,
        product => 'many') } qw(dev qa) } 1 .. 60),
);

write_file("$scene->{catalog}/$_", $manifests{$_}) for keys %manifests;
$nginx->reload;

my $round = 0;

# dev of all applications is ahead of qa.
sub change {
    my @names = @_ ? @_ : qw(api web jobs chart old);
    $round++;
    $repo->commit({ map { ("dev/$_/values.yaml" => "$_: $round\n") } @names });
}


sub hook {
    my ($repository, $refused) = @_;

    my $hooks = $repository->path . '/hooks';
    write_file("$hooks/refused", $refused);
    write_file("$hooks/pushes", '');
    $repository->hook('pre-receive', <<'END');
#!/bin/sh
while read old new ref; do
    echo "$(git rev-list --count $old..$new)" >> hooks/pushes
    if git diff --name-only $old $new | grep -q -f hooks/refused; then
        echo "not these files" >&2
        exit 1
    fi
done
END
}


sub pushes {
    my ($repository) = @_;
    return join ' ', split /\n/, read_file($repository->path
                                           . '/hooks/pushes');
}


sub promote {
    my ($name, %request) = @_;

    my %body = (srcEnvironment => 'dev', destEnvironment => 'qa',
                message => "all of $name", %{ delete $request{body} || {} });
    return $scene->post("products/$name/promote", \%body, %request);
}


sub members {
    my ($r) = @_;
    my $members = ($r->json // {})->{promotions};
    return ref $members eq 'ARRAY' ? @$members : ();
}


# "api-dev>api-qa 200 …"
sub outcome {
    my ($r) = @_;
    return join ' ', map { "$_->{srcAppId}{name}>$_->{destAppId}{name} "
                           . $_->{statusCode} } members($r);
}


# Each that landed is on its branch once, under its own message and id, and qa
# has what dev has.
sub landed {
    my ($r, $name, %folder) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = 1;

    for my $member (grep { $_->{statusCode} == 200 } members($r)) {
        my ($path) = $member->{destAppId}{name}
                     =~ /^(?:qa-)?(.*?)(?:-qa)?$/;
        my $where = $folder{$path} // $repo;
        my @found = grep { $_->{message}
                           =~ /^Promotion-Id: $member->{id}$/m } $where->log;

        $good &&= @found == 1 && $found[0]{sha} eq $member->{COMMIT_SHA}
            && $where->file('main', "qa/$path/values.yaml")
               eq $repo->file('main', "dev/$path/values.yaml");
    }

    ok($good, $name) or diag($r->{body});
}


# all of them

change();
hook($repo, "no such file\n");
my $r = promote('shop');

is($r->{status}, 200, 'a product') or diag($r->{body} // $r->{error});
is(outcome($r), 'api-dev>api-qa 200 web-dev>web-qa 200 dev-jobs>qa-jobs 200',
   'every application that both environments have');
is(pushes($repo), '3', 'in one push');
landed($r, 'landed, each by its own commit');
is_deeply($r->json->{missing}, [
    { appId => app_id('old-dev'), environment => 'dev', missingIn => 'qa' },
    { appId => app_id('new-qa'), environment => 'qa', missingIn => 'dev' } ],
    'and what only one of them has is told');
is(join(' ', sort keys %{ (members($r))[0] }),
   'COMMIT_AUTHOR COMMIT_MESSAGE COMMIT_SHA destAppId id srcAppId statusCode',
   'what is said of each');
is($r->{headers}{'promotion-id'}, (members($r))[0]{id},
   'the answer carries the id of the first');

my $record = $scene->get((members($r))[1]{id})->json;
is($record->{group}, (members($r))[0]{id}, 'they are a group');
is("$record->{product} $record->{sourceEnvironment} "
   . $record->{targetEnvironment}, 'shop dev qa', 'of a product');
is(scalar @{ $scene->get('?product=shop')->json->{promotions} }, 3,
   'and are found by it');

$r = promote('shop');
is($r->{status}, 400, 'again: nothing left to promote');
is(outcome($r), 'api-dev>api-qa 400 web-dev>web-qa 400 dev-jobs>qa-jobs 400',
   'for none of them');

change('web');
$r = promote('shop', body => { srcEnvironment => 'dev-id' });
is($r->{status}, 207, 'one of them has changes') or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 400 web-dev>web-qa 200 dev-jobs>qa-jobs 400',
   'and lands; an environment is also known by its id');


# one is refused: so are all of its lane

change();
hook($repo, "qa/web/\n");
my $head = $repo->head;
$r = promote('shop');
is($r->{status}, 502, 'a hook refuses one') or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 502 web-dev>web-qa 502 dev-jobs>qa-jobs 502',
   'that is all of them');
is($repo->head, $head, 'nothing landed');


# several lanes

change();
hook($repo, "no such file\n");
hook($other, "qa/web/\n");
$r = promote('wide');
is($r->{status}, 207, 'two repositories, one of which refuses')
    or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 200 web-dev>web-qa 502', 'each by itself');
landed($r, 'what landed is there');
is_deeply($r->json->{missing}, [], 'nothing is missing');
hook($other, "no such file\n");
change('api');
$r = promote('wide');
is($r->{status}, 200, 'both are open') or diag($r->{body});
landed($r, 'each in its repository', web => $other);


# what cannot be promoted by itself

change();
$r = promote('odd');
is($r->{status}, 207, 'one of two has no path in git') or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 200 chart-dev>chart-qa 422',
   'the other one lands');
like((members($r))[1]{message},
     qr{^application codefresh/odd/chart-dev has no source with a path},
     'and it is said why');

error_is(promote('twins'), 409,
         'applications codefresh/twins/api-dev and codefresh/twins/dev-api of '
         . 'product twins in environment dev cannot be told apart: give them '
         . 'an annotation promotions.nginx/application each',
         'what cannot be told apart');


# policies, promotesTo, override

change();
hook($repo, "no such file\n");
$head = $repo->head;
$r = promote('ice');
is($r->{status}, 403, 'a policy that allows nothing');
is(outcome($r), 'api-dev>api-qa 403', 'of each');
is((members($r))[0]{message}, 'policy frozen allows nothing but preview',
   'in its words');
is($r->{headers}{'promotion-id'}, undef, 'there is no promotion');
is($repo->head, $head, 'nothing landed');

wait_for('the audit', sub { $redis->call('XLEN', 'promotions:audit') });
my @denied = grep { "@{ $_->[1] }" =~ /ACCESS_DENIED/ }
             @{ $redis->call('XRANGE', 'promotions:audit', '-', '+') };
is(scalar @denied, 1, 'it is audited, once');
like("@{ $denied[0][1] }", qr/PRODUCT.*ice.*policy frozen/,
     'with the product and the reason');

$r = promote('shop', body => { srcEnvironment => 'qa',
                               destEnvironment => 'dev' });
is($r->{status}, 200, 'a missing promotesTo is all of the organization')
    or diag($r->{body});
write_file("$scene->{catalog}/environments.yaml", join '',
    environment('dev', promotesTo => [ 'prod' ], id => 'dev-id'),
    map { environment($_) } qw(qa prod));
$nginx->reload;
change();
$r = promote('shop');
is($r->{status}, 403, 'promotesTo binds') or diag($r->{body});
is((members($r))[2]{message}, 'environment dev does not promote to qa '
   . '(promotesTo)', 'each of them');

my $strong = $redis->key(grants => 'PROMOTE_TO@* APPLICATION:R@*');
my %override = (body => { override => JSON::PP::true });
is(promote('shop', %override, key => $strong)->{status}, 403,
   'override is an admin\'s');
$r = promote('shop', %override);
is($r->{status}, 200, 'an admin overrides') or diag($r->{body});
landed($r, 'all of them');
is($scene->get((members($r))[$_]{id})->json->{override},
   'environment dev does not promote to qa (promotesTo)',
   "which is in the record $_") for 0 .. 2;
write_file("$scene->{catalog}/environments.yaml",
           $manifests{'environments.yaml'});
$nginx->reload;


# grants

change();
for my $case ([ 'PROMOTE_TO@qa', 403, 'no grant on the source' ],
              [ 'APPLICATION:R@dev', 403, 'none on the target' ],
              [ 'APPLICATION:R@dev APPLICATION:R@qa', 403,
                'none to promote' ],
              [ 'APPLICATION:R@dev PROMOTE_TO@qa', 200, 'enough' ]) {
    my ($grants, $status, $name) = @$case;
    $r = promote('shop', key => $redis->key(grants => $grants));
    is($r->{status}, $status, "$grants: $name") or diag($r->{body});
}

error_is(promote('nothing', key => $redis->key(grants => 'PROMOTE_TO@qa')),
         403, 'Forbidden resource', 'who sees no source learns no names');

# whether there is an environment of a name is told to those who see it, or all

my $seer = $redis->key(grants => 'APPLICATION:R@dev PROMOTE_TO@qa');
my @unseen = map { promote('nothing', body => $_, key => $seer) }
    { destEnvironment => 'prod' }, { destEnvironment => 'y' },
    { srcEnvironment => 'prod' }, { srcEnvironment => 'y' },
    { srcEnvironment => 'y', destEnvironment => 'y' };
error_is($unseen[0], 403, 'Forbidden resource', 'an environment of others');
is(scalar(grep { $_->{body} ne $unseen[0]{body} } @unseen), 0,
   'and one that is not there: one answer')
    or diag(map { "$_->{body}\n" } @unseen);
error_is(promote('shop', key => $redis->key(grants => 'PROMOTE_TO@*'),
                 body => { destEnvironment => 'y' }), 404,
         'environment y not found', 'who sees all sees that it is not there');

# nor why a pair cannot be promoted to a key that may not do it

$r = promote('odd', key => $redis->key(
    grants => 'APPLICATION:R@dev APPLICATION:R@qa'));
is_deeply([ map { "$_->{statusCode} $_->{message}" } members($r) ],
          [ ('403 Forbidden resource') x 2 ], 'of a product without the grant')
    or diag($r->{body});


# what is asked for wrongly

error_is(promote('nothing'), 404, 'product nothing not found',
         'an unknown product');
error_is(promote('shop', body => { srcEnvironment => 'x' }), 404,
         'environment x not found', 'an unknown source');
error_is(promote('shop', body => { destEnvironment => 'y' }), 404,
         'environment y not found', 'an unknown target');
error_is(promote('shop', body => { destEnvironment => 'dev-id' }), 400,
         'srcEnvironment and destEnvironment are the same environment dev',
         'one environment');
error_is(promote('shop', body => { destEnvironment => 'prod' }), 400,
         'no application of product shop is in both environments, dev and '
         . 'prod', 'nothing in common');
error_is($scene->post('products/shop/promote', { expectedDigest => 'x' }),
         400, [ 'srcEnvironment should not be empty',
                'srcEnvironment must be a string',
                'destEnvironment should not be empty',
                'destEnvironment must be a string',
                'message should not be empty', 'message must be a string',
                'expectedDigest must be 64 hexadecimal digits' ],
         'every fault at once');
error_is(promote('shop', body => { expectedDigest => '0' x 64 }), 400,
         [ 'expectedDigest goes with one destination, not with a product' ],
         'a digest is of one destination');

$r = $scene->get('products/shop/promote');
error_is($r, 405, 'Cannot GET /api/promotions/products/shop/promote, use POST',
         'another method');
is($r->{headers}{allow}, 'POST', 'Allow');
is($scene->post('products//promote', {})->{status}, 404, 'no name');


# a dry run

change();
$head = $repo->head;
my $count = $redis->call('ZCARD', 'promotions:promotions');
$r = promote('shop', body => { dryRun => JSON::PP::true });
is($r->{status}, 200, 'a dry run') or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 200 web-dev>web-qa 200 dev-jobs>qa-jobs 200',
   'answers for each');
my @preview = map { $_->{preview} } members($r);
is(join(' ', map { $_->{files}[0]{path} } @preview),
   'qa/api/values.yaml qa/web/values.yaml qa/jobs/values.yaml',
   'what it would change');
is_deeply($preview[1], $scene->preview('web-dev', 'web-qa')->json,
          'as a preview of it alone');
is(scalar @{ $r->json->{missing} }, 2, 'with what is missing');
is($repo->head . $redis->call('ZCARD', 'promotions:promotions'),
   "$head$count", 'nothing was done');

$r = promote('odd', body => { dryRun => JSON::PP::true });
is($r->{status}, 207, 'with what cannot be') or diag($r->{body});
is(outcome($r), 'api-dev>api-qa 200 chart-dev>chart-qa 422', 'told of it');
$r = promote('wide', body => { dryRun => JSON::PP::true });
is($r->{status}, 200, 'of several repositories') or diag($r->{body});
is(join(' ', map { $_->{preview}{repo} } members($r)),
   $repo->url . ' ' . $other->url, 'each from its own');
is(promote('ice', body => { dryRun => JSON::PP::true })->{status}, 200,
   'a policy that allows nothing allows that');

my $list = [ map { app_id($_) } qw(web-qa qa-jobs) ];
my %several = (srcAppId => app_id('web-dev'), destAppIds => $list);
$r = $scene->post('preview', \%several);
is($r->{status}, 200, 'a preview of several destinations')
    or diag($r->{body});
is(join(' ', map { "$_->{destAppId}{name} $_->{preview}{files}[0]{path}" }
        members($r)), 'web-qa qa/web/values.yaml qa-jobs qa/jobs/values.yaml',
   'is a list');


# Idempotency-Key, and not waiting

hook($repo, "no such file\n");
my %key = (headers => { 'Idempotency-Key' => 'once' });
my $first = promote('shop', %key);
is($first->{status}, 200, 'with an Idempotency-Key') or diag($first->{body});
$r = promote('shop', %key);
is($r->{body}, $first->{body}, 'a replay has the same answer');
is(pushes($repo), '3', 'and nothing happens twice');
error_is(promote('wide', %key), 409, qr/^Idempotency-Key was used/,
         'another product under the key');

write_file("$scene->{catalog}/late.yaml", member('late', 'dev')
                                          . member('late', 'qa'));
$nginx->reload;
error_is(promote('shop', %key), 409, qr/^Idempotency-Key was used/,
         'the product has become another');
unlink "$scene->{catalog}/late.yaml";
$nginx->reload;
is(promote('shop', %key)->{body}, $first->{body}, 'and is the same again');

change();
$r = promote('odd', headers => { Prefer => 'respond-async' });
is($r->{status}, 202, 'answered at once') or diag($r->{body});
is(scalar members($r), 2, 'with what becomes of each');
is((members($r))[0]{id}, $r->json->{id}, 'by id');
is((members($r))[1]{statusCode}, 422, 'or why it is refused');
ok(eval { wait_for('it to land', sub {
    $scene->get($r->json->{id})->json->{state} eq 'LANDED' }, 10) },
   'it lands');


# many, and kill -9 of the leader

hook($repo, "no such file\n");
change(map { "many-$_" } 1 .. 60);
$nginx->arm('reported');
my $end = time + 15;

while (time < $end) {
    $r = promote('many', headers => { 'Idempotency-Key' => 'many' });
    last if $r->{status} == 200;
    select undef, undef, undef, 0.2;
}

is($r->{status}, 200, 'sixty, and a leader that is killed')
    or diag($r->{body} // $r->{error});
ok(!$nginx->armed('reported'), 'indeed');
is(scalar(grep { $_->{statusCode} == 200 } members($r)), 60, 'all landed');
landed($r, 'once');
is(pushes($repo), '60', 'in one push');
is($repo->fsck . $other->fsck, '', 'git fsck --strict');


# a policy that asks for pull requests

{
    my $far = scene(forge => 'github');
    my ($gitops, $forge) = @$far{qw(repo forge)};
    my $body = { srcEnvironment => 'dev', destEnvironment => 'qa',
                 message => "release 12 ü\n\nall of it",
                 description => 'why' };

    $gitops->commit({ map { ("dev/$_/values.yaml" => "$_: new\n") }
                      qw(api web) });
    write_file("$far->{catalog}/glass.yaml", policy('careful',
        product => 'glass', action => 'pr') . join '', map {
            my $name = $_; map { member($name, $_, url => $gitops->url,
                $name eq 'web' ? (branch => 'HEAD') : (),
                product => 'glass', namespace => 'glass') } qw(dev qa) }
            qw(api web));
    $far->{nginx}->reload;

    my $main = $gitops->head;
    $r = $far->post('products/glass/promote', $body, key =>
                    $far->{redis}->key(grants => 'PROMOTE_PR@qa '
                                                 . 'APPLICATION:R@dev'));
    is($r->{status}, 200, 'by pull requests')
        or diag($r->{body} // $r->{error}, "\n", $far->{nginx}->log);
    is(outcome($r), 'api-dev>api-qa 200 web-dev>web-qa 200', 'one each');
    is($gitops->head, $main, 'nothing is on the branch');

    for my $i (0, 1) {
        my $member = (members($r))[$i];
        my $name = (qw(api web))[$i];
        is($member->{PULL_REQUEST_HEAD},
           "promote/glass/$name-qa/glass.$name-dev", "$name: its head branch");
        is($gitops->file($member->{COMMIT_SHA}, "qa/$name/values.yaml"),
           "$name: new\n", "$name: what it brings");
        my ($pull) = grep { ($_->{number} // $_->{id} // 0)
                            == ($member->{PULL_REQUEST_ID} // -1) }
                     $forge->pulls;
        is($pull->{title}, "release 12 ü (glass/$name-qa)", "$name: its title");
    }

    my $again = $far->post('products/glass/promote', $body);
    is($again->{status}, 200, 'again') or diag($again->{body});
    is_deeply([ map { $_->{PULL_REQUEST_ID} } members($again) ],
              [ map { $_->{PULL_REQUEST_ID} } members($r) ],
              'the same pull requests');

    $r = $far->post('products/glass/promote', $body, key =>
        $far->{redis}->key(grants => 'APPLICATION:R@dev APPLICATION:R@qa'));
    is(outcome($r), 'api-dev>api-qa 403 web-dev>web-qa 403',
       'a grant is needed');
    $r = $far->post('products/glass/promote', { %$body,
                    override => JSON::PP::true });
    is($r->{status}, 200, 'an admin commits over it') or diag($r->{body});
    is($gitops->file('main', 'qa/web/values.yaml'), "web: new\n",
       'on the branch');
    is($gitops->fsck, '', 'git fsck --strict');
}

done_testing();
