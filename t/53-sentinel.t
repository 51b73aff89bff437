# A master, two replicas and a Sentinel: the master is found by its name, also
# after a failover and after its death in the middle of a load; 503 meanwhile,
# and what was answered 200 is on the branch, once.

use lib 't/lib';
use Promotions::Test limit => 240;
use Promotions::Load;

# a master that one of its replicas has left takes no writes: so what it has
# acknowledged is not lost in a failover
my @options = ('--min-replicas-to-write', 2, '--min-replicas-max-lag', 2,
               '--repl-diskless-sync-delay', 0, '--repl-ping-replica-period',
               1);

my @redis = Promotions::Redis->start(persist => 1, options => \@options);

push @redis, Promotions::Redis->start(persist => 1, options =>
    [@options, '--replicaof', "127.0.0.1 $redis[0]{port}"]) for 1, 2;

my $dir = temporary_folder();
my $port = free_port();

wait_for('the replicas', sub {
    my $up = () = $redis[0]->call('INFO', 'replication') =~ /state=online/g;
    $up == 2 }, 20);

my $key = $redis[0]->key(id => 'load');

write_file("$dir/sentinel.conf", <<"END");
port $port
bind 127.0.0.1
dir $dir
sentinel monitor main 127.0.0.1 $redis[0]{port} 1
sentinel down-after-milliseconds main 500
sentinel failover-timeout main 3000
END

my $sentinel = Promotions::Process->start(name => 'sentinel',
    output => "$dir/sentinel.log",
    command => ['redis-sentinel', "$dir/sentinel.conf"]);
wait_for_port($port, $sentinel);

my $address = "sentinel:main\@127.0.0.1:$port";
my $git = Promotions::Git->start;
my $field = Promotions::Load->field($git, 200);
my @nodes = map { Promotions::Nginx->start(workers => 2,
    catalog => $field->{catalog},
    redis_directive => "promotions_redis $address timeout=500ms "
                       . 'connect_timeout=500ms;',
    http => 'promotions_lease 1s;') } 1, 2;


sub asked {
    my $client = bless { port => $port }, 'Promotions::Redis';
    my $master = $client->call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main');
    return (grep { $_->{port} == $master->[1] } @redis)[0];
}


# The Sentinel knows both replicas: it could choose one.
sub settled {
    my $client = bless { port => $port }, 'Promotions::Redis';

    wait_for('the Sentinel to know its replicas', sub {
        my @up = grep { my %replica = @$_;
                        $replica{flags} eq 'slave'
                        && $replica{'master-link-status'} eq 'ok'
                        && $replica{'master-port'} == asked()->{port} }
                 @{ $client->call('SENTINEL', 'REPLICAS', 'main') };
        @up == 2 }, 40);
}


sub status {
    my ($node) = @_;
    return $node->request(method => 'POST', key => $key, json => {},
                          path => '/api/promotions/commit')->{status};
}


# Every answered 200 is on the branch under its id, once.
sub good {
    my ($load, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($shas, $messages) = $load->landed;
    my @landed = grep { $_->{status} == 200 } $load->answers;
    my @faults = map { "load $_->{n}: $_->{id} $_->{sha}, on the branch: "
                       . join ' ', @{ $shas->{ $_->{id} } // [] } }
                 grep { "@{ $shas->{ $_->{id} } // [] }" ne $_->{sha} }
                 @landed;

    is_deeply(\@faults, [],
              "$name: each of " . @landed . ' 200s is on the branch, once');
    is_deeply([ grep { $messages->{$_} != 1 } keys %$messages ], [],
              "$name: and nothing twice");

    my %landed = map { $_->{n} => 1 } @landed;
    my @bad = map { "load $_->{n}: $_->{status} $_->{message}" }
              grep { $_->{status} =~ /^(?:4|500)/ && !$landed{ $_->{n} } }
              $load->answers;
    is_deeply(\@bad, [], "$name: no wrong answer");
    is(scalar keys %landed, $load->{count}, "$name: all have their answer");

    my @waited = grep { $_->{status} == 503 } $load->answers;
    my ($longest) = sort { $b <=> $a } map { $_->{seconds} } @waited;
    cmp_ok($longest // 0, '<', 5, "$name: " . @waited . ' answers of 503 in '
           . 'the meantime, the latest after '
           . sprintf('%.1f s', $longest // 0));
}


sub promoted {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(eval { wait_for('the new master', sub {
        !grep { status($_) != 400 } @nodes }, 10) },
       "$name: both nodes use the master");
}


settled();
promoted('at the start');

{
    my $old = asked();
    my $load = Promotions::Load->start($field, nodes => \@nodes, key => $key,
        count => 100, clients => 8, limit => 60, gated => 1, timeout => 10);

    $load->allow(50);
    wait_for('a part of the load', sub { $load->done > 20 }, 30);

    my $client = bless { port => $port }, 'Promotions::Redis';
    $client->call('SENTINEL', 'FAILOVER', 'main');
    $load->allow(100);
    wait_for('another master', sub { asked() != $old }, 20);

    $load->wait(60);
    good($load, 'a failover');
    promoted('a failover');
    settled();
}

{
    my $old = asked();
    my $load = Promotions::Load->start($field, nodes => \@nodes, key => $key,
        first => 100, count => 100, clients => 8, limit => 60, gated => 1,
        timeout => 10);

    $load->allow(50);
    wait_for('a part of the load', sub { $load->done > 20 }, 30);

    # the Sentinel closes all connections when it tells a Redis of its master
    for my $one (@redis) {
        $one->disconnect;
        $one->call('CONFIG', 'SET', 'min-replicas-to-write', 1);
    }

    $old->kill;
    $load->allow(100);
    wait_for('another master', sub { asked() != $old }, 20);

    $load->wait(60);
    good($load, 'the master killed');
    promoted('the master killed');
}


# promotions-key finds it as well

{
    my $tool = (($ENV{B} // 'build') . '/promotions-key');
    my ($status, $output) = run($tool, 'create', '--address', $address,
                                '--grants', 'PROMOTE_TO@qa',
                                '--name', 'by-name');
    is($status, 0, 'promotions-key --address sentinel:…') or diag($output);

    asked()->disconnect;
    my ($id) = map { /^promotions:key:(.*)/ ? $1 : () }
               grep { !/:load$/ }
               @{ asked()->call('KEYS', 'promotions:key:*') };
    is(asked()->hash("promotions:key:$id")->{name}, 'by-name',
       'the key is on the new master');
}

is($field->{repo}->fsck, '', 'git fsck --strict');

done_testing();
