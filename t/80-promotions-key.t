# promotions-key: the tool that manages API keys.

use lib 't/lib';
use Promotions::Test;

use Digest::SHA ();
use JSON::PP ();

my $tool = $ENV{PROMOTIONS_KEY} // ($ENV{B} // 'build') . '/promotions-key';
my $errors = temporary_folder() . '/stderr';
my $redis = Promotions::Redis->start;
my @address = ('-a', $redis->address);
my $KEY = qr/^[0-9A-Za-z]{16}\.[A-Za-z0-9_-]{43}\n$/;


# Exit status, standard output, standard error.
sub tool {
    my $options = ref $_[0] eq 'HASH' ? shift : {};

    my ($status, $output) = run(
        { environment => { STDERR => $errors,
                           %{ $options->{environment} || {} } } },
        'sh', '-c', 'exec "$0" "$@" ' . ($options->{to} // '')
                    . ' 2>"$STDERR"', $tool, @_);
    my $error = read_file($errors);

    unlike($error, qr/Sanitizer|runtime error/, "no sanitizer: @_")
        if $error =~ /Sanitizer|runtime error/;
    return ($status, $output, $error);
}


sub at { return tool(@address, @_) }


sub fails_with {
    my ($code, $why, $what, @arguments) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $output, $error) = tool(@arguments);

    is($status, $code, "$what: exit status $code");
    is($output, '', "$what: nothing on standard output");
    like($error, $why, "$what: says why");
    is(scalar(() = $error =~ /\n/g), $code == 2 ? 2 : 1,
       "$what: in one line");
    return $error;
}


sub json {
    my ($status, $output) = at(@_, '--json');
    return JSON::PP->new->decode($output);
}


sub record { return $redis->hash("promotions:key:$_[0]") }


# The command line: wrong ones are refused before Redis is asked.

{
    my ($status, $output, $error) = tool('--help');
    is($status, 0, '--help: exit status 0');
    like($output, qr/SYNOPSIS.*promotions-key create.*EXIT STATUS/s,
         '--help: a manual on standard output');
    is($error, '', '--help: nothing on standard error');
    is((tool('list', '-h'))[1], $output, '-h after a command');

    ($status, undef, $error) = tool({ to => '>/dev/full' }, '--help');
    is($status, 1, '--help to a full disk');
    like($error, qr/cannot write/, '--help to a full disk: says so');
}

my @create = ('create', '--grants', 'admin');
my @wrong = (
    [ qr/no command/ ],
    [ qr/unknown command frobnicate/, 'frobnicate' ],
    [ qr/unknown option --frobnicate/, 'list', '--frobnicate' ],
    [ qr/unknown option -x/, 'list', '-xyz' ],
    [ qr/unknown option --pass\b/, 'list', '--pass', 'f' ],
    [ qr/option --address needs a value/, 'list', '--address' ],
    [ qr/option -a needs a value/, 'list', '-a' ],
    [ qr/option --json takes no value/, 'list', '--json=yes' ],
    [ qr/list takes no option --grants/, 'list', '--grants', 'admin' ],
    [ qr/create takes no option --json/, @create, '--json' ],
    [ qr/delete takes no option --id/, 'delete', '--id', 'a' ],
    [ qr/too many arguments: b/, 'show', 'a', 'b' ],
    [ qr/too many arguments: a/, 'list', 'a' ],
    [ qr/too many arguments: a/, @create, 'a' ],
    [ qr/too many arguments: --json/, 'show', '--', 'a', '--json' ],
    (map { [ qr/$_ needs the id of a key/, $_ ] }
         qw(show disable enable rotate delete)),
    (map { [ qr/an id must be/, 'show', $_ ] }
         '', 'a b', 'a*', 'a:b', "a\n", 'ä', 'x' x 65),
    [ qr/an id must be/, @create, '--id', 'a.b' ],
    [ qr/create needs --grants/, 'create' ],
    [ qr/--grants must not be empty/, 'create', '--grants', '  ' ],
    [ qr/"FLY\@qa" has an unknown permission/,
      'create', '--grants', 'admin FLY@qa' ],
    [ qr/"APPLICATION:X\@qa" has faulty operations/,
      'create', '--grants', 'APPLICATION:X@qa' ],
    [ qr/--name must not be empty/, @create, '--name', '' ],
    [ qr/name must not hold control characters/, @create, '--name', "a\nb" ],
    [ qr/name must not hold control characters/, @create, '--name', 'a <b>' ],
    [ qr/name must be at most 256 bytes/, @create, '--name', 'n' x 257 ],
    [ qr/name must be UTF-8/, @create, '--name', "\xff" ],
    (map { [ qr/--author must be "NAME <EMAIL>"/, @create, '--author', $_ ] }
         '', 'Ada', '<a@b>', ' <a@b>', 'Ada <>', 'Ada <a@b', 'Ada<a@b>',
         'Ada <a@b> '),
    [ qr/author_email must not hold/, @create, '--author', 'A <a@b> <c@d>' ],
    [ qr/author_email must not hold spaces/, @create, '--author', 'A <a b>' ],
    [ qr/author_name must hold more/, @create, '--author', '... <a@b>' ],
    (map { [ qr/--expires must be/, @create, '--expires', $_ ] }
         '', 'd', '0d', '-1d', '90y', '1.5d', 'tomorrow', '2099-02-30',
         '2099-1-1', '2099-01-01T00:00:00', '2099-01-01 00:00:00Z',
         '2099-01-01T00:00:00+', '9' x 40, '9' x 40 . 'd'),
    (map { [ qr/is not in the future/, @create, '--expires', $_ ] }
         '0', '90', '2001-01-01', '2001-01-01T00:00:00Z'),
    (map { [ qr/later than the year 9999/, @create, '--expires', $_ ] }
         '999999999999', '253402300800', '999999999999w'),
    [ qr/the port must be/, 'list', '-a', 'host:0' ],
    [ qr/not a URL/, 'list', '-a', 'redis://host' ],
    [ qr/no valid host/, 'list', '--address=' ],
    [ qr/must be absolute/, 'list', '-aunix:x' ],
    [ qr/--database must be/, 'list', '--database', '-1' ],
    [ qr/--database must be/, 'list', '--database', '' ],
    [ qr/--prefix must be/, 'list', '--prefix', "a\nb" ],
    [ qr/--prefix must be/, 'list', '--prefix', 'p' x 257 ],
    [ qr/--user needs/, 'list', '--user', 'me' ],
    [ qr/No such file/, 'list', '--password-file', '/nonexistent' ],
    [ qr/holds no password/, 'list', '--password-file', '/dev/null' ],
);

for my $case (@wrong) {
    my ($why, @arguments) = @$case;

    # nothing listens there
    my @nowhere = grep({ /^-a|address/ } @arguments)
                  ? () : ('-a', '127.0.0.1:1');
    fails_with(2, $why, "promotions-key @arguments"
                        =~ s/[^ -~]/?/gr =~ s/(.{60}).*/$1.../r,
               @nowhere, @arguments);
}

unlike(fails_with(2, qr/unknown option --password\n/, 'a password as option',
                  'list', '--password=geheim'),
       qr/geheim/, 'a password as option is not repeated');
unlike(fails_with(2, qr/an id must be/, 'a whole key as id',
                  'show', 'abc.geheim'),
       qr/geheim/, 'a whole key as id is not repeated');

is_deeply($redis->call('KEYS', '*'), [], 'nothing was written');


# create

my ($status, $output, $error) = at(
    'create', '--name', 'CI of acmé', '--author', 'Ada Łovelace <ada@ex.org>',
    '--grants', 'PROMOTE_TO@qa APPLICATION:R@dev', '--expires', '90d');

is($status, 0, 'create: exit status 0');
like($output, $KEY, 'create: the key, and only the key, on standard output');

my ($id, $secret) = $output =~ /^(.*)\.(.*)\n/;
like($error, qr/^key $id was created; its secret is shown this once/,
     'create: explains on standard error');
unlike($error, qr/\Q$secret\E/, 'create: the secret is not explained');

my $record = record($id);
my $created = delete $record->{created_at};
my $expires = delete $record->{expires_at};

ok($created =~ /^\d+$/ && abs($created - time) < 60, 'create: created_at');
is($expires - $created, 90 * 86400, 'create: expires_at');

utf8::decode($_) for values %$record;
is_deeply($record, {
    digest => Digest::SHA::sha256_hex($secret), name => 'CI of acmé',
    author_name => 'Ada Łovelace', author_email => 'ada@ex.org',
    grants => 'PROMOTE_TO@qa APPLICATION:R@dev', disabled => 0,
}, 'create: the record');
is_deeply([ sort @{ $redis->call('KEYS', '*') } ],
          [ qw(promotions:audit promotions:audit:tail),
            "promotions:key:$id" ], 'create: nothing else is written');

($status, $output) = at('create', '--grants=admin', '--id=ci_1-A');
like($output, qr/^ci_1-A\.[A-Za-z0-9_-]{43}\n$/, 'create: an id of ours');
$record = record('ci_1-A');
is_deeply([ @$record{qw(name author_name author_email grants expires_at)} ],
          [ 'ci_1-A', 'ci_1-A', 'ci_1-A@localhost', 'admin', 0 ],
          'create: what is not said is written out');

my (%ids, %secrets, %letters);
for (1 .. 20) {
    my ($i, $s) = split /\./, (at('create', '--grants', 'admin'))[1];
    $ids{$i} = $secrets{$s} = 1;
    $letters{$_} = 1 for split //, $s;
    at('delete', $i);
}
is(scalar(keys %ids), 20, 'create: every id is new');
is(scalar(keys %secrets), 20, 'create: every secret is new');
ok(keys %letters > 60, 'create: secrets have all letters');

for my $case ([ '2099-12-31', 4102358400 ],
              [ '2099-12-31T23:59:59Z', 4102444799 ],
              [ '4102444800', 4102444800 ], [ 'never', 0 ]) {
    at('create', '--id', 'when', '--grants', 'admin',
       '--expires', $case->[0]);
    is(record('when')->{expires_at}, $case->[1], "--expires $case->[0]");
    at('delete', 'when');
}
for my $case ([ '30s', 30 ], [ '5m', 300 ], [ '2h', 7200 ],
              [ '2w', 14 * 86400 ]) {
    at('create', '--id', 'when', '--grants', 'admin',
       '--expires', $case->[0]);
    my $r = record('when');
    is($r->{expires_at} - $r->{created_at}, $case->[1],
       "--expires $case->[0]");
    at('delete', 'when');
}

# an id that is taken

my $before = record('ci_1-A');
fails_with(1, qr/there is a key ci_1-A already/, 'create twice',
           @address, 'create', '--id', 'ci_1-A', '--grants', 'admin');
is_deeply(record('ci_1-A'), $before, 'create twice: the first is unchanged');

($status, $output) = run('sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do
    "$0" "$@" 2>/dev/null & done; wait', $tool, @address, 'create',
    '--id', 'race', '--grants', 'admin');
like($output, qr/^race\.\S{43}\n$/, 'eight at once: one key');
is(record('race')->{digest},
   Digest::SHA::sha256_hex($output =~ /\.(.*)\n/), 'eight at once: its own');
at('delete', 'race');

# a key that cannot be handed over

($status, undef, $error) = tool({ to => '>/dev/full' }, @address, 'create',
                                '--id', 'lost', '--grants', 'admin');
is($status, 1, 'create to a full disk: exit status 1');
like($error, qr/the secret of key lost is lost.*rotate or delete/,
     'create to a full disk: says what to do');
at('delete', 'lost');

($status, $output) = run('perl', '-e',
    'pipe R, W; close R; open STDOUT, ">&W"; exec @ARGV', $tool, @address,
    'create', '--id', 'lost', '--grants', 'admin');
is($status, 1, 'create into a closed pipe: exit status 1, no signal');
like($output, qr/the secret of key lost is lost.*\(Broken pipe\)/,
     'create into a closed pipe: says so');
at('delete', 'lost');


# list and show

$redis->call('DEL', "promotions:key:$id");
$redis->key(id => 'old', expires_at => 1000, created_at => 0);
$redis->key(id => 'off', disabled => 1, grants => 'PROMOTE_TO@qa');
$redis->key(id => 'bad', expires_at => 'never');
$redis->key(id => 'bare', map { $_ => undef } qw(name author_name
            author_email grants created_at expires_at disabled));

($status, $output, $error) = at('list');
is($status, 0, 'list: exit status 0');
is($error, '', 'list: nothing on standard error');

$created = record('ci_1-A')->{created_at};
my $then = sub {
    my @t = gmtime $_[0];
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1,
                   @t[3, 2, 1, 0];
};

my @rows = map { [ split /  +/ ] } split /\n/, $output;
is_deeply($rows[0], [ qw(ID STATE NAME AUTHOR CREATED EXPIRES GRANTS) ],
          'list: a head');
is_deeply([ map { $_->[0] } @rows ], [ qw(ID bad bare ci_1-A off old) ],
          'list: sorted by id');
is_deeply([ map { $_->[1] } @rows[1 .. 5] ],
          [ qw(faulty active active disabled expired) ], 'list: states');
is_deeply($rows[2], [ 'bare', 'active', 'bare', 'bare <bare@localhost>',
                      'unknown', 'never' ], 'list: defaults');
is_deeply($rows[3], [ 'ci_1-A', 'active', 'ci_1-A',
                      'ci_1-A <ci_1-A@localhost>', $then->($created),
                      'never', 'admin' ], 'list: a row');
is_deeply($rows[4][6], 'PROMOTE_TO@qa', 'list: grants');
is($rows[5][5], '1970-01-01T00:16:40Z', 'list: when it expired');

my @all = ($output);
my $list = json('list');
is_deeply([ map { $_->{id} } @$list ], [ qw(bad bare ci_1-A off old) ],
          'list --json: all keys');
is_deeply($list->[2], {
    id => 'ci_1-A', state => 'active', name => 'ci_1-A',
    author_name => 'ci_1-A', author_email => 'ci_1-A@localhost',
    grants => 'admin', created_at => $created + 0, expires_at => 0,
    disabled => JSON::PP::false,
}, 'list --json: an active key');
is($list->[3]{disabled}, JSON::PP::true, 'list --json: a disabled key');
is_deeply([ @{ $list->[0] }{qw(state expires_at created_at disabled)} ],
          [ 'faulty', undef, undef, undef ], 'list --json: a faulty key');
like($list->[0]{fault}, qr/expires_at must be whole seconds/,
     'list --json: what is wrong with it');

($status, $output) = at('show', 'bad');
is($status, 0, 'show: exit status 0');
like($output, qr/^id       bad\nstate    faulty\nname     name of bad\n/,
     'show: a line a field');
like($output, qr/^expires  never\n/m, 'show: a faulty value as it is');
like($output, qr/^fault    expires_at must be whole seconds since 1970\n/m,
     'show: what is wrong with it');
push @all, $output, at('list', '--json'), at('show', 'ci_1-A'),
     at('show', 'bad', '--json');

is_deeply(json('show', 'ci_1-A'), $list->[2], 'show --json: as in the list');

for my $digest (map { record($_)->{digest} } qw(ci_1-A old off bad bare)) {
    ok(!grep({ /$digest/ } @all), 'no digest is shown');
}

like((tool({ environment => { TZ => 'America/New_York' } }, @address, 'show',
           'old'))[1], qr/^expires  1970-01-01T00:16:40Z$/m,
     'times are UTC everywhere');

fails_with(1, qr/there is no key nobody/, 'show an unknown key',
           @address, 'show', 'nobody');


# what others wrote is escaped

{
    my $evil = "\x1b]0;x\x07\r\nactive\\ \xff\x80\xc2\x9b1m\xe2\x80\xae";
    my $shown = '\x1b]0;x\x07\x0d\x0aactive\\\\ \xff\x80\xc2\x9b1m\xe2\x80\xae';

    $redis->call('HSET', 'promotions:key:evil', 'digest', 'f' x 64, map {
        ($_, $evil) } qw(name author_name author_email grants created_at
                         expires_at disabled));
    $redis->call('HSET', "promotions:key:ev\nil\x1b", 'digest', 'f' x 64);
    $redis->call('SET', 'promotions:key:string', 'x');
    $redis->call('HSET', 'promotions:key:', 'digest', 'f' x 64);
    $redis->call('HSET', 'promotions:key:long', 'digest', 'f' x 64,
                 'name', 'n' x 1000000);

    for my $command ([ 'list' ], [ 'show', 'evil' ]) {
        ($status, $output) = at(@$command);
        is($status, 0, "@$command: exit status 0 with a hostile record");
        unlike($output, qr/[^\n -~]/, "@$command: nothing that is obeyed");
        is(scalar(() = $output =~ /\Q$shown\E/g), 6, "@$command: escaped");
    }

    ($status, $output) = at('list');
    like($output, qr/^ev\\x0ail\\x1b +faulty/m, 'an id with controls');
    like($output, qr/^string +faulty/m, 'a record that is no hash');
    like($output, qr/^ +faulty/m, 'an empty id');
    like($output, qr/ n{200}\.\.\. /, 'a long name is cut');
    ok(length $output < 20000, 'a long name does not widen the table much');

    like((at('show', 'string'))[1], qr/^fault    the record is no hash$/m,
         'show: a record that is no hash');
    fails_with(1, qr/Redis: WRONGTYPE/, 'disable what is no hash',
               @address, 'disable', 'string');

    ($status, $output) = at('list', '--json');
    unlike($output, qr/[^\n -~]/, 'list --json: nothing that is obeyed');
    my %entry = map { $_->{id} => $_ }
                @{ JSON::PP->new->decode($output) };
    is($entry{evil}{name}, "\x1b]0;x\x07\r\nactive\\ \x{fffd}\x{fffd}"
                           . "\x{9b}1m\x{202e}", 'list --json: escaped');
    is($entry{"ev\nil\x1b"}{state}, 'faulty', 'list --json: a faulty id');

    is((at('delete', 'string'))[0], 0, 'delete what is no hash');
    $redis->call('DEL', "promotions:key:$_") for '', 'evil', 'long',
        "ev\nil\x1b";
}


# disable, enable, rotate, delete

($status, $output, $error) = at('disable', 'ci_1-A');
is_deeply([ $status, $output, $error ], [ 0, '', "key ci_1-A is disabled\n" ],
          'disable');
is(json('show', 'ci_1-A')->{state}, 'disabled', 'disable: the state');
is((at('disable', 'ci_1-A'))[0], 0, 'disable twice');

$before = record('ci_1-A');
($status, $output, $error) = at('rotate', 'ci_1-A');
like($output, qr/^ci_1-A\.[A-Za-z0-9_-]{43}\n$/, 'rotate: the key alone');
like($error, qr/^key ci_1-A has a new secret/, 'rotate: explains');
$record = record('ci_1-A');
($secret) = $output =~ /\.(.*)\n/;
is($record->{digest}, Digest::SHA::sha256_hex($secret), 'rotate: its digest');
isnt($record->{digest}, $before->{digest}, 'rotate: another secret');
is_deeply({ %$record, digest => 0 }, { %$before, digest => 0 },
          'rotate: nothing else changes, it is still disabled');

($status, $output, $error) = at('enable', 'ci_1-A');
is_deeply([ $status, $output, $error ], [ 0, '', "key ci_1-A is enabled\n" ],
          'enable');
is(json('show', 'ci_1-A')->{state}, 'active', 'enable: the state');

is((at('disable', 'bad'))[0], 0, 'a faulty key can be disabled');

($status, $output, $error) = at('delete', 'ci_1-A');
is_deeply([ $status, $output, $error ],
          [ 0, '', "key ci_1-A was deleted\n" ], 'delete');
is($redis->call('EXISTS', 'promotions:key:ci_1-A'), 0, 'delete: it is gone');

for my $command (qw(show disable enable rotate delete)) {
    fails_with(1, qr/there is no key ci_1-A/, "$command a deleted key",
               @address, $command, 'ci_1-A');
    is($redis->call('EXISTS', 'promotions:key:ci_1-A'), 0,
       "$command does not bring it back");
}


# prefix and database; a prefix is no pattern

$redis->call('FLUSHALL');
tool(@address, '--prefix', $_, 'create', '--grants', 'admin', '--id',
     'of' . ($_ =~ tr/a-zA-Z0-9//cdr))
    for 'a*', 'a?[b]\\', 'ab', 'a[^b-z]', '';
is_deeply([ sort grep { !/audit/ } @{ $redis->call('KEYS', '*') } ],
          [ sort 'a*key:ofa', 'a?[b]\\key:ofab', 'abkey:ofab',
                 'a[^b-z]key:ofabz', 'key:of' ], '--prefix as it is given');

for my $case ([ 'a*', 'ofa' ], [ 'a?[b]\\', 'ofab' ], [ 'ab', 'ofab' ],
              [ 'a[^b-z]', 'ofabz' ], [ '', 'of' ]) {
    is_deeply([ map { $_->{id} } @{ json('--prefix', $case->[0], 'list') } ],
              [ $case->[1] ], "list --prefix '$case->[0]'");
}
is_deeply(json('list'), [], 'list: nothing with the default prefix');

at('--database', 3, 'create', '--grants', 'admin', '--id', 'three');
is_deeply([ map { $_->{id} } @{ json('--database', 3, 'list') } ],
          [ 'three' ], '--database');
is_deeply(json('list'), [], '--database: not in another one');
fails_with(1, qr/Redis: ERR DB index is out of range/,
           '--database that does not exist', @address, '--database', 999,
           'list');


# many keys: several pages of SCAN, none twice

$redis->call('FLUSHALL');
$redis->call('EVAL', "for i = 1, 2500 do
    redis.call('HSET', 'promotions:key:k' .. i, 'digest', ARGV[1])
    redis.call('SET', 'promotions:other:' .. i, i) end", 0, 'a' x 64);
is_deeply([ map { $_->{id} } @{ json('list') } ],
          [ sort map { "k$_" } 1 .. 2500 ], 'list: 2500 keys');


# Redis that wants a password, on a socket

for my $kind ([ 'a user', user => 'promotions' ], [ 'requirepass' ]) {
    my ($what, @user) = @$kind;
    my $private = Promotions::Redis->start(password => 'gehe*im#', unix => 1,
                                           @user);
    my $file = temporary_folder() . '/password';
    my @login = ('-a', $private->address, '--password-file', $file,
                 @user ? ('--user', 'promotions') : ());

    write_file($file, "gehe*im#\n", 0600);
    ($status, $output) = tool(@login, 'create', '--grants', 'admin');
    like($output, $KEY, "$what on a socket: create");
    ($id) = split /\./, $output;
    is($private->hash("promotions:key:$id")->{grants}, 'admin',
       "$what on a socket: the record");
    like((tool(@login, 'list'))[1], qr/^$id +active/m,
         "$what on a socket: list");

    fails_with(1, qr/NOAUTH/, "$what: no password",
               '-a', $private->address, 'list');
    write_file($file, 'falsch');
    unlike(fails_with(1, qr/Redis refused the login: WRONGPASS/,
                      "$what: wrong password", @login, 'list'),
           qr/falsch/, "$what: a password is not repeated");
}

# a user that may write keys, and not ask for the role

{
    $redis->call('ACL', 'SETUSER', 'keys', 'on', '>p', '~promotions:*',
                 '+hset', '+exists', '+eval', '+hmget', '+scan', '+del',
                 '+xadd', '+hincrby');
    my $file = write_file(temporary_folder() . '/password', 'p');
    my @login = (@address, '--user', 'keys', '--password-file', $file);

    like((tool(@login, 'create', '--grants', 'admin'))[1], $KEY,
         'a user with few rights');
    fails_with(1, qr/Redis: ERR .*can't access/, 'a user with other keys',
               @login, '--prefix', 'other:', 'delete', 'a');
}


# Sentinel

{
    my $dir = temporary_folder();
    my $port = free_port();
    write_file("$dir/sentinel.conf", "port $port\nbind 127.0.0.1\n"
        . "dir $dir\nsentinel monitor main 127.0.0.1 $redis->{port} 1\n");
    my $sentinel = Promotions::Process->start(name => 'sentinel',
        command => [ 'redis-server', "$dir/sentinel.conf", '--sentinel' ]);
    wait_for_port($port, $sentinel);

    my $dead = free_port();
    ($status, $output) = tool('-a', "sentinel:main\@127.0.0.1:$dead,"
        . "127.0.0.1:$port", 'create', '--grants', 'admin', '--id', 'via');
    like($output, qr/^via\./, 'Sentinel: the second is asked');
    is(record('via')->{grants}, 'admin', 'Sentinel: it led to the master');

    fails_with(1, qr/127\.0\.0\.1, port $port: it knows no master other/,
               'Sentinel: an unknown master', '-a',
               "sentinel:other\@127.0.0.1:$port", 'list');
    fails_with(1, qr/no Sentinel led to .*port $dead: cannot connect/,
               'Sentinel: none is there', '-a',
               "sentinel:main\@127.0.0.1:$dead", 'list');
    fails_with(1, qr/port $redis->{port}: ERR unknown command/,
               'Sentinel: it is none', '-a',
               'sentinel:main@' . $redis->address, 'list');

    my $replica = Promotions::Redis->start(
        options => [ '--replicaof', '127.0.0.1', $redis->{port} ]);
    my $stale = Promotions::Tcp->start(sub {
        my ($client) = @_;
        sysread $client, my $request, 4096;
        my $n = length $replica->{port};
        syswrite $client, "*2\r\n\$9\r\n127.0.0.1\r\n\$$n\r\n"
                          . "$replica->{port}\r\n";
    });
    fails_with(1, qr/the server that it named is no master/,
               'Sentinel: it names a replica', '-a',
               'sentinel:main@127.0.0.1:' . $stale->port, 'list');

    for my $reply ("*2\r\n\$1\r\n/\r\n\$1\r\n1\r\n", "*1\r\n\$1\r\nx\r\n",
                   "*2\r\n:1\r\n:2\r\n", "+OK\r\n", "*0\r\n",
                   "*2\r\n\$3\r\n::1\r\n\$5\r\n99999\r\n") {
        my $liar = Promotions::Tcp->start(sub {
            my ($client) = @_;
            sysread $client, my $request, 4096;
            syswrite $client, $reply;
        });
        fails_with(1, qr/no Sentinel led to the master/,
                   'Sentinel: it answers ' . $reply =~ s/\r\n/ /gr, '-a',
                   'sentinel:main@127.0.0.1:' . $liar->port, 'list');
    }
}


# Redis that is not there, silent, or something else

fails_with(1, qr/cannot connect to 127\.0\.0\.1, port \d+: Connection ref/,
           'nobody listens', '-a', '127.0.0.1:' . free_port(), 'list');
fails_with(1, qr{cannot connect to unix:/nonexistent/s: No such file},
           'no socket', '-a', 'unix:/nonexistent/s', 'list');

{
    my $silent = Promotions::Tcp->silent;
    my $start = time;
    fails_with(1, qr/Redis did not answer within 5 s/, 'a silent server',
               '-a', '127.0.0.1:' . $silent->port, 'list');
    ok(time - $start < 15, 'a silent server is waited for not long');
}

my $page = "*2\r\n\$1\r\n0\r\n*1\r\n\$16\r\npromotions:key:a\r\n";
my @answers = (
    [ 'nothing', '', qr/the connection to Redis was lost/ ],
    [ 'no Redis', "HTTP/1.1 400 Bad Request\r\n\r\n", qr/was lost: Protocol/ ],
    [ 'half a reply', "*2\r\n\$1\r\n0\r", qr/was lost/ ],
    [ 'deep arrays', "*1\r\n" x 50, qr/was lost/ ],
    [ 'an error', "-LOADING\x1b[31m busy\r\n", qr/Redis: LOADING \[31m busy/ ],
    [ 'a status', "+OK\r\n", qr/reply of the wrong type/ ],
    [ 'a number', ":1\r\n", qr/reply of the wrong type/ ],
    [ 'nil', "\$-1\r\n", qr/reply of the wrong type/ ],
    [ 'an empty array', "*0\r\n", qr/something else than a page/ ],
    [ 'three elements', "*3\r\n:0\r\n:0\r\n:0\r\n", qr/than a page/ ],
    [ 'a cursor only', "*2\r\n\$1\r\n0\r\n:0\r\n", qr/than a page/ ],
    [ 'keys that are numbers', "*2\r\n\$1\r\n0\r\n*1\r\n:7\r\n",
      qr/something else than what was asked for/ ],
    [ 'keys that are too short', "*2\r\n\$1\r\n0\r\n*1\r\n\$1\r\nk\r\n",
      qr/something else than what was asked for/ ],
    [ 'a record of one value', "$page*1\r\n\$1\r\na\r\n",
      qr/another number of values/ ],
    [ 'a record of nine', "$page*9\r\n" . "\$1\r\na\r\n" x 9,
      qr/another number of values/ ],
    [ 'a record of numbers', "$page*8\r\n" . ":1\r\n" x 8,
      qr/something else than strings/ ],
    [ 'a record that is a string', "$page\$1\r\na\r\n",
      qr/HMGET with a reply of the wrong type/ ],
);

for my $case (@answers) {
    my ($what, $reply, $why) = @$case;

    my $other = Promotions::Tcp->start(sub {
        my ($client) = @_;
        sysread $client, my $request, 4096;
        syswrite $client, $reply;
        shutdown $client, 1;
        1 while sysread $client, $request, 4096;
    });
    fails_with(1, $why, "list: Redis answers $what",
               '-a', '127.0.0.1:' . $other->port, 'list');
}

for my $command ([ 'create', '--grants', 'admin' ], [ 'rotate', 'a' ],
                 [ 'disable', 'a' ], [ 'delete', 'a' ], [ 'show', 'a' ]) {
    my $other = Promotions::Tcp->start(sub {
        my ($client) = @_;
        sysread $client, my $request, 4096;
        syswrite $client, "+OK\r\n";
    });
    fails_with(1, qr/reply of the wrong type/,
               "$command->[0]: Redis answers a status",
               '-a', '127.0.0.1:' . $other->port, @$command);
}

{
    my $gossip = Promotions::Tcp->start(sub {
        my ($client) = @_;
        sysread $client, my $request, 4096;
        syswrite $client, "-ERR unknown command `AUTH`, with args beginning "
                          . "with: `geheim`\r\n";
    });
    my $file = write_file(temporary_folder() . '/password', 'geheim');
    unlike(fails_with(1, qr/Redis refused the login: ERR$/, 'no AUTH',
                      '-a', '127.0.0.1:' . $gossip->port, '--password-file',
                      $file, 'list'),
           qr/geheim/, 'no AUTH: the password is not repeated');
}

done_testing();
