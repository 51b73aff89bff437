# Pull requests on GitLab, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('gitlab');
gateway('gitlab');
done_testing();
