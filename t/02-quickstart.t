# make run: what it prints works as it is printed.

use lib 't/lib';
use Promotions::Test;

my $run = Promotions::Process->start(
    name => 'make run', command => [$^X, 'tools/run.pl'], stop => 'INT',
    environment => { B => $ENV{B} // 'build',
                     PROMOTIONS_ASAN => $ENV{PROMOTIONS_ASAN} // '' });

wait_for('the gateway', sub {
    die read_file($run->{output}) if !$run->alive;
    return (read_file($run->{output}) // '') =~ /Ctrl-C stops/;
}, 30);

my $text = read_file($run->{output});
my ($url, $repository) =
    $text =~ m{gateway is at (\S+), its repository at (\S+)};
my ($preview, $commit) = $text =~ m{^  (curl -s .*?\}')$}msg;

like($preview, qr{\Q$url\E/api/promotions/preview}, 'prints a preview');
like($commit, qr{\Q$url\E/api/promotions/commit}, 'and a commit');


sub shell {
    my ($status, $output) = run('sh', '-c', shift);
    diag($output) if $status;
    return JSON::PP->new->utf8->decode($output || '{}');
}


my $json = shell($preview);
is_deeply([ map { $_->{path} } @{ $json->{files} } ],
          ['qa/orders/Chart.yaml', 'qa/orders/values.yaml'],
          'the preview shows the two files that would change')
    or diag(JSON::PP->new->encode($json));

$json = shell($commit);
like($json->{COMMIT_SHA}, qr/^[0-9a-f]{40}$/, 'the commit lands')
    or diag(JSON::PP->new->encode($json));

my $clone = temporary_folder();
my ($status) = run('git', 'clone', '-q', $repository, "$clone/gitops");
is($status, 0, 'the repository can be cloned');
is(read_file("$clone/gitops/qa/orders/values.yaml"), <<'END',
# orders in qa
replicas: 2   # this environment's own
host: orders.qa.example.com

image:
  repository: registry.example.com/shop/orders
  tag: "1.8.0"
END
   'only the tag moved');

$json = shell($commit);
is($json->{message},
   'no changes found between source and destination applications',
   'a second time there is nothing left');

for my $name ('orders', 'web', 'search') {
    for my $pair (['dev', 'qa'], ['qa', 'prod']) {
        (my $other = $commit) =~ s/orders-/$name-/g;
        $other =~ s/-dev"/-$pair->[0]"/;
        $other =~ s/-qa"(?=\},\n *"message")/-$pair->[1]"/;
        next if $name eq 'orders' && $pair->[0] eq 'dev';
        like(shell($other)->{COMMIT_SHA}, qr/^[0-9a-f]{40}$/,
             "$name from $pair->[0] to $pair->[1]");
    }
}

run({ folder => "$clone/gitops" }, 'git', 'pull', '-q');
like(read_file("$clone/gitops/prod/web/kustomization.yaml"),
     qr/^namePrefix: prod-\n.*^    newTag: 3\.1\.0$/ms,
     'Kustomize: the tag moved, the prefix did not');
is(read_file("$clone/gitops/prod/search.yaml"), <<'END',
replicas: 3
host: search.prod.example.com
image:
  tag: 3.2.0   # of the service
END
   'a chart from elsewhere: the tag moved in its value file');

# the README names the same request
my $readme = read_file('README.md');
my ($body) = $commit =~ /-d '(.*)'/s;
my ($documented) = $readme =~ /-d '(.*?\})'/s;
is_deeply(JSON::PP->new->decode($documented), JSON::PP->new->decode($body),
          'the README shows this request');
my $key = read_file(($ENV{B} // 'build') . '/key');
chomp $key;
like($commit, qr/\Q$key\E/, 'and its key is in build/key');



# the walk of a reviewed promotion, line by line as it is printed

my ($walk) = $text =~ /^(  GATEWAY=.*?)^There are orders/ms;
my @commands = read_file('docs/reviews.md') =~ /^```sh\n(.*?)^```$/msg;
ok(@commands >= 5, 'docs/reviews.md has a walk');
(my $plain = $walk) =~ s/^  //mg;
ok(index($plain, $_) >= 0, 'which is printed') for @commands;

my ($failed, $output) = run('sh', '-c', $walk);
is($failed, 0, 'it runs') or diag($output);

my $decoder = JSON::PP->new->utf8;
my @answers;
$decoder->incr_parse($output);
while (my $answer = $decoder->incr_parse) { push @answers, $answer }

my ($targets, $asked, $tasks, $diff, $accepted, $none, $audit) = @answers;
is(scalar @answers, 7, 'every command answers') or diag($output);
is_deeply([ map { @$_{qw(id available wouldUpdate)} } @$targets ],
          [ 'qa', JSON::PP::true, JSON::PP::false,
            'prod', JSON::PP::false, JSON::PP::false ],
          'petstore can go to qa, and is new there');
is($asked->{status}, 'TO_BE_VALIDATED', 'Paula asks');
is($tasks->{data}[0]{data}{promotionId}, $asked->{id}, 'Rita has a task');
is($diff->{files}[0]{path}, 'qa/apis/petstore.json', 'and sees what changes');
is($accepted->{status}, 'ACCEPTED', 'she accepts')
    or diag($decoder->encode($accepted));
is_deeply($none->{data}, [], 'the task is gone');
is_deeply([ map { $_->{event} }
            grep { $_->{properties}{promotion} eq $asked->{id} }
            @{ $audit->{content} } ],
          [qw(PROMOTION_COMMITTED API_CREATED PROMOTION_PROCESSED)],
          'and the audit tells of it') or diag($decoder->encode($audit));

run({ folder => "$clone/gitops" }, 'git', 'pull', '-q');
my $petstore = slurp_json("$clone/gitops/qa/apis/petstore.json");
is($petstore->{proxy}{groups}[0]{endpoints}[0]{target},
   'https://petstore.qa.example.com', 'qa has it, with its own endpoint');
is_deeply([ @$petstore{qw(state tags groups)} ], [ 'STOPPED', ['qa'], undef ],
          'stopped, tagged, and nobody else\'s');

my ($port) = $url =~ /:(\d+)$/;
ok($run->stop('INT'), 'Ctrl-C ends it');
my $r = http_request(port => $port, path => '/health', timeout => 2);
is($r->{status}, 0, 'and nginx with it');

done_testing();
