package Promotions::Forge;

# A provider of pull requests: a real HTTP server on loopback that behaves as
# the provider's API description and documentation say (t/data/forges), over
# the bare repositories that Promotions::Git serves.
#
#   my $forge = Promotions::Forge->start('github',   # or gitlab, gitea,
#                                        # bitbucket, bitbucket_server, azure
#       repositories => { 'acme/gitops' => $repo },  # names as in the API
#       token => 't0ken', user => 'bot');
#   $forge->api;                # for api=…; $forge->port
#   $forge->pulls;              # {repository,number,head,base,title,body,
#                               #  state,draft,labels,reviewers,sha}
#   $forge->requests;           # {method,path,query,headers,body,status,time}
#   $forge->open(repository => …, head => …, base => …, title => …);
#   $forge->change($number, state => 'MERGED', merge_commit => $sha);
#   $forge->set(archived => 1); # permission: write, read or none; and what
#                               # the provider's file names
#   $forge->fault(              # what happens to requests
#       method => 'POST', path => 'pulls$',  # a pattern; default: any
#       times => 1,             # default: always
#       when => 'after',        # once it has been done; default: instead
#       status => 503, body => '…', type => 'text/html', headers => [ … ],
#       cut => 20,              # so many bytes of the answer, and no more;
#                               # -1: all but the last
#       slow => 2,              # seconds before it answers
#       open => { … });         # somebody opens one just before
#   $forge->clear;              # no faults any more
#   $forge->refused;            # what no description allows
#
# A test file with a request that the description refuses fails:
# Promotions::Test's done_testing looks at refused() of all.

use strict;
use warnings;

use IO::Socket::INET ();
use JSON::PP ();

use Promotions::Forge::Server;
use Promotions::Process;

our @all;

my $json = JSON::PP->new->utf8->canonical;


sub start {
    my ($class, $type, %options) = @_;

    my %names = %{ delete $options{repositories} || {} };
    my $self = bless { type => $type, port => $options{port} // free_port(),
                       control => free_port() }, $class;

    my %setting = (
        %options, type => $type, port => $self->{port},
        control => $self->{control},
        repositories => { map { $_ => ref $names{$_} ? $names{$_}->path
                                                     : $names{$_} }
                          keys %names },
    );

    $self->{process} = Promotions::Process->start(name => $type,
        code => sub { Promotions::Forge::Server->new(%setting)->serve });

    wait_for_port($self->{control}, $self->{process}, 20);
    push @all, $self;
    return $self;
}


sub port {
    my ($self) = @_;
    return $self->{port};
}


sub stop {
    my ($self) = @_;
    @all = grep { $_ != $self } @all;
    $self->{process}->stop('KILL');
}


sub command {
    my ($self, $command, @arguments) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $self->{control}) or die "no $self->{type} server";

    print {$socket} $json->encode([ $command, @arguments ]), "\n";
    my $line = <$socket> // die "the $self->{type} server is gone: "
        . (read_file($self->{process}{output}) // '');
    my $answer = $json->decode($line);

    die "$self->{type}: $answer->{error}" if $answer->{error};
    return $answer->{value};
}


sub api {
    my ($self) = @_;
    return "http://127.0.0.1:$self->{port}" . $self->command('base');
}


sub pulls {
    my ($self) = @_;
    return @{ $self->command('pulls') };
}


sub requests {
    my ($self, $method, $pattern) = @_;

    return grep { (!$method || $_->{method} eq $method)
                  && (!$pattern || $_->{path} =~ /$pattern/) }
           @{ $self->command('requests') };
}


# What no description allows: of the requests, and of its own answers.
sub refused {
    my ($self) = @_;
    return @{ $self->command('refused') };
}


# Takes them as seen: for the test of this test.
sub forget {
    my ($self) = @_;
    return @{ $self->command('forget') };
}


sub open {
    my ($self, %pull) = @_;
    return $self->command('open', \%pull);
}


sub change {
    my ($self, $number, %changes) = @_;
    return $self->command('change', $number, \%changes);
}


sub set {
    my ($self, %settings) = @_;
    return $self->command('set', \%settings);
}


sub fault {
    my ($self, %fault) = @_;
    return $self->command('fault', \%fault);
}


sub clear {
    my ($self) = @_;
    return $self->command('clear');
}


1;
