package Promotions::Forge::Azure;

# Azure DevOps; names of repositories are ORGANIZATION/PROJECT/REPOSITORY.

use strict;
use warnings;

use MIME::Base64 ();
use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my $path = '/{project}/_apis/git/repositories/{repositoryId}/pullrequests';

my %handler = (
    "get $path"  => \&list,
    "post $path" => \&create,
    "get $path/{pullRequestId}"   => \&show,
    "patch $path/{pullRequestId}" => \&update,
);


sub base {
    return '';
}


# The description begins at the project.
sub below {
    my ($self, $path) = @_;

    ($self->{organization}, my $rest) = $path =~ m{^/([^/]+)(/.*)$}s
        or return undef;
    return $rest;
}


# A token is a password without a user.
sub authorized {
    my ($self, $request) = @_;

    my $wanted = MIME::Base64::encode_base64(":$self->{token}", '');
    return ($request->{headers}{authorization} // '') eq "Basic $wanted";
}


sub problem {
    my ($self, $status, $words, $type) = @_;

    return { status => 401, type => 'text/html', text => '' }
        if $status == 401;

    my %usual = (
        403 => [ 'TF401027: You need the Git \'PullRequestContribute\' '
                 . 'permission to perform this action.',
                 'GitNeedsPermissionException' ],
        404 => [ 'TF401019: The Git repository with name or identifier does '
                 . 'not exist or you do not have permissions for the '
                 . 'operation you are attempting.',
                 'GitRepositoryNotFoundException' ],
        422 => [ 'Bad request', 'ArgumentException' ],
    );
    my $usual = $usual{$status} // [];

    $type //= $usual->[1];
    return { status => $status, value => {
        '$id' => '1', innerException => undef,
        message => $words // $usual->[0],
        typeName => "Microsoft.TeamFoundation.Git.Server.$type, "
                    . 'Microsoft.TeamFoundation.Git.Server',
        typeKey => $type, errorCode => 0, eventId => 3000 } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    my $in = $request->{variables};
    my $repository = "$self->{organization}/$in->{project}/"
                     . $in->{repositoryId};
    my $why = $self->forbidden($repository, $request->{method} ne 'GET');

    # one that is switched off is not found
    return $self->problem($why eq 'archived' ? 404 : $why) if $why;

    my $number = $in->{pullRequestId};
    my $pull = defined $number ? $self->numbered($repository, $number) : undef;

    return $self->problem(404, 'TF401180: The requested pull request was not '
                          . 'found.', 'GitPullRequestNotFoundException')
        if defined $number && !$pull;
    return $handler{$request->{operation}}->($self, $request, $sample,
                                             $repository, $pull);
}


sub value {
    my ($self, $pull, $sample) = @_;

    my ($organization, $project, $name) = split m{/}, $pull->{repository};
    my %status = (OPEN => 'active', MERGED => 'completed',
                  CLOSED => 'abandoned');

    my $value = Promotions::Forge::Provider::filled($sample, {
        pullRequestId => $pull->{number},
        status => $status{ $pull->{state} },
        title => $pull->{title}, description => $pull->{body},
        sourceRefName => "refs/heads/$pull->{head}",
        targetRefName => "refs/heads/$pull->{base}",
        isDraft => Promotions::Forge::Provider::boolean($pull->{draft}),
        lastMergeSourceCommit => { commitId => $pull->{sha} },
        repository => { name => $name, project => { name => $project } },
        url => "http://127.0.0.1:$self->{port}/$organization/_apis/git/x",
    });

    # a fork's only, a merged one's only, and of one that is not open
    delete @$value{qw(forkSource lastMergeCommit closedDate)};
    $value->{closedDate} = $self->changed($pull, 7) . 'Z'
        if $pull->{state} ne 'OPEN';
    $value->{lastMergeCommit} = { commitId => $pull->{merge_commit} }
        if $pull->{merge_commit};
    return $value;
}


sub one {
    my ($self) = @_;

    my $description = $self->{description}
        //= Promotions::Forge::Description->new('azure');
    return $description->sample({ method => 'get',
        path => "$path/{pullRequestId}" }, 200);
}


sub list {
    my ($self, $request, $sample, $repository) = @_;

    my %query = map { $_ => $request->{query}{$_}[0] }
                keys %{ $request->{query} };
    my %state = (active => 'OPEN', completed => 'MERGED',
                 abandoned => 'CLOSED');
    my $status = $query{'searchCriteria.status'} // 'active';
    my %wanted;

    $wanted{state} = $state{$status} if $status ne 'all';

    for (['head', 'source'], ['base', 'target']) {
        my ($field, $name) = @$_;
        my $ref = $query{"searchCriteria.${name}RefName"} // next;
        $ref =~ s{^refs/heads/}{} or $ref = 'none of this name';
        $wanted{$field} = $ref;
    }

    my @pulls = reverse $self->found($repository, %wanted);
    my $item = $self->one;
    my $top = $query{'$top'} // 101;

    splice @pulls, $top if @pulls > $top;
    return { status => 200, value => { count => scalar @pulls,
             value => [ map { $self->value($_, $item) } @pulls ] } };
}


sub create {
    my ($self, $request, $sample, $repository) = @_;

    my $new = $request->{json};
    my ($head) = $new->{sourceRefName} =~ m{^refs/heads/(.+)$};
    my ($base) = $new->{targetRefName} =~ m{^refs/heads/(.+)$};

    return $self->problem(400, 'TF401398: The pull request cannot be '
        . 'activated because the source and/or the target branch no longer '
        . 'exists, or the requested operation does not apply.',
        'GitPullRequestBranchNotFoundException')
        if grep { !defined || !$self->head($repository, $_) } $head, $base;

    my $bad = $self->too_long($new);
    return $bad if $bad;

    return $self->problem(409, 'TF401179: An active pull request for the '
        . 'source and target branch already exists.',
        'GitPullRequestExistsException')
        if $self->found($repository, state => 'OPEN', head => $head,
                        base => $base);

    my $pull = $self->open_pull(repository => $repository, head => $head,
        base => $base, title => $new->{title},
        body => $new->{description} // '',
        draft => $new->{isDraft} ? 1 : 0);
    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


sub too_long {
    my ($self, $new) = @_;

    for (['title', 400], ['description', 4000]) {
        my ($field, $limit) = @$_;
        return $self->problem(400, "Invalid pull request $field. The length "
            . "must be less than or equal to $limit.",
            'InvalidArgumentValueException')
            if length($new->{$field} // '') > $limit;
    }
    return undef;
}


sub show {
    my ($self, $request, $sample, $repository, $pull) = @_;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


sub update {
    my ($self, $request, $sample, $repository, $pull) = @_;

    my $new = $request->{json};
    my $bad = $self->too_long($new);
    return $bad if $bad;

    $pull->{title} = $new->{title} if exists $new->{title};
    $pull->{body} = $new->{description} if exists $new->{description};
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


1;
