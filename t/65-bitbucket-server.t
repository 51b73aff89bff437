# Pull requests on Bitbucket Data Center, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('bitbucket_server');
gateway('bitbucket_server');
done_testing();
