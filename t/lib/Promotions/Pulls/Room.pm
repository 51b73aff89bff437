package Promotions::Pulls::Room;

# src/forge alone, as a job uses it: tests/forge/run.c runs its tasks against
# the provider's server.

use strict;
use warnings;
use utf8;

use Cwd ();
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use Time::HiRes ();

use Promotions::Git;
use Promotions::Process;
use Promotions::Pulls
    qw(%known $token $words served open_pulls last_requests);
use Promotions::Remotes;

my $program = Cwd::abs_path($ENV{B} // 'build') . '/forge-run';

# pm_code_t
my %code = (no_changes => 2, remote => 8, timeout => 10);

my ($type, $known, $forge, $repo, $main);


# The provider's server over a repository with main, and branches ahead.
sub begin {
    ($type) = @_;
    $known = $known{$type} or die "no provider $type";
    -x $program or die "$program is missing: make build/forge-run\n";

    $repo = Promotions::Git->repositories->repository('x', { a => "1\n" });
    $main = $repo->head('main');
    $forge = served($type, $repo);
}


# A branch of its own that is ahead of main.
my $branches = 0;

sub branch {
    my ($name) = @_;

    $name //= 'promote/qa/' . ++$branches;
    utf8::encode(my $bytes = $name);
    return { head => $name, commit => $repo->commit(
        { a => "$bytes\n" }, branch => $bytes, from => $main) };
}


# One run of these tasks, and what became of each.
sub run_tasks {
    my ($tasks, %options) = @_;

    my %document = (
        timeout => 5000, idle => 2000, now => time,
        hosts => [ [ 'git.example', $type, $options{api} // $forge->api ] ],
        %options,
        tasks => [ map { {
            url => "https://git.example/$known->{path}", base => 'main',
            user => 'bot', token => $token, title => 'to qa',
            body => 'what changes', %$_ } } @$tasks ],
    );

    my ($status, $output) = run({ input =>
        JSON::PP->new->utf8->canonical->encode(\%document) }, $program);

    die "forge-run: $status $output" if $status;
    return @{ JSON::PP->new->utf8->decode($output) };
}


sub publish {
    my ($task, %options) = @_;
    return (run_tasks([ $task ], %options))[0];
}


sub explained {
    my ($result) = @_;
    return JSON::PP->new->canonical->pretty->encode($result)
           . last_requests($forge);
}


# It ended like that; %wanted are fields of the result, patterns or values.
sub ended {
    my ($result, $outcome, $name, %wanted) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @wrong = grep {
        my $got = $result->{$_} // '';
        ref $wanted{$_} ? $got !~ $wanted{$_} : $got ne $wanted{$_};
    } sort keys %wanted;

    push @wrong, 'outcome' if $result->{outcome} ne $outcome;
    push @wrong, 'the token is in the message'
        if "$result->{message} @{ $result->{notes} }" =~ /\Q$token\E/;
    push @wrong, 'no message'
        if $outcome ne 'done' && !length $result->{message};

    ok(!@wrong, "$type: $name") or diag("@wrong\n" . explained($result));
    return !@wrong;
}


# After a bad end, another try: one is open, and has the text.
sub mends {
    my ($task, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $forge->clear;
    $forge->set(permission => 'write', archived => 0);

    my $result = publish({ %$task, again => JSON::PP::true() });
    my @open = open_pulls($forge, $task->{head});

    ended($result, 'done', "$name, then done", state => 'OPEN')
        && is(scalar @open, 1, "$type: $name: once");
}


sub room {
    begin(@_);

    opens();
    races();
    refusals();
    limits();
    bad_days();
    redirects();
    nonsense();
    looks();
    texts();
    together();
    reflections();
    hides() if $type eq 'gitea';
    signs_in() if $type eq 'azure';
    is(scalar(grep { "$_->{path} $_->{body}" =~ /\Q$token\E/
                     || grep { /\Q$token\E/ } map { @$_ }
                        values %{ $_->{query} } } $forge->requests), 0,
       "$type: the token is in no path, query or body");
}


sub opens {
    my $task = branch();
    my $result = publish($task);
    my ($pull) = open_pulls($forge, $task->{head});

    ended($result, 'done', 'opened', state => 'OPEN', number => 7,
          opened => 1, head_commit => qr/^$task->{commit}$|^[0-9a-f]{12}$/,
          url => $known->{url});
    is_deeply([ @$pull{qw(title body head base draft sha)} ],
              [ 'to qa', 'what changes', $task->{head}, 'main', 0,
                $task->{commit} ], "$type: as it was asked");

    $result = publish({ %$task, title => 'again', body => 'other' });
    ended($result, 'done', 'found and updated', number => 7, updated => 1,
          opened => 0);
    ($pull) = open_pulls($forge, $task->{head});
    is("$pull->{title} $pull->{body}", 'again other', "$type: with its text");
    is(scalar open_pulls($forge, $task->{head}), 1, "$type: not a second one");

    # what people have added is there still
    $forge->change(7, reviewers => ['bob']);
    ended(publish({ %$task, title => 'third' }), 'done', 'updated again',
          updated => 1);
    ($pull) = open_pulls($forge, $task->{head});
    is("$pull->{title} @{ $pull->{reviewers} }", 'third bob',
       "$type: with the reviewer that somebody has added");

    # what is as it should be is left alone
    my $count = () = $forge->requests;
    ended(publish({ %$task, title => 'third' }), 'done', 'nothing to update',
          updated => 0);
    is(scalar(grep { $_->{method} ne 'GET' }
              ($forge->requests)[$count .. (() = $forge->requests) - 1]), 0,
       "$type: writes nothing");

    my %more = (labels => ['promotion', 'qa'], reviewers => ['alice']);

    $task = branch();
    $result = publish({ %$task, %more, draft => JSON::PP::true() });
    ended($result, 'done', 'a draft, with labels and a reviewer');
    ($pull) = open_pulls($forge, $task->{head});
    ok($pull->{draft} || $pull->{title} =~ /^(?:draft|wip):/i,
       "$type: is a draft") or diag(explain($pull));

    if ($known->{labels}) {
        is_deeply([ $pull->{labels}, $pull->{reviewers} ],
                  [ @more{qw(labels reviewers)} ],
                  "$type: has its labels and its reviewer");

        # somebody else's stay
        publish({ %$task, labels => ['more'], reviewers => ['bob'] });
        ($pull) = open_pulls($forge, $task->{head});
        is_deeply([ [ sort @{ $pull->{labels} } ],
                    [ sort @{ $pull->{reviewers} } ] ],
                  [ [qw(more promotion qa)], [qw(alice bob)] ],
                  "$type: more are added, none is taken away");

        my $stranger = publish({ %{ branch() }, reviewers => ['nobody'] });
        ended($stranger, 'done', 'a reviewer who cannot');
        like("@{ $stranger->{notes} }", qr/review/,
             "$type: is told, and nothing fails for it");
    } else {
        like("@{ $result->{notes} }", qr/labels.*reviewers|reviewers.*labels/s,
             "$type: labels and reviewers are ignored, and that is told");
    }

    # one that was closed is no reason not to open another
    $task = branch();
    my $closed = publish($task)->{number};
    $forge->change($closed, state => 'CLOSED');
    $result = publish($task);
    ended($result, 'done', 'a new one after one that was closed',
          state => 'OPEN');
    isnt($result->{number}, $closed, "$type: is another");
    ended(publish($task), 'done', 'and is found beside it',
          number => $result->{number});
}


sub races {
    my $task = branch();

    $forge->set(duplicate => 'refuse');
    $forge->fault(method => 'POST', path => "$known->{create}", times => 1,
                  open => { head => $task->{head}, base => 'main',
                            title => 'faster' });
    my $result = publish($task);
    ended($result, 'done', 'somebody was faster', state => 'OPEN');
    my @open = open_pulls($forge, $task->{head});
    is(scalar @open, 1, "$type: one all the same");
    is($open[0]{title}, 'to qa', "$type: with our title");
    is($result->{number}, $open[0]{number}, "$type: and its number");
    $forge->set(duplicate => '');
}


sub refusals {
    my $task = branch();

    $forge->set(permission => 'read');
    ended(publish($task), 'failed', 'no permission', code => $code{remote},
          message => $words);

    $forge->set(permission => 'none');
    ended(publish($task), 'failed', 'no such repository',
          code => $code{remote});

    $forge->set(permission => 'write', archived => 1);
    ended(publish($task), 'failed', 'archived', code => $code{remote},
          message => $known->{archived});
    $forge->set(archived => 0);

    ended(publish({ %$task, token => 'wr0ng' }), 'failed', 'a wrong token',
          code => $code{remote}, message => qr/^(?!.*wr0ng)/s);
    ended(publish({ %$task, token => undef, user => undef }), 'failed',
          'no credentials');

    $repo->git('branch', 'promote/qa/same', $main);
    my $same = publish({ head => 'promote/qa/same', commit => $main });
    ended($same, 'failed', 'nothing between', code => $code{no_changes})
        if $known->{nothing};

    ended(publish({ head => 'promote/qa/missing', commit => $main }),
          'failed', 'a branch that is not there');
    mends($task, 'none of this');
}


# Too many requests, as each provider says it.
sub limits {
    my @limits = (
        [ 429, 7, 'Retry-After: 7' ],
        [ 429, qr/^\d+$/ ],
        [ 429, 3600, 'Retry-After: 999999999999' ],
        [ 429, qr/^\d{1,4}$/, 'Retry-After: soon' ],
        [ 429, qr/^\d{1,4}$/, 'Retry-After: -5' ],
        [ 429, qr/^(?:2[0-9]|3[01])$/, 'Retry-After: ' . http_date(30) ],
    );

    if ($type eq 'github') {
        my $reset = time + 40;

        push @limits,
            [ 403, 9, 'Retry-After: 9' ],
            [ 403, qr/^(?:3[0-9]|4[01])$/, 'x-ratelimit-remaining: 0',
              "x-ratelimit-reset: $reset" ],
            [ 429, qr/^(?:3[0-9]|4[01])$/, 'x-ratelimit-remaining: 0',
              "x-ratelimit-reset: $reset" ],
            [ 403, qr/^\d+$/, 'X-Text: You have exceeded a secondary rate '
                              . 'limit. Please wait a few minutes' ];
    }

    for my $method ('GET', 'POST') {
        my $task = branch();

        for my $limit (@limits) {
            my ($status, $after, @headers) = @$limit;
            my $words = "$status @headers" =~ /X-Text: (.*)/ ? $1
                                                             : 'slow down';
            $forge->clear;
            $forge->fault(method => $method, status => $status,
                          headers => \@headers,
                          body => JSON::PP->new->encode(
                              { message => $words }));
            ended(publish($task), 'later', "$method: $status @headers",
                  after => $after, code => $code{remote});
        }

        is(scalar open_pulls($forge, $task->{head}), 0,
       "$type: none was opened");
        mends($task, "$method limited");
    }

    # an update that is limited: the next try updates
    my $task = branch();
    publish($task);
    $forge->fault(method => $_, status => 429) for qw(PUT PATCH);
    ended(publish({ %$task, title => 'new' }), 'later', 'an update limited');
    mends({ %$task, title => 'new' }, 'an update limited');
    is((open_pulls($forge, $task->{head}))[0]{title}, 'new',
       "$type: and has the new title");
}


sub http_date {
    my ($seconds) = @_;

    my @time = gmtime(time + $seconds);
    my @day = qw(Sun Mon Tue Wed Thu Fri Sat);
    my @month = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);

    return sprintf '%s, %02d %s %d %02d:%02d:%02d GMT', $day[$time[6]],
        $time[3], $month[$time[4]], $time[5] + 1900, @time[2, 1, 0];
}


sub bad_days {
    my %html = (type => 'text/html', body => '<html>oops</html>');

    for my $method ('GET', 'POST') {
        for my $when ('before', 'after') {
            my $task = branch();
            my %at = (method => $method, when => $when);

            for my $bad ([ '500', status => 500, %html ],
                         [ '502', status => 502, %html ],
                         [ '503', status => 503, body => '{}',
                           headers => ['Retry-After: 4'] ],
                         [ 'closed', cut => 0 ], [ 'cut', cut => -1 ])
            {
                my ($name, %bad) = @$bad;

                $forge->clear;
                $forge->fault(%at, %bad);
                my $result = publish({ %$task, again => JSON::PP::true() });

                # what was made before may be found in the same run
                next if $when eq 'after' && $method eq 'POST'
                        && $result->{outcome} eq 'done';
                ended($result, 'later', "$name $when $method",
                      $name eq '503' ? (after => 4) : ());
            }
            mends($task, "$method that fails, $when");
        }
    }

    my $task = branch();
    $forge->fault(slow => 8);
    my $start = Time::HiRes::time();
    ended(publish($task, idle => 600), 'later', 'silence',
          code => $code{timeout});
    cmp_ok(Time::HiRes::time() - $start, '<', 6, "$type: is not waited for");

    $forge->clear;
    $forge->fault(slow => 0.3);
    ended(publish($task, timeout => 500), 'later', 'a deadline over all',
          code => $code{timeout});
    mends($task, 'silence');

    my $dead = free_port();
    my $api = $forge->api =~ s/:\d+/:$dead/r;
    ended(publish($task, api => $api), 'later', 'a server that is down');
}


# The token goes to the API's host, and stays there.
sub redirects {
    my $heads = odd_server(sub { http_answer(200, 'application/json', '[]') });
    my $task = branch();

    for my $status (301, 302, 303, 307, 308) {
        for my $method ('GET', 'POST') {
            $forge->clear;
            $forge->fault(method => $method, status => $status,
                          headers => [ 'Location: ' . $heads->url('/x') ]);
            my $result = publish($task);
            isnt($result->{outcome}, 'done',
                 "$type: $status of a $method is no success")
                or diag(explained($result));
            unlike($result->{message}, qr/\Q$token\E/, "$type: without token");
        }
    }

    is(scalar $heads->requests, 0, "$type: no redirect is followed");
    mends($task, 'a redirect');
}


# Answers that no provider gives.
sub nonsense {
    my %odd = (
        html      => '<html>Log in</html>',
        empty     => '',
        garbage   => "\0\1\2",
        null      => 'null',
        string    => '"x"',
        array     => '[]',
        object    => '{}',
        deep      => '[' x 100_000,
        types     => '{"number":"7","iid":{},"id":[],"pullRequestId":null}',
        negative  => '{"number":-1,"iid":-1,"id":-1,"pullRequestId":-1}',
        big       => '{"number":99999999999999999999}',
        large     => '{"x":"' . 'y' x 2_000_000 . '"}',
        nul       => '{"number":7,"state":"open","html_url":"a\u0000b"}',
        utf8      => "{\"number\":7,\"state\":\"\xff\xfe\"}",
    );

    for my $name (sort keys %odd) {
        my $task = branch();

        $forge->clear;
        $forge->fault(method => 'POST', status => 201, body => $odd{$name});
        my $result = publish($task);
        isnt($result->{outcome}, 'done', "$type: $name is not taken for one")
            or diag(explained($result));
    }

    my $task = branch();

    for my $name (qw(html garbage string large deep)) {
        $forge->clear;
        $forge->fault(method => 'GET', status => 200, body => $odd{$name});
        ended(publish($task), 'later', "$name in place of a list");
    }
    is(scalar open_pulls($forge, $task->{head}), 0,
       "$type: and none is opened blindly");
    mends($task, 'nonsense');
}


sub looks {
    my $task = branch();
    my $number = publish($task)->{number};
    my $look = sub { publish({ look => $number }) };

    # Azure says it of one that is not open
    my %open = $type eq 'azure' ? (changed => 0) : (changed => 1_714_644_001);
    my $when = 1_714_644_002;

    $forge->change($number, changed => 1_714_644_001);
    ended($look->(), 'done', 'looked at', state => 'OPEN', number => $number,
          %open);

    $forge->change($number, state => 'MERGED', merge_commit => 'ab' x 20,
                   changed => $when);
    ended($look->(), 'done', 'one that was merged', state => 'MERGED',
          merge_commit => qr/^(?:ab){6,20}$/, changed => $when);

    # what an earlier try opened may be merged by now
    my $result = publish({ %$task, again => JSON::PP::true() });
    ended($result, 'done', 'merged meanwhile', state => 'MERGED',
          number => $number);
    is(scalar open_pulls($forge, $task->{head}), 0,
       "$type: no other is opened");

    $task = branch();
    $number = publish($task)->{number};
    $forge->change($number, state => 'CLOSED');
    ended($look->(), 'done', 'one that was closed', state => 'CLOSED');

    ended(publish({ look => 4711 }), 'failed', 'one that is not there');
}


sub texts {
    my $task = branch("promote/qa/\x{fc}\"+%41&=#'x");
    my %text = (title => "zu qa \x{2192} \"1\" & \\", body => "\x{1F600}\n- x");

    ended(publish({ %$task, %text }), 'done', 'a branch of an odd name');

    my ($pull) = grep { $_->{head} eq $task->{head} } $forge->pulls;
    is_deeply([ @$pull{qw(title body)} ], [ @text{qw(title body)} ],
              "$type: texts arrive as they are");
    ended(publish({ %$task, %text }), 'done', 'and is found again',
          number => $pull->{number}, opened => 0);

    $task = branch();
    ended(publish({ %$task, title => "\x{fc}" x 600,
                    body => "\x{20ac}" x 70_000,
                    draft => JSON::PP::true() }),
          'done', 'texts that are too long are cut');
}


# A batch: several at once, each with its own result.
sub together {
    my @tasks = map { branch() } 1 .. 8;
    my %slow = (slow => 1, method => 'POST');

    $forge->clear;
    $forge->fault(%slow);
    my $start = Time::HiRes::time();
    my @results = run_tasks(\@tasks, timeout => 20_000, idle => 10_000);
    my $seconds = Time::HiRes::time() - $start;

    is(scalar(grep { $_->{outcome} eq 'done' && $_->{opened} } @results), 8,
       "$type: eight at once");
    my %numbers = map { $_->{number} => 1 } @results;
    is(scalar keys %numbers, 8, "$type: each its own");
    cmp_ok($seconds, '<', 6, "$type: side by side");

    my @heads = map { my $n = $_->{number};
                      (grep { $_->{number} == $n } $forge->pulls)[0]{head} }
                @results;
    is("@heads", "@{[ map { $_->{head} } @tasks ]}",
       "$type: each the one of its branch");
    $forge->clear;
}


# A provider, or what stands before it, that sends the token back.
sub reflections {
    my $task = branch();
    my $encoded = MIME::Base64::encode_base64(
        $type eq 'azure' ? ":$token" : "bot:$token", '') =~ s/=+$//r;

    for my $status (400, 403, 422, 500) {
        for my $method ('GET', 'POST') {
            $forge->clear;
            $forge->fault(method => $method, status => $status,
                body => JSON::PP->new->encode({
                    message => "no rights: $token Basic $encoded",
                    error => { message => "token=$token" },
                    errors => [ { message => "x${token}x" } ] }));
            my $result = publish($task);
            unlike(JSON::PP->new->encode($result),
                   qr/\Q$token\E|\Q$encoded\E/,
                   "$type: a token that a $method $status sends back");
        }
    }

    my $number = 4242;
    my $value = JSON::PP->new->encode({
        number => $number, iid => $number, id => $number,
        pullRequestId => $number, state => 'open', status => 'active',
        title => $token, html_url => "https://forge.example/$token",
        web_url => "https://forge.example/$token",
        links => { html => { href => "https://forge.example/$token" } } });

    $forge->clear;
    $forge->fault(method => 'POST', status => 201, body => $value);
    unlike(JSON::PP->new->encode(publish($task)), qr/\Q$token\E/,
           "$type: nor one that stands in a URL");
    mends($task, 'a token in answers');
}


# An open one behind one that was closed, and behind many others: the answer
# to the question by branches does not show it, and a duplicate's error may
# not name it.
sub hides {
    my $task = branch();

    my $closed = publish($task)->{number};
    $forge->change($closed, state => 'CLOSED');
    my $open = publish($task)->{number};
    my $others = branch('others')->{head};
    $forge->open(repository => $known->{name}, head => $others, base => 'main')
        for 1 .. 70;

    $forge->fault(method => 'POST', status => 409,
                  body => '{"message":"pull request already exists"}');
    ended(publish({ %$task, title => 'new' }), 'done', 'one that is hidden',
          number => $open, updated => 1, opened => 0);
    $forge->clear;
}


# Azure's answers to a token that is not valid.
sub signs_in {
    my $task = branch();

    for my $status (203, 302) {
        for my $method ('GET', 'POST') {
            $forge->clear;
            $forge->fault(method => $method, status => $status,
                type => 'text/html', body => '<html>Sign in</html>',
                headers => [ 'Location: https://login.example/' ]);
            ended(publish($task), 'failed', "$status of a $method: sign in",
                  code => $code{remote});
        }
    }
    mends($task, 'signed in');
}


1;
