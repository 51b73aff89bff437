# The audit stream: what is recorded, once, whoever dies, and in which order;
# and how what was done to the stream by hand shows.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;

my $scene = scene();
my ($nginx, $redis, $repo) = @$scene{qw(nginx redis repo)};

my $ann = $redis->key(id => 'ann', grants => 'PROMOTE_TO@qa APPLICATION:R@dev',
                      author_name => 'Ann Lee',
                      author_email => 'ann@example.com');


# a commit

my $r = $scene->post('commit', { srcAppId => app_id('orders-dev'),
    destAppId => app_id('orders-qa'), message => 'to qa' }, key => $ann);
is($r->{status}, 200, 'a commit') or diag($r->{body});

my $id = $r->{headers}{'promotion-id'};
my @entries = audit($redis);

is(audit_events($redis), 'PROMOTION_CREATED PROMOTION_COMMITTED',
   'a commit is two entries');
audit_ok($redis, 'digests and chain of a commit');

for my $entry (@entries) {
    is("$entry->{user} $entry->{userName} $entry->{keyId}",
       'ann@example.com Ann Lee ann', "$entry->{event}: who");
    is($entry->{properties}{promotion}, $id, "$entry->{event}: which");
    is($entry->{referenceType}, 'APPLICATION', "$entry->{event}: of a kind");
    is($entry->{organizationId}, 'acme', "$entry->{event}: organization");
    ok(abs($entry->{createdAt} / 1000 - time) < 60, "$entry->{event}: when");
    like($entry->{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7/, "$entry->{event}: id");
}

is("$entries[0]{environmentId} $entries[0]{referenceId}",
   'dev codefresh/orders/orders-dev', 'asked for where it comes from');
is("$entries[1]{environmentId} $entries[1]{referenceId}",
   'qa codefresh/orders/orders-qa', 'committed where it goes to');
is($entries[1]{properties}{commit}, $repo->head, 'the commit is named');
is($entries[0]{properties}{override}, undef, 'nothing is overridden');

done_testing();
