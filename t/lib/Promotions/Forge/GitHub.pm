package Promotions::Forge::GitHub;

# GitHub.  Settings beside the common ones: `collaborators`, names that may
# review (default: all but "nobody"); `drafts` 0, a plan without drafts.

use strict;
use warnings;

use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my %handler = (
    'get /repos/{owner}/{repo}/pulls'                 => \&list,
    'post /repos/{owner}/{repo}/pulls'                => \&create,
    'get /repos/{owner}/{repo}/pulls/{pull_number}'   => \&show,
    'patch /repos/{owner}/{repo}/pulls/{pull_number}' => \&update,
    'post /repos/{owner}/{repo}/issues/{issue_number}/labels' => \&label,
    'post /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers'
        => \&review,
);


sub base {
    return '/api/v3';
}


# A request without a user agent is answered 403; the media type and the
# version are as the documentation asks for.
sub request_faults {
    my ($self, $request) = @_;

    my $headers = $request->{headers};
    my @faults;

    push @faults, 'no user agent' if !length($headers->{'user-agent'} // '');
    push @faults, 'not the recommended media type'
        if ($headers->{accept} // '') ne 'application/vnd.github+json';
    push @faults, 'an unknown version of the API'
        if ($headers->{'x-github-api-version'} // '2022-11-28')
           !~ /^(?:2022-11-28|2026-03-10)$/;
    return @faults;
}


sub authorized {
    my ($self, $request) = @_;

    return ($request->{headers}{authorization} // '')
           eq "Bearer $self->{token}";
}


sub problem {
    my ($self, $status, $words) = @_;

    my %usual = (
        401 => 'Bad credentials', 404 => 'Not Found',
        403 => 'Resource not accessible by personal access token',
        422 => 'Invalid request.',
    );

    return { status => $status, value => {
        message => $words // $usual{$status},
        documentation_url => 'https://docs.github.com/rest',
        status => "$status" } };
}


sub invalid {
    my ($self, @errors) = @_;

    return { status => 422, value => {
        message => 'Validation Failed', errors => \@errors,
        documentation_url => 'https://docs.github.com/rest/pulls' } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    my $in = $request->{variables};
    my $repository = "$in->{owner}/$in->{repo}";
    my $why = $self->forbidden($repository, $request->{method} ne 'GET');

    if ($why) {
        return $why eq 'archived'
            ? $self->problem(403, 'Repository was archived so is read-only.')
            : $self->problem($why);
    }

    my $number = $in->{pull_number} // $in->{issue_number};
    my $pull = defined $number ? $self->numbered($repository, $number) : undef;

    return $self->problem(404) if defined $number && !$pull;
    return $handler{$request->{operation}}->($self, $request, $sample,
                                             $repository, $pull);
}


sub value {
    my ($self, $pull, $sample) = @_;

    my $repository = $pull->{repository};
    my ($owner, $name) = split m{/}, $repository;
    my $web = $self->web . "/$repository";
    my $state = $pull->{state};

    my $value = Promotions::Forge::Provider::filled($sample, {
        number => $pull->{number}, id => 1000 + $pull->{number},
        state => $state eq 'OPEN' ? 'open' : 'closed',
        title => $pull->{title}, body => $pull->{body},
        draft => Promotions::Forge::Provider::boolean($pull->{draft}),
        html_url => "$web/pull/$pull->{number}",
        url => "http://127.0.0.1:$self->{port}/api/v3/repos/$repository/pulls/"
               . $pull->{number},
        head => { ref => $pull->{head}, sha => $pull->{sha},
                  label => "$owner:$pull->{head}",
                  repo => { full_name => $repository, name => $name } },
        base => { ref => $pull->{base}, label => "$owner:$pull->{base}",
                  repo => { full_name => $repository, name => $name } },
        updated_at => $self->changed($pull) . 'Z',
        merged_at => $state eq 'MERGED' ? '2024-05-02T10:00:00Z' : undef,
        closed_at => $state eq 'OPEN' ? undef : '2024-05-02T10:00:00Z',
        merge_commit_sha => $pull->{merge_commit},
    });

    # only one as a whole says it; in a list it is left out
    $value->{merged} = Promotions::Forge::Provider::boolean(
        $state eq 'MERGED') if exists $value->{merged};
    return $value;
}


sub list {
    my ($self, $request, $sample, $repository) = @_;

    my %query = map { $_ => $request->{query}{$_}[0] }
                keys %{ $request->{query} };
    my @pulls = reverse $self->found($repository);
    my $state = $query{state} // 'open';
    my ($owner, $head) = ($query{head} // '') =~ /^([^:]+):(.+)$/;

    @pulls = grep { ($_->{state} eq 'OPEN') == ($state eq 'open') } @pulls
        if $state ne 'all';
    @pulls = grep { $_->{base} eq $query{base} } @pulls if $query{base};

    # a head without its owner is no filter
    @pulls = grep { $_->{head} eq $head && $repository =~ m{^\Q$owner\E/}i }
             @pulls if defined $head;

    my $size = $query{per_page} // 30;
    my $from = (($query{page} // 1) - 1) * $size;
    my $simple = $self->simple;

    return { status => 200, value => [ map { $self->value($_, $simple) }
        grep { defined } @pulls[$from .. $from + $size - 1] ] };
}


# The sample of a list is empty; its items are those of the answer to a
# request for reviewers.
sub simple {
    my ($self) = @_;

    my $description = $self->{description}
        //= Promotions::Forge::Description->new('github');

    return $description->sample({ method => 'post', path =>
        '/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers' },
        201);
}


sub create {
    my ($self, $request, $sample, $repository) = @_;

    my $new = $request->{json};
    my ($owner) = split m{/}, $repository;
    (my $head = $new->{head}) =~ s/^\Q$owner\E://i;

    for (['head', $head], ['base', $new->{base}]) {
        my ($field, $branch) = @$_;
        return $self->invalid({ resource => 'PullRequest', field => $field,
                                code => 'invalid' })
            if !$self->head($repository, $branch);
    }

    return $self->invalid({ resource => 'PullRequest', code => 'custom',
        message => "A pull request already exists for $owner:$head." })
        if $self->found($repository, state => 'OPEN', head => $head,
                        base => $new->{base});
    return $self->invalid({ resource => 'PullRequest', code => 'custom',
        message => "No commits between $new->{base} and $head" })
        if !$self->between($repository, $new->{base}, $head);
    return $self->problem(422, 'Draft pull requests are not supported in '
                               . 'this repository.')
        if $new->{draft} && defined $self->{set}{drafts};

    my $bad = $self->too_long($new);
    return $bad if $bad;

    my $pull = $self->open_pull(repository => $repository, head => $head,
        base => $new->{base}, title => $new->{title},
        body => $new->{body} // '', draft => $new->{draft} ? 1 : 0);

    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


sub too_long {
    my ($self, $new) = @_;

    for (['title', 256], ['body', 65536]) {
        my ($field, $limit) = @$_;
        return $self->invalid({ resource => 'PullRequest', field => $field,
            code => 'custom', message => "$field is too long "
            . "(maximum is $limit characters)" })
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

    for my $field (qw(title body base)) {
        $pull->{$field} = $new->{$field} if exists $new->{$field};
    }
    $pull->{state} = 'CLOSED' if ($new->{state} // '') eq 'closed';

    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


sub label {
    my ($self, $request, $sample, $repository, $pull) = @_;

    for my $name (@{ $request->{json}{labels} }) {
        push @{ $pull->{labels} }, $name
            if !grep { $_ eq $name } @{ $pull->{labels} };
    }

    return { status => 200, value => [ map { {
        id => 1, node_id => 'x', url => 'https://forge.example/label',
        name => $_, description => undef, color => 'ededed',
        default => JSON::PP::false() } } @{ $pull->{labels} } ] };
}


sub review {
    my ($self, $request, $sample, $repository, $pull) = @_;

    my @names = @{ $request->{json}{reviewers} || [] };
    my $known = $self->{set}{collaborators};

    for my $name (@names) {
        return $self->problem(422, 'Review cannot be requested from pull '
                                   . 'request author.')
            if $name eq ($self->{user} // '');
        return $self->problem(422, 'Reviews may only be requested from '
            . 'collaborators. One or more of the users or teams you '
            . "specified is not a collaborator of the $repository repository.")
            if $known ? !grep { $_ eq $name } @$known : $name eq 'nobody';
    }

    for my $name (@names) {
        push @{ $pull->{reviewers} }, $name
            if !grep { $_ eq $name } @{ $pull->{reviewers} };
    }
    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


1;
