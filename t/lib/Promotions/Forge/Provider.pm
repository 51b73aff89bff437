package Promotions::Forge::Provider;

# What the providers have in common: repositories, their pull requests, who
# may do what.  A provider's file says what stands between that and HTTP:
#
#   base             the path of its API
#   below($path)     a request's path as the description has it, or undef
#   also             { query => […], body => […] }: described elsewhere
#   request_faults   what is documented outside of the description
#   authorized       whether a request has the token
#   handle($request, $sample)   the answer: {status, value | text, headers};
#                    $sample->(201) is an answer with all that is described
#   problem($status, $words)    an error as the provider writes it

use strict;
use warnings;


sub new {
    my ($class, %options) = @_;

    return bless { %options, pulls => [], number => {},
                   set => { permission => 'write' } }, $class;
}


sub also {
    return ();
}


sub request_faults {
    return ();
}


sub set {
    my ($self, %settings) = @_;
    $self->{set}{$_} = $settings{$_} for keys %settings;
    return 1;
}


sub below {
    my ($self, $path) = @_;

    my $base = $self->base;
    return $path =~ m{^\Q$base\E(/.*)$}s ? $1 : undef;
}


sub web {
    return 'https://forge.example';
}


# The lines of git's output; none when it fails.
sub git {
    my ($self, $repository, @arguments) = @_;

    my $path = $self->{repositories}{$repository} // return;

    utf8::encode($_) for grep { utf8::is_utf8($_) } @arguments;
    open my $pipe, '-|', 'git', '-C', $path, @arguments or return;
    my @lines = <$pipe>;
    close $pipe or return;
    chomp @lines;
    utf8::decode($_) for @lines;
    return @lines;
}


# What its branches are now.
sub heads {
    my ($self, $repository) = @_;

    return { map { m{^(\w+) refs/heads/(.*)} ? ($2, $1) : () }
             $self->git($repository, 'for-each-ref',
                        '--format=%(objectname) %(refname)', 'refs/heads/') };
}


sub head {
    my ($self, $repository, $branch) = @_;
    return $self->heads($repository)->{$branch};
}


# How many commits a pull request would have.
sub between {
    my ($self, $repository, $base, $head) = @_;

    my ($count) = $self->git($repository, 'rev-list', '--count',
                             "refs/heads/$base..refs/heads/$head");
    return $count;
}


# All of them, the newest last, with what the branches are now.
sub all {
    my ($self) = @_;

    my %heads;

    for my $pull (grep { $_->{state} eq 'OPEN' } @{ $self->{pulls} }) {
        my $repository = $pull->{repository};
        my $heads = $heads{$repository} //= $self->heads($repository);
        $pull->{sha} = $heads->{$pull->{head}} // $pull->{sha};
    }
    return @{ $self->{pulls} };
}


sub found {
    my ($self, $repository, %wanted) = @_;

    return grep {
        my $pull = $_;
        $pull->{repository} eq $repository
            && !grep { $pull->{$_} ne $wanted{$_} } keys %wanted;
    } $self->all;
}


sub numbered {
    my ($self, $repository, $number) = @_;

    my ($pull) = $self->found($repository, number => $number);
    return $pull;
}


sub open_pull {
    my ($self, %pull) = @_;

    my $repository = $pull{repository} // (keys %{ $self->{repositories} })[0];
    my $number = $self->{number}{$repository} //= 6;
    $self->{number}{$repository} = ++$number;

    push @{ $self->{pulls} }, {
        title => 'a pull request', body => '', draft => 0, labels => [],
        reviewers => [], version => 0, changed => time, %pull,
        state => 'OPEN',
        repository => $repository, number => $number,
        sha => $self->head($repository, $pull{head}),
    };
    return $self->{pulls}[-1];
}


sub change {
    my ($self, $number, $changes) = @_;

    for my $pull (grep { $_->{number} == $number } @{ $self->{pulls} }) {
        $pull->{changed} = time;
        $pull->{$_} = $changes->{$_} for keys %$changes;
        $pull->{version}++;
    }
    return 1;
}


# When it was opened, or changed by somebody, with so many digits of a second.
sub changed {
    my ($self, $pull, $digits) = @_;

    my @time = gmtime $pull->{changed};
    return sprintf '%d-%02d-%02dT%02d:%02d:%02d%s', $time[5] + 1900,
        $time[4] + 1, @time[3, 2, 1, 0], $digits ? '.' . '0' x $digits : '';
}


# Why a repository cannot be read or written: a status and words, or nothing.
sub forbidden {
    my ($self, $repository, $write) = @_;

    return 404 if !$self->{repositories}{$repository}
                  || $self->{set}{permission} eq 'none';
    return () if !$write;
    return 'archived' if $self->{set}{archived};
    return 403 if $self->{set}{permission} eq 'read';
    return ();
}


# A sample with these values in it, at any depth.
sub filled {
    my ($sample, $values) = @_;

    return $values if ref $sample ne 'HASH' || ref $values ne 'HASH';
    return { %$sample, map { $_ => filled($sample->{$_}, $values->{$_}) }
                       keys %$values };
}


sub boolean {
    return $_[0] ? JSON::PP::true() : JSON::PP::false();
}


1;
