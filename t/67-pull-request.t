# POST pullRequest, from the request to the pull request on its provider.

use lib 't/lib';
use Promotions::Test limit => 300;

my $scene = scene(forge => 'github');
my ($repo, $nginx, $forge, $redis) = @$scene{qw(repo nginx forge redis)};

my $head = 'promote/orders/orders-qa/orders.orders-dev';
my $main = $repo->head;

my $r = $scene->pull_request('orders-dev', 'orders-qa',
                             title => 'Release 1.3.0',
                             description => 'What is new.');

is($r->{status}, 200, 'opened') or diag($r->{body}, "\n", $nginx->log);
my $id = $r->{headers}{'promotion-id'} // '';
my $tip = $repo->git('rev-parse', $head);

is($r->{body},
   qq({"COMMIT_SHA":"$tip","COMMIT_MESSAGE":"Release 1.3.0",)
   . '"COMMIT_AUTHOR":"Ada Author <ada@example.com>",'
   . '"PULL_REQUEST_ID":' . ($r->json->{PULL_REQUEST_ID} // 0) . ','
   . '"PULL_REQUEST_URL":"' . ($r->json->{PULL_REQUEST_URL} // '') . '",'
   . '"PULL_REQUEST_STATE":"OPEN",'
   . qq("PULL_REQUEST_HEAD":"$head","PULL_REQUEST_BASE":"main"}),
   'the documented answer, its keys in order');
diag($_->{title}, "\n", $_->{body}) for $forge->pulls;
done_testing();
