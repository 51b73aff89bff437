package Promotions::Forge::Bitbucket;

# Bitbucket Cloud.  A second one of the same branches is said to update the
# first; with the setting `duplicate` "refuse" it is an error instead.

use strict;
use warnings;

use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my $path = '/repositories/{workspace}/{repo_slug}/pullrequests';

my %handler = (
    "get $path"  => \&list,
    "post $path" => \&create,
    "get $path/{pull_request_id}" => \&show,
    "put $path/{pull_request_id}" => \&update,
);


sub base {
    return '/2.0';
}


# The documentation has these for all lists; a description is in the words of
# the operation, and not in its schema; drafts are newer.
sub also {
    return (query => [qw(q sort page pagelen fields)],
            body => [qw(body/description body/draft)]);
}


sub authorized {
    my ($self, $request) = @_;

    return ($request->{headers}{authorization} // '')
           eq "Bearer $self->{token}";
}


sub problem {
    my ($self, $status, $words) = @_;

    my %usual = (
        401 => 'Token is invalid, expired, or not supported for this '
               . 'endpoint.',
        403 => 'Your credentials lack one or more required privilege scopes.',
        404 => 'Repository not found', 422 => 'Bad request',
        400 => 'Bad request',
    );

    return { status => $status, value => { type => 'error', error => {
        message => $words // $usual{$status} } } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    my $in = $request->{variables};
    my $repository = "$in->{workspace}/$in->{repo_slug}";
    my $why = $self->forbidden($repository, $request->{method} ne 'GET');

    if ($why) {
        return $why eq 'archived'
            ? $self->problem(403, 'This repository is read-only.')
            : $self->problem($why);
    }

    my $number = $in->{pull_request_id};
    my $pull = defined $number ? $self->numbered($repository, $number) : undef;

    return $self->problem(404, 'Pull request not found')
        if defined $number && !$pull;
    return $handler{$request->{operation}}->($self, $request, $sample,
                                             $repository, $pull);
}


sub value {
    my ($self, $pull, $sample) = @_;

    my $repository = $pull->{repository};
    my %state = (OPEN => 'OPEN', MERGED => 'MERGED', CLOSED => 'DECLINED');

    my $value = Promotions::Forge::Provider::filled($sample, {
        type => 'pullrequest', id => $pull->{number},
        title => $pull->{title}, state => $state{ $pull->{state} },
        updated_on => $self->changed($pull, 6) . '+00:00',
        summary => { raw => $pull->{body} },
        links => { html => { href => $self->web . "/$repository/pull-requests/"
                                     . $pull->{number} } },
        source => side($repository, $pull->{head}, $pull->{sha}),
        destination => side($repository, $pull->{base}),
        reviewers => [ map { { type => 'user', uuid => "{$_}" } }
                       @{ $pull->{reviewers} } ],
    });

    # there when it is merged only
    delete $value->{merge_commit};
    $value->{merge_commit} = { hash => substr $pull->{merge_commit}, 0, 12 }
        if $pull->{merge_commit};
    $value->{description} = $pull->{body};
    return $value;
}


sub side {
    my ($repository, $branch, $sha) = @_;

    my $commit = substr $sha // '0123456789abcdef', 0, 12;
    return { branch => { name => $branch }, commit => { hash => $commit },
             repository => { type => 'repository', full_name => $repository,
                             name => $repository =~ s{.*/}{}r } };
}


# field = "text" AND …: the part of the query language that is of use here.
sub list {
    my ($self, $request, $sample, $repository) = @_;

    my $q = $request->{query}{q}[0];
    my %field = ('source.branch.name' => 'head', 'state' => 'state',
                 'destination.branch.name' => 'base');
    my %wanted = defined $q ? () : (state => 'OPEN');

    for my $part (defined $q ? split /\s+AND\s+/, $q : ()) {
        my ($name, $text) = $part =~ /^([\w.]+)\s*=\s*"((?:[^"\\]|\\.)*)"$/
            or return $self->problem(400, "Invalid query: $q");
        return $self->problem(400, "Invalid field $name") if !$field{$name};
        $text =~ s/\\(.)/$1/g;
        $wanted{ $field{$name} } = $text;
    }

    $wanted{state} = 'CLOSED' if ($wanted{state} // '') eq 'DECLINED';
    my @states = @{ $request->{query}{state} || [] };
    $wanted{state} //= $states[0] if @states;

    my @pulls = reverse $self->found($repository, %wanted);
    my $size = $request->{query}{pagelen}[0] // 10;
    my $item = $self->one;

    splice @pulls, $size if @pulls > $size;
    return { status => 200, value => {
        size => scalar @pulls, page => 1, pagelen => $size + 0,
        values => [ map { $self->value($_, $item) } @pulls ] } };
}


sub one {
    my ($self) = @_;

    my $description = $self->{description}
        //= Promotions::Forge::Description->new('bitbucket');
    return $description->sample({ method => 'get',
        path => "$path/{pull_request_id}" }, 200);
}


sub create {
    my ($self, $request, $sample, $repository) = @_;

    my $new = $request->{json};
    my $head = $new->{source}{branch}{name} // '';
    my $base = $new->{destination}{branch}{name} // 'main';

    return $self->problem(400, 'title: This field is required.')
        if !length($new->{title} // '');
    return $self->problem(400, "source: branch \"$head\" not found")
        if !$self->head($repository, $head);
    return $self->problem(400, 'There are no changes to be pulled')
        if !$self->between($repository, $base, $head);

    my ($pull) = $self->found($repository, state => 'OPEN', head => $head,
                              base => $base);

    return $self->problem(400, 'A pull request from this branch already '
                               . 'exists')
        if $pull && ($self->{set}{duplicate} // '') eq 'refuse';

    $pull //= $self->open_pull(repository => $repository, head => $head,
                               base => $base);
    $pull->{title} = $new->{title};
    $pull->{body} = $new->{description} // '';
    $pull->{draft} = $new->{draft} ? 1 : 0;
    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


sub show {
    my ($self, $request, $sample, $repository, $pull) = @_;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


# What is sent is all: reviewers that are left out are taken away.
sub update {
    my ($self, $request, $sample, $repository, $pull) = @_;

    my $new = $request->{json};

    $pull->{title} = $new->{title} if exists $new->{title};
    $pull->{body} = $new->{description} if exists $new->{description};
    $pull->{reviewers} = [ map { ($_->{uuid} // '') =~ /^\{(.*)\}$/ }
                           @{ $new->{reviewers} || [] } ];
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


1;
