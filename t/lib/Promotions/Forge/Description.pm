package Promotions::Forge::Description;

# A provider's published API description (t/data/forges), and whether requests
# and answers are what it describes.  The judge is JSON::Validator; beside it,
# what a description does not name (a query parameter, a member of a body) is
# a fault too: a provider would ignore it, which is not what a caller meant.
#
#   my $description = Promotions::Forge::Description->new('github');
#   my $operation = $description->operation('GET', '/repos/a/b/pulls');
#       # {method,path,variables}, undef when there is none; the path is
#       # percent-encoded, and relative to the API's base
#   my @faults = $description->request_faults($operation, \%request);
#       # query: {name => [values]}, headers: {lower-case name}, body: text
#   my @faults = $description->answer_faults($operation, $status, $value);
#   my $value = $description->sample($operation, $status);
#       # an answer with all that the description wants; not to be changed
#   Promotions::Forge::Description->new('x')->faults;   # of the file itself

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use JSON::PP ();
use JSON::Validator ();

my $folder = File::Basename::dirname(Cwd::abs_path(__FILE__))
             . '/../../../data/forges';


sub new {
    my ($class, $name, %options) = @_;

    open my $file, '<:raw', "$folder/$name.json"
        or die "$folder/$name.json: $!";
    local $/;
    my $text = <$file>;

    # one for the validator, which writes into it, one to look things up in
    my $data = JSON::PP->new->utf8->decode($text);
    my $validator = JSON::Validator->new->schema(
        JSON::PP->new->utf8->decode($text))->schema;

    # a string is no number, whatever could be made of it
    $validator->coerce({});

    return bless { data => $data, validator => $validator,
                   also => { query => [], body => [], %options } }, $class;
}


sub faults {
    my ($self) = @_;
    return map { "$_" } @{ $self->{validator}->errors };
}


sub operation {
    my ($self, $method, $path) = @_;

    my @fit;

    for my $template (sort keys %{ $self->{data}{paths} }) {
        my @names = $template =~ /\{(\w+)\}/g;
        (my $pattern = quotemeta $template) =~ s/\\\{\w+\\\}/([^\/]+)/g;
        my @values = $path =~ /^$pattern$/ or next;

        next if !$self->{data}{paths}{$template}{lc $method};

        my %variables;
        @variables{@names} = map { decode($_) } @values if @names;
        push @fit, { method => lc $method, path => $template,
                     variables => \%variables };
    }

    # the one with the fewest variables: …/pulls/{base}/{head} is another
    my ($best) = sort { keys %{ $a->{variables} } <=> keys %{ $b->{variables} }
                 } @fit;
    return $best;
}


sub decode {
    my ($text) = @_;

    $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    utf8::decode($text);
    return $text;
}


sub request_faults {
    my ($self, $operation, $request) = @_;

    my @faults;
    my %sent = (path => { %{ $operation->{variables} } }, query => {},
                header => { %{ $request->{headers} } });
    my %described = map { ("$_->{in} $_->{name}" => $_) }
                    $self->parameters($operation);

    for my $name (sort keys %{ $request->{query} }) {
        my @values = @{ $request->{query}{$name} };

        next if grep { $_ eq $name } @{ $self->{also}{query} };

        push @faults, "query $name is not described"
            if !$described{"query $name"};
        push @faults, "query $name is there more than once" if @values > 1;
        $sent{query}{$name} = $values[0];
    }

    # text on the wire: as the type that the description gives it
    for my $in (qw(path query)) {
        $sent{$in}{$_} = typed($sent{$in}{$_},
                               $self->resolve($described{"$in $_"} // {}))
            for keys %{ $sent{$in} };
    }

    my ($body, $schema) = $self->body($operation);
    my $value;

    if (length $request->{body}) {
        $value = eval { JSON::PP->new->utf8->decode($request->{body}) };
        push @faults, 'the body is no JSON' if !defined $value;
        push @faults, 'a body that is not described' if !$body;
        push @faults, 'the content type is '
                      . ($request->{headers}{'content-type'} // 'missing')
            if ($request->{headers}{'content-type'} // '')
               !~ m{^application/json\b}i;
    } elsif ($body) {
        push @faults, 'no body';
    }

    my @where = ([$operation->{method}, $operation->{path}], {
        %sent, body => sub { return {
            exists => defined $value, value => $value,
            content_type => 'application/json' } } });

    push @faults, map { "$_" } $self->{validator}->validate_request(@where);
    push @faults, $self->undescribed($schema, $value, 'body')
        if $schema && defined $value;
    return @faults;
}


sub answer_faults {
    my ($self, $operation, $status, $value) = @_;

    my $answer = $self->answer($operation, $status);
    return "status $status is not described" if !$answer;

    return map { "$_" } $self->{validator}->validate_response(
        [@$operation{qw(method path)}, $status], { body => sub { return {
            exists => 1, value => $value, accept => 'application/json' } } });
}


# Whether a status has a description.
sub answers {
    my ($self, $operation, $status) = @_;
    return defined $self->answer($operation, $status);
}


sub answer {
    my ($self, $operation, $status) = @_;

    my $found = $self->{data}{paths}{ $operation->{path} }
                     {$operation->{method}}{responses};
    return $self->resolve($found->{$status} // $found->{default});
}


sub sample {
    my ($self, $operation, $status) = @_;

    my $key = "$operation->{method} $operation->{path} $status";

    return $self->{samples}{$key} //= do {
        my $answer = $self->answer($operation, $status);
        my $schema = $answer->{schema};

        for my $type (sort keys %{ $answer->{content} || {} }) {
            $schema //= $answer->{content}{$type}{schema};
        }
        $self->example($schema, 0);
    };
}


sub parameters {
    my ($self, $operation) = @_;

    my $path = $self->{data}{paths}{ $operation->{path} };
    return map { $self->resolve($_) }
           @{ $path->{parameters} || [] },
           @{ $path->{$operation->{method}}{parameters} || [] };
}


# Whether a body is wanted, and its schema.
sub body {
    my ($self, $operation) = @_;

    my $body = $self->resolve($self->{data}{paths}{ $operation->{path} }
                              {$operation->{method}}{requestBody});
    return (1, $body->{content}{'application/json'}{schema}) if $body;

    my ($parameter) = grep { $_->{in} eq 'body' }
                      $self->parameters($operation);
    return $parameter ? (1, $parameter->{schema}) : ();
}


sub resolve {
    my ($self, $value) = @_;

    while (ref $value eq 'HASH' && defined $value->{'$ref'}
           && !ref $value->{'$ref'})
    {
        my (undef, @way) = split m{/}, $value->{'$ref'};
        $value = $self->{data};
        $value = $value->{$_} for @way;
    }
    return $value;
}


sub typed {
    my ($text, $parameter) = @_;

    my $type = ($parameter->{schema} // $parameter)->{type} // 'string';

    return 0 + $text if $type =~ /^(?:integer|number)$/
                        && $text =~ /^-?\d{1,15}$/;
    return $text eq 'true' ? JSON::PP::true() : JSON::PP::false()
        if $type eq 'boolean' && $text =~ /^(?:true|false)$/;
    return $text;
}


# All properties that a schema knows, wherever; undef when it takes others.
sub properties {
    my ($self, $schema) = @_;

    $schema = $self->resolve($schema) // return undef;
    my @parts = map { @{ $schema->{$_} || [] } } qw(allOf anyOf oneOf);
    my %all = %{ $schema->{properties} || {} };
    my $some = defined $schema->{properties};

    for my $part (@parts) {
        my $inner = $self->properties($part) or next;
        push @{ $all{$_} }, ref $inner->{$_} eq 'ARRAY'
            ? @{ $inner->{$_} } : $inner->{$_}
            for grep { !exists $all{$_} || ref $all{$_} eq 'ARRAY' }
                keys %$inner;
        $some = 1;
    }

    return undef if !$some || ref $schema->{additionalProperties} eq 'HASH';
    return \%all;
}


sub undescribed {
    my ($self, $schema, $value, $place) = @_;

    if (ref $value eq 'ARRAY') {
        my $items = $self->resolve($schema)->{items} or return;
        return map { $self->undescribed($items, $value->[$_], "$place/$_") }
               0 .. $#$value;
    }

    return if ref $value ne 'HASH';

    my $known = $self->properties($schema) or return;
    my @faults;

    for my $name (sort keys %$value) {
        my $inner = $known->{$name};

        if (!$inner) {
            push @faults, "$place/$name is not described"
                if !grep { $_ eq "$place/$name" } @{ $self->{also}{body} };
            next;
        }

        # one of several: the first that knows all of it
        my @lists = map { [ $self->undescribed($_, $value->{$name},
                                               "$place/$name") ] }
                    ref $inner eq 'ARRAY' ? @$inner : $inner;
        push @faults, @{ (sort { @$a <=> @$b } @lists)[0] || [] };
    }

    return @faults;
}


# A value that a schema takes: all its properties near the top, further down
# only those that it wants.
sub example {
    my ($self, $schema, $depth) = @_;

    $schema = $self->resolve($schema) // return {};
    return $schema->{enum}[0] if $schema->{enum};
    return undef if $schema->{nullable} && $depth > 1;

    my %value;
    my $object = 0;

    for my $part (@{ $schema->{allOf} || [] },
                  ($schema->{anyOf} || $schema->{oneOf} || [])->[0] || ())
    {
        my $inner = $self->example($part, $depth);
        return $inner if ref $inner ne 'HASH';
        %value = (%value, %$inner);
        $object = 1;
    }

    my $type = $schema->{type} // ($schema->{properties} ? 'object' : '');

    if ($type eq 'object' || $object) {
        my %wanted = map { $_ => 1 } @{ $schema->{required} || [] };

        for my $name (keys %{ $schema->{properties} || {} }) {
            next if $depth > 1 && !$wanted{$name} || $depth > 6;
            $value{$name} = $self->example($schema->{properties}{$name},
                                           $depth + 1);
        }
        return \%value;
    }

    return [] if $type eq 'array';
    return $schema->{minimum} // 1 if $type eq 'integer' || $type eq 'number';
    return JSON::PP::false() if $type eq 'boolean';
    return text($schema) if $type eq 'string';
    return {};
}


sub text {
    my ($schema) = @_;

    my $format = $schema->{format} // '';

    return 'https://forge.example/x' if $format =~ /^ur[il]$/;
    return '2024-05-01T10:00:00Z' if $format eq 'date-time';
    return 'sam@example.com' if $format eq 'email';
    return '0123456789abcdef' if ($schema->{pattern} // '') =~ /0-9a-f/;
    return 'text';
}


1;
