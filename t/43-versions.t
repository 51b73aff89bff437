# The version of an application: what versionSource says, in records and in
# the list of applications.

use lib 't/lib';
use Promotions::Test;

my $scene = scene(forge => 'github', failpoints => 1,
                  http => 'promotions_lease 1s;');
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};


sub template {
    my (%spec) = @_;

    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'PromotionTemplate',
        metadata => { name => 'helm' },
        spec => { applicationSourceSelector => {}, %spec } });
}


sub template_is {
    write_file("$scene->{catalog}/templates.yaml", template(@_));
    $nginx->reload;
    return;
}


# by name: [value, promotion], null, or "none" where the list has no version
sub versions {
    my $list = $scene->get('applications')->json->{applications};

    return { map {
        my $version = $_->{version};
        ($_->{appId}{name} => !exists $_->{version} ? 'none'
             : $version && [ @$version{qw(value promotion)} ])
    } @$list };
}


sub record { return $scene->get($_[0]->{headers}{'promotion-id'})->json }


my @at = (versionSource => { file => 'Chart.yaml',
                             jsonPath => '$.appVersion' });

is_deeply(versions(), { map { ("orders-$_" => 'none') } qw(dev qa prod) },
          'without a versionSource there is no version');

template_is(@at);
is_deeply(versions(), { map { ("orders-$_" => undef) } qw(dev qa prod) },
          'before anything is promoted it is not known');

my $r = $scene->commit('orders-dev', 'orders-qa');
is($r->{status}, 200, 'promoted') or diag($r->{body});
is_deeply(record($r)->{version}, { from => '1.2.0', to => '1.3.0' },
          'the record: from, to');

my $id = $r->{headers}{'promotion-id'};
is_deeply(versions(), { 'orders-dev' => [ '1.3.0', $id ],
                        'orders-qa' => [ '1.3.0', $id ],
                        'orders-prod' => undef },
          'the list: of both sides, and whose word it is');
like($scene->get('applications')->json->{applications}[0]{version}{at},
     qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and since when');

my $listed = $scene->get('?limit=1')->json->{promotions}[0];
is_deeply($listed->{version}, { from => '1.2.0', to => '1.3.0' },
          'the history, too');

# what is undone

my $revert = $scene->post("$id/revert", {});
is($revert->{status}, 200, 'reverted') or diag($revert->{body});
is_deeply(record($revert)->{version}, { from => '1.3.0', to => '1.2.0' },
          'a revert brings it back');
is_deeply(versions()->{'orders-qa'},
          [ '1.2.0', $revert->{headers}{'promotion-id'} ], 'in the list');
is_deeply(versions()->{'orders-dev'}, [ '1.3.0', $id ],
          'and says nothing about the source');

# an older commit of the source

my $old = $repo->head;
$repo->commit({ 'dev/orders/Chart.yaml' => "appVersion: '2.0'\n" });
$r = $scene->commit('orders-dev', 'orders-qa', srcAppCommitSha => $old);
is($r->{status}, 200, 'an older commit is promoted') or diag($r->{body});
is_deeply(record($r)->{version}, { from => '1.2.0', to => '1.3.0' },
          'its version');
is_deeply(versions()->{'orders-dev'}, [ '1.3.0', $id ],
          'is not that of the source');

# values that are no version, files that are not there

template_is(@at, promotion => { 'values.yaml' => { jsonPaths => ['$.a'] } });
$repo->commit({ 'dev/orders/values.yaml' => "a: 2\n",
                'qa/orders/values.yaml' => "a: 1\n",
                'qa/orders/Chart.yaml' => "appVersion: {a: 1}\n" });
$r = $scene->commit('orders-dev', 'orders-qa');
is($r->{status}, 200, 'promoted without one') or diag($r->{body});
is(record($r)->{version}, undef, 'the record has none');

$repo->commit({ 'dev/orders/values.yaml' => "a: 3\n",
                'qa/orders/Chart.yaml' => "appVersion: \"3\"\n" });
$r = $scene->commit('orders-dev', 'orders-qa');
is_deeply(record($r)->{version}, { from => '3', to => '3' },
          'one that is not promoted stays');

template_is(@at);
$repo->commit({ 'qa/orders/Chart.yaml' => undef });
$r = $scene->commit('orders-dev', 'orders-qa');
is_deeply(record($r)->{version}, { from => undef, to => '2.0' },
          'there was none before');

# several destinations, of one push

$repo->commit({ 'qa/orders/values.yaml' => "a: 9\n" });
$r = $scene->commit('orders-qa', 'orders-prod', destAppId => undef,
                    destAppIds => [ map { app_id("orders-$_") }
                                    qw(prod dev) ]);
is($r->{status}, 200, 'two destinations') or diag($r->{body});
is_deeply($scene->get($r->json->{promotions}[0]{id})->json->{version},
          { from => '1.1.0', to => '2.0' }, 'each has its own');
is(versions()->{'orders-prod'}[0], '2.0', 'in the list');

# a pull request

my $known = versions();
$repo->commit({ 'dev/orders/Chart.yaml' => "appVersion: '2.1'\n" });
$r = $scene->pull_request('orders-dev', 'orders-qa');
is($r->{status}, 200, 'a pull request') or diag($r->{body}, $nginx->log);
is_deeply(versions(), $known, 'as long as it is open it brings nothing');

$scene->{forge}->change($r->json->{PULL_REQUEST_ID}, state => 'MERGED',
                        merge_commit => '1' x 40);
my $merged = record($r);
is($merged->{state}, 'MERGED', 'merged');
is_deeply($merged->{version}, { from => '2.0', to => '2.1' },
          'the record says what it brings');
is_deeply(versions()->{'orders-qa'},
          [ '2.1', $r->{headers}{'promotion-id'} ], 'it has brought it');

# one that is merged before its leader, who is killed, has said that it is open

$nginx->allow(qr/exited on signal 9/);
$repo->commit({ 'dev/orders/Chart.yaml' => "appVersion: '2.2'\n" });
$nginx->arm('pull_opened');
$scene->pull_request('orders-dev', 'orders-qa');
ok(!$nginx->armed('pull_opened'), 'killed when it was opened');
my ($newest) = sort { $b->{number} <=> $a->{number} } $scene->{forge}->pulls;
$scene->{forge}->change($newest->{number}, state => 'MERGED',
                        merge_commit => '2' x 40);
my $late = $redis->call('ZREVRANGE', 'promotions:promotions', 0, 0)->[0];
ok(eval { wait_for('the next leader', sub {
    ($scene->get($late)->json // {})->{state} eq 'MERGED' }, 15) },
   'the next one finds it merged')
    or diag($scene->get($late)->{body});
is_deeply($scene->get($late)->json->{version}, { from => '2.0', to => '2.2' },
          'the record says what it brings');
is_deeply(versions()->{'orders-qa'}, [ '2.2', $late ], 'it has brought it');


# nobody is shown what was not asked for; Redis may be away

my $reader = $redis->key(id => 'reader', grants => 'APPLICATION:R@qa');
$listed = $scene->get('applications', key => $reader)->json->{applications};
is_deeply([ map { $_->{appId}{name} } @$listed ], ['orders-qa'],
          'a key sees its environments');
is($listed->[0]{version}{value}, '2.2', 'with their versions');

$redis->call('HSET', 'promotions:versions', 'codefresh/orders/orders-qa',
             'what is this');
is(versions()->{'orders-qa'}, undef, 'what is no version is not shown');

done_testing();
