# Promotions on two nodes while everything around them is killed, restarted
# and paused: none lost, none twice, no wrong answer.
#
#     perl tests/torture.pl [SEED]
#     PROMOTIONS=1000 KILLS=50
#
# Prints the seed and what was counted; fails if anything is wrong.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../t/lib";

use Promotions::Test limit => 1800;
use Promotions::Torture;

chdir "$FindBin::Bin/.." or die $!;

my $seed = $ARGV[0] // time % 100_000;
my $promotions = $ENV{PROMOTIONS} // 1000;
my $start = time;

my $torture = Promotions::Torture->new(seed => $seed, limit => 900,
    promotions => $promotions, kills => $ENV{KILLS} // 50);
my %found = $torture->run;
my $faults = 0;

print "seed $seed: $promotions promotions, $torture->{kills_done} kills, ",
      scalar($torture->{load}->answers), ' answers, ', time - $start, " s\n";
print join(', ', map { "$torture->{count}{$_} $_" }
                 sort keys %{ $torture->{count} }), "\n";
print 'records: ', join(', ', map { "$torture->{load}{states}{$_} $_" }
                        sort keys %{ $torture->{load}{states} }), "\n";

for my $name (sort keys %found) {
    my @list = @{ $found{$name} };
    print scalar(@list), " $name\n";
    print "    $_\n" for @list > 20 ? @list[0 .. 19] : @list;
    $faults += @list;
}

for my $nginx (@{ $torture->{nginx} }) {
    my @problems = ($nginx->stop ? () : 'nginx did not end',
                    $nginx->problems);
    print "    $_\n" for @problems > 20 ? @problems[0 .. 19] : @problems;
    $faults += @problems;
}

exit($faults ? 1 : 0);
