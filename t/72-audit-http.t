# GET …/audit: what is in the audit stream, as each key may see it, by filters
# and pages, in both versions of the API.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;

my $scene = scene(locations => <<'END');
        location /api/promotions/ { promotions; }
        location /management/ { promotions_management; }
END
my ($nginx, $redis) = @$scene{qw(nginx redis)};

write_file("$scene->{catalog}/environments.yaml", join '',
    environment('dev'), environment('qa', id => 'qa-id', title => 'Quality'),
    environment('prod'), environment('far', organization => 'umbrella'));
$nginx->reload;

my %key = (
    admin    => $scene->{key},
    ann      => $redis->key(id => 'ann', author_name => 'Ann Lee',
                            author_email => 'ann@example.com',
                            grants => 'PROMOTE_TO@qa APPLICATION:R@dev'),
    qa       => $redis->key(id => 'qa', grants => 'ENVIRONMENT_AUDIT:R@qa'),
    acme     => $redis->key(id => 'acme', grants => 'ORGANIZATION_AUDIT:R@qa'),
    umbrella => $redis->key(id => 'umbrella',
                            grants => 'ORGANIZATION_AUDIT:R@far'),
    all      => $redis->key(id => 'all', grants => 'ORGANIZATION_AUDIT:R@*'),
    create   => $redis->key(id => 'create',
                            grants => 'ENVIRONMENT_AUDIT:CUD@qa'),
);
my $acme = 'organizations/acme';


sub ask {
    my ($path, $key, %request) = @_;
    return $nginx->request(path => "/management/$path",
                           key => $key{$key // 'admin'}, %request);
}


sub content {
    my $r = ask(@_);
    return $r->json->{content} if $r->{status} == 200;
    diag("$_[0]: $r->{status} $r->{body}");
    return [];
}


# Events and environments, oldest first.
sub told {
    return join ' ', map { "$_->{event}:" . ($_->{environmentId} // '-') }
                     reverse @{ content(@_) };
}


# what has happened: two commits into qa and one into prod, a refusal, a key

sub promote {
    my ($from, $to, $key) = @_;

    $scene->change if $from eq 'dev';
    my $r = $scene->post('commit', { srcAppId => app_id("orders-$from"),
        destAppId => app_id("orders-$to"), message => 'm' },
        key => $key{$key});
    is($r->{status}, 200, "$from to $to") or diag($r->{body});
    return $r->{headers}{'promotion-id'};
}


my $id = promote('dev', 'qa', 'ann');
promote('dev', 'qa', 'admin');
promote('qa', 'prod', 'admin');
is($scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-prod'), message => 'm' },
    key => $key{ann})->{status}, 403, 'refused');
run('sh', '-c', 'exec "$0" "$@" 2>&1', ($ENV{B} // 'build')
    . '/promotions-key', '-a', $redis->address, 'create', '--id', 'new',
    '--grants', 'PROMOTE_TO@qa');
is($scene->get('policies/evaluate?environment=far', key => $key{qa})
   ->{status}, 403, 'refused elsewhere');
wait_for('the last one', sub { audit($redis) == 9 });
wait_for('the one before it', sub {
    2 == grep { $_->{event} eq 'ACCESS_DENIED' } audit($redis)
});


# all of an organization

my $r = ask("$acme/audit");
is($r->{status}, 200, 'an organization') or diag($r->{body});
my $json = $r->json;
is_deeply([ sort keys %$json ],
          [ qw(content metadata pageElements pageNumber totalElements) ],
          'the fields of a page');
is("$json->{pageNumber} $json->{pageElements} $json->{totalElements}",
   '1 20 8', 'its numbers');

is(told("$acme/audit", 'acme'), 'PROMOTION_CREATED:dev '
   . 'PROMOTION_COMMITTED:qa-id PROMOTION_CREATED:dev '
   . 'PROMOTION_COMMITTED:qa-id PROMOTION_CREATED:qa-id '
   . 'PROMOTION_COMMITTED:prod ACCESS_DENIED:prod', 'newest first');
like(told("$acme/audit", 'all'), qr/ KEY_CREATED:-$/,
     'keys are of no organization');
is(told('organizations/umbrella/audit', 'umbrella'), 'ACCESS_DENIED:far',
   'another organization');

my ($first) = grep { ($_->{properties}{promotion} // '') eq $id
                     && $_->{event} eq 'PROMOTION_COMMITTED' }
              @{ $json->{content} };
my ($entry) = grep { $_->{properties}{promotion} eq $id
                     && $_->{event} eq 'PROMOTION_COMMITTED' }
              grep { $_->{properties}{promotion} } audit($redis);

is_deeply([ sort keys %$first ],
          [ qw(createdAt environmentId event id keyId organizationId patch
               properties referenceId referenceType user) ],
          'the fields of an entry');
is_deeply($first->{properties}, $entry->{properties}, 'its properties');
is($first->{$_}, $entry->{$_}, "its $_")
    for qw(id createdAt event user keyId referenceType referenceId
           environmentId organizationId);
is($first->{patch}, undef, 'no patch');
is($json->{metadata}{'USER:ann@example.com:name'}, 'Ann Lee',
   'what the user is called');
is($json->{metadata}{'APPLICATION:codefresh/orders/orders-qa:name'},
   'orders-qa', 'and the application');
is($json->{metadata}{"promotion:$id:name"}, $id, 'and each property');


# an environment, by name and id, in both versions

my $qa = 'PROMOTION_COMMITTED:qa-id PROMOTION_COMMITTED:qa-id '
         . 'PROMOTION_CREATED:qa-id';

is(told($_, 'qa'), $qa, $_) for "$acme/environments/qa/audit",
    "$acme/environments/qa-id/audit", "v2/$acme/environments/qa/audit",
    'v2/environments/qa/audit', "$acme/audit?environment=qa",
    "$acme/audit?environment=qa-id",
    "$acme/environments/qa/audit?environment=qa-id";
like(content('v2/environments/qa/audit')->[0]{createdAt},
     qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'v2: times are texts');
like(content("$acme/environments/qa/audit")->[0]{createdAt}, qr/^\d{13}$/,
     'v1: milliseconds');


# filters

my $time = $entry->{createdAt};
my %filters = (
    'event=ACCESS_DENIED' => 'ACCESS_DENIED:prod',
    'type=APPLICATION&event=PROMOTION_COMMITTED' =>
        'PROMOTION_COMMITTED:qa-id PROMOTION_COMMITTED:qa-id '
        . 'PROMOTION_COMMITTED:prod',
    'type=KEY' => 'KEY_CREATED:-',
    'application=codefresh/orders/orders-prod' =>
        'PROMOTION_COMMITTED:prod ACCESS_DENIED:prod',
    'api=orders' => '',
    'environment=gone' => '',
    'environment=far' => '',
    "from=$time&to=$time&event=PROMOTION_COMMITTED" =>
        'PROMOTION_COMMITTED:qa-id',
    'to=' . ($time - 1) . '&event=PROMOTION_COMMITTED' => '',
    'from=' . ($time + 1) . '&event=PROMOTION_COMMITTED' =>
        'PROMOTION_COMMITTED:qa-id PROMOTION_COMMITTED:prod',
    'from=0&to=0&event=ACCESS_DENIED' => 'ACCESS_DENIED:prod',
);

is(told("$acme/audit?$_"), $filters{$_}, $_) for sort keys %filters;


# pages

my @all = map { $_->{id} } @{ content("$acme/audit") };

for my $size (1, 3, 7) {
    my @found;

    for my $page (1 .. 9) {
        my $json = ask("$acme/audit?size=$size&page=$page")->json;
        push @found, map { $_->{id} } @{ $json->{content} };
        is("$json->{pageNumber} $json->{pageElements} $json->{totalElements}",
           "$page $size 8", "page $page of $size");
    }

    is_deeply(\@found, \@all, "pages of $size neither lose nor repeat");
}


# who may

for my $case (
    [ "$acme/audit", { admin => 200, acme => 200, all => 200, qa => 403,
                       umbrella => 403, ann => 403, create => 403 } ],
    [ "$acme/audit?environment=qa", { qa => 200, ann => 403,
                                      umbrella => 403 } ],
    [ "$acme/audit?environment=prod", { qa => 403, acme => 200 } ],
    [ "$acme/environments/qa/audit", { qa => 200, acme => 200, all => 200,
                                       umbrella => 403, create => 403 } ],
    [ "$acme/environments/prod/audit", { qa => 403 } ],
    [ 'organizations/umbrella/audit', { umbrella => 200, acme => 403 } ],
    [ "$acme/audit/events", { acme => 200, qa => 403 } ],
    [ "$acme/environments/qa/audit/events", { qa => 200, ann => 403 } ])
{
    my ($path, $status) = @$case;
    is(ask($path, $_)->{status}, $status->{$_}, "$path: $_: $status->{$_}")
        for sort keys %$status;
}

is_deeply(ask("$acme/audit", 'ann')->json, { http_status => 403,
    message => 'You do not have sufficient rights to access this resource',
    parameters => {}, technicalCode => 'forbidden' }, 'how v1 says no');
is_deeply(ask('v2/environments/prod/audit', 'qa')->json, { httpStatus => 403,
    message => 'You do not have sufficient rights to access this resource',
    parameters => {}, details => [], technicalCode => 'forbidden' },
    'how v2 says it');
is($nginx->request(path => "/management/$acme/audit")->{status}, 401,
   'without a key');

wait_for('the refusals', sub {
    grep { $_->{referenceType} eq 'ORGANIZATION' } audit($redis)
});
is(ask("$acme/audit/events", undef)->{status}, 200, 'events');
is_deeply([ sort @{ ask("$acme/audit/events")->json } ],
    [ qw(ACCESS_DENIED API_CREATED API_UPDATED KEY_CREATED KEY_REVOKED
         PROMOTION_CANCELLED PROMOTION_COMMITTED PROMOTION_CREATED
         PROMOTION_PROCESSED PULL_REQUEST_OPENED) ], 'all of them');


# what is not understood

for my $case (
    [ 'size=0', 'size must be a number from 1 to 100' ],
    [ 'size=101', 'size must be a number from 1 to 100' ],
    [ 'size=-1', 'size must be a number from 1 to 100' ],
    [ 'page=0', 'page must be a number from 1 to 100000' ],
    [ 'page=x', 'page must be a number from 1 to 100000' ],
    [ 'page=99999999999999999999', 'page must be a number from 1 to 100000' ],
    [ 'from=yesterday', 'from and to must be milliseconds since 1970' ],
    [ 'to=-1', 'from and to must be milliseconds since 1970' ],
    [ 'type=PLAN',
      'type must be one of API, APPLICATION, ENVIRONMENT, KEY, ORGANIZATION, '
      . 'PRODUCT' ],
    [ 'api=a&application=b', 'either api or application, not both' ],
    [ 'api=a&type=KEY', 'type must be that of api or application' ])
{
    my $r = ask("$acme/audit?$case->[0]");
    is("$r->{status} " . $r->json->{message}, "400 $case->[1]", $case->[0]);
}

like(ask("$acme/audit?event=X")->json->{message},
     qr/^event must be one of PROMOTION_CREATED, /, 'event=X');
is(ask("$acme/environments/qa/audit?environment=dev")->{status}, 400,
   'two environments');
is(ask('organizations/nobody/audit')->{status}, 404, 'an organization of none');
is(ask("$acme/environments/far/audit")->{status}, 404,
   'an environment of another organization');
is(ask("$acme/audit", undef, method => 'POST', json => {})->{status}, 405,
   'POST');
is(ask("$acme/audit", undef, method => 'HEAD')->{status}, 200, 'HEAD');
is(told("$acme/audit?application=%1b%ff%0a"), '', 'an odd application');
is(ask("$acme/audit?application=codefresh%00")->{status}, 400, 'a NUL');


# many, so that Redis is asked several times

{
    my ($raw) = @{ $redis->call('XRANGE', 'promotions:audit', '-', '+',
                                'COUNT', 1) };
    my %old = @{ $raw->[1] };
    my $begin = (time - 60) * 1000;

    @old{qw(environmentId organizationId)} = qw(far umbrella);

    for my $n (1 .. 1300) {
        @old{qw(createdAt id)} = ($begin + $n, "id-$n");
        $redis->call('XADD', 'promotions:audit', '*', %old);
    }

    my $json = ask('organizations/umbrella/audit?size=100&page=13'
                   . '&type=APPLICATION')->json;
    is($json->{totalElements}, 1300, 'all are counted');
    is_deeply([ map { $_->{id} } @{ $json->{content} } ],
              [ map { "id-$_" } reverse 1 .. 100 ], 'the last page of many');

    $json = ask('organizations/umbrella/audit?from=' . ($begin + 700)
                . '&to=' . ($begin + 800))->json;
    is($json->{totalElements}, 101, 'those of a while');

    # a client that leaves in the midst of it
    my $client = $nginx->open(method => 'GET', key => $key{all},
        path => '/management/organizations/umbrella/audit');
    $client->advance;
    $client->close;
}


# what nobody of ours has written

$redis->call('XADD', 'promotions:audit', '*', 'hello', 'world');
$redis->call('XADD', 'promotions:audit', '*', organizationId => 'acme',
             createdAt => time * 1000, properties => '[[[', event => 'ODD',
             userName => "\xff");
is(ask("$acme/audit?size=1")->{status}, 200, 'odd entries');

$redis->call('DEL', 'promotions:audit');
is_deeply(ask("$acme/audit")->json, { content => [], metadata => {},
    pageNumber => 1, pageElements => 20, totalElements => 0 },
    'no stream at all');
$redis->call('SET', 'promotions:audit', 'x');
is(ask("$acme/audit")->{status}, 503, 'something else');

$redis->stop;
is(ask("$acme/audit")->{status}, 503, 'no Redis');

done_testing();
