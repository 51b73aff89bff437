package Promotions::Torture;

# A load of promotions on two nodes with one Redis, while workers and nodes
# are killed, Redis is restarted and paused, the git server is restarted, and
# somebody else commits to the branches all the time.
#
#   my $torture = Promotions::Torture->new(promotions => 1000, kills => 50,
#                                          seed => 7, limit => 300);
#   my %found = $torture->run;       # as of Promotions::Load->verdict
#   $torture->{count};               # {event => how often}
#
# A seed gives the same events in the same order; when they come depends on
# the machine.

use strict;
use warnings;

use Time::HiRes ();

use Promotions::Audit;
use Promotions::Load;
use Promotions::Process qw(read_file wait_for);

# each with its weight
my %events = (
    worker => 10, point => 6, node => 1, redis_restart => 1, redis_pause => 2,
    git_restart => 1, listeners => 1,
);

my @points = map { /\bpm_failpoint\("(\w+)"\)/g }
             map { read_file($_) } sort glob('src/*/*.c');


sub new {
    my ($class, %options) = @_;

    my $self = bless {
        promotions => 100, kills => 10, clients => 16, nodes => 2,
        limit => 60, seed => time, count => {}, %options,
    }, $class;

    $self->{redis} = Promotions::Redis->start(persist => 1);
    $self->{git} = Promotions::Git->start;
    $self->{field} = Promotions::Load->field($self->{git},
        $self->{promotions}, branches => ['main', 'main', 'stable']);
    $self->{key} = $self->{redis}->key;

    $self->{nginx} = [ map { Promotions::Nginx->start(
        redis => $self->{redis}, catalog => $self->{field}{catalog},
        failpoints => 1, workers => 2,
        http => 'promotions_lease 1s; promotions_git_timeout 10s;')
    } 1 .. $self->{nodes} ];

    $_->allow(qr/exited on signal 9/) for @{ $self->{nginx} };
    return $self;
}


sub run {
    my ($self) = @_;

    srand($self->{seed});

    my $load = $self->{load} = Promotions::Load->start($self->{field},
        nodes => $self->{nginx}, key => $self->{key}, async => 0.2,
        seed => $self->{seed}, clients => $self->{clients},
        limit => $self->{limit}, gated => 1);
    my $writer = $self->writer;

    my $kills = 0;

    while ($load->running) {
        $kills += $self->event($self->choose) if $kills < $self->{kills};
        $kills += $self->triggered;

        # the load lasts as long as the kills
        $load->allow(int(($kills + 1.5) * $self->{promotions}
                         / $self->{kills}));
        Time::HiRes::sleep(0.02 + rand(0.3));
    }

    $writer->stop('KILL');
    $self->{kills_done} = $kills + $self->triggered;
    $self->restore;
    return ($load->verdict($self->{redis}), $self->audited);
}


# What the audit stream says, where it should say something else.
sub audited {
    my ($self) = @_;

    my $redis = $self->{redis};
    my @wrong = Promotions::Audit::faults($redis);
    my %events;

    push @{ $events{ $_->{properties}{promotion} } }, $_
        for Promotions::Audit::audit($redis);

    for my $id (@{ $redis->call('ZRANGE', 'promotions:promotions', 0, -1) }) {
        my ($state, $commit) = @{ $redis->call('HMGET',
            "promotions:promotion:$id", 'state', 'commit') };
        my $told = join ' ', map { $_->{event},
            $_->{properties}{commit} // () } @{ $events{$id} // [] };
        my $true = join ' ', 'PROMOTION_CREATED',
            $state eq 'LANDED' ? ('PROMOTION_COMMITTED', $commit) : ();

        push @wrong, "$id is $state: $told" if $told ne $true;
    }

    return (audited_otherwise => \@wrong);
}


sub choose {
    my ($self) = @_;

    my $sum = 0;
    $sum += $_ for values %events;
    my $at = rand $sum;

    for my $name (sort keys %events) {
        $at -= $events{$name};
        return $name if $at < 0;
    }
}


# Does it; returns how many workers it has killed.
sub event {
    my ($self, $name) = @_;

    my $node = $self->{nginx}[rand @{ $self->{nginx} }];
    $self->{count}{$name}++;

    if ($name eq 'worker') {
        my @workers = $node->workers or return 0;
        return kill 'KILL', $workers[rand @workers];

    } elsif ($name eq 'point') {
        my $point = $points[rand @points];
        $self->{armed}{"$node->{port} $point"} = [ $node, $point ];
        $node->arm($point);

    } elsif ($name eq 'node') {
        my $killed = $node->crash;
        Time::HiRes::sleep(rand(0.5));
        $node->revive;
        return $killed;

    } elsif ($name eq 'redis_restart') {
        $self->{redis}->kill;
        Time::HiRes::sleep(rand(0.3));
        $self->{redis}->launch;

    } elsif ($name eq 'redis_pause') {
        $self->{redis}->pause;
        Time::HiRes::sleep(rand(1.5));
        $self->{redis}->resume;

    } elsif ($name eq 'git_restart') {
        $self->{git}->stop;
        Time::HiRes::sleep(rand(0.5));
        $self->{git}->launch;

    } else {
        $self->{redis}->call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }

    return 0;
}


# Points that have killed somebody since the last time.
sub triggered {
    my ($self) = @_;

    my $n = 0;

    for my $name (keys %{ $self->{armed} }) {
        my ($node, $point) = @{ $self->{armed}{$name} };

        if (!$node->armed($point)) {
            delete $self->{armed}{$name};
            $self->{count}{triggered}++;
            $n++;
        }
    }

    return $n;
}


# Somebody else, who commits to the branches: never over another's commit.
sub writer {
    my ($self) = @_;

    my $repo = $self->{field}{repo};

    return Promotions::Process->start(name => 'writer', code => sub {
        for (my $n = 0; ; $n++) {
            for my $branch ('main', 'stable') {
                my $head = $repo->head($branch);
                my $new = $repo->commit({ 'others.txt' => "$n\n" },
                    branch => "writer-$branch", from => $head,
                    message => "others $n");
                eval { $repo->git('update-ref', "refs/heads/$branch", $new,
                                  $head) };
            }
            Time::HiRes::sleep(0.2);
        }
    });
}


# All is up again, and what was left is done.
sub restore {
    my ($self) = @_;

    for my $armed (values %{ $self->{armed} }) {
        my ($node, $point) = @$armed;
        unlink "$node->{dir}/failpoints/$point";
    }

    eval { wait_for('the end of the lanes', sub {
        !@{ $self->{redis}->call('SMEMBERS', 'promotions:lanes') }
    }, 15) };
}


1;
