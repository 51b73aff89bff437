# Pull requests on Azure DevOps, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('azure');
gateway('azure');
done_testing();
