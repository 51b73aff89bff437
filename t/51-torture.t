# The short form of `make torture`: two nodes, killed workers and nodes, Redis
# restarted and paused, the git server restarted, somebody else who commits;
# none lost, none twice, no wrong answer, every record settled.

use lib 't/lib';
use Promotions::Test limit => 180;
use Promotions::Torture;

my $seed = $ENV{PROMOTIONS_SEED} // time % 100_000;
my $torture = Promotions::Torture->new(promotions => 100, kills => 10,
                                       seed => $seed, limit => 90);
my %found = $torture->run;

note("seed $seed: $torture->{kills_done} kills, "
     . join(', ', map { "$torture->{count}{$_} $_" }
            sort keys %{ $torture->{count} }));

cmp_ok($torture->{kills_done}, '>=', 10, 'workers were killed');

for my $name (sort keys %found) {
    is_deeply($found{$name}, [], "seed $seed: nothing $name");
}

done_testing();
