package Promotions::OpenAPI;

# An OpenAPI document, and answers that are checked against it.
#
#   my $document = Promotions::OpenAPI->read('docs/openapi.json');
#   $document->fits('get', '/{id}', $response, 200);    # tests
#   $document->asked_for;              # a test of each operation: fits() was
#                                      # called for it

use strict;
use warnings;

use JSON::PP ();
use Test::More ();

use Promotions::Test ();


sub read {
    my ($class, $path) = @_;

    return bless { document => Promotions::Test::slurp_json($path),
                   asked => {} }, $class;
}


# What is wrong with a value, as "place: fault" lines; the keywords of JSON
# Schema that the document uses, and no others.
sub faults {
    my ($self, $schema, $value, $place) = @_;

    if (my $ref = $schema->{'$ref'}) {
        my $found = $self->{document};
        $found = $found->{$_} // die "no $ref" for (split m{/}, $ref)[1 .. 3];
        return $self->faults($found, $value, $place);
    }

    for my $keyword (keys %$schema) {
        die "a keyword that is not checked: $keyword"
            if $keyword !~ /^(?:type|required|properties|items|oneOf|enum|const
                               |pattern|minLength|maxLength|minimum|maximum
                               |default|description|format)$/x;
    }

    my @faults;

    if ($schema->{oneOf}) {
        my $fit = grep { !$self->faults($_, $value, $place) }
                  @{ $schema->{oneOf} };
        return $fit == 1 ? () : "$place: fits $fit of oneOf";
    }

    if (my $type = $schema->{type}) {
        my @types = ref $type ? @$type : $type;
        return "$place: is a " . type_of($value) . ", not a @types"
            if !grep { $_ eq type_of($value) } @types;
    }

    push @faults, "$place: $value is not $schema->{const}"
        if exists $schema->{const} && $value ne $schema->{const};
    push @faults, "$place: $value is none of its values"
        if $schema->{enum} && !grep { $_ eq $value } @{ $schema->{enum} };
    push @faults, "$place: $value does not match"
        if $schema->{pattern} && $value !~ /$schema->{pattern}/;

    if (ref $value eq 'HASH') {
        push @faults, map { "$place/$_: missing" }
                      grep { !exists $value->{$_} }
                      @{ $schema->{required} || [] };

        # every property is documented
        for my $name ($schema->{properties} ? sort keys %$value : ()) {
            my $inner = $schema->{properties}{$name};
            push @faults, $inner
                ? $self->faults($inner, $value->{$name}, "$place/$name")
                : "$place/$name: not in the document";
        }

    } elsif (ref $value eq 'ARRAY') {
        push @faults, map {
            $self->faults($schema->{items}, $value->[$_], "$place/$_")
        } 0 .. $#$value;
    }

    return @faults;
}


sub type_of {
    my ($value) = @_;

    return 'null' if !defined $value;
    return 'object' if ref $value eq 'HASH';
    return 'array' if ref $value eq 'ARRAY';
    return 'boolean' if JSON::PP::is_bool($value);

    # what JSON::PP would write without quotes
    my $text = JSON::PP->new->allow_nonref->encode($value);
    return $text =~ /^"/ ? 'string' : $text =~ /\./ ? 'number' : 'integer';
}


sub fits {
    my ($self, $method, $path, $response, $status) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $self->{asked}{"$method $path"} = 1;
    Test::More::is($response->{status}, $status, "$method $path: $status")
        or Test::More::diag($response->{body});

    my $answer = $self->{document}{paths}{$path}{$method}{responses}{$status};
    my @faults = $answer
        ? $self->faults($answer->{content}{'application/json'}{schema},
                 $response->json, '')
        : 'the status is not in the document';
    push @faults, map { "no header $_" }
                  grep { !defined $response->{headers}{lc $_} }
                  keys %{ $answer->{headers} || {} };

    Test::More::is(join("\n", @faults), '',
                   "$method $path: $status as documented");
}


sub asked_for {
    my ($self) = @_;

    my $paths = $self->{document}{paths};

    for my $path (sort keys %$paths) {
        for my $method (grep { /^(?:get|post|put|delete)$/ }
                        sort keys %{ $paths->{$path} })
        {
            Test::More::ok($self->{asked}{"$method $path"},
                           "$method $path was asked for");
        }
    }
}


1;
