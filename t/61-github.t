# Pull requests on GitHub, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('github');
gateway('github');
done_testing();
