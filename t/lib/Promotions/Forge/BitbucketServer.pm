package Promotions::Forge::BitbucketServer;

# Bitbucket Data Center.

use strict;
use warnings;

use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my $path = '/api/latest/projects/{projectKey}/repos/{repositorySlug}'
           . '/pull-requests';

my %handler = (
    "get $path"  => \&list,
    "post $path" => \&create,
    "get $path/{pullRequestId}" => \&show,
    "put $path/{pullRequestId}" => \&update,
);


sub base {
    return '/rest/api/1.0';
}


# "latest" in the description is any version's path.
sub below {
    my ($self, $path) = @_;
    return $path =~ m{^/rest/api/(?:1\.0|latest)(/.*)$}s ? "/api/latest$1"
                                                         : undef;
}


sub authorized {
    my ($self, $request) = @_;

    return ($request->{headers}{authorization} // '')
           eq "Bearer $self->{token}";
}


sub problem {
    my ($self, $status, $words, $exception, %more) = @_;

    my %usual = (
        401 => [ 'Authentication failed. Please check your credentials and '
                 . 'try again.',
                 'auth.IncorrectPasswordAuthenticationException' ],
        403 => [ 'You are not permitted to access this resource',
                 'AuthorisationException' ],
        404 => [ 'Repository does not exist.',
                 'repository.NoSuchRepositoryException' ],
        422 => [ 'Bad request', 'validation.ArgumentValidationException' ],
        400 => [ 'Bad request', 'validation.ArgumentValidationException' ],
    );
    my $usual = $usual{$status} // [];

    return { status => $status, value => { errors => [ {
        context => $more{context} // '',
        message => $words // $usual->[0],
        exceptionName => 'com.atlassian.bitbucket.'
                         . ($exception // $usual->[1]),
        %more } ] } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    my $in = $request->{variables};
    my $repository = "$in->{projectKey}/$in->{repositorySlug}";
    my $why = $self->forbidden($repository, $request->{method} ne 'GET');

    if ($why) {
        return $why eq 'archived'
            ? $self->problem(409, 'The repository is archived.',
                             'repository.RepositoryArchivedException')
            : $self->problem($why);
    }

    my $number = $in->{pullRequestId};
    my $pull = defined $number ? $self->numbered($repository, $number) : undef;

    return $self->problem(404, "Pull request $number does not exist.",
                          'pull.NoSuchPullRequestException')
        if defined $number && !$pull;
    return $handler{$request->{operation}}->($self, $request, $sample,
                                             $repository, $pull);
}


sub value {
    my ($self, $pull, $sample) = @_;

    my ($key, $slug) = split m{/}, $pull->{repository};
    my %state = (OPEN => 'OPEN', MERGED => 'MERGED', CLOSED => 'DECLINED');
    my $boolean = \&Promotions::Forge::Provider::boolean;

    my $value = Promotions::Forge::Provider::filled($sample, {
        id => $pull->{number}, version => $pull->{version},
        title => $pull->{title}, description => $pull->{body},
        state => $state{ $pull->{state} },
        updatedDate => $pull->{changed} * 1000,
        open => $boolean->($pull->{state} eq 'OPEN'),
        draft => $boolean->($pull->{draft}),
        fromRef => side($key, $slug, $pull->{head}, $pull->{sha}),
        toRef => side($key, $slug, $pull->{base}),
        reviewers => [ map { { user => { name => $_ }, role => 'REVIEWER' } }
                       @{ $pull->{reviewers} } ],
        links => { self => [ { href => $self->web . "/projects/$key/repos/"
                               . "$slug/pull-requests/$pull->{number}" } ] },
    });

    delete $value->{properties};
    $value->{properties} = { mergeCommit => { id => $pull->{merge_commit} } }
        if $pull->{merge_commit};
    return $value;
}


sub side {
    my ($key, $slug, $branch, $sha) = @_;

    return { id => "refs/heads/$branch", displayId => $branch,
             latestCommit => $sha // '0' x 40, type => 'BRANCH',
             repository => { slug => $slug, name => $slug,
                             project => { key => $key } } };
}


sub one {
    my ($self) = @_;

    my $description = $self->{description}
        //= Promotions::Forge::Description->new('bitbucket_server');
    return $description->sample({ method => 'get',
        path => "$path/{pullRequestId}" }, 200);
}


sub list {
    my ($self, $request, $sample, $repository) = @_;

    my %query = map { $_ => $request->{query}{$_}[0] }
                keys %{ $request->{query} };
    my %wanted;
    my $state = $query{state} // 'OPEN';

    $wanted{state} = $state eq 'DECLINED' ? 'CLOSED' : $state
        if $state ne 'ALL';

    # to the branch, or with the other direction from it
    if (($query{at} // '') =~ m{^refs/heads/(.+)$}) {
        $wanted{ ($query{direction} // 'INCOMING') eq 'OUTGOING'
                 ? 'head' : 'base' } = $1;
    }

    my @pulls = reverse $self->found($repository, %wanted);
    my $limit = $query{limit} // 25;
    my $start = $query{start} // 0;
    my $last = @pulls <= $start + $limit;
    my $item = $self->one;

    return { status => 200, value => {
        size => scalar @pulls, limit => $limit + 0, start => $start + 0,
        isLastPage => Promotions::Forge::Provider::boolean($last),
        $last ? () : (nextPageStart => $start + $limit),
        values => [ map { $self->value($_, $item) } grep { defined }
                    @pulls[$start .. $start + $limit - 1] ] } };
}


sub create {
    my ($self, $request, $sample, $repository) = @_;

    my $new = $request->{json};
    my ($head) = ($new->{fromRef}{id} // '') =~ m{^refs/heads/(.+)$};
    my ($base) = ($new->{toRef}{id} // '') =~ m{^refs/heads/(.+)$};

    for my $side ($new->{fromRef}, $new->{toRef}) {
        my $in = $side->{repository};
        return $self->problem(400, 'The repository of a ref is missing')
            if ($in->{project}{key} // '') . '/' . ($in->{slug} // '')
               ne $repository;
    }

    return $self->problem(400, 'title: must not be blank')
        if !length($new->{title} // '');
    return $self->problem(404, 'Branch does not exist',
                          'commit.NoSuchCommitException')
        if grep { !defined || !$self->head($repository, $_) } $head, $base;

    my $bad = $self->too_long($new);
    return $bad if $bad;

    my ($there) = $self->found($repository, state => 'OPEN', head => $head,
                               base => $base);
    return $self->problem(409, 'Only one pull request may be open for a given '
        . 'source and target branch', 'pull.DuplicatePullRequestException',
        existingPullRequest => $self->value($there, $self->one))
        if $there;
    return $self->problem(409, "$base is already up-to-date with $head",
                          'pull.EmptyPullRequestException')
        if !$self->between($repository, $base, $head);

    my $pull = $self->open_pull(repository => $repository, head => $head,
        base => $base, title => $new->{title},
        body => $new->{description} // '', draft => $new->{draft} ? 1 : 0);
    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


sub too_long {
    my ($self, $new) = @_;

    for (['title', 255], ['description', 32768]) {
        my ($field, $limit) = @$_;
        return $self->problem(400, "$field: must be shorter than $limit")
            if length($new->{$field} // '') > $limit;
    }
    return undef;
}


sub show {
    my ($self, $request, $sample, $repository, $pull) = @_;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


# What is sent is all: reviewers that are left out are taken away.
sub update {
    my ($self, $request, $sample, $repository, $pull) = @_;

    my $new = $request->{json};

    return $self->problem(400, 'version: may not be null')
        if !defined $new->{version};
    return $self->problem(409, 'You are attempting to modify a pull request '
        . 'based on out-of-date information.',
        'pull.PullRequestOutOfDateException')
        if $new->{version} != $pull->{version};

    my $bad = $self->too_long($new);
    return $bad if $bad;

    $pull->{title} = $new->{title} if exists $new->{title};
    $pull->{body} = $new->{description} if exists $new->{description};
    $pull->{reviewers} = [ map { $_->{user}{name} }
                           @{ $new->{reviewers} || [] } ];
    $pull->{version}++;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


1;
