# A server that speaks Redis's protocol badly: slow, silent, garbage, answers
# that nobody asked for, answers without an end.  Each is 503 in time, never
# 401, never a dead worker, and the next good answer is used again.

use lib 't/lib';
use Promotions::Test;

my $dir = temporary_folder();
my $secret = 's3cret' x 8;
my $key = "good.$secret";
my %record = (digest => Digest::SHA::sha256_hex($secret), name => 'good',
              author_name => 'Ada', author_email => 'ada@example.com',
              grants => 'admin', created_at => 1, expires_at => 0,
              disabled => 0);

# ms, and seconds: the clock of a busy machine is not exact
my ($timeout, $late) = (400, $ENV{PROMOTIONS_ASAN} ? 1.5 : 0.6);


sub bulk {
    my ($text) = @_;
    return defined $text ? '$' . length($text) . "\r\n$text\r\n" : "\$-1\r\n";
}


# What a Redis that has only the one key would say.
sub well_behaved {
    my (@argument) = @_;

    my $command = uc $argument[0];
    return "+OK\r\n" if $command eq 'SELECT' || $command eq 'AUTH';
    return "+PONG\r\n" if $command eq 'PING';
    return "*0\r\n" if $command eq 'SRANDMEMBER';
    return "*3\r\n\$9\r\nsubscribe\r\n" . bulk($argument[1]) . ":1\r\n"
        if $command eq 'SUBSCRIBE';

    if ($command eq 'HMGET') {
        my $known = $argument[1] =~ /:good$/;
        return '*' . (@argument - 2) . "\r\n"
               . join('', map { bulk($known ? $record{$_} : undef) }
                          @argument[2 .. $#argument]);
    }

    return "-ERR unknown command\r\n";
}


# One client: the file "mode" has a command's name and what is done in place
# of a good answer.
sub serve {
    my ($client) = @_;

    my $buffer = '';
    my $need = sub {
        my ($test) = @_;
        until ($test->()) {
            sysread $client, $buffer, 65536, length $buffer or die "closed";
        }
    };

    while (1) {
        $need->(sub { $buffer =~ /\r\n/ });
        $buffer =~ s/^\*(\d+)\r\n// or die 'not a command';
        my @argument;

        for (1 .. $1) {
            $need->(sub { $buffer =~ /^\$\d+\r\n/ });
            $buffer =~ s/^\$(\d+)\r\n//;
            my $n = $1;
            $need->(sub { length $buffer >= $n + 2 });
            push @argument, substr $buffer, 0, $n;
            substr $buffer, 0, $n + 2, '';
        }

        my ($name, $answer) = split / /, read_file("$dir/mode"), 2;
        my $good = well_behaved(@argument);

        if ($name eq '*' || uc $argument[0] eq $name) {
            misbehave($client, $answer, $good);
        } else {
            syswrite $client, $good;
        }
    }
}


sub misbehave {
    my ($client, $how, $good) = @_;

    if ($how eq 'silent') {
        sleep 600;

    } elsif ($how eq 'close') {
        die 'closed';

    } elsif ($how =~ /^late (\S+)/) {
        select undef, undef, undef, $1;
        syswrite $client, $good;

    } elsif ($how eq 'slow') {
        for my $byte (split //, $good) {
            select undef, undef, undef, 0.05;
            syswrite $client, $byte or last;
        }

    } elsif ($how =~ /^endless (.*)/s) {
        syswrite $client, $1;
        my $more = 'x' x 1_000_000;
        $more =~ s/x{10}/\$1\r\nx\r\nx/g if $1 =~ /^\*/;
        1 while syswrite $client, $more;

    } elsif ($how =~ /^twice/) {
        syswrite $client, $good . $good . $good;

    } elsif ($how =~ /^after (.*)/s) {
        syswrite $client, $good . $1;

    } else {
        syswrite $client, $how;
    }
}


sub mode {
    my ($text) = @_;
    write_file("$dir/mode.new", $text);
    rename "$dir/mode.new", "$dir/mode" or die $!;
}


mode('none');
my $server = Promotions::Tcp->start(\&serve);
my $password = write_file(temporary_folder() . '/password', 'geheim', 0600);
my $nginx = Promotions::Nginx->start(
    catalog => catalog('a.yaml' => environment('qa')),
    redis_directive => 'promotions_redis 127.0.0.1:' . $server->port
                       . " password_file=$password"
                       . " timeout=${timeout}ms connect_timeout=${timeout}ms;");
my $worker = the_worker();


sub the_worker {
    return wait_for('a worker', sub { ($nginx->workers)[0] });
}


sub ask {
    my ($with) = @_;
    return $nginx->request(method => 'POST', path => '/api/promotions/commit',
                           key => $with // $key, json => {}, timeout => 10);
}


# 400 is the answer to an empty object: the key was good.
sub recovers {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    mode('none');
    my $good = eval {
        wait_for($name, sub { ask()->{status} == 400 }, 10);
    };
    ok($good, "$name: and then it is used again");
    is(the_worker(), $worker, "$name: by the same worker");
    $worker = the_worker();
}


sub memory {
    my ($peak) = read_file("/proc/$worker/status") =~ /^VmHWM:\s+(\d+)/m;
    return $peak // 0;
}


sub unusable {
    my ($mode, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    mode($mode);
    my $start = Time::HiRes::time();
    my @answers = $nginx->requests(map { {
        method => 'POST', path => '/api/promotions/commit', key => $_,
        json => {}, timeout => 10 } } $key, "nobody.$secret", $key);
    my $time = Time::HiRes::time() - $start;

    is(join(' ', map { $_->{status} } @answers), '503 503 503',
       "$name is 503");
    cmp_ok($time, '<', $late, "$name: in time");
    recovers($name);
}


recovers('a server that behaves');
is(ask("nobody.$secret")->{status}, 401, 'knows who is unknown');
is(ask("good.wrong")->{status}, 401, 'and who is wrong');


# slow and silent

unusable('HMGET silent', 'silence');
unusable('HMGET late 1', 'an answer that is late');
unusable('HMGET slow', 'an answer that comes byte by byte');
unusable('HMGET close', 'a connection that is closed');

# silent from the first word: as at the start of nginx
unusable('* silent', 'silence for all');
mode('* silent');
$nginx->reload;
$worker = the_worker();
is(ask()->{status}, 503, 'silence at the start is 503');
recovers('silence at the start');


# errors

unusable("HMGET -ERR go away\r\n", 'an error');
unusable("HMGET -NOPERM this user has no permissions\r\n", 'no permission');
unusable("HMGET -LOADING Redis is loading\r\n", 'a Redis that loads');
unusable("HMGET -\r\n", 'an error without words');

for my $login ("-WRONGPASS invalid\r\n", "-LOADING\r\n", ":1\r\n", "*0\r\n") {
    (my $name = $login) =~ s/\r\n//;

    # a login is answered at each connection: lose the one that is open
    mode('* close');
    ask();
    mode("SELECT $login");
    is(ask()->{status}, 503, "a login answered with $name");
    recovers("a login answered with $name");
}


# a server that does not know AUTH repeats its arguments

my @refusals = (
    [ "-ERR unknown command `AUTH`, with args beginning with: `geheim`\r\n",
      'ERR: AUTH is refused' ],
    [ "-unknown command 'AUTH' 'geheim'\r\n", 'AUTH is refused' ],
    [ '-' . 'X' x 1000 . " geheim\r\n", 'X' x 32 . ': AUTH is refused' ],
    [ "-\r\n", 'AUTH is refused' ],
);

for my $i (0 .. $#refusals) {
    my ($answer, $reason) = @{ $refusals[$i] };

    mode('* close');
    ask();
    my $told = length $nginx->log;
    mode("AUTH $answer");
    is(ask()->{status}, 503, "a login refused, $i: 503");
    ok(eval { wait_for('the log', sub {
           substr($nginx->log, $told) =~ /is not usable: \Q$reason\E$/m }) },
       "a login refused, $i: the log says so")
        or diag(substr $nginx->log, $told);
    recovers("a login refused, $i");
}

unlike($nginx->log, qr/geheim/, 'but not with which password');


# answers of another kind

for my $answer (":1\r\n", "+OK\r\n", "\$2\r\nhi\r\n", "\$-1\r\n", "*-1\r\n",
                "*0\r\n", "*1\r\n:1\r\n", "*2\r\n\$1\r\na\r\n\$1\r\nb\r\n",
                "*1000\r\n" . "\$-1\r\n" x 1000)
{
    (my $name = substr $answer, 0, 12) =~ s/[\r\n]+/ /g;
    unusable("HMGET $answer", "an answer of another kind, $name");
}

for my $type (":7\r\n", "*1\r\n\$1\r\na\r\n", "-ERR\r\n") {
    (my $name = $type) =~ s/[\r\n]+/ /g;
    mode('HMGET *9' . "\r\n" . $type x 9);
    my $status = ask()->{status};
    ok($status == 401 || $status == 503, "fields of another type, $name")
        or diag($status);
    recovers("fields of another type, $name");
}


# no protocol at all

for my $garbage ("hello\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0" x 100,
                 "\$-5\r\n", "\$abc\r\n", "*abc\r\n", "*-7\r\n", ":x\r\n",
                 "\$99999999999999999999\r\n", "*99999999999999999999\r\n",
                 "*2147483647\r\n", "*2147483648\r\n", "*-2147483649\r\n",
                 "*500000000\r\n", "*1\r\n" x 20, "*1\r\n" x 7 . "!\r\n",
                 "\r\n", ">2\r\n+push\r\n+x\r\n", "%1\r\n+a\r\n+b\r\n",
                 join('', map { chr int rand 256 } 1 .. 5000))
{
    (my $name = substr $garbage, 0, 16) =~ s/([^ -~])/sprintf '\\%02x',
                                                     ord $1/ge;
    unusable("HMGET $garbage", "no answer but $name");
}


# answers that nobody asked for

for my $more ("+OK\r\n", "-ERR and more\r\n", "*0\r\n", "garbage\r\n") {
    (my $name = $more) =~ s/\r\n//;
    mode("HMGET after $more");
    my @status = map { ask()->{status} } 1 .. 3;
    is(scalar(grep { $_ != 400 && $_ != 503 } @status), 0,
       "$name after the answer: 400 or 503") or diag("@status");
    recovers("$name after the answer");
}

mode('HMGET twice');
my @status = map { ask("nobody.$secret")->{status} } 1 .. 3;
is(scalar(grep { $_ != 401 && $_ != 503 } @status), 0,
   'an answer three times is nobody else\'s') or diag("@status");
recovers('an answer three times');


# without an end

my $before = memory();

for my $answer ("\$1000000000\r\n", "+", "-", ":", '*9' . "\r\n\$",
                "*400000000\r\n", 'x')
{
    (my $name = $answer) =~ s/[\r\n]+/ /g;
    unusable("HMGET endless $answer", "an answer without an end, $name");
}

my $grown = int((memory() - $before) / 1024);
cmp_ok($grown, '<', $ENV{PROMOTIONS_ASAN} ? 1000 : 200,
       "whose memory is bounded (grew $grown MB)");


# the channel

for my $answer ("+OK\r\n", "-ERR no\r\n", ":1\r\n", "\$-1\r\n", "*0\r\n",
                "*1\r\n:1\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n",
                "*3\r\n\$9\r\nsubscribe\r\n:2\r\n:3\r\n",
                "*3\r\n\$9\r\nsubscribe\r\n\$1\r\nx\r\n\$-1\r\n",
                "*2\r\n\$7\r\nmessage\r\n\$1\r\nx\r\n",
                "*3\r\n\$7\r\nmessage\r\n\$-1\r\n\$-1\r\n",
                "*3\r\n\$11\r\nunsubscribe\r\n\$18\r\npromotions:settled\r\n"
                    . "\$1\r\nx\r\n",
                "*3\r\n\$11\r\nunsubscribe\r\n\$18\r\npromotions:settled\r\n"
                    . ":0\r\n",
                "garbage\r\n", 'close')
{
    (my $name = substr $answer, 0, 32) =~ s/[\r\n]+/ /g;
    mode("SUBSCRIBE $answer");
    $nginx->reload;
    $worker = the_worker();
    ok(eval { wait_for('commands', sub { ask()->{status} == 400 }, 5) },
       "a channel answered with $name hinders no command");
    recovers("a channel answered with $name");
}

for my $message ('settled', 'settled ', 'settled  ', 'settled x', 'free',
                 'free ', 'free x', 'x', '', 'settled ' . 'x ' x 100_000,
                 'settled ' . 'a' x 36, "free \0" . 'y' x 15,
                 'free ' . 'f' x 16)
{
    (my $name = substr $message, 0, 16) =~ s/[^ -~]/?/g;
    mode("SUBSCRIBE after *3\r\n\$7\r\nmessage\r\n"
         . bulk('promotions:settled') . bulk($message));
    $nginx->reload;
    $worker = the_worker();
    ok(eval { wait_for('commands', sub { ask()->{status} == 400 }, 5) },
       "the message '$name' hinders no command");
}

recovers('odd messages');

done_testing();
