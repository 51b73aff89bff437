# What Redis holds is not trusted: a request's record that lacks a field, or
# has nonsense in it, harms nobody else.

use lib 't/lib';
use Promotions::Test limit => 240;
use Promotions::Review;

my %api = (id => 'one', crossId => 'cross', gravitee => '2.0.0',
           name => 'One', version => '1', plans => [], pages => [],
           proxy => { virtual_hosts => [ { path => '/one' } ],
                      groups => [] });
my $scene = review_scene(workers => 1, http => 'promotions_lease 1s;',
                         apis => { 'dev/one.json' => \%api });
my ($nginx, $redis) = @$scene{qw(nginx redis)};
my ($worker) = $nginx->workers;

my $r = $scene->ask_api('one', 'qa', comment => 'c');
my $id = $r->json->{id};
my $record = "promotions:promotion:$id";
my $whole = $redis->hash($record);

cmp_ok(scalar keys %$whole, '>', 20, 'a record');

sub whole {
    $redis->call('DEL', $record);
    $redis->call('HSET', $record, %$whole);
    $redis->call('ZADD', 'promotions:tasks:qa', 1, $id);
    $redis->call('SET', 'promotions:pending:api:dev:one:qa', $id);
}

# Everything that reads it; no answer is a worker that has died.
sub read_all {
    my ($name, %which) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @answers = $nginx->requests(
        (map { { path => "/management/organizations/acme/$_",
                 key => $scene->{key} } }
         "promotions/$id", "promotions/$id/diff", 'user/tasks',
         'environments/dev/promotion-targets?apiId=one'),
        { path => '/management/organizations/acme/promotions/_search',
          method => 'POST', key => $scene->{key} },
        { path => '/management/organizations/acme/environments/dev/apis/one/'
                  . '_promote', method => 'POST', key => $scene->{key},
          json => { targetEnvCockpitId => 'qa' } },
        { path => "/api/promotions/$id", key => $scene->{key} },
        { path => '/api/promotions/', key => $scene->{key} });

    my @dead = grep { $_->{status} == 0 } @answers;
    push @answers, $scene->decide($id, 0, request => { key => $scene->{key} });
    push @dead, grep { $_->{status} == 0 } $answers[-1];
    is(scalar @dead, 0, $name) or diag($nginx->log);
}

my %nonsense = (missing => undef, empty => '', word => 'x', number => '-1',
                json => '{"parts":[{}]}', bytes => "\xff\x00\r\n");

for my $field (sort keys %$whole) {
    for my $kind (sort keys %nonsense) {
        whole();
        defined $nonsense{$kind}
            ? $redis->call('HSET', $record, $field, $nonsense{$kind})
            : $redis->call('HDEL', $record, $field);

        if ($kind eq 'missing' || $field =~ /^(?:input|state|pair|asked)$/) {
            read_all("$field: $kind");
        } else {
            is((grep { $_->{status} == 0 } $scene->one($id),
                $scene->management('GET', 'user/tasks'))[0], undef,
               "$field: $kind");
        }
    }
}

# parts of the input

my $input = JSON::PP->new->utf8->decode($whole->{input});

for my $member (sort keys %$input) {
    for my $value (undef, '', 1, [], {}, [ {} ]) {
        my %broken = (%$input, $member => $value);
        delete $broken{$member} if !defined $value;
        whole();
        $redis->call('HSET', $record, 'input',
                     JSON::PP->new->utf8->encode(\%broken));
        my @answers = ($scene->management('GET', "promotions/$id/diff"),
                       $scene->management('GET', 'user/tasks'),
                       $scene->decide($id, 1));
        is(scalar(grep { $_->{status} == 0 } @answers), 0,
           "input.$member: " . JSON::PP->new->allow_nonref->encode($value))
            or diag($nginx->log);
    }
}

# other types in the place of keys

for my $key ($record, 'promotions:reviews', 'promotions:tasks:qa',
             'promotions:pending:api:dev:one:qa',
             'promotions:promoted:api:dev:one:qa',
             'promotions:reviews:created', 'promotions:reviews:expire')
{
    whole();
    $redis->call('DEL', $key);
    $redis->call('RPUSH', $key, 'x');
    read_all("$key is a list");
    $redis->call('DEL', $key);
}

is(($nginx->workers)[0], $worker, 'the worker is the same');

# some of it was good enough to land

$scene->{apis}->commit({ 'qa/one.json' => undef, 'qa/other.txt' => 'x' });
whole();
$redis->call('DEL', 'promotions:promoted:api:dev:one:qa');
$r = $scene->decide($id, 1, force => JSON::PP::true);
is($r->{status}, 200, 'what is whole can be accepted') or diag($r->{body});

done_testing();
