# The harness' servers of pull requests: they behave as the published
# descriptions say, and a request that a description refuses fails a test.

use lib 't/lib';
use Promotions::Test;
use Promotions::Forge;
use Promotions::Forge::Description;

use MIME::Base64 ();
use Time::HiRes ();

my $token = 'a-t0ken';
my $names = Promotions::Git->repositories;
my $basic = MIME::Base64::encode_base64(":$token", '');

# How each is spoken to, by hand: what src/forge does is not used here.
my %speak = (
    github => {
        name => 'acme/gitops', list => '/repos/acme/gitops/pulls',
        headers => { Authorization => "Bearer $token",
                     Accept => 'application/vnd.github+json',
                     'User-Agent' => 'test' },
        find => 'state=open&head=acme:HEAD&base=main',
        new => { title => 'one', body => 'text', head => 'HEAD',
                 base => 'main', draft => JSON::PP::true() },
        change => ['PATCH', { title => 'two', body => 'more' }],
        number => 'number', items => sub { @{ $_[0] } },
        duplicate => [422, qr/already exists for acme:change/],
        nothing => [422, qr/No commits between main and same/],
        archived => [403, qr/archived/], wrong => { title => 7 },
        merged => sub { $_[0]{merged} && $_[0]{state} eq 'closed' },
    },
    gitlab => {
        name => 'acme/team/gitops',
        list => '/projects/acme%2Fteam%2Fgitops/merge_requests',
        headers => { 'PRIVATE-TOKEN' => $token },
        find => 'state=opened&source_branch=HEAD&target_branch=main',
        new => { title => 'one', description => 'text',
                 source_branch => 'HEAD', target_branch => 'main' },
        change => ['PUT', { title => 'two', description => 'more' }],
        number => 'iid', items => sub { @{ $_[0] } },
        duplicate => [409, qr/already exists for this source branch: !7/],
        archived => [403, qr/Forbidden/], wrong => { title => 7 },
        merged => sub { $_[0]{state} eq 'merged' },
    },
    gitea => {
        name => 'acme/gitops', list => '/repos/acme/gitops/pulls',
        headers => { Authorization => "token $token" },
        find => 'state=open',
        new => { title => 'one', body => 'text', head => 'HEAD',
                 base => 'main' },
        change => ['PATCH', { title => 'two', body => 'more' }, 201],
        number => 'number', items => sub { @{ $_[0] } },
        duplicate => [409, qr/already exists for these targets/],
        nothing => [422, qr/no changes/],
        archived => [423, qr/archived/], wrong => { title => 7 },
        merged => sub { $_[0]{merged} },
    },
    bitbucket => {
        name => 'acme/gitops', list => '/repositories/acme/gitops/pullrequests',
        headers => { Authorization => "Bearer $token" },
        find => 'q=source.branch.name%3D%22HEAD%22+AND+'
                . 'destination.branch.name%3D%22main%22+AND+state%3D%22OPEN%22',
        new => { title => 'one', description => 'text',
                 source => { branch => { name => 'HEAD' } },
                 destination => { branch => { name => 'main' } } },
        change => ['PUT', { title => 'two', description => 'more' }],
        number => 'id', items => sub { @{ $_[0]{values} } },
        duplicate => [400, qr/already exists/],
        nothing => [400, qr/no changes to be pulled/],
        archived => [403, qr/read-only/], wrong => { title => 7 },
        merged => sub { $_[0]{state} eq 'MERGED' },
    },
    bitbucket_server => {
        name => 'ACME/gitops', list => '/projects/ACME/repos/gitops/'
                                       . 'pull-requests',
        headers => { Authorization => "Bearer $token" },
        find => 'state=OPEN&direction=OUTGOING&at=refs/heads/HEAD',
        new => { title => 'one', description => 'text',
                 fromRef => ref_of('HEAD'), toRef => ref_of('main') },
        change => ['PUT', { title => 'two', description => 'more',
                            version => 0 }],
        number => 'id', items => sub { @{ $_[0]{values} } },
        duplicate => [409, qr/DuplicatePullRequestException/],
        nothing => [409, qr/EmptyPullRequestException/],
        archived => [409, qr/archived/], wrong => { title => 7 },
        merged => sub { $_[0]{state} eq 'MERGED' },
    },
    azure => {
        name => 'acme/team/gitops',
        list => '/acme/team/_apis/git/repositories/gitops/pullrequests',
        headers => { Authorization => "Basic $basic" },
        version => 'api-version=7.1',
        find => 'searchCriteria.status=active&'
                . 'searchCriteria.sourceRefName=refs/heads/HEAD&'
                . 'searchCriteria.targetRefName=refs/heads/main',
        new => { title => 'one', description => 'text',
                 sourceRefName => 'refs/heads/HEAD',
                 targetRefName => 'refs/heads/main' },
        change => ['PATCH', { title => 'two', description => 'more' }],
        number => 'pullRequestId', items => sub { @{ $_[0]{value} } },
        duplicate => [409, qr/TF401179/],
        archived => [404, qr/TF401019/], wrong => { title => 7 },
        merged => sub { $_[0]{status} eq 'completed' },
    },
);


sub ref_of {
    my ($branch) = @_;
    return { id => "refs/heads/$branch", repository => {
        slug => 'gitops', project => { key => 'ACME' } } };
}


# A request of that provider: HEAD in it is the branch.
sub ask {
    my ($forge, $method, $path, %options) = @_;

    my $speak = $speak{$forge->{type}};
    my $branch = $options{branch} // 'change';
    my $json = $options{json} && JSON::PP->new->encode($options{json});

    s/HEAD/$branch/g for grep { defined } $path, $json;
    $path .= ($path =~ /\?/ ? '&' : '?') . $speak->{version}
        if $speak->{version};

    return http_request(port => $forge->port, method => $method,
        path => $options{base} // $forge->{base} . $path, body => $json,
        timeout => 3, headers => { %{ $speak->{headers} },
            $json ? ('Content-Type' => 'application/json') : (),
            %{ $options{headers} || {} } });
}


sub answers {
    my ($response, $status, $pattern, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($response->{status} == $status && $response->{body} =~ $pattern, $name)
        or diag("$response->{status} $response->{head}\n"
                . substr($response->{body}, 0, 600));
}


# What is refused, which the test expects.
sub refuses {
    my ($forge, $pattern, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @refused = $forge->forget;
    ok((grep { /$pattern/ } @refused), "$forge->{type}: $name is refused")
        or diag("refused: @refused");
}


for my $type (sort keys %speak) {
    my $speak = $speak{$type};
    my $repo = $names->repository("$type/$speak->{name}", { a => "1\n" });

    $repo->commit({ a => "2\n" }, branch => 'change',
                  from => $repo->head('main'));
    $repo->git('branch', 'same', 'main');

    my $forge = Promotions::Forge->start($type, token => $token,
        user => 'bot', repositories => { $speak->{name} => $repo });
    $forge->{base} = $forge->api =~ s{^http://[^/]*}{}r;
    $forge->set(duplicate => 'refuse') if $type eq 'bitbucket';

    behaves($type, $speak, $forge, $repo);
    judges($type, $speak, $forge);
    misbehaves($type, $speak, $forge);
    is_deeply([ $forge->refused ], [], "$type: nothing refused besides");

    # draft 4, which JSON::Validator would look up for the older format,
    # is not on a Debian system
    my $description = Promotions::Forge::Description->new($type);
    is_deeply([ $description->faults ], [], "$type: a valid description")
        if !$description->{data}{swagger};

    $forge->stop;
}


sub behaves {
    my ($type, $speak, $forge, $repo) = @_;

    my $list = $speak->{list};
    my $find = sub { my $r = ask($forge, 'GET', "$list?$speak->{find}");
                     return $speak->{items}->($r->json)
                         if $r->{status} == 200;
                     diag($r->{body}, $forge->refused); () };

    is(ask($forge, 'GET', $list, headers => { map { $_ => 'wrong' }
           grep { $_ ne 'Accept' && $_ ne 'User-Agent' }
           keys %{ $speak->{headers} } })->{status}, 401,
       "$type: a wrong token");
    is_deeply([ $find->() ], [], "$type: none is open");

    my $r = ask($forge, 'POST', $list, json => $speak->{new});
    my $answer = $r->json // {};
    my ($method, $change, $status) = @{ $speak->{change} };

    answers($r, 201, qr/"one"/, "$type: opened");
    is($answer->{$speak->{number}}, 7, "$type: its number");
    my $sha = substr $repo->head('change'), 0, 12;
    like($r->{body}, qr/$sha/, "$type: the head of its branch");

    my @open = $find->();
    is(scalar @open, 1, "$type: found");
    is($open[0]{$speak->{number}}, 7, "$type: found by its branches");

    answers(ask($forge, 'POST', $list, json => $speak->{new}),
            @{ $speak->{duplicate} }, "$type: never twice");
    answers(ask($forge, 'POST', $list, json => $speak->{new},
                branch => 'same'), @{ $speak->{nothing} },
            "$type: nothing between the branches") if $speak->{nothing};

    answers(ask($forge, $method, "$list/7", json => $change), $status // 200,
            qr/"two"/, "$type: changed");
    is(($forge->pulls)[0]{body}, 'more',
       "$type: with its text");
    is(ask($forge, 'GET', "$list/99")->{status}, 404, "$type: no such");

    $forge->change(7, state => 'MERGED', merge_commit => '1' x 40);
    ok($speak->{merged}->(ask($forge, 'GET', "$list/7")->json),
       "$type: merged");
    is_deeply([ $find->() ], [], "$type: no longer open");

    for (['permission', 'read', 403, qr/./], ['permission', 'none', 404, qr/./],
         ['archived', 1, @{ $speak->{archived} }])
    {
        my ($name, $value, $status, $pattern) = @$_;
        $forge->set(permission => 'write', $name => $value);
        answers(ask($forge, 'POST', $list, json => $speak->{new}), $status,
                $pattern, "$type: $name $value");
    }

    $forge->set(permission => 'write', archived => 0);
    is_deeply([ $forge->refused ], [], "$type: all of it is described")
        or diag(explain([ $forge->refused ]));
}


# The test of the test.
sub judges {
    my ($type, $speak, $forge) = @_;

    my $list = $speak->{list};

    ask($forge, 'GET', '', base => '/unknown/path');
    refuses($forge, qr/not described/, 'a path that is not there');

    ask($forge, 'DELETE', "$list/7");
    refuses($forge, qr/not described/, 'a method that is not there');

    ask($forge, 'POST', $list, json => { %{ $speak->{new} },
                                         %{ $speak->{wrong} } });
    refuses($forge, qr/title/, 'a value of a wrong type');

    ask($forge, 'POST', $list, json => { %{ $speak->{new} }, titel => 'x' });
    refuses($forge, qr{titel is not described}, 'a member of another name');

    ask($forge, 'GET', "$list?stat=open");
    refuses($forge, qr/query stat/, 'a parameter of another name');

    ask($forge, 'POST', $list, json => $speak->{new},
        headers => { 'Content-Type' => 'text/plain' });
    refuses($forge, qr/content type/, 'another content type');

    ask($forge, 'POST', $list);
    refuses($forge, qr/no body/, 'no body');

    if ($type =~ /^(?:github|gitlab|azure)$/) {
        my %new = %{ $speak->{new} };
        delete @new{qw(base target_branch targetRefName)};
        ask($forge, 'POST', $list, json => \%new);
        refuses($forge, qr/[Mm]issing/, 'a body without what it must have');
    }

    if ($type eq 'azure') {
        ask($forge, 'GET', "$list?", base => $list);
        refuses($forge, qr/api-version/, 'a path without its version');
    }

    if ($type eq 'github') {
        ask($forge, 'GET', $list, headers => { 'User-Agent' => '' });
        refuses($forge, qr/user agent/, 'a request of nobody');
    }
}


sub misbehaves {
    my ($type, $speak, $forge) = @_;

    my @new = ('POST', $speak->{list}, json => $speak->{new});
    my $count = sub { scalar grep { $_->{state} eq 'OPEN' } $forge->pulls };

    $forge->fault(status => 429, body => 'slow down', type => 'text/plain',
                  headers => ['Retry-After: 3'], times => 1);
    my $r = ask($forge, @new);
    answers($r, 429, qr/^slow down$/, "$type: an error instead");
    is($r->{headers}{'retry-after'}, 3, "$type: with its headers");
    is($count->(), 0, "$type: and nothing was done");

    $forge->fault(cut => 0, method => 'POST', times => 1);
    is(ask($forge, @new)->{status}, 0, "$type: a connection that breaks");
    is($count->(), 0, "$type: before anything was done");

    $forge->fault(cut => 200, when => 'after', times => 1);
    like(ask($forge, @new)->{error}, qr/inside an answer/,
         "$type: one that breaks inside the answer");
    is($count->(), 1, "$type: after it was done");
    $forge->change(8, state => 'CLOSED');

    my $start = Time::HiRes::time();
    $forge->fault(slow => 0.3, path => 'nothing has this path');
    $forge->fault(slow => 0.3, times => 1);
    is(ask($forge, @new)->{status}, 201, "$type: slow");
    cmp_ok(Time::HiRes::time() - $start, '>', 0.29, "$type: so slow");
    $forge->change(9, state => 'CLOSED');

    $forge->clear;
    $forge->fault(method => 'POST', times => 1,
                  open => { head => 'change', base => 'main' });
    my ($status, $pattern) = @{ $speak->{duplicate} };
    $pattern =~ s/!7/!10/;
    answers(ask($forge, @new), $status, qr/$pattern/,
            "$type: somebody was faster");

    my ($last) = reverse $forge->requests('POST');
    is($last->{path}, $forge->{base} . $speak->{list},
       "$type: requests are kept");
    $forge->change(10, state => 'CLOSED');
}


# and a file with such a request fails

my ($status, $output) = run($^X, '-It/lib', '-e', <<'END');
    use Promotions::Test;
    use Promotions::Forge;

    my $forge = Promotions::Forge->start('github', token => 't');
    http_request(port => $forge->port, path => '/api/v3/nothing');
    done_testing();
END

isnt($status, 0, 'a file with a request that is refused fails');
like($output, qr{GET /api/v3/nothing: not described}, 'and says which');

done_testing();
