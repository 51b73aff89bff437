# Answers with large definitions or patches in them are written in a thread: the
# event loop, and with it all other clients, does not wait for them.

use lib 't/lib';
use IO::Select ();
use Promotions::Test;
use Promotions::Review;

sub api {
    my ($id, $text) = @_;

    return { id => $id, crossId => "cross-$id", gravitee => '2.0.0',
             name => $id, version => '1', description => $text,
             proxy => { virtual_hosts => [ { path => "/$id" } ],
                        groups => [] }, plans => [], pages => [] };
}

my $text = qq("a\x{e9}" ) x 60000;
my $scene = review_scene(workers => 1,
    thread_pool => 'thread_pool promotions threads=1 max_queue=3;',
    apis => { 'dev/small.json' => api('small', 'short'),
              'dev/large.json' => api('large', $text) });
my ($nginx, $redis) = @$scene{qw(nginx redis)};
my @where = (path => '/management/organizations/acme/promotions/');

my $small = $scene->ask_api('small', 'qa')->json->{id};
my $r = $scene->ask_api('large', 'qa');
is($r->{status}, 200, 'a large one is asked for') or diag($r->{error});
my $large = $r->json->{id};

sub shown {
    my ($promotion) = @_;
    return JSON::PP->new->decode($promotion->{apiDefinition})->{description};
}

is(shown($r->json), $text, 'which is shown as it is');
is($r->{headers}{'promotion-id'}, $large, 'with its headers');

# the only thread is busy

my $gate = $scene->hold;
my $commit = $nginx->open(method => 'POST', path => '/api/promotions/commit',
    key => $scene->{key}, json => { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-qa'), message => 'held' });
$scene->reached($gate);

my %get = (key => $scene->{reviewer}, method => 'GET',
           path => "$where[1]$large");
my @asked = map { $nginx->open(%get, %$_) }
    {}, { method => 'HEAD' },
    { method => 'POST', path => "$where[1]_search" };
is($scene->one($small)->{status}, 200, 'a small one is there at once');
is_deeply([ IO::Select->new(map { $_->socket } @asked)->can_read(0) ], [],
   'those with the large one wait for the thread');
is(shown($scene->one($large)->json), $text,
   'but not where too many wait already');
$scene->release($gate);
is($commit->finish->{status}, 200, 'the thread is free');

my @answers = map { $_->finish } @asked;
is(join(' ', map { $_->{status} } @answers), '200 200 200',
   'then they are answered');
is(shown($answers[0]->json), $text, 'whole');
is($answers[1]{headers}{'content-length'},
   $answers[0]{headers}{'content-length'}, 'to HEAD without it');
is(shown($answers[2]->json->[0]), $text, 'in a list, too');

# a client that leaves while it is written

$gate = $scene->hold;
$scene->change;
$commit = $nginx->open(method => 'POST', path => '/api/promotions/commit',
    key => $scene->{key}, json => { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-qa'), message => 'held again' });
$scene->reached($gate);
my $gone = $nginx->open(%get);
is($scene->one($small)->{status}, 200, 'it has been asked for');
$gone->close;
$scene->release($gate);
is($commit->finish->{status}, 200, 'nobody waits for the one that has left');

# decided

$r = $scene->decide($large, 1);
is($r->{status}, 200, 'accepted') or diag($r->{error} // $r->{body});
is(shown($r->json), $text, 'and shown');

# what is no UTF-8 spoils no answer

$redis->call('HSET', "promotions:promotion:$large", 'definition',
             "\xff" . 'x' x 100000);
$r = $scene->one($large);
is($r->{status}, 200, 'a definition that is no UTF-8');
ok(exists $r->json->{apiDefinition} && !defined $r->json->{apiDefinition},
   'is not shown');
my $list = $scene->management('POST', 'promotions/_search')->json;
is(join(' ', map { defined $_->{apiDefinition} ? 1 : 0 } @$list), '0 1',
   'and spoils no list');

for my $patch ("\xff" . 'x' x 50000, qq("\xc3\xa9") x 10000) {
    $redis->call('XADD', 'promotions:audit', '*', id => 'x',
        referenceType => 'API', referenceId => 'small',
        organizationId => 'acme', environmentId => 'qa', user => 'u',
        userName => 'U', keyId => 'k', createdAt => 1 + time . '000',
        event => 'API_UPDATED', properties => '{}', patch => $patch);
}

$r = $scene->management('GET', 'audit?event=API_UPDATED',
                        key => $scene->{key});
is($r->{status}, 200, 'the audit') or diag($r->{error} // $r->{body});
is(join(' ', map { length($_->{patch} // '') } @{ $r->json->{content} }),
   '30000 0', 'likewise');

done_testing();
