# The audit of reviewed requests: every event of a walk, in order, with the
# right environment, ids and people, once; and what a client reads of it.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;
use Promotions::Review;

my %petstore = (
    id => 'pets', crossId => 'pets-cross', gravitee => '2.0.0',
    name => 'Petstore', version => '1',
    proxy => { virtual_hosts => [ { path => '/pets' } ], groups => [] },
    plans => [], pages => [], properties => [],
);

my $scene = review_scene(apis => { 'dev/pets.json' => \%petstore },
                         http => 'promotions_lease 1s;');
my ($repo, $redis) = @$scene{qw(apis redis)};
my $auditor = $redis->key(id => 'auditor',
                          grants => 'ENVIRONMENT_AUDIT:R@qa');
my $weak = $redis->key(id => 'weak', author_name => 'Eve',
                       author_email => 'eve@example.com',
                       grants => 'API_DEFINITION:R@qa APPLICATION:R@dev');
my $seen = 0;


sub since {
    my ($wanted) = @_;

    wait_for("$wanted entries", sub { audit($redis) >= $seen + $wanted }, 10);

    my @all = audit($redis);
    my @new = @all[$seen .. $#all];

    $seen = @all;
    return @new;
}


# Each is [event, environment, API, address of who did it, status].
sub are {
    my ($entries, $what, @expected) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([ map { [ @$_{qw(event environmentId referenceId user)},
                        $_->{properties}{status} ] } @$entries ],
              \@expected, $what);
    is(scalar(grep { $_->{referenceType} ne 'API'
                     || $_->{organizationId} ne 'acme' } @$entries), 0,
       "$what: of an API of the organization");
}


sub petstore {
    my (%changes) = @_;

    $repo->commit({ 'dev/pets.json' => JSON::PP->new->canonical->pretty
                    ->encode({ %petstore, %changes }) });
}


sub patch {
    my ($entry) = @_;
    return $entry->{patch} eq '' ? undef
                                 : JSON::PP->new->decode($entry->{patch});
}


my @paula = 'paula@example.com';
my @rita = 'rita@example.com';


# create

my $r = $scene->ask_api('pets', 'qa', comment => 'new');
is($r->{status}, 200, 'asked for') or diag($r->{body});
my $id = $r->json->{id};

my @entries = since(1);
are(\@entries, 'a request', [ 'PROMOTION_CREATED', 'dev', 'pets', @paula,
                              undef ]);
is($entries[0]{properties}{promotion}, $id, 'which');
is($entries[0]{properties}{apiName}, 'Petstore', 'what it is called');
is($entries[0]{properties}{comment}, 'new', 'with the comment');
is($entries[0]{properties}{revision}, $repo->head, 'and what it pins');
is_deeply(patch($entries[0]), [ { op => 'add', path => '/status',
                                  value => 'TO_BE_VALIDATED' } ], 'its patch');

$r = $scene->decide($id, 1, reason => 'looks good');
is($r->{status}, 200, 'accepted') or diag($r->{body});
my $target = $r->json->{targetApiId};

@entries = since(3);
are(\@entries, 'an accepted one',
    [ 'PROMOTION_PROCESSED', 'qa', $target, @rita, 'ACCEPTED' ],
    [ 'API_CREATED', 'qa', $target, @rita, undef ],
    [ 'PROMOTION_COMMITTED', 'qa', $target, @rita, undef ]);
is($_->{properties}{promotion}, $id, "$_->{event}: which") for @entries;
is($_->{properties}{author}, $paula[0], "$_->{event}: who has asked")
    for @entries;
is($entries[2]{properties}{commit}, $repo->head, 'the commit');
is($entries[0]{properties}{reason}, 'looks good', 'why');
ok(!exists $entries[0]{properties}{force}, 'and not by force');
is_deeply(patch($entries[0]), [ { op => 'replace', path => '/status',
                                  value => 'ACCEPTED' } ],
          'the patch of the request');
my ($name) = grep { $_->{path} eq '/name' } @{ patch($entries[1]) };
is_deeply($name, { op => 'add', path => '/name', value => 'Petstore' },
          'the patch of the API has what is new');

$r = $scene->decide($id, 1);
is($r->{status}, 409, 'a second decision');
is($scene->decide($id, 0)->{status}, 409, 'and a third');


# update

petstore(version => '2', description => 'all pets');
$r = $scene->ask_api('pets', 'qa');
is($r->{status}, 200, 'asked for again') or diag($r->{body});
$id = $r->json->{id};
is($scene->decide($id, 1, force => JSON::PP::true)->{status}, 200,
   'accepted again, by force');

@entries = since(4);
are(\@entries, 'an update',
    [ 'PROMOTION_CREATED', 'dev', 'pets', @paula, undef ],
    [ 'PROMOTION_PROCESSED', 'qa', $target, @rita, 'ACCEPTED' ],
    [ 'API_UPDATED', 'qa', $target, @rita, undef ],
    [ 'PROMOTION_COMMITTED', 'qa', $target, @rita, undef ]);
is($entries[1]{properties}{force}, 'true', 'which is told');
ok(!exists $entries[1]{properties}{reason}, 'the reason of one before is not');
is_deeply([ sort { $a->{path} cmp $b->{path} } @{ patch($entries[2]) } ],
    [ { op => 'add', path => '/description', value => 'all pets' },
      { op => 'replace', path => '/version', value => '2' } ],
    'the patch has what has changed, and nothing else');


# a patch that is too large

petstore(version => '3', description => 'x' x 70000);
$id = $scene->ask_api('pets', 'qa')->json->{id};
is($scene->decide($id, 1)->{status}, 200, 'a large one');
@entries = since(4);
is($entries[2]{patch}, '', 'has no patch');
cmp_ok($entries[2]{properties}{patchOmitted}, '>', 70000, 'but its size');


# reject, cancel, expire

petstore(version => '4');
$id = $scene->ask_api('pets', 'qa')->json->{id};
is($scene->decide($id, 0, reason => 'not now')->{status}, 200, 'rejected');
@entries = since(2);
are([ $entries[1] ], 'a rejected one',
    [ 'PROMOTION_PROCESSED', 'qa', 'pets', @rita, 'REJECTED' ]);
is($entries[1]{properties}{reason}, 'not now', 'why');
is_deeply(patch($entries[1]), [ { op => 'replace', path => '/status',
                                  value => 'REJECTED' } ], 'its patch');

$id = $scene->ask_api('pets', 'qa')->json->{id};
is($scene->management('DELETE', "promotions/$id", key => $scene->{publisher})
   ->{status}, 200, 'cancelled');
@entries = since(2);
are([ $entries[1] ], 'a cancelled one',
    [ 'PROMOTION_CANCELLED', 'dev', 'pets', @paula, 'CANCELLED' ]);


# refused attempts

$id = $scene->ask_api('pets', 'qa')->json->{id};
is($scene->ask_api('pets', 'prod', request => { key => $weak })->{status},
   403, 'a key that must not ask');
is($scene->decide($id, 1, request => { key => $weak })->{status}, 403,
   'nor accept');
is($scene->decide($id, 0, request => { key => $weak })->{status}, 403,
   'nor reject');

@entries = since(4);
is(join(', ', map { "$_->{event} $_->{environmentId} $_->{user}" }
        @entries[1 .. 3]),
   join(', ', 'ACCESS_DENIED dev eve@example.com',
        ('ACCESS_DENIED qa eve@example.com') x 2), 'each is an attempt');
is($entries[1]{properties}{reason},
   'You do not have sufficient rights to access this resource', 'why');


# what a client reads

my $page = $scene->management('GET', 'audit?environment=qa&api=' . $target,
                              key => $auditor)->json;
is($page->{totalElements}, 9, 'an API\'s audit in an environment');
is_deeply([ @{ $page->{content}[0] }{qw(event environmentId user)} ],
          [ 'PROMOTION_COMMITTED', 'qa', @rita ], 'newest first');
is($page->{metadata}{"API:$target:name"}, 'Petstore', 'what it is called');
is($page->{metadata}{'USER:rita@example.com:name'}, 'Rita Reviewer',
   'and who');
is(ref $page->{content}[0]{properties}, 'HASH', 'properties are an object');
like($scene->management('GET', 'audit?environment=qa&event=API_UPDATED',
                        key => $auditor)->json->{content}[1]{patch},
     qr/^\[\{"op":/, 'a patch is a text');

audit_ok($redis, 'of all of it');


# one that nobody decides

is($scene->decide($id, 0)->{status}, 200, 'the last one is out of the way');
since(1);
$scene->{nginx}->write_configuration(
    http => 'promotions_lease 1s; promotions_request_ttl 1s;');
$scene->{nginx}->reload;
$id = $scene->ask_api('pets', 'qa')->json->{id};

@entries = since(2);
are([ $entries[1] ], 'an expired one',
    [ 'PROMOTION_CANCELLED', 'dev', 'pets', '', 'CANCELLED' ]);
is($entries[1]{keyId}, '', 'by nobody');
audit_ok($redis, 'after it has expired');

done_testing();
