package Python;

# An OpenAPI description out of the Azure DevOps client for Python: its
# generated client names the parameters and bodies of each operation, its
# models the properties with their types.  extract.pl uses it.
#
# The client learns its paths from the server; they, and api-version, are from
# the provider's REST documentation, as is what a new pull request must have.

use strict;
use warnings;

my %simple = (
    'str'      => { type => 'string' },
    'int'      => { type => 'integer' },
    'long'     => { type => 'integer' },
    'float'    => { type => 'number' },
    'bool'     => { type => 'boolean' },
    'object'   => {},
    'iso-8601' => { type => 'string', format => 'date-time' },
);

my %models;


sub description {
    my ($folder, $functions) = @_;

    my $client = read_file("$folder/git_client_base.py");
    my $models = read_file("$folder/models.py");
    my %paths;

    for my $operation (sort keys %$functions) {
        my ($method, $path) = split / /, $operation;
        my ($text) = $client =~ /^\ {4}def\ $functions->{$operation}\(
                                 (.*?)(?=^\ {4}def\ )/xms
            or die "no $functions->{$operation}\n";

        $paths{"$path"}{$method} = operation($method, $path, $text);
    }

    my @needed = keys %models;
    my %schemas;

    while (defined(my $name = shift @needed)) {
        next if $schemas{$name};
        $schemas{$name} = model($models, $name);
        push @needed, grep { !$schemas{$_} } keys %models;
    }

    return { openapi => '3.0.1', info => { version => '7.1' },
             paths => \%paths, components => { schemas => \%schemas } };
}


sub operation {
    my ($method, $path, $text) = @_;

    my @parameters = (
        (map { { name => $_, in => 'path', required => JSON::PP::true(),
                 schema => { type => 'string' } } } $path =~ /\{(\w+)\}/g),
        { name => 'api-version', in => 'query', required => JSON::PP::true(),
          schema => { type => 'string',
                      pattern => '^7\.1(?:-preview(?:\.1)?)?$' } },
    );

    while ($text =~ /query_parameters\['([^']+)'\]\ =\s*
                     (?:\w+\.serialize|self\._serialize\.query)?
                     (?:\('\w+',\ \w+,\ '(\w+)'\))?/xg)
    {
        push @parameters, { name => $1, in => 'query',
                            schema => $simple{ $2 // 'str' } };
    }

    my %operation = (parameters => \@parameters);

    if ($text =~ /self\._serialize\.body\(\w+, '(\w+)'\)/) {
        my $schema = type($1);

        # without these the provider answers 400
        $schema = { allOf => [ $schema, { required =>
                    [qw(sourceRefName targetRefName title)] } ] }
            if $method eq 'post';
        $operation{requestBody} = { required => JSON::PP::true(),
            content => { 'application/json' => { schema => $schema } } };
    }

    my ($result) = $text =~ /self\._deserialize\('([^']+)'/
        or die "no result of $method $path\n";

    my $answer = type($result);
    $answer = { type => 'object', required => [qw(count value)], properties =>
                { count => { type => 'integer' }, value => $answer } }
        if $text =~ /_unwrap_collection/;

    $operation{responses} = {
        $method eq 'post' ? 201 : 200 => { description => '', content => {
            'application/json' => { schema => $answer } } } };

    return \%operation;
}


sub type {
    my ($name) = @_;

    return $simple{$name} if $simple{$name};
    return { type => 'array', items => type($1) } if $name =~ /^\[(.+)\]$/;
    return { type => 'object', additionalProperties => type($1) }
        if $name =~ /^\{(.+)\}$/;

    $models{$name} = 1;
    return { '$ref' => "#/components/schemas/$name" };
}


sub model {
    my ($text, $name) = @_;

    my ($parent, $map) = $text =~ /^class\ \Q$name\E\((\w+)\):
                                   .*?^\ {4}_attribute_map\ =\ \{(.*?)^\ {4}\}
                                  /xms
        or return { type => 'object' };

    # a subclass repeats the attributes of its parent
    my %properties;

    $properties{$1} = type($2)
        while $map =~ /\{'key': '([^']+)', 'type': '([^']+)'\}/g;

    # links are objects below one key each
    return { type => 'object' } if $name eq 'ReferenceLinks';
    return { type => 'object', properties => \%properties };
}


sub read_file {
    my ($path) = @_;

    open my $handle, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$handle>;
}


1;
