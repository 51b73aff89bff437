package Promotions::Forge::GitLab;

# GitLab.  Settings beside the common ones: `users`, names and their ids.

use strict;
use warnings;

use parent -norequire, 'Promotions::Forge::Provider';
use Promotions::Forge::Provider;

my %handler = (
    'get /projects/{id}/merge_requests'  => \&list,
    'post /projects/{id}/merge_requests' => \&create,
    'get /projects/{id}/merge_requests/{merge_request_iid}' => \&show,
    'put /projects/{id}/merge_requests/{merge_request_iid}' => \&update,
);

my %users = (alice => 11, bob => 12, bot => 13);


sub base {
    return '/api/v4';
}


sub authorized {
    my ($self, $request) = @_;
    return ($request->{headers}{'private-token'} // '') eq $self->{token};
}


sub problem {
    my ($self, $status, $words) = @_;

    my %usual = (
        401 => '401 Unauthorized', 403 => '403 Forbidden',
        404 => '404 Project Not Found', 422 => 'Unprocessable',
    );
    return { status => $status,
             value => { message => $words // $usual{$status} } };
}


sub handle {
    my ($self, $request, $sample) = @_;

    return $self->users($request) if $request->{operation} eq 'get /users';

    my $in = $request->{variables};
    my $why = $self->forbidden($in->{id}, $request->{method} ne 'GET');

    return $self->problem($why eq 'archived' ? 403 : $why) if $why;

    my $number = $in->{merge_request_iid};
    my $pull = defined $number ? $self->numbered($in->{id}, $number) : undef;

    return $self->problem(404, '404 Not found') if defined $number && !$pull;
    return $handler{$request->{operation}}->($self, $request, $in->{id},
                                             $pull);
}


sub users {
    my ($self, $request) = @_;

    my $known = $self->{set}{users} // \%users;
    my $name = $request->{query}{username}[0];

    # names are compared without regard to case
    return { status => 200, value => [ map { $self->user($_) }
             grep { lc eq lc $name } sort keys %$known ] };
}


sub user {
    my ($self, $name) = @_;

    my $known = $self->{set}{users} // \%users;
    return { id => $known->{$name}, username => $name, name => ucfirst $name,
             state => 'active', web_url => $self->web . "/$name",
             avatar_url => undef, locked => JSON::PP::false() };
}


sub value {
    my ($self, $pull) = @_;

    my $repository = $pull->{repository};
    my $state = { OPEN => 'opened', CLOSED => 'closed', MERGED => 'merged' }
                ->{ $pull->{state} };
    my $draft = Promotions::Forge::Provider::boolean(
        $pull->{title} =~ /^(?:draft:|\[draft\]|\(draft\))/i);

    return {
        id => 5000 + $pull->{number}, iid => $pull->{number},
        project_id => 3, source_project_id => 3, target_project_id => 3,
        title => $pull->{title}, description => $pull->{body},
        state => $state, draft => $draft, work_in_progress => $draft,
        created_at => '2024-05-01T10:00:00.000Z',
        updated_at => $self->changed($pull, 3) . 'Z',
        merged_at => $state eq 'merged' ? '2024-05-02T10:00:00.000Z' : undef,
        closed_at => undef,
        source_branch => $pull->{head}, target_branch => $pull->{base},
        author => $self->user('bot'),
        reviewers => [ map { $self->user($_) } @{ $pull->{reviewers} } ],
        labels => $pull->{labels}, sha => $pull->{sha},
        merge_commit_sha => $pull->{merge_commit}, squash_commit_sha => undef,
        merge_status => 'can_be_merged', has_conflicts => JSON::PP::false(),
        references => { short => "!$pull->{number}" },
        web_url => $self->web . "/$repository/-/merge_requests/"
                   . $pull->{number},
    };
}


sub list {
    my ($self, $request, $repository) = @_;

    my %query = map { $_ => $request->{query}{$_}[0] }
                keys %{ $request->{query} };
    my %state = (opened => 'OPEN', closed => 'CLOSED', merged => 'MERGED');
    my %wanted;

    $wanted{head} = $query{source_branch} if defined $query{source_branch};
    $wanted{base} = $query{target_branch} if defined $query{target_branch};
    $wanted{state} = $state{ $query{state} } if $state{ $query{state} // '' };

    my @pulls = reverse $self->found($repository, %wanted);
    my $size = $query{per_page} // 20;
    my $from = (($query{page} // 1) - 1) * $size;

    return { status => 200, value => [ map { $self->value($_) }
             grep { defined } @pulls[$from .. $from + $size - 1] ] };
}


sub create {
    my ($self, $request, $repository) = @_;

    my $new = $request->{json};
    my ($head, $base) = @$new{qw(source_branch target_branch)};

    # without either branch there is a merge request that cannot be merged:
    # it refuses the source only
    return $self->problem(422, ['Source branch "' . $head
                                . '" does not exist'])
        if !$self->head($repository, $head);
    return $self->problem(409, ['Another open merge request already exists '
                                . 'for this source branch: !'
                                . ($self->found($repository, state => 'OPEN',
                                   head => $head, base => $base))[0]{number}])
        if $self->found($repository, state => 'OPEN', head => $head,
                        base => $base);

    my $pull = $self->open_pull(repository => $repository, head => $head,
        base => $base, title => $new->{title},
        body => $new->{description} // '');
    $self->assign($pull, $new);
    return { status => 201, value => $self->value($pull) };
}


sub assign {
    my ($self, $pull, $new) = @_;

    my %names = reverse %{ $self->{set}{users} // \%users };

    $pull->{labels} = [ names($new->{labels}) ] if exists $new->{labels};

    for my $name (names($new->{add_labels})) {
        push @{ $pull->{labels} }, $name
            if !grep { $_ eq $name } @{ $pull->{labels} };
    }

    # those that are given are all; ids of nobody are left out
    $pull->{reviewers} = [ grep { defined } map { $names{$_} }
                           @{ $new->{reviewer_ids} } ]
        if exists $new->{reviewer_ids};
}


sub names {
    my ($value) = @_;
    return ref $value ? @$value : split /\s*,\s*/, $value // '';
}


sub show {
    my ($self, $request, $repository, $pull) = @_;
    return { status => 200, value => $self->value($pull) };
}


sub update {
    my ($self, $request, $repository, $pull) = @_;

    my $new = $request->{json};

    $pull->{title} = $new->{title} if exists $new->{title};
    $pull->{body} = $new->{description} if exists $new->{description};
    $pull->{base} = $new->{target_branch} if exists $new->{target_branch};
    $self->assign($pull, $new);
    return { status => 200, value => $self->value($pull) };
}


1;
