# nginx's own configure with the module's config: what is missing is said
# plainly, and ends it.  What nginx itself asks the compiler about the system
# is left out: that takes seconds each time.

use lib 't/lib';
use Promotions::Test;

use Cwd ();

my $source = $ENV{NGINX_SOURCE} // '/usr/share/nginx/src';
my $library = Cwd::abs_path($ENV{B} // 'build') . '/libpromotions.a';
my $nginx = temporary_folder();

mkdir "$nginx/auto" or die $!;
symlink $_, "$nginx/auto/" . s{.*/}{}r or die $! for glob "$source/auto/*";
symlink "$source/$_", "$nginx/$_" or die $! for qw(configure src);

for my $name (qw(cc headers os unix)) {
    unlink "$nginx/auto/$name" or die $!;
}

mkdir "$nginx/auto/$_" or die $! for qw(cc os);
write_file("$nginx/auto/$_", '') for qw(headers os/conf unix);
write_file("$nginx/auto/cc/conf", "CC=cc\n");


sub configure {
    my ($options, @more) = @_;

    return run(
        { folder => $nginx, environment => {
            PROMOTIONS_LIB => $library, %{ $options || {} } } },
        'sh', './configure', '--builddir=objs',
        '--without-http_rewrite_module', '--without-http_gzip_module',
        '--add-dynamic-module=' . Cwd::getcwd(), @more);
}


# a pkg-config that answers some questions in its own way
sub pkg_config {
    my (%answers) = @_;

    my $bin = temporary_folder();
    my $cases = join '', map { "$_) $answers{$_} ;;\n" } sort keys %answers;

    write_file("$bin/pkg-config", "#!/bin/sh\ncase \"\$*\" in\n$cases"
        . "*) exec /usr/bin/pkg-config \"\$@\" ;;\nesac\n", 0755);
    return { PATH => "$bin:/usr/local/bin:/usr/bin:/bin" };
}


my ($status, $output) = configure({});
is($status, 1, 'without --with-threads it fails');
like($output, qr/ngx_http_promotions_module needs threads.*--with-threads/s,
     'and says how to go on');

($status, $output) = configure({ PROMOTIONS_LIB => "$nginx/nowhere.a" },
                               '--with-threads');
is($status, 1, 'without the library of the plain rooms it fails');
like($output, qr{\Q$nginx\E/nowhere\.a is missing: run "make lib"},
     'and says how to make it');

($status, $output) = configure(pkg_config('*' => 'exit 127'),
                               '--with-threads');
is($status, 1, 'without pkg-config it fails');
like($output, qr/needs pkg-config \(Debian: apt install pkg-config\)/,
     'and says so');

# no jansson, and a hiredis that is known, but nothing to link with; what was
# found out about the library before does not answer for either of them
($status, $output) = configure(
    pkg_config('*jansson*' => 'exit 1',
               '"--libs hiredis"' => 'echo -lno_such_library'),
    '--with-threads');
is($status, 1, 'without libraries it fails');
is_deeply({ map { /^checking for ([\w.-]+) \.\.\. (.*)/ } split /\n/, $output },
          { (map { $_ => 'found' } qw(libgit2 yaml-0.1 libpcre2-8 libcurl
                                      libcrypto zlib)),
            jansson => 'not found', hiredis => 'not found' },
          'after it has tried each');
like($output, qr/^On Debian: apt install libjansson-dev libhiredis-dev$/m,
     'they are named, and nothing else');
like(read_file("$nginx/objs/autoconf.err"), qr/-lno_such_library/,
     'why is where it says');
unlike($output, qr/was configured/, 'there is no module');

done_testing();
