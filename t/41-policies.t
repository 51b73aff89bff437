# Policies and promotesTo: what they refuse, an admin's override, and what a
# key may see of the catalog.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;

my $scene = scene(many => 1);
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};
my $url = $repo->url;


sub policy {
    my ($name, $priority, $selector, %policy) = @_;

    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'PromotionPolicy',
        metadata => { name => $name },
        spec => { priority => $priority, policy => \%policy,
                  $selector ? (selector => $selector) : () } });
}


write_file("$scene->{catalog}/applications.yaml", join '', map {
    application(name => "orders-$_", url => $url, path => "$_/orders",
                server => "https://$_.example",
                annotations => { 'codefresh.io/product' => 'shop' })
} qw(dev qa prod));

write_file("$scene->{catalog}/environments.yaml",
    environment('dev', promotesTo => ['qa', 'prod'], position => 1)
    . environment('qa', promotesTo => ['prod'], id => 'qa-id', position => 2)
    . environment('prod', promotesTo => []));

write_file("$scene->{catalog}/policies.yaml",
    policy('everyone', -5, undef, postAction => 'notify')
    . policy('careful', 5, { targetEnvironment => { types => ['PROD'] } },
             action => 'pr', preAction => 'smoke')
    . policy('frozen', 9, { product => { names => ['shop'] },
                            targetEnvironment => { names => ['qa-id'] } },
             action => 'none')
    . policy('too-late', 1, { targetEnvironment => { names => ['qa'] } },
             action => 'commit', postAction => 'celebrate'));
$nginx->reload;


# what they refuse

my $before = $repo->head;

error_is($scene->commit('orders-dev', 'orders-prod'), 403,
         'policy careful allows only pr', 'a commit where pr is the policy');
error_is($scene->commit('orders-dev', 'orders-qa'), 403,
         'policy frozen allows nothing but preview', 'none is none');
error_is($scene->commit('orders-qa', 'orders-dev'), 403,
         'environment qa does not promote to dev (promotesTo)',
         'an environment that promotesTo leaves out');
error_is($scene->commit('orders-prod', 'orders-qa'), 403,
         'environment prod does not promote to qa (promotesTo)',
         'or that promotes to none');
is($repo->head, $before, 'nothing lands');
is($redis->call('ZCARD', 'promotions:promotions'), 0, 'nothing is recorded');

is($scene->preview('orders-dev', 'orders-qa')->{status}, 200,
   'a preview is allowed');
is($scene->preview('orders-prod', 'orders-qa')->{status}, 200,
   'everywhere');
is($scene->commit('orders-dev', 'orders-qa', dryRun => JSON::PP::true)
   ->{status}, 200, 'so is a dry run');

my $r = $scene->commit('many-1-dev', 'many-1-qa');
is($r->{status}, 200, 'another product is not frozen') or diag($r->{body});

# of a group, one is enough
error_is($scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppIds => [ app_id('many-1-qa'), app_id('orders-prod') ],
    message => 'both' }), 403, 'policy careful allows only pr',
    'one of a group is refused: all are');

my $weak = $redis->key(grants => 'PROMOTE_TO@prod');
error_is($scene->commit('many-1-dev', 'orders-prod'), 403,
         'policy careful allows only pr', 'a policy after the grants');
error_is($scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-prod'), message => 'm' }, key => $weak), 403,
    'Forbidden resource', 'which come first');


# the override

my $strong = $redis->key(grants => 'PROMOTE_TO@* APPLICATION:R@*');
my $body = { srcAppId => app_id('orders-dev'),
             destAppId => app_id('orders-prod'), message => 'now',
             override => JSON::PP::true };

error_is($scene->post('commit', $body, key => $strong), 403,
         'policy careful allows only pr', 'override is the admin\'s');

$r = $scene->post('commit', $body);
is($r->{status}, 200, 'an admin overrides') or diag($r->{body});

my $id = $r->{headers}{'promotion-id'};
my $record = $redis->hash("promotions:promotion:$id");
is($record->{override}, 1, 'it is in the record');
is($scene->get($id)->json->{override}, 'policy careful allows only pr',
   'with what it overrides');
like($nginx->log,
     qr/\[notice\] .* promotion \Q$id\E: "[^"]*" overrides: policy careful/,
     'and in the log');

my @audited = grep { ($_->{properties}{promotion} // '') eq $id }
              audit($redis);
is(join(', ', map { "$_->{event} by $_->{keyId}: $_->{properties}{override}" }
        @audited), 'PROMOTION_CREATED by admin: policy careful allows only pr,'
   . ' PROMOTION_COMMITTED by admin: policy careful allows only pr',
   'and in the audit stream, when it was asked for and when it landed');

is((grep { $_->{event} eq 'ACCESS_DENIED' && $_->{keyId} ne 'admin' }
    audit($redis))[-1]{properties}{reason}, 'policy careful allows only pr',
   'where the one that was not the admin\'s is an attempt');

$r = $scene->post('commit', { %$body, srcAppId => app_id('many-1-dev'),
                              destAppId => app_id('many-1-qa') });
is($r->{status}, 400, 'where nothing stands in the way');
$record = $redis->hash('promotions:promotion:' . $r->{headers}{'promotion-id'});
is($record->{override}, undef, 'there is nothing to override');

$scene->{repo}->commit({ 'qa/orders/values.yaml' => "tag: 7\n" });
$r = $scene->post('commit', { %$body, srcAppId => app_id('orders-prod'),
                              destAppId => app_id('orders-qa') });
is($r->{status}, 200, 'promotesTo can be overridden too') or diag($r->{body});
is($redis->hash('promotions:promotion:' . $r->{headers}{'promotion-id'})
   ->{product}, 'shop', 'the record names the product');
is(scalar @{ $scene->get('?product=shop')->json->{promotions} }, 2,
   'and is found by it');


# evaluate

sub evaluate {
    my ($query, %request) = @_;
    return $scene->get("policies/evaluate?$query", %request);
}

sub from {
    my ($name, $line) = @_;
    return { kind => 'PromotionPolicy', name => $name,
             file => 'policies.yaml', line => $line };
}

is_deeply(evaluate('product=shop&environment=prod')->json,
    { product => 'shop', environment => 'prod', policy => {
        action     => { value => 'pr', from => from('careful', 4) },
        preAction  => { value => 'smoke', from => from('careful', 4) },
        postAction => { value => 'notify', from => from('everyone', 2) } } },
    'merged field by field, each with its manifest');
is_deeply(evaluate('product=shop&environment=qa')->json->{policy},
    { action     => { value => 'none', from => from('frozen', 6) },
      postAction => { value => 'celebrate', from => from('too-late', 8) } },
    'the highest priority wins');
is_deeply(evaluate('environment=qa-id')->json,
    { product => undef, environment => 'qa', policy => {
        action     => { value => 'commit', from => from('too-late', 8) },
        postAction => { value => 'celebrate', from => from('too-late', 8) } } },
    'without a product, and by id');
is_deeply(evaluate('environment=dev')->json->{policy},
    { action     => { value => 'commit', from => undef },
      postAction => { value => 'notify', from => from('everyone', 2) } },
    'where nobody says anything, commit is allowed');

error_is(evaluate('product=shop'), 400, 'environment should not be empty',
         'no environment');
error_is(evaluate('environment=nowhere'), 404,
         'environment nowhere not found', 'an unknown one');
error_is(evaluate('environment=qa&product=none'), 404,
         'product none not found', 'an unknown product');
error_is(evaluate('environment=qa%00x'), 404, qr/^environment qa x not found/,
         'a NUL ends no name');
error_is(evaluate('environment=qa', key => $weak), 403, 'Forbidden resource',
         'an environment that the key does not see');
is(evaluate('environment=nowhere', key => $weak)->{body},
   evaluate('environment=qa', key => $weak)->{body},
   'nor which there are');
is(evaluate('environment=prod', key => $weak)->{status}, 200,
   'one that it does');
error_is($scene->post('policies/evaluate', {}), 405, qr/use GET, HEAD/,
         'only GET');


# what a key sees

my $json = $scene->get('applications')->json;
is_deeply([ map { $_->{appId}{name} } @{ $json->{applications} } ],
          [ qw(orders-dev orders-qa orders-prod many-1-dev many-1-qa) ],
          'an admin sees all applications');
is($json->{cursor}, undef, 'on one page');
is_deeply($json->{applications}[1],
    { appId => app_id('orders-qa'), environment => 'qa', product => 'shop',
      template => { name => undef, origin => 'none' },
      sources => [ { repo => "$url", branchName => 'main',
                     path => 'qa/orders', writable => JSON::PP::true } ] },
    'one of them');

$json = $scene->get('applications?limit=2')->json;
is(scalar @{ $json->{applications} }, 2, 'a page of two');
$json = $scene->get("applications?limit=2&cursor=$json->{cursor}")->json;
is_deeply([ map { $_->{appId}{name} } @{ $json->{applications} } ],
          [ qw(orders-prod many-1-dev) ], 'and the next');

for my $case ([ '?environment=qa-id', 'orders-qa many-1-qa' ],
              [ '?product=shop&environment=prod', 'orders-prod' ],
              [ '?product=none', '' ]) {
    my ($query, $names) = @$case;
    is(join(' ', map { $_->{appId}{name} }
                 @{ $scene->get("applications$query")->json->{applications} }),
       $names, "applications$query");
}

is(join(' ', map { $_->{appId}{name} }
             @{ $scene->get('applications', key => $weak)
                      ->json->{applications} }), 'orders-prod',
   'a key for prod sees those of prod');
is_deeply([ map { $_->{name} } @{ $scene->get('environments', key => $weak)
                                        ->json->{environments} } ], ['prod'],
          'and prod');
is_deeply($scene->get('products', key => $weak)->json,
          { products => [ { name => 'shop',
                            applications => [ app_id('orders-prod') ] } ],
            cursor => undef }, 'and of a product its part');
is_deeply($scene->get('environments')->json->{environments}[1],
          { id => 'qa-id', name => 'qa', title => 'qa', description => '',
            organization => 'acme', kind => 'NON_PROD', position => 2,
            promotesTo => ['prod'] }, 'an environment');

error_is($scene->get("applications?$_"), 400, qr/^(?:limit|cursor) must be/,
         "applications?$_") for 'limit=0', 'limit=1001', 'limit=x', 'cursor=x',
                                'cursor=99999999999';
is($scene->get('applications?cursor=77')->json->{cursor}, undef,
   'beyond the end there is nothing');

done_testing();
