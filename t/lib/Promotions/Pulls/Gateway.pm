package Promotions::Pulls::Gateway;

# POST pullRequest through nginx, Redis, a git server with a token, and the
# provider's server.

use strict;
use warnings;
use utf8;

use File::Find ();
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use Time::HiRes ();

use Promotions::Git;
use Promotions::Process;
use Promotions::Pulls
    qw(%known $token $words served open_pulls last_requests);
use Promotions::Remotes;
use Promotions::Test ();

my ($type, $known, $forge, $repo, $main, $scene, $app);


# The next application that dev has ahead of qa: its names, and its branch.
sub next_app {
    my $n = ++$app;
    return ("many-$n-dev", "many-$n-qa",
            "promote/orders/many-$n-qa/orders.many-$n-dev");
}


sub gateway {
    ($type) = @_;
    $known = $known{$type} or die "no provider $type";

    my $git = Promotions::Git->start(user => 'bot', token => $token);
    my %files = (%{ Promotions::Test::orders() }, map {
        ("dev/many-$_/values.yaml" => "image:\n  tag: 1.$_.1\n",
         "qa/many-$_/values.yaml"  => "image:\n  tag: 1.$_.0\n") } 1 .. 20);

    $repo = $git->repository($known->{path} =~ s/\.git$//r, \%files);
    $main = $repo->head('main');
    $forge = served($type, $repo);

    # the same hosts' other faces: without credentials
    my $other = Promotions::Git->start;
    my $elsewhere = $other->repository($known->{path} =~ s/\.git$//r,
                                       \%files);
    my $stranger = served($type, $elsewhere);

    my $folder = temporary_folder();
    write_file("$folder/credentials", $git->credentials, 0600);

    $scene = bless { git => $git, repo => $repo, forge => $forge,
                     stranger => $stranger }, 'Promotions::Test::Scene';
    $scene->{redis} = Promotions::Redis->start;
    $scene->{key} = $scene->{redis}->key(id => 'admin', grants => 'admin');
    $scene->{catalog} = pull_catalog($git->base_url, $other->base_url);
    $scene->{nginx} = Promotions::Nginx->start(redis => $scene->{redis},
        catalog => $scene->{catalog}, server => <<'WAIT', http => <<"END");
        location /soon/ { promotions; promotions_wait 500ms; }
WAIT
    promotions_credentials $folder/credentials;
    promotions_git_idle_timeout 3s;
    promotions_forge 127.0.0.1:$git->{port} $type api=@{[ $forge->api ]};
    promotions_forge 127.0.0.1:$other->{port} $type
                     api=@{[ $stranger->api ]};
END

    first();
    with_more();
    merged();
    in_place();
    taken();
    at_once();
    refused_by();
    finished_later();
    asks_nobody_else();
    keeps_secrets($folder);
}


sub pull_catalog {
    my ($url, $other) = @_;

    my $text = '';

    for my $n (1 .. 20) {
        for my $env (qw(dev qa)) {
            $text .= Promotions::Test::application(name => "many-$n-$env",
                url => "$url/$known->{path}", path => "$env/many-$n",
                server => "https://$env.example");
        }
    }

    $text .= Promotions::Test::application(name => "other-$_",
        url => "$other/$known->{path}", path => "$_/many-1",
        server => "https://$_.example") for qw(dev qa);

    return Promotions::Test::catalog('all.yaml' => $text,
        'environments.yaml' => join '', map {
            Promotions::Test::environment($_) } qw(dev qa));
}


sub says {
    my ($response) = @_;

    return "$response->{status} " . ($response->{error} // '')
           . "$response->{head}\n$response->{body}\n"
           . last_requests($forge);
}


# An answer as documented, about this branch; returns it decoded.
sub opened {
    my ($response, $branch, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $json = $response->json // {};
    my @keys = $response->{body} =~ /"([A-Z_]+)":/g;
    my ($pull) = open_pulls($forge, $branch);

    my $good = $response->{status} == 200 && $pull
        && "@keys" eq 'COMMIT_SHA COMMIT_MESSAGE COMMIT_AUTHOR '
           . 'PULL_REQUEST_ID PULL_REQUEST_URL PULL_REQUEST_STATE '
           . 'PULL_REQUEST_HEAD PULL_REQUEST_BASE'
        && $json->{PULL_REQUEST_ID} eq $pull->{number}
        && $json->{PULL_REQUEST_URL} =~ $known->{url}
        && $json->{PULL_REQUEST_STATE} eq 'OPEN'
        && $json->{PULL_REQUEST_HEAD} eq $branch
        && $json->{PULL_REQUEST_BASE} eq 'main'
        && $json->{COMMIT_SHA} eq $repo->head($branch);

    ok($good, "$type: $name") or diag(says($response));
    return $json;
}


# One commit on the head of main, that makes qa what dev is.
sub one_commit {
    my ($branch, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @log = $repo->log("main..$branch");
    my ($n) = $branch =~ /many-(\d+)-qa/;

    ok(@log == 1 && "@{ $log[0]{parents} }" eq $repo->head('main')
       && $repo->tree("$branch:qa/many-$n") eq $repo->tree("main:dev/many-$n"),
       "$type: $name") or diag(explain(\@log));
}


sub first {
    my ($from, $to, $branch) = next_app();

    my $r = $scene->pull_request($from, $to, title => 'Promote to qa',
        description => 'please look', commitMessage => 'orders to qa');
    my $json = opened($r, $branch, 'a pull request');
    my $id = $r->{headers}{'promotion-id'};
    my ($pull) = open_pulls($forge, $branch);

    is($json->{COMMIT_MESSAGE}, 'orders to qa', "$type: the commit's message");
    one_commit($branch, 'one commit on its branch');
    is($repo->head('main'), $main, "$type: the base is as it was");
    is($pull->{title}, 'Promote to qa', "$type: the title");
    like($pull->{body}, qr{please\ look.*\Q$id\E
                           .*/image/tag`\ \|\ `1\.1\.0`\ \|\ `1\.1\.1`
                           .*values\.yaml.*\+1\ -1}xs,
         "$type: the body has what was said, the id, and what changes")
        or diag($pull->{body});

    my $again = $scene->pull_request($from, $to, title => 'Promote to qa',
        description => 'please look', commitMessage => 'orders to qa');
    is($again->{body}, $r->{body}, "$type: asked again: the same answer");
    is(scalar open_pulls($forge, $branch), 1, "$type: and no other");

    my $record = $scene->get($id)->json // {};
    is($record->{PULL_REQUEST_STATE}, 'OPEN', "$type: its record is open")
        or diag(explain($record));
}


# Labels, reviewers, a draft, and a head branch of the request's own name.
sub with_more {
    my ($from, $to) = next_app();
    my $branch = "release/$type-\x{fc}";

    my $r = $scene->pull_request($from, $to, head => $branch,
        labels => ['promotion'], reviewers => ['alice'],
        draft => JSON::PP::true());
    my ($pull) = open_pulls($forge, $branch);

    is($r->{status}, 200, "$type: a head branch by its name, a draft")
        or diag(says($r));
    is(($r->json // {})->{PULL_REQUEST_HEAD}, $branch, "$type: of that name");
    ok($pull && ($pull->{draft} || $pull->{title} =~ /^(?:wip|draft): /i),
       "$type: and a draft") or diag(explain($pull));

    if ($known->{labels}) {
        is("@{ $pull->{labels} } @{ $pull->{reviewers} }", 'promotion alice',
           "$type: with its label and its reviewer");
        return;
    }

    my $record = $scene->get($r->{headers}{'promotion-id'})->json // {};
    like(JSON::PP->new->encode($record->{notes} // []),
         qr/labels.*reviewers.*ignored/,
         "$type: its record says that labels and reviewers are ignored")
        or diag(explain($record));
}


# A record follows its pull request, where no webhook is set up.
sub merged {
    my ($from, $to, $branch) = next_app();
    my $r = $scene->pull_request($from, $to);
    my ($pull) = open_pulls($forge, $branch);

    $forge->change($pull->{number}, state => 'MERGED',
                   merge_commit => 'ab' x 20);

    my $record = {};
    eval { wait_for('the record to follow', sub {
        $record = $scene->get($r->{headers}{'promotion-id'})->json // {};
        return ($record->{PULL_REQUEST_STATE} // '') eq 'MERGED';
    }, 15) };

    is($record->{PULL_REQUEST_STATE}, 'MERGED', "$type: a record follows")
        or diag(explain($record));
    like($record->{MERGE_COMMIT_SHA} // '', qr/^(?:ab){6,20}$/,
         "$type: and knows the merge's commit");

    my $count = () = $forge->requests;
    $scene->get($r->{headers}{'promotion-id'}) for 1 .. 5;
    is(scalar(() = $forge->requests), $count,
       "$type: one that is settled is not asked for");
}


sub in_place {
    my ($from, $to, $branch) = next_app();
    my ($n) = $branch =~ /many-(\d+)-qa/;

    my $before = opened($scene->pull_request($from, $to), $branch,
                        'before dev changes');
    $main = $repo->commit({ "dev/many-$n/values.yaml" =>
                            "image:\n  tag: 9.9.9\n" });

    my $after = opened($scene->pull_request($from, $to, title => 'newer'),
                       $branch, 'the open one is updated');
    is($after->{PULL_REQUEST_ID}, $before->{PULL_REQUEST_ID},
       "$type: in place");
    isnt($after->{COMMIT_SHA}, $before->{COMMIT_SHA}, "$type: another commit");
    one_commit($branch, 'which replaces the one before');

    my ($pull) = open_pulls($forge, $branch);
    is($pull->{title}, 'newer', "$type: its title is new");
    like($pull->{body}, qr/at \Q$main\E/, "$type: and its text");
}


# Somebody's own commits stay.
sub taken {
    my ($from, $to, $branch) = next_app();
    my ($n) = $branch =~ /many-(\d+)-qa/;

    opened($scene->pull_request($from, $to), $branch, 'before somebody comes');
    my $own = $repo->commit({ 'qa/note.txt' => "mine\n" }, branch => $branch);
    $main = $repo->commit({ "dev/many-$n/values.yaml" => "tag: 7\n" });

    my $r = $scene->pull_request($from, $to);
    Promotions::Test::error_is($r, 409, qr/\Q$branch\E/,
                               "$type: a branch with somebody's commits");
    is($repo->head($branch), $own, "$type: which are still there");
}


sub at_once {
    my ($from, $to, $branch) = next_app();

    my @r = $scene->{nginx}->requests(map { {
        method => 'POST', path => '/api/promotions/pullRequest',
        key => $scene->{key}, timeout => 30, json => {
            srcAppId => Promotions::Test::app_id($from),
            destAppId => Promotions::Test::app_id($to),
            head => 'main', title => 'at once' } } } 1 .. 8);

    my %bodies = map { $_->{body} => 1 } @r;
    is(scalar keys %bodies, 1, "$type: eight at once: eight equal answers")
        or diag(map { "$_->{status} $_->{body}\n" } @r);
    opened($r[0], $branch, 'eight at once');
    is(scalar(grep { $_->{head} eq $branch } $forge->pulls), 1,
       "$type: one pull request");
    one_commit($branch, 'one commit');
}


# Final: the provider's own words.
sub refused_by {
    my ($from, $to, $branch) = next_app();

    $forge->set(permission => 'read');
    my $r = $scene->pull_request($from, $to);
    Promotions::Test::error_is($r, 502, $words, "$type: a token that may not");

    $forge->set(permission => 'write', archived => 1);
    $r = $scene->pull_request($from, $to);
    Promotions::Test::error_is($r, 502, $known->{archived},
                               "$type: archived");
    is(scalar open_pulls($forge, $branch), 0, "$type: none is open");

    $forge->set(archived => 0);

    my $elsewhere = odd_server(sub {
        http_answer(200, 'application/json', '[]') });
    $forge->fault(status => 307,
                  headers => [ 'Location: ' . $elsewhere->url('/x') ]);
    $r = $scene->pull_request($from, $to);
    Promotions::Test::error_is($r, 502, qr/redirect/,
                               "$type: a redirect to another host");
    is(scalar $elsewhere->requests, 0, "$type: is not followed");

    $forge->clear;
    opened($scene->pull_request($from, $to), $branch, 'and then it works');
}


# 202, and done when the provider can.
sub finished_later {
    # one after the other: a provider at its limit is asked for nobody else
    my %limited = (limited => { method => 'POST', status => 429,
                                headers => ['Retry-After: 2'] });

    $limited{secondary} = { method => 'POST', status => 403,
                            headers => ['Retry-After: 2'],
                            body => '{"message":"You have exceeded a '
                                    . 'secondary rate limit."}' }
        if $type eq 'github';

    later(
        down    => { status => 503, body => '<html>', type => 'text/html' },
        cut     => { method => 'POST', cut => -1, when => 'after' },
        lost    => { method => 'POST', cut => 0 },
        slow    => { method => 'POST', slow => 20, when => 'after' },
    );

    for my $name (sort keys %limited) {
        my %branch = later($name => $limited{$name});
        my @about = about($branch{$name});
        my ($first) = grep { $about[$_]{status} =~ /^(?:429|403)$/ }
                      0 .. $#about;

        cmp_ok($about[$first + 1]{time} - $about[$first]{time}, '>=', 1.9,
               "$type: $name: not before it is time");
    }
}


# All at once, so that they are waited for once; the branch of each.
sub later {
    my (%bad) = @_;
    my (%id, %branch);

    for my $name (sort keys %bad) {
        my ($from, $to, $branch) = next_app();

        $forge->clear;
        $forge->fault(%{ $bad{$name} });
        my $start = Time::HiRes::time();
        my $r = $scene->post('pullRequest', {
            srcAppId => Promotions::Test::app_id($from),
            destAppId => Promotions::Test::app_id($to), head => 'main',
            title => $name }, path => '/soon/pullRequest');

        is($r->{status}, 202, "$type: $name: answered 202")
            or diag(says($r));
        cmp_ok(Time::HiRes::time() - $start, '<', 10, "$type: $name: soon");
        $id{$name} = $r->{headers}{'promotion-id'};
        $branch{$name} = $branch;
        like($r->{headers}{location} // '', qr/\Q$id{$name}\E/,
             "$type: $name: says where");

        # the wait may be over before its turn has come
        wait_for("$name to be tried", sub {
            my $record = $scene->get($id{$name})->json // {};
            return $record->{ $bad{$name}{headers} ? 'error' : 'COMMIT_SHA' };
        }, 20);
        one_commit($branch, "$name: committed");
    }

    $forge->clear;

    for my $name (sort keys %bad) {
        my $record;
        eval { wait_for("the $name one", sub {
            $record = $scene->get($id{$name})->json // {};
            return $record->{PULL_REQUEST_ID};
        }, 20) };

        my ($pull, @more) = grep { $_->{head} eq $branch{$name} }
                            $forge->pulls;
        ok($pull && !@more && $pull->{state} eq 'OPEN'
           && $pull->{number} == ($record->{PULL_REQUEST_ID} // 0),
           "$type: $name: opened once, later")
            or diag(explain($record, [ $forge->requests ]->[-1]));
    }

    return %branch;
}


# The requests that name a branch, somewhere.
sub about {
    my ($branch) = @_;

    my $pattern = join '|', map { quotemeta } $branch, encoded($branch);
    return grep { JSON::PP->new->encode([ @$_{qw(path query body)} ])
                  =~ /$pattern/ } $forge->requests;
}


sub encoded {
    my ($text) = @_;
    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}


# Another host's token is not for the same path elsewhere.
sub asks_nobody_else {
    my $r = $scene->pull_request('other-dev', 'other-qa');

    ok($r->{status} >= 400, "$type: a host without credentials")
        or diag(says($r));
    is(scalar(grep { JSON::PP->new->encode($_) =~ /t0ken/ }
              $scene->{stranger}->requests), 0, "$type: gets no token");
}


# In no file of the test, no key of Redis, but where it belongs.
sub keeps_secrets {
    my ($credentials) = @_;

    my $root = temporary_folder() =~ s{/[^/]+$}{}r;
    my @forms = ($token, map { MIME::Base64::encode_base64($_, '') =~ s/=+$//r }
                 $token, "bot:$token", ":$token");
    my $pattern = join '|', map { quotemeta } @forms;
    my @found;

    File::Find::find({ no_chdir => 1, wanted => sub {
        return if !-f || m{/(?:credentials|htpasswd)$};
        push @found, $_ if (read_file($_) // '') =~ /$pattern/;
    } }, $root);

    is("@found", '', "$type: the token is in no file");
    unlike(Promotions::Remotes::everything($scene->{redis}), qr/$pattern/,
           "$type: nor in Redis");
}


1;
