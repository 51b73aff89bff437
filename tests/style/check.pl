# The rules of the house that a machine can see.  Prints TAP, one test a rule.
#
#     perl tests/style/check.pl [FILE …]      (default: all of src, tests, t)

use strict;
use warnings;
use utf8;

use Cwd ();
use File::Basename ();
use File::Find ();

binmode STDOUT, ':utf8';
chdir File::Basename::dirname(Cwd::abs_path($0)) . '/../..' or die $!;

# Which rooms a room may include (arrows point down), and whose foreign
# headers it may see.  `event` is the half of store that drives Redis on
# nginx's event loop.
my %below = (
    base      => [],
    document  => [qw(base)],
    catalog   => [qw(base document)],
    git       => [qw(base)],
    definition => [qw(base document git)],
    forge     => [qw(base)],
    promotion => [qw(base document catalog git forge definition)],
    store     => [qw(base)],
    event     => [qw(base store)],
    tool      => [qw(base store)],
    http      => [qw(base document catalog git forge definition promotion store
                    event)],
);

my %foreign = (
    'git2'    => [qw(git)],
    'curl'    => [qw(git forge)],
    'yaml'    => [qw(document)],
    'pcre2'   => [qw(document)],
    'hiredis' => [qw(store event)],
    'openssl' => [qw(base)],
    'ngx'     => [qw(http event)],
);

my %foreign_header = (
    git2    => qr{^git2(?:\.h|/)},
    curl    => qr{^curl/},
    yaml    => qr{^yaml\.h$},
    pcre2   => qr{^pcre2\.h$},
    hiredis => qr{^hiredis/|^hiredis\.h$},
    openssl => qr{^openssl/},
    ngx     => qr{^ngx_},
);

# lines of a file; a function's are those between its braces
my $file_limit = 700;
my $function_limit = 100;

my @files = @ARGV;

if (!@files) {
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @files, $_ if -f && /\.(?:[ch]|pl|pm|t|sh|lua)$/;
    } }, grep { -d } qw(src tests t tools));
    @files = sort grep { !m{/(?:data|corpus)/} } @files;
}

my %faults;
my %rules = (
    width     => 'no line is longer than 80 columns',
    tabs      => 'no tabs in C',
    trailing  => 'no trailing spaces, no blank lines at the end',
    braces    => 'every branch has braces',
    functions => 'a function\'s type stands on its own line, its brace too',
    blank     => 'two blank lines between functions',
    length    => "no C file over $file_limit lines, "
                 . "no function over $function_limit",
    arrows    => 'includes point down',
    foreign   => 'each foreign library stays in its rooms',
    plain     => 'no ngx_ in the plain rooms',
    names     => 'visible functions carry their room\'s prefix',
    leftovers => 'no TODO, FIXME or XXX',
    paths     => 'no absolute path of one machine',
);

check($_) for @files;

my $n = 0;
my $failed = 0;

print '1..' . keys(%rules) . "\n";

for my $rule (sort keys %rules) {
    my @found = @{ $faults{$rule} || [] };
    printf "%s %d - %s\n", @found ? 'not ok' : 'ok', ++$n, $rules{$rule};
    print "# $_\n" for @found;
    $failed = 1 if @found;
}

exit $failed;


sub fault {
    my ($rule, $file, $line, $text) = @_;
    push @{ $faults{$rule} }, "$file:$line: $text";
}


sub check {
    my ($file) = @_;

    open my $handle, '<:encoding(UTF-8)', $file or die "$file: $!";
    my @lines = <$handle>;
    chomp @lines;

    my $c = $file =~ /\.[ch]$/;

    for my $i (0 .. $#lines) {
        my $line = $lines[$i];
        my $at = $i + 1;

        fault('width', $file, $at, length($line) . ' columns')
            if length $line > 80 && $file !~ m{^src/store/.*_script\.c$};
        fault('tabs', $file, $at, 'a tab') if $c && $line =~ /\t/;
        fault('trailing', $file, $at, 'trailing space') if $line =~ /\s$/;
        fault('leftovers', $file, $at, $line)
            if $line =~ /\b(?:TODO|FIXME|XXX)\b/ && $file !~ m{style/check};
        fault('paths', $file, $at, $line)
            if $line =~ m{(?<![\w.])/(?:work|home|root)/}
               && $file !~ m{style/check};
    }

    fault('trailing', $file, scalar @lines, 'a blank line at the end')
        if @lines && $lines[-1] eq '';

    return if !$c;

    fault('length', $file, scalar @lines, 'lines')
        if @lines > $file_limit && $file =~ /^src/;

    includes($file, \@lines);
    code($file, \@lines);
}


sub room {
    my ($file) = @_;

    return 'event' if $file =~ m{^src/store/ngx_};
    return $file =~ m{^src/(\w+)/} ? $1 : undef;
}


sub includes {
    my ($file, $lines) = @_;

    my $room = room($file) or return;

    if (!$below{$room}) {
        fault('arrows', $file, 1, "a room that nobody knows: $room");
        return;
    }

    for my $i (0 .. $#$lines) {
        my ($included) = $lines->[$i] =~ /^\s*#\s*include\s+[<"]([^>"]+)[>"]/
            or next;
        my $other = room("src/$included");
        undef $other if !$below{ $other // '' };

        if ($other && $other ne $room
            && !grep { $_ eq $other } @{ $below{$room} })
        {
            fault('arrows', $file, $i + 1, "$room includes $included");
        }

        for my $library (sort keys %foreign_header) {
            next if $included !~ /$foreign_header{$library}/ || $other;
            next if grep { $_ eq $room } @{ $foreign{$library} };
            fault('foreign', $file, $i + 1, "$room includes $included");
        }
    }
}


# A comment or a string as spaces; its quotes and lines stay.
sub quiet {
    my ($text) = @_;

    my $mark = substr $text, 0, 1;
    $text =~ s/[^\n]/ /g;
    return $text if $mark eq '/';
    return $mark . substr($text, 2) . $mark;
}


# What needs to know where comments and strings are: they become spaces first.
sub code {
    my ($file, $lines) = @_;

    my $text = join "\n", @$lines, '';
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
              {quiet($1)}gse;

    my @code = split /\n/, $text, -1;
    my $room = room($file);
    my $plain = $room && $room ne 'http' && $room ne 'event';
    my ($start, $name);

    for my $i (0 .. $#code) {
        my $line = $code[$i];
        my $at = $i + 1;

        fault('plain', $file, $at, $lines->[$i])
            if $plain && $line =~ /\bngx_/;

        # replies go everywhere, commands and connections do not
        fault('foreign', $file, $at, "$room calls hiredis: $lines->[$i]")
            if $room && !grep({ $_ eq $room } @{ $foreign{hiredis} })
               && $line =~ /\b(?:redis[A-Z]\w*|freeReplyObject)\s*\(/;

        braces($file, \@code, $i)
            if $line =~ /^\s*(?:\}\s*)?(?:if|else|for|while|do)\b/;

        # a definition: its name at the line's start, in column one
        if (my ($defined) = $line =~ /^(?!__attribute__)(\w+)\([^;]*$/) {
            my $j = $i;
            $j++ while $j < $#code && $code[$j] !~ /[;{]|^\}/;

            if ($code[$j] =~ /^\{/) {
                ($start, $name) = ($j, $defined);

                my $type = $i - 1;
                visible($file, $at, $name, $code[$type], $room);
                $type-- while $code[$type - 1] =~ /^__attribute__/;
                separation($file, $lines, $type);
            }
        }

        # "static int name(…) {"
        if ($line =~ /^\w[\w\s\*]*\s\**\w+\([^;]*\)\s*\{?\s*$/
            && ($line =~ /\{/ || ($code[$i + 1] // '') =~ /^\{/)
            && $line !~ /^(?:struct|union|enum)\b/)
        {
            fault('functions', $file, $at, $lines->[$i]);
        }

        if (defined $start && $line =~ /^\}/) {
            my $length = $i - $start - 1;
            fault('length', $file, $start + 1, "$name: $length lines")
                if $length > $function_limit && $file =~ /^src/;
            undef $start;
        }
    }
}


sub visible {
    my ($file, $at, $name, $type, $room) = @_;

    return if !$room || $type =~ /\bstatic\b/ || $name eq 'main';

    my $good = $room eq 'http'  ? qr/^ngx_http_promotions_/
             : $room eq 'event' ? qr/^ngx_promotions_/
             :                    qr/^pm_/;

    fault('names', $file, $at, $name) if $name !~ $good;
}


# The function's type stands two blank lines below what is above, where that
# is not its own comment (then two above the comment).
sub separation {
    my ($file, $lines, $type) = @_;

    my $above = $type - 1;

    # its comment, and at most one blank line between them
    $above-- if $above > 0 && $lines->[$above] eq '';

    if ($above >= 0 && $lines->[$above] =~ m{\*/\s*$}) {
        $above-- while $above > 0 && $lines->[$above] !~ m{^\s*/\*};
        $above--;

    } else {
        $above = $type - 1;
    }

    return if $above <= 0 || $lines->[$above] =~ /^#/;

    fault('blank', $file, $type + 1, $lines->[$type])
        if $lines->[$above] ne '' || $lines->[$above - 1] ne ''
           || ($above >= 2 && $lines->[$above - 2] eq '');
}


# The statement after an if, else, for, while or do begins with a brace.
sub braces {
    my ($file, $code, $i) = @_;

    my $text = join "\n", @$code[$i .. ($i + 30 > $#$code ? $#$code : $i + 30)];
    $text =~ s/^\s*\}?\s*//;

    # the end of do { } while (…);
    return if $code->[$i] =~ /^\s*\}\s*while\b/;

    if ($text =~ s/^(?:else\s+)?(?:if|for|while)\s*(?=\()//) {
        my $depth = 0;

        while ($text =~ /([()])/g) {
            $depth += $1 eq '(' ? 1 : -1;
            next if $depth;
            $text = substr $text, pos $text;
            last;
        }

        return if $depth;

    } else {
        $text =~ s/^(?:else|do)\b//;
    }

    fault('braces', $file, $i + 1, $code->[$i])
        if $text !~ /^\s*\{/;
}
