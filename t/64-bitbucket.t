# Pull requests on Bitbucket Cloud, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('bitbucket');
gateway('bitbucket');
done_testing();
