# hooks/{host}: what providers say of their pull requests reaches the records,
# from nobody but them.

use lib 't/lib';
use Promotions::Test limit => 200;

use Digest::SHA ();
use JSON::PP ();

my $secret = 'a s3cret of the webhook';
my $json = JSON::PP->new->utf8->canonical;
my $secrets = temporary_folder() . '/secrets';
my $port;

write_file($secrets, '', 0600);

my $scene = scene(forge => 'github', many => 14,
    http => "promotions_webhook_secrets $secrets;", server => <<'END');
        location /webhooks/ { promotions_hooks; }
        location /hooks/ { promotions_hooks; }
END
my ($repo, $nginx, $forge, $redis) = @$scene{qw(repo nginx forge redis)};

$port = $scene->{git}{port};
my $host = "127.0.0.1:$port";
write_file($secrets, "# of the providers\n\n$host $secret\n"
           . "gitlab.com another\n", 0600);
$nginx->reload;


sub opened {
    my ($n) = @_;

    my $r = $scene->pull_request("many-$n-dev", "many-$n-qa");
    is($r->{status}, 200, "$n: opened") or diag($r->{body});
    return ($r->{headers}{'promotion-id'}, $r->json->{PULL_REQUEST_ID});
}


sub record {
    my ($id) = @_;
    return $scene->get($id)->json;
}


# So many seconds after the beginning.
my $beginning = time;

sub at {
    my ($seconds) = @_;

    my @time = gmtime $beginning + $seconds;
    return sprintf '%d-%02d-%02dT%02d:%02d:%02dZ', $time[5] + 1900,
        $time[4] + 1, @time[3, 2, 1, 0];
}


# What GitHub sends, as far as it is read.
sub event {
    my ($number, $state, %pull) = @_;

    return { action => $state eq 'open' ? 'reopened' : 'closed',
             number => $number,
             repository => { full_name => $pull{repository} // 'acme/gitops',
                             name => 'gitops' },
             pull_request => {
                 number => $number, state => $state,
                 html_url => "https://forge.example/acme/gitops/pull/$number",
                 merged => $pull{merged} ? JSON::PP::true : JSON::PP::false,
                 $pull{at} ? (updated_at => at($pull{at})) : (),
                 merged_at => $pull{merged} ? '2026-01-01T00:00:00Z' : undef,
                 merge_commit_sha => $pull{merged} // ('f' x 40),
                 head => { ref => 'h', sha => 'a' x 40,
                           repo => { id => $pull{from} // 7 } },
                 base => { ref => 'main', sha => 'b' x 40,
                           repo => { id => 7 } },
                 delivery => $pull{delivery} // rand } };
}


sub hook {
    my ($event, %request) = @_;

    my $body = ref $event ? $json->encode($event) : $event;
    my $signature = 'sha256=' . Digest::SHA::hmac_sha256_hex(
        $body, delete $request{secret} // $secret);

    return $nginx->request(method => 'POST', path => "/webhooks/hooks/$host",
        body => $body, %request, headers => {
            'Content-Type' => 'application/json',
            'X-GitHub-Event' => 'pull_request',
            'X-Hub-Signature-256' => $signature,
            %{ $request{headers} || {} } });
}


# merged

my ($id, $number) = opened(1);
my $event;
my $merged = event($number, 'closed', merged => 'c' x 40);
my $r = hook($merged);
is($r->{status}, 204, 'a webhook') or diag($r->{body}, $nginx->log);
is($r->{body}, '', 'without a body');

my $record = record($id);
is($record->{state}, 'MERGED', 'merged');
is($record->{PULL_REQUEST_STATE}, 'MERGED', 'by its own name');
is($record->{MERGE_COMMIT_SHA}, 'c' x 40, 'and the merge commit');
is($record->{timeline}[-1]{state}, 'merged', 'and when');
is(scalar(grep { $_->{method} eq 'GET' && $_->{path} =~ m{/pulls/\d+$} }
          $forge->requests), 0, 'the provider is not asked');

my $body = $json->encode($record);
is(hook($merged)->{status}, 204, 'the same again');
is(hook(event($number, 'open'))->{status}, 204, 'or that it is open');
is($json->encode(record($id)), $body, 'changes nothing');


# closed, opened again, and all promotions of one pull request

($id, $number) = opened(2);
$repo->commit({ 'README.md' => "moved\n" });
my ($second, $same) = opened(2);
is($same, $number, 'two promotions of one pull request');

my $closed = event($number, 'closed');
hook($closed);
is(record($id)->{state}, 'CLOSED', 'closed: the first');
is(record($second)->{state}, 'CLOSED', 'and the second');
is(record($id)->{PULL_REQUEST_STATE}, 'CLOSED', 'by its own name');
is(record($id)->{MERGE_COMMIT_SHA}, undef, 'without a merge commit');

hook(event($number, 'open'));
is(record($id)->{state}, 'OPEN', 'opened again');
is(record($id)->{PULL_REQUEST_STATE}, 'OPEN', 'by its own name');
is(hook($closed)->{status}, 204, 'an old word, sent again');
is(record($id)->{state}, 'OPEN', 'is not heard');
hook(event($number, 'closed', merged => 'd' x 40));
is(record($second)->{state}, 'MERGED', 'merged in the end');


# deliveries in any order: what is older than what is known is not heard, but
# for a merge, which is no less true

($id, $number) = opened(8);
is(hook(event($number, 'open', at => 3000))->{status}, 204, 'opened again');
is(hook($closed = event($number, 'closed', at => 2000))->{status}, 204,
   'and then that it was closed before');
is(record($id)->{state}, 'OPEN', 'which is not heard');
hook(event($number, 'closed', at => 3000));
is(record($id)->{state}, 'CLOSED', 'in the same second: heard');
hook(event($number, 'open', at => 4000));
is(record($id)->{state}, 'OPEN', 'later: heard');

# a week later nobody knows any more what was sent
$redis->call('DEL', $_) for @{ $redis->call('KEYS', 'promotions:hook:*') };
is(hook($closed)->{status}, 204, 'sent again after weeks');
is(record($id)->{state}, 'OPEN', 'is as old as it was');

# a promotion that came later to the same one
$repo->commit({ 'README.md' => "moved again\n" });
($second, $same) = opened(8);
is($same, $number, 'another promotion of that pull request');
hook(event($number, 'closed', at => 3500));
is(join(' ', map { record($_)->{state} } $id, $second), 'OPEN OPEN',
   'knows what the first one knows');

# a clock that has lost its way does not make all that follows old
hook(event($number, 'closed', at => 400 * 86400));
is(record($id)->{state}, 'CLOSED', 'a clock that is a year ahead is heard');
hook(event($number, 'open', at => 5000));
is(record($id)->{state}, 'OPEN', 'and not believed');

hook(event($number, 'closed', merged => 'd' x 40, at => 1000));
is(join(' ', map { record($_)->{state} } $id, $second), 'MERGED MERGED',
   'merged is merged, whenever it is heard');


# heard before Redis has the pull request: merged at once by somebody's
# automation, or settled late

($number) = sort { $b <=> $a } map { $_->{number} } $forge->pulls;
$event = event($number + 1, 'closed', merged => 'a' x 40);
is(hook($event)->{status}, 204, 'of one that is not there yet');
($id, my $next) = opened(6);
is($next, $number + 1, 'it comes');
is(record($id)->{state}, 'MERGED', 'and is merged');
is(record($id)->{MERGE_COMMIT_SHA}, 'a' x 40, 'by that commit');

hook(event($next + 1, 'closed'));
hook(event($next + 1, 'open'));
($id) = opened(7);
is(record($id)->{state}, 'OPEN', 'closed and opened again before');
is(hook($event = event($next + 1, 'closed'))->{status}, 204, 'closed');
is(record($id)->{state}, 'CLOSED', 'and heard');

hook(event($next + 2, 'open', at => 300));
hook(event($next + 2, 'closed', at => 200));
($id) = opened(9);
is(record($id)->{state}, 'OPEN', 'in the other order');
hook(event($next + 2, 'closed', at => 250));
is(record($id)->{state}, 'OPEN', 'what was heard before is newer');

hook(event($next + 3, 'closed', merged => 'b' x 40, at => -300));
hook(event($next + 3, 'open', at => 300));
($id) = opened(10);
is(record($id)->{state}, 'MERGED', 'merged, heard before its opening');


# one that was lost: the provider is asked once it was silent for an hour

($id, $number) = opened(11);
$forge->change($number, state => 'CLOSED');
my $asked = sub { scalar(() = $forge->requests('GET', "pulls/$number\$")) };
is(record($id)->{state}, 'OPEN', 'a webhook that was lost') for 1 .. 3;
is($asked->(), 0, 'is not asked for at once');

$redis->call('HINCRBY', "promotions:promotion:$id", 'settled_at', -3_600_000);
ok(eval { wait_for('the answer', sub {
    record($id)->{state} eq 'CLOSED' }) }, 'but after an hour');
is($asked->(), 1, 'once');

$forge->change($number, state => 'OPEN');
$redis->call('DEL', "promotions:looked:$id");
is(record($id)->{state}, 'CLOSED', 'from then on') for 1 .. 3;
is($asked->(), 1, 'it is another hour');

$redis->call('HINCRBY', "promotions:promotion:$id", 'closed_at', -3_600_000);
ok(eval { wait_for('the answer', sub {
    record($id)->{state} eq 'OPEN' }) }, 'which has passed');
is($asked->(), 2, 'once more');
hook(event($number, 'closed', at => -60));
is(record($id)->{state}, 'OPEN', 'what is late is older than the answer');


# the other spelling of the location, and of the repository

($id, $number) = opened(3);
hook(event($number, 'closed', repository => 'Acme/GitOps'),
     path => "/hooks/$host");
is(record($id)->{state}, 'CLOSED', 'a prefix that ends in hooks/');


# what concerns nobody

is(hook(event(9999, 'closed'))->{status}, 204, 'a pull request of others');
is(hook(event($number, 'open', repository => 'acme/other'))->{status}, 204,
   'of another repository');
is(record($id)->{state}, 'CLOSED', 'is another one');
is(hook(event($number, 'open', from => 8))->{status}, 204, 'from a fork');
is(record($id)->{state}, 'CLOSED', 'is none of ours');
is(hook({ zen => 'x' }, headers => { 'X-GitHub-Event' => 'ping' })->{status},
   204, 'a ping');


# who is not the provider

($id, $number) = opened(4);
$event = event($number, 'closed', merged => 'e' x 40);
my $text = $json->encode($event);
my $good = 'sha256=' . Digest::SHA::hmac_sha256_hex($text, $secret);

for my $case (
    ['another secret', secret => 'another'],
    ['no signature', headers => { 'X-Hub-Signature-256' => undef }],
    ['a signature that is cut',
     headers => { 'X-Hub-Signature-256' => substr $good, 0, -2 }],
    ['that is no hex', headers => { 'X-Hub-Signature-256' =>
                                    'sha256=' . 'x' x 64 }],
    ['of nothing', headers => { 'X-Hub-Signature-256' => '' }],
    ['the secret itself', headers => { 'X-Hub-Signature-256' => $secret }],
    ['of an older kind', headers => { 'X-Hub-Signature-256' =>
        'sha1=' . Digest::SHA::hmac_sha1_hex($text, $secret) }],
    ['a host without a secret', path => '/webhooks/hooks/github.com'],
    ['a host that nobody knows', path => '/webhooks/hooks/example.com'],
    ['another provider\'s', path => '/webhooks/hooks/gitlab.com'],
    ['no host', path => '/webhooks/hooks/'],
    ['too much of one', path => "/webhooks/hooks/$host/x"],
    ['above it', path => "/webhooks/hooks/../$host"])
{
    my ($name, %request) = @$case;
    my $headers = $request{headers};

    if ($headers && !defined $headers->{'X-Hub-Signature-256'}) {
        $r = $nginx->request(method => 'POST', body => $text,
            path => "/webhooks/hooks/$host", headers => {
                'Content-Type' => 'application/json',
                'X-GitHub-Event' => 'pull_request' });
    } else {
        $r = hook($event, %request);
    }

    # nginx makes the last one the host alone, at its own place
    is($r->{status}, $name eq 'above it' ? 204 : 401, "$name: $r->{status}");
    last if $name eq 'above it';
    is($r->json->{message}, 'Unauthorized', 'in one word for all')
        if $r->{status} == 401;
    is(record($id)->{state}, 'OPEN', 'and nothing changes');
}

$r = hook($event, body => $text . ' ');
is($r->{status}, 401, 'a body that was changed');


# what is not parsed before it is checked, and what is no event

is(hook('{"a":')->{status}, 400, 'a signed body that is no JSON');
is(hook('[]')->{status}, 400, 'nor an object');
is(hook('{"a":', secret => 'x')->{status}, 401, 'an unsigned one');
is(hook({ action => 'closed' })->{status}, 400, 'without a pull request');
is($nginx->request(path => "/webhooks/hooks/$host")->{status}, 405, 'GET');
is($nginx->request(method => 'POST', path => "/webhooks/hooks/$host",
   body => 'payload=x', headers => {
       'Content-Type' => 'application/x-www-form-urlencoded' })->{status},
   415, 'a form');
is(hook('{"a":"' . 'x' x (900 * 1024) . '"}')->{status}, 400,
   'a large one comes by a file');
is(hook('{"a":"' . 'x' x (900 * 1024) . '"}', secret => 'x')->{status}, 401,
   'and is checked all the same');
is(hook('{"a":"' . 'x' x (1100 * 1024) . '"}')->{status}, 413, 'too large');


# Redis away: the provider is to send it again

($id, $number) = opened(5);
$event = event($number, 'closed', merged => 'e' x 40);
$redis->pause;
is(hook($event)->{status}, 503, 'Redis away: 503');
$redis->resume;
ok(eval { wait_for('it to be sent again', sub {
    hook($event)->{status} == 204 }) }, 'it is sent again');
is(record($id)->{state}, 'MERGED', 'and heard');

like($nginx->log, qr/a webhook was refused/, 'the log says what was refused');
unlike($nginx->log, qr/\Q$secret\E/, 'and no secret');


# another provider: a token in place of a signature

my $lab = temporary_folder() . '/secrets';
write_file($lab, '', 0600);
my $other = scene(forge => 'gitlab', repository => 'acme/team/gitops',
    http => "promotions_webhook_secrets $lab;", server => <<'END');
        location /hooks/ { promotions_hooks; }
END
write_file($lab, "127.0.0.1:$other->{git}{port} $secret\n", 0600);
$other->{nginx}->reload;

$r = $other->pull_request('orders-dev', 'orders-qa');
is($r->{status}, 200, 'gitlab: opened') or diag($r->{body});
$id = $r->{headers}{'promotion-id'};
$event = { object_kind => 'merge_request',
           project => { path_with_namespace => 'acme/team/gitops' },
           object_attributes => {
               iid => $r->json->{PULL_REQUEST_ID}, state => 'merged',
               url => 'https://forge.example/x', source_branch => 'h',
               target_branch => 'main', merge_commit_sha => 'c' x 40,
               source_project_id => 1, target_project_id => 1,
               last_commit => { id => 'a' x 40 } } };

for my $case (['x', 401, 'OPEN'], [$secret, 204, 'MERGED']) {
    my ($token, $status, $state) = @$case;

    my $answer = $other->{nginx}->request(method => 'POST',
        path => "/hooks/127.0.0.1:$other->{git}{port}",
        body => $json->encode($event), headers => {
            'Content-Type' => 'application/json',
            'X-Gitlab-Event' => 'Merge Request Hook',
            'X-Gitlab-Token' => $token });
    is($answer->{status}, $status, "gitlab: $status");
    is($other->get($id)->json->{state}, $state, "$state");
}

done_testing();
