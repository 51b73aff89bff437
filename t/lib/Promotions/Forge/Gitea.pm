package Promotions::Forge::Gitea;

# Gitea and Forgejo.  Settings beside the common ones: `filters` 1, a server
# whose list of pull requests knows head and base (Forgejo's; Gitea's does
# not, and gives all).

use strict;
use warnings;

use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my %handler = (
    'get /repos/{owner}/{repo}/pulls'               => \&list,
    'post /repos/{owner}/{repo}/pulls'              => \&create,
    'get /repos/{owner}/{repo}/pulls/{base}/{head}' => \&between_branches,
    'get /repos/{owner}/{repo}/pulls/{index}'       => \&show,
    'patch /repos/{owner}/{repo}/pulls/{index}'     => \&update,
);


sub base {
    return '/api/v1';
}


sub authorized {
    my ($self, $request) = @_;

    return ($request->{headers}{authorization} // '')
           =~ /^(?:token|Bearer) \Q$self->{token}\E$/;
}


sub problem {
    my ($self, $status, $words) = @_;

    my %usual = (
        401 => 'invalid username, password or token',
        403 => 'user should have a permission to write to a repo',
        404 => "The target couldn't be found.",
        423 => 'Repo is archived', 422 => 'not valid',
    );

    return { status => $status, value => {
        message => $words // $usual{$status},
        url => "http://127.0.0.1:$self->{port}/api/swagger" } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    my $in = $request->{variables};
    my $repository = "$in->{owner}/$in->{repo}";
    my $why = $self->forbidden($repository, $request->{method} ne 'GET');

    return $self->problem($why eq 'archived' ? 423 : $why) if $why;

    my $pull = defined $in->{index}
        ? $self->numbered($repository, $in->{index}) : undef;

    return $self->problem(404) if defined $in->{index} && !$pull;
    return $handler{$request->{operation}}->($self, $request, $sample,
                                             $repository, $pull);
}


sub value {
    my ($self, $pull, $sample) = @_;

    my $repository = $pull->{repository};
    my ($owner, $name) = split m{/}, $repository;
    my $state = $pull->{state};
    my $boolean = \&Promotions::Forge::Provider::boolean;
    my %in = (full_name => $repository, name => $name, id => 1,
              owner => { login => $owner });

    return Promotions::Forge::Provider::filled($sample, {
        number => $pull->{number}, id => 1000 + $pull->{number},
        state => $state eq 'OPEN' ? 'open' : 'closed',
        title => $pull->{title}, body => $pull->{body},
        draft => $boolean->($pull->{title} =~ /^(?:wip:|\[wip\])/i),
        html_url => $self->web . "/$repository/pulls/$pull->{number}",
        url => $self->web . "/$repository/pulls/$pull->{number}",
        head => { ref => $pull->{head}, sha => $pull->{sha},
                  label => $pull->{head}, repo_id => 1, repo => \%in },
        base => { ref => $pull->{base}, label => $pull->{base},
                  repo_id => 1, repo => \%in },
        updated_at => $self->changed($pull) . '+00:00',
        merged => $boolean->($state eq 'MERGED'),
        defined $pull->{merge_commit}
            ? (merge_commit_sha => $pull->{merge_commit}) : (),
    });
}


sub one {
    my ($self) = @_;

    my $description = $self->{description}
        //= Promotions::Forge::Description->new('gitea');
    return $description->sample({ method => 'get',
        path => '/repos/{owner}/{repo}/pulls/{index}' }, 200);
}


sub list {
    my ($self, $request, $sample, $repository) = @_;

    my %query = map { $_ => $request->{query}{$_}[0] }
                keys %{ $request->{query} };
    my $state = $query{state} // 'open';
    my @pulls = reverse $self->found($repository);

    @pulls = grep { ($_->{state} eq 'OPEN') == ($state eq 'open') } @pulls
        if $state ne 'all';

    if ($self->{set}{filters}) {
        @pulls = grep { $_->{base} eq $query{base} } @pulls if $query{base};
        @pulls = grep { $_->{head} eq $query{head} } @pulls if $query{head};
    }

    my $size = $query{limit} // 30;
    $size = 50 if $size > 50;
    my $from = (($query{page} // 1) - 1) * $size;

    return { status => 200, value => [ map { $self->value($_, $self->one) }
             grep { defined } @pulls[$from .. $from + $size - 1] ] };
}


# The oldest of these branches, whatever its state.
sub between_branches {
    my ($self, $request, $sample, $repository) = @_;

    my $in = $request->{variables};
    my ($owner) = split m{/}, $repository;
    (my $head = $in->{head}) =~ s/^\Q$owner\E://;

    my ($pull) = $self->found($repository, head => $head, base => $in->{base});

    return $self->problem(404) if !$pull;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


sub create {
    my ($self, $request, $sample, $repository) = @_;

    my $new = $request->{json};
    my ($owner) = split m{/}, $repository;
    (my $head = $new->{head} // '') =~ s/^\Q$owner\E://;
    my $base = $new->{base} // '';

    return $self->problem(422, 'Invalid PullRequest: There are no changes '
                               . 'between the head and the base')
        if $head eq $base
           || $self->head($repository, $head)
              && !$self->between($repository, $base, $head);
    return $self->problem(404)
        if grep { !$self->head($repository, $_) } $head, $base;

    my ($there) = $self->found($repository, state => 'OPEN', head => $head,
                               base => $base);
    return $self->problem(409, 'pull request already exists for these targets '
        . "[id: $there->{number}, issue_id: $there->{number}, head_repo_id: "
        . "1, base_repo_id: 1, head_branch: $head, base_branch: $base]")
        if $there;

    return $self->problem(422, 'title is longer than 255') # as of the form
        if length($new->{title} // '') > 255;

    my $pull = $self->open_pull(repository => $repository, head => $head,
        base => $base, title => $new->{title} // '',
        body => $new->{body} // '');

    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


sub show {
    my ($self, $request, $sample, $repository, $pull) = @_;
    return { status => 200, value => $self->value($pull, $sample->(200)) };
}


sub update {
    my ($self, $request, $sample, $repository, $pull) = @_;

    my $new = $request->{json};

    # an empty title is no change
    $pull->{title} = $new->{title} if length($new->{title} // '');
    $pull->{body} = $new->{body} if exists $new->{body};
    return { status => 201, value => $self->value($pull, $sample->(201)) };
}


1;
