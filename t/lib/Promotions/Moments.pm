package Promotions::Moments;

# The moments of a promotion that a test can stop, and look at; methods of a
# scene.
#
#   my $gate = $scene->hold;             # a push waits in its pre-receive hook
#   my $client = $scene->waiting;        # a client that waits for dev to qa
#   $scene->reached($gate);              # the push has come there
#   my $id = $scene->newest;             # of the promotion
#   my $pid = $scene->leader;            # the worker that leads a lane
#   $scene->release($gate);
#   my $r = $scene->answer($client);     # and the client is gone
#   $scene->silence; $scene->speak;      # the git server says nothing
#   $scene->record($id);                 # what Redis has of it
#   $scene->landed_once($id, 'named');   # four tests

use strict;
use warnings;

use JSON::PP ();
use Test::More ();

use Promotions::Process;

my $slow = $ENV{PROMOTIONS_ASAN} ? 4 : 1;


package Promotions::Test::Scene;

use Promotions::Process;


# The parts of a request that promotes one application to another.
sub commit_request {
    my ($self, $source, $destination, %body) = @_;

    return (method => 'POST', path => '/api/promotions/commit',
            key => $self->{key}, timeout => 20 * $slow, json => {
                srcAppId => Promotions::Test::app_id($source),
                destAppId => Promotions::Test::app_id($destination),
                message => "$source to $destination", %body });
}


# %request may name another `nginx`.
sub waiting {
    my ($self, %request) = @_;

    my $nginx = delete $request{nginx} // $self->{nginx};
    $self->change;
    return $nginx->open($self->commit_request('orders-dev', 'orders-qa'),
                        %request);
}


# nginx lingers for a client that stays.
sub answer {
    my ($self, $client) = @_;

    my $response = $client->finish;
    $client->close;
    return $response;
}


sub hold {
    my ($self, $hook) = @_;

    my $gate = temporary_folder() . '/gate';
    $self->{repo}->hook($hook // 'pre-receive', "#!/bin/sh\n"
        . "touch $gate.reached\n"
        . "for i in \$(seq 500); do\n"
        . "    test -e $gate && exit 0\n"
        . "    sleep 0.02\n"
        . "done\nexit 1\n");
    return $gate;
}


sub reached {
    my ($self, $gate) = @_;
    wait_for('the push', sub { -e "$gate.reached" }, 10 * $slow);
}


sub release {
    my ($self, $gate) = @_;
    write_file($gate, '');
}


sub silence {
    my ($self) = @_;
    kill 'STOP', -$self->{git}{nginx}->pid;
}


sub speak {
    my ($self) = @_;
    kill 'CONT', -$self->{git}{nginx}->pid;
}


sub record {
    my ($self, $id) = @_;
    return $self->{redis}->hash("promotions:promotion:$id");
}


sub newest {
    my ($self) = @_;
    return $self->{redis}->call('ZRANGE', 'promotions:promotions', -1, -1)
           ->[0] // '';
}


sub on_the_branch {
    my ($self, $id) = @_;
    return scalar grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m }
                       $self->{repo}->log;
}


sub leader {
    my ($self) = @_;

    my $redis = $self->{redis};

    return wait_for('a leader', sub {
        for my $lane (@{ $redis->call('SMEMBERS', 'promotions:lanes') }) {
            my $token = $redis->call('GET', "promotions:lane:$lane:lease");
            return $1 if defined $token && $token =~ /:(\d+):/;
        }
        return 0;
    });
}


# What came behind lands, too: until then the branch and its objects change.
sub idle {
    my ($self) = @_;
    my $redis = $self->{redis};

    return eval { wait_for('the lanes to be idle', sub {
        !@{$redis->call('SMEMBERS', 'promotions:lanes')}
    }, 12 * $slow) };
}


sub landed_once {
    my ($self, $id, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $repo = $self->{repo};
    my $recorded = eval { wait_for('the record', sub {
        ((eval { $self->record($id) } // {})->{state} // q()) eq q(LANDED)
    }, 12 * $slow) };

    Test::More::ok($recorded, "$name: recorded as landed")
        or Test::More::diag("$id: ", JSON::PP->new->canonical->encode(
            eval { $self->record($id) } // {}));
    $self->idle or Test::More::diag("$name: the lanes are not idle");
    Test::More::is($self->on_the_branch($id), 1,
                   "$name: on the branch exactly once");
    Test::More::is($repo->tree('main:qa/orders'),
                   $repo->tree('main:dev/orders'), "$name: qa equals dev");
    Test::More::is($repo->fsck, '', "$name: git fsck --strict");
}


1;
