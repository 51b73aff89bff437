# Pull requests on Gitea and Forgejo, against a server
# that its published description judges.

use lib 't/lib';
use Promotions::Test limit => 300;
use Promotions::Pulls;

room('gitea');
gateway('gitea');
done_testing();
