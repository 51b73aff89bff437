package Promotions::Audit;

# The audit stream, as Redis has it.
#
#   my @entries = audit($redis);            # oldest first: hashes by field;
#                                           # stream is the stream's id
#   audit_ok($redis, 'what was done');      # a test: digests, chain and tail
#   is(audit_events($redis), 'PROMOTION_CREATED PROMOTION_COMMITTED', …);
#
# Digests and chain are made anew here, by what src/store/pm_store_audit.h
# says of them and not by the code that is tested.

use strict;
use warnings;

use Digest::SHA ();
use Encode ();
use Exporter 'import';
use JSON::PP ();
use Test::More ();

our @EXPORT = qw(audit audit_ok audit_events);

my @names = qw(id referenceType referenceId organizationId environmentId user
               userName keyId createdAt event properties patch);


sub audit {
    my ($redis) = @_;

    return map {
        my ($id, $fields) = @$_;
        my %entry = (@$fields, stream => $id);

        $entry{properties} = JSON::PP->new->utf8->decode($entry{properties});
        \%entry;
    } @{ $redis->call('XRANGE', "$redis->{prefix}audit", '-', '+') };
}


sub audit_events {
    my ($redis) = @_;

    return join ' ', map { $_->{event} } audit($redis);
}


sub audit_ok {
    my ($redis, $what) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @faults = faults($redis);

    Test::More::ok(!@faults, "audit: $what")
        or Test::More::diag(join "\n", @faults);
}


sub faults {
    my ($redis) = @_;

    my $tail = $redis->hash("$redis->{prefix}audit:tail");
    my $all = $redis->call('XRANGE', "$redis->{prefix}audit", '-', '+');
    my $chain = $tail->{before} // '';
    my @faults;

    for (@$all) {
        my ($id, $fields) = @$_;
        my %value = @$fields;
        my @found = map { $fields->[2 * $_] } 0 .. $#$fields / 2;

        push @faults, "$id has the fields @found"
            if "@found" ne "@names digest chain";

        # the lengths are of bytes
        my $text = join '', "promotions-audit 1\n", map {
            my $bytes = Encode::is_utf8($value{$_})
                ? Encode::encode('UTF-8', $value{$_}) : $value{$_};
            "$_ " . length($bytes) . " $bytes\n";
        } @names;

        $chain = Digest::SHA::sha1_hex($chain . $value{digest});
        push @faults, "$id has another digest"
            if $value{digest} ne Digest::SHA::sha256_hex($text);
        push @faults, "$id has another chain" if $value{chain} ne $chain;
    }

    push @faults, 'the tail has another chain'
        if ($tail->{chain} // '') ne $chain;
    push @faults, 'the tail counts otherwise'
        if @$all != ($tail->{count} // 0) - ($tail->{trimmed} // 0);
    push @faults, 'the tail knows another oldest one'
        if ($tail->{oldest} // '') ne (@$all ? $all->[0][0] : '');

    return @faults;
}


1;
