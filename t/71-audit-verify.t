# promotions-key verify-audit: a walk over the audit stream; what was done to
# the stream by hand shows, what the retention has taken does not.

use lib 't/lib';
use Promotions::Test;
use Promotions::Audit;

use Digest::SHA ();

my $scene = scene();
my $redis = $scene->{redis};


sub tool {
    my ($status, $output) = run('sh', '-c', 'exec "$0" "$@" 2>&1',
        ($ENV{B} // 'build') . '/promotions-key', '-a', $redis->address, @_);
    return ($status, $output);
}


# What verify-audit says: its exit status is part of it.
sub verified {
    my ($status, $output) = tool('verify-audit');
    $output =~ s/^promotions-key: //;
    return "$status $output";
}


is(verified(), "0 0 entries, all as they were recorded "
   . "(0 older ones were trimmed)\n", 'nothing was ever recorded');

# two of a commit, six of a key

$scene->landed($scene->commit('orders-dev', 'orders-qa'), 'a commit');
tool('create', '--id', 'ci', '--grants', 'PROMOTE_TO@qa');
tool($_, 'ci') for qw(disable enable rotate delete);

audit_ok($redis, 'what was recorded');
like(verified(), qr/^0\ 8\ entries,\ all\ as\ they\ were\ recorded
                    \ \(0\ older\ ones\ were\ trimmed\)\n
                    the\ newest\ is\ (\S+),\ its\ chain\ (\S+)\n$/x,
     'all is well');
{
    my $newest = (audit($redis))[-1];
    like(verified(), qr/ $newest->{stream}, its chain $newest->{chain}$/m,
         'the chain can be written down');
}


# what is done to the stream by hand

sub call { return $redis->call(@_) }

my $stream = 'promotions:audit';
my @raw = @{ call('XRANGE', $stream, '-', '+') };
my %tail = %{ $redis->hash("$stream:tail") };
my @ids = map { $_->[0] } @raw;


# The stream anew, of these entries.
sub rewrite {
    call('DEL', $stream);
    call('XADD', $stream, $_->[0], @{ $_->[1] }) for @_;
}


# The stream as it was but for the field of an entry; the values of others
# may be recomputed from the changed ones, as somebody would who knows how.
sub changed {
    my ($at, $name, $value) = @_;

    return map {
        my ($id, $fields) = @{ $raw[$_] };
        my @fields = @$fields;

        for my $i (0 .. $#fields / 2) {
            $fields[2 * $i + 1] = $value
                if $_ == $at && $fields[2 * $i] eq $name;
        }

        [ $id, \@fields ];
    } 0 .. $#raw;
}


sub shows {
    my ($pattern, $what) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like(verified(), qr/^1 $pattern/, $what);

    rewrite(@raw);
    call('DEL', "$stream:tail");
    call('HSET', "$stream:tail", %tail);
    like(verified(), qr/^0 8 entries/, '… and is mended');
}


for my $name (qw(user environmentId createdAt event properties patch digest)) {
    rewrite(changed(3, $name, 'x'));
    shows(qr/entry $ids[3] was changed/, "$name is changed");
}

rewrite(changed(3, 'chain', 'x' x 40));
shows(qr/entry $ids[3] does not follow $ids[2]/, 'a chain is changed');

rewrite(changed(0, 'user', 'x'));
shows(qr/entry $ids[0] was changed/, 'the oldest is changed');

rewrite(changed(7, 'user', 'x'));
shows(qr/entry $ids[7] was changed/, 'the newest is changed');

call('XDEL', $stream, $ids[3]);
shows(qr/entry $ids[4] does not follow $ids[2].*7 entries, the tail has 8/,
      'one is removed');

call('XDEL', $stream, @ids[0, 1]);
shows(qr/the oldest entry is $ids[2], but should be $ids[0]/,
      'the oldest are removed');

call('XTRIM', $stream, 'MAXLEN', 5);
shows(qr/the oldest entry is $ids[3], but should be $ids[0]/,
      'trimmed by another hand');

call('XDEL', $stream, @ids[6, 7]);
shows(qr/entries after $ids[5] were removed.*are 6, the tail has 8/,
      'the newest are removed');

call('DEL', $stream);
shows(qr/all entries from $ids[0] on were removed: the tail has 8/,
      'all are removed');

call('DEL', "$stream:tail");
shows(qr/the oldest entry is $ids[0], but should be none/,
      'the tail is removed');

call('HSET', "$stream:tail", 'count', 'many');
shows(qr/the tail .* was changed: its field count is none/,
      'a tail that is none');

call('HINCRBY', "$stream:tail", 'count', 1);
shows(qr/entries after $ids[7] were removed/, 'the count is changed');

# two in each other's place
rewrite(map { my $at = $_;
              [ $ids[$at], $raw[{ 3 => 4, 4 => 3 }->{$at} // $at][1] ] }
        0 .. 7);
shows(qr/entry $ids[3] was inserted, or moved from another place/,
      'two are reordered');

# a copy of one between others
rewrite(@raw[0 .. 3],
        [ $ids[3] =~ s/-(\d+)$/'-' . ($1 + 1)/er, $raw[1][1] ],
        @raw[4 .. 7]);
shows(qr/entry \d+-\d+ was inserted, or moved.*9 entries, the tail has 8/,
      'one is inserted');

call('XADD', $stream, '*', @{ $raw[1][1] });
shows(qr/entry \d+-\d+ was inserted after the newest/, 'one is added');

call('XADD', $stream, '*', 'hello', 'world');
shows(qr/entry \d+-\d+ was inserted after the newest/, 'any is added');

call('DEL', $stream);
call('SET', $stream, 'x');
shows(qr/.*is neither/, 'something else has its name');

# an entry made anew as a whole breaks what follows
{
    my @forged = changed(3, 'user', 'mallory');
    my %value = @{ $forged[3][1] };

    $value{digest} = Digest::SHA::sha256_hex(join '', "promotions-audit 1\n",
        map { "$_ " . length($value{$_}) . " $value{$_}\n" }
        map { $forged[3][1][2 * $_] } 0 .. 11);
    $value{chain} = Digest::SHA::sha1_hex({ @{ $raw[2][1] } }->{chain}
                                          . $value{digest});
    @{ $forged[3][1] }[25, 27] = @value{qw(digest chain)};

    rewrite(@forged);
    shows(qr/entry $ids[4] does not follow $ids[3]/, 'one is forged');
}


# the retention takes the oldest, and the tail says so

sub old {
    my ($n, $age) = @_;

    # what was recorded so long ago: the same entries under older ids
    my $ms = (time - $age) * 1000;
    my @old = map { [ $ms . "-$_", $raw[$_][1] ] } 0 .. $n - 1;

    rewrite(@old, @raw[$n .. 7]);
    call('HSET', "$stream:tail", oldest => "$ms-0");
}

old(3, 300 * 86400);
like(verified(), qr/^0 8 entries/, 'entries of long ago');

$scene->change;
$scene->landed($scene->commit('orders-dev', 'orders-qa'), 'one more');
is(scalar audit($redis), 7, 'three are trimmed, two have come');
like(verified(), qr/^0 7 entries, .*\(3 older ones were trimmed\)$/m,
     'trimming is told from loss');
audit_ok($redis, 'after trimming');

call('XDEL', $stream, (audit($redis))[0]{stream});
like(verified(), qr/^1 the oldest entry is/, 'loss after trimming shows');



# beside others that write, over several pages, by somebody who may only read

$redis->call('FLUSHALL');
$redis->call('ACL', 'SETUSER', 'auditor', 'on', '>p', '%R~promotions:audit*',
             '+multi', '+exec', '+hgetall', '+xrange', '+xrevrange');
my $file = write_file(temporary_folder() . '/password', 'p');

my $writer = Promotions::Process->start(name => 'writer', command => [
    'sh', '-c', 'for i in $(seq 150); do "$0" "$@" create --grants admin'
    . ' >/dev/null 2>&1; done', ($ENV{B} // 'build') . '/promotions-key',
    '-a', $redis->address ]);
my ($walks, @odd) = (0);

while ($writer->alive) {
    my ($status, $output) = tool('verify-audit', '--user', 'auditor',
                                 '--password-file', $file);
    push @odd, "$status $output" if $status;
    $walks++;
}

is_deeply(\@odd, [], "$walks walks while entries were written");
cmp_ok($walks, '>', 3, 'several');
like(verified(), qr/^0 150 entries/, 'all of them');

$stream = 'promotions:audit';
my $at = $redis->call('XRANGE', $stream, '-', '+')->[100][0];
$redis->call('XDEL', $stream, $at);
like(verified(), qr/^1 entry .* does not follow .*are 149 .*has 150/,
     'one of a later page is removed');

done_testing();
