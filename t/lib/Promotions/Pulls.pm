package Promotions::Pulls;

# Pull requests on one provider, tested alike for all six: t/61 to t/66 name a
# provider each.
#
#   room('github');        # src/forge alone: Promotions::Pulls::Room
#   gateway('github');     # POST pullRequest: Promotions::Pulls::Gateway
#
# Each starts the provider's server (Promotions::Forge); what differs between
# the providers stands in %known.

use strict;
use warnings;

use Exporter 'import';

use Promotions::Forge;

our @EXPORT = qw(room gateway);
our @EXPORT_OK = qw(%known $token $words served open_pulls last_requests);

our $token = 's3cr3t-t0ken-of-the-f0rge';

# what providers call a lack of permission
our $words = qr/\b40[34]\b|ermission|ccess|orbidden|rivilege|permitted/;

# path       of the repository's URL; name: as the API has it
# create     what a request to open one looks like
# labels     whether it takes labels and reviewers
# nothing    whether it refuses one without commits
# archived   the words for an archived repository
# url        of a pull request, for people
our %known = (
    github => {
        path => 'acme/gitops.git', name => 'acme/gitops', labels => 1,
        nothing => 1, create => qr{/pulls$}, archived => qr/archived/,
    },
    gitlab => {
        path => 'acme/team/gitops.git', name => 'acme/team/gitops',
        labels => 1, create => qr{/merge_requests$},
        archived => qr/Forbidden/,
    },
    gitea => {
        path => 'acme/gitops.git', name => 'acme/gitops', nothing => 1,
        create => qr{/pulls$}, archived => qr/archived/,
    },
    bitbucket => {
        path => 'acme/gitops.git', name => 'acme/gitops', nothing => 1,
        create => qr{/pullrequests$}, archived => qr/read-only/,
    },
    bitbucket_server => {
        path => 'scm/ACME/gitops.git', name => 'ACME/gitops', nothing => 1,
        create => qr{/pull-requests$}, archived => qr/archived/,
    },
    azure => {
        path => 'acme/team/_git/gitops', name => 'acme/team/gitops',
        create => qr{/pullrequests$}, archived => qr/TF401019/,
        # built of the API's own
        url => qr{^http://127.*/acme/team/_git/gitops/pullrequest/\d+$},
    },
);

my $url = qr{^https://forge\.example/.*\d$};

$_->{url} //= $url for values %known;


sub room {
    require Promotions::Pulls::Room;
    Promotions::Pulls::Room::room(@_);
}


sub gateway {
    require Promotions::Pulls::Gateway;
    Promotions::Pulls::Gateway::gateway(@_);
}


# The provider's server over one repository.
sub served {
    my ($type, $repo) = @_;

    return Promotions::Forge->start($type, token => $token, user => 'bot',
        repositories => { $known{$type}{name} => $repo });
}


sub open_pulls {
    my ($forge, $head) = @_;
    return grep { $_->{state} eq 'OPEN' && $_->{head} eq $head }
           $forge->pulls;
}


# For what a failed test says.
sub last_requests {
    my ($forge) = @_;

    my @last = $forge->requests;
    splice @last, 0, @last - 6 if @last > 6;
    return join "\n", map { "$_->{method} $_->{path} "
                            . ($_->{status} // '') } @last;
}


1;
