package TypeScript;

# An OpenAPI description out of what openapi-typescript made of one: types of
# objects, arrays, unions and intersections, references to components, the
# formats in comments.  extract.pl uses it.

use strict;
use warnings;

my ($text, %schemas, %parameters);


sub description {
    my ($file, $wanted) = @_;

    open my $handle, '<', $file or die "$file: $!\n";
    local $/;
    my $whole = <$handle>;

    my %paths;

    for my $path (sort keys %$wanted) {
        my ($methods) = $whole =~ /^\ {4}readonly\ "\Q$path\E":\ \{\n
                                   (.*?)^\ {4}\};/xms
            or die "no $path in $file\n";

        for my $method (@{ $wanted->{$path} }) {
            my ($name) = $methods =~ /^\ {8}readonly\ $method:
                                       \ operations\["(\w+)"\];/xm
                or die "no $method $path in $file\n";
            my ($body) = $whole =~ /^\ {4}readonly\ \Q$name\E:\ (\{\n
                                     .*?^\ {4}\});/xms
                or die "no operation $name in $file\n";

            $paths{$path}{$method} = operation(parse($body));
        }
    }

    # the components that these need, and those that they need
    my ($components) = $whole =~ /^export\ interface\ components\ \{\n
                                  (.*?)^\}/xms;
    my @needed = keys %schemas;

    while (defined(my $name = shift @needed)) {
        next if $schemas{$name};

        my ($body) = $components =~ /^\ {8}readonly\ \Q$name\E:\ (
                                     .*?);\n(?=\ {8}(?![\ }])|\ {4}\})/xms
            or die "no schema $name in $file\n";

        $schemas{$name} = parse($body);
        push @needed, grep { !$schemas{$_} } keys %schemas;
    }

    return { openapi => '3.0.1', info => { version => 'latest' },
             paths => \%paths, components => { schemas => \%schemas } };
}


sub parse {
    $text = $_[0];
    pos($text) = 0;

    my $schema = type();
    $text =~ /\G\s*/gc;
    die 'not understood: ' . substr($text, pos($text), 60) . "\n"
        if pos $text < length $text;
    return $schema;
}


sub operation {
    my ($type) = @_;

    my $parts = $type->{properties};
    my %operation = (parameters => [], responses => {});

    for my $in (qw(path query header)) {
        my $of = $parts->{parameters}{properties}{$in} or next;
        my %required = map { $_ => 1 } @{ $of->{required} || [] };

        push @{ $operation{parameters} }, map {
            { name => $_, in => $in, schema => $of->{properties}{$_},
              $required{$_} ? (required => JSON::PP::true()) : () }
        } sort keys %{ $of->{properties} || {} };
    }

    if ((my $body = $parts->{requestBody})->{properties}) {
        $operation{requestBody} = { content => content($body) };
    }

    for my $status (keys %{ $parts->{responses}{properties} }) {
        my $response = $parts->{responses}{properties}{$status};

        $operation{responses}{$status} =
            { description => '', content => content($response) };
    }

    return \%operation;
}


sub content {
    my ($type) = @_;

    my $types = $type->{properties}{content}{properties} // {};
    return { map { $_ => { schema => $types->{$_} } } keys %$types };
}


# A | B, A & B
sub type {
    my ($comment) = @_;

    my @any = intersection($comment);
    push @any, intersection($comment) while $text =~ /\G\s*\|/gc;

    my @strings = grep { $_->{enum} } @any;

    return { type => 'string', enum => [ map { @{ $_->{enum} } } @strings ] }
        if @strings == @any;

    my @some = grep { !$_->{'x-null'} } @any;
    my $result = @some == 1 ? $some[0] : { anyOf => \@some };
    return @some == @any ? $result : { %$result, nullable => JSON::PP::true() };
}


sub intersection {
    my ($comment) = @_;

    my @all = array($comment);
    push @all, array($comment) while $text =~ /\G\s*&/gc;
    return @all == 1 ? $all[0] : { allOf => \@all };
}


sub array {
    my ($comment) = @_;

    $text =~ /\G\s*readonly\b/gc;
    my $type = single($comment);
    $type = { type => 'array', items => $type }
        while $text =~ /\G\s*\[\]/gc;
    return $type;
}


sub single {
    my ($comment) = @_;

    return object() if $text =~ /\G\s*\{/gc;

    if ($text =~ /\G\s*\(/gc) {
        my $type = type($comment);
        $text =~ /\G\s*\)/gc or die "a parenthesis is missing\n";
        return $type;
    }

    if ($text =~ /\G\s*components\["schemas"\]\["(\w+)"\]/gc) {
        $schemas{$1} //= undef;
        return { '$ref' => "#/components/schemas/$1" };
    }

    return { type => 'object' }
        if $text =~ /\G\s*(?:Readonly<)?Record<string,\s*(?:never|unknown)>>?
                    /xgc;
    return { type => 'string', enum => [$1] } if $text =~ /\G\s*"([^"]*)"/gc;
    return {} if $text =~ /\G\s*(?:unknown|never)\b/gc;
    return { 'x-null' => 1 } if $text =~ /\G\s*null\b/gc;

    if ($text =~ /\G\s*(string|boolean|number)\b/gc) {
        my $type = $1;
        my ($format) = ($comment // '') =~ /Format: (\S+)/;

        $type = 'integer'
            if $type eq 'number' && ($format // '') =~ /^int/;
        return { type => $type, $format ? (format => $format) : () };
    }

    die 'a type is expected: ' . substr($text, pos($text) // 0, 60) . "\n";
}


sub object {
    my %object = (type => 'object');

    while ($text !~ /\G\s*\}/gc) {
        my $comment = '';
        $comment .= $1 while $text =~ m{\G\s*(/\*.*?\*/)}sgc;

        $text =~ /\G\s*(?:readonly\s+)?
                  (?:"([^"]+)"|(\w+)|\[key:\ string\])(\?)?:/xgc
            or die 'a member is expected: ' . substr($text, pos $text, 60)
                   . "\n";

        my ($name, $optional) = ($1 // $2, $3);
        my $type = type($comment);
        $text =~ /\G;/gc or die "no ; after $name: "
               . substr($text, pos($text) - 80, 120) . "\n";

        if (!defined $name) {
            $object{additionalProperties} = $type;
            next;
        }

        $object{properties}{$name} = $type;
        push @{ $object{required} }, $name if !$optional;
    }

    return \%object;
}


1;
