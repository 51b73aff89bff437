# Where applications are from: several runtimes and folders of manifests, Argo
# CD's source hydrator, several sources that are folders.

use lib 't/lib';
use Promotions::Test;

my $more = temporary_folder();
my $other = 'https://git.example.com/acme/other.git';


# one name in three runtimes, of which one has two folders of manifests

my $scene = scene(
    http => join("\n", map { "    promotions_catalog $_;" }
                 "east $more/east", "east $more/east-too", "west $more/west"),
    catalog => catalogs(),
    files => {
        (map { ("$_/orders/values.yaml" => "of: $_\n") }
             qw(codefresh east west)),
        'east/web/values.yaml' => "web: east\n",
        'west/web/values.yaml' => "web: west\n",
    });
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};


# The folders of manifests, of which the URL is not known yet.
sub catalogs {
    my ($url) = @_;

    $url //= $other;

    write_file("$more/east/a.yaml", application(name => 'orders',
        url => $url, path => 'east/orders'));
    write_file("$more/east-too/a.yaml", application(name => 'web',
        url => $url, path => 'east/web'));
    write_file("$more/west/a.yaml", join '', map {
        application(name => $_, url => $url, path => "west/$_")
    } qw(orders web));
    write_file("$more/codefresh/a.yaml",
        application(name => 'orders', url => $url, path => 'codefresh/orders')
        . environment('dev', clusters => [ cluster('east') ])
        . environment('qa', clusters => [ cluster('west') ]));
    return "$more/codefresh";
}


sub cluster {
    return { runtime => $_[0], server => 'https://kubernetes.default.svc' };
}


sub of { return app_id($_[1], 'orders', $_[0]) }


sub promote {
    my ($from, $to, %request) = @_;

    return $scene->post('commit', { srcAppId => $from, destAppId => $to,
                                    message => 'm' }, %request);
}


catalogs($repo->url);
$nginx->reload;

is(join(' ', sort map { "$_->{appId}{runtime}/$_->{appId}{name}" }
        @{ $scene->get('applications')->json->{applications} }),
   'codefresh/orders east/orders east/web west/orders west/web',
   'applications of three runtimes');

my $key = $redis->key(grants => 'PROMOTE_TO@qa APPLICATION:R@dev');
my $r = promote(of('east', 'orders'), of('west', 'orders'), key => $key);
is($r->{status}, 200, 'of one name, from runtime to runtime')
    or diag($r->{body});
is($repo->changed($repo->head), "M\twest/orders/values.yaml",
   'into the one that was named');
is($repo->file('main', 'west/orders/values.yaml'), "of: east\n",
   'from the one that was named');
is($repo->file('main', 'codefresh/orders/values.yaml'), "of: codefresh\n",
   'and nowhere else');

error_is(promote(of('west', 'orders'), of('east', 'orders'), key => $key), 403,
         'Forbidden resource', 'an environment is one runtime\'s');
$r = promote(of('codefresh', 'orders'), of('east', 'orders'));
is($r->{status}, 200, 'from the third runtime') or diag($r->{body});
is($repo->file('main', 'east/orders/values.yaml'), "of: codefresh\n",
   'into the first');

$r = promote(of('east', 'web'), of('west', 'web'), key => $key);
is($r->{status}, 200, 'from the second folder of a runtime')
    or diag($r->{body});
is($repo->file('main', 'west/web/values.yaml'), "web: east\n", 'its files');

error_is(promote(of('codefresh', 'web'), of('west', 'web')), 404,
         'application codefresh/orders/web not found',
         'a name of another runtime');
error_is(promote(of('north', 'orders'), of('west', 'orders')), 404,
         'application north/orders/orders not found', 'no such runtime');

write_file("$more/east-too/b.yaml", application(name => 'orders',
           url => $other, path => 'x'));
$nginx->allow(qr{\[emerg\].*/east-too/b\.yaml:});
my ($status, $output) = $nginx->test_configuration;
ok($status == 1 && $output =~ m{/east-too/b\.yaml:2:1: the application }
   && $output =~ m{east/orders/orders is also in \S+/east/a\.yaml:2;},
   'one id in two folders of a runtime') or diag($output);
unlink "$more/east-too/b.yaml";


# Puts these into runtime codefresh; %specs: NAME => spec.
sub applications {
    my (%specs) = @_;

    write_file("$more/codefresh/a.yaml", join '', map {
        application(name => $_, url => '', path => '',
                    spec => { source => undef, %{ $specs{$_} } })
    } sort keys %specs);
    $nginx->reload;
    return;
}


sub place {
    my ($path, $branch, $url) = @_;

    return { repoURL => '' . ($url // $repo->url), path => $path,
             targetRevision => $branch // 'main' };
}


# the dry source of a hydrator is promoted; what Argo CD hydrates is its own

sub hydrated {
    my ($name) = @_;

    return { source => place("hydrated/$name", "hydrated-$name"),
             sourceHydrator => {
        drySource => place("dry/$name"),
        syncSource => { targetBranch => "hydrated-$name", path => 'app' },
        hydrateTo => { targetBranch => "hydrated-$name-next" } } };
}


$repo->commit({ 'dry/dev/kustomization.yaml' => "tag: 2\n",
                'dry/qa/kustomization.yaml' => "tag: 1\n" });
$repo->commit({ 'app/manifest.yaml' => "of: $_\n",
                "hydrated/$_/manifest.yaml" => "of: $_\n" },
              branch => "hydrated-$_") for qw(dev qa);
applications(dev => hydrated('dev'), qa => hydrated('qa'));

my $hydrated = $repo->head('hydrated-qa');
$r = promote(app_id('dev'), app_id('qa'));
is($r->{status}, 200, 'applications with a source hydrator')
    or diag($r->{body});
is($repo->changed($repo->head), "M\tdry/qa/kustomization.yaml",
   'the dry source');
is($repo->tree('main:dry/qa'), $repo->tree('main:dry/dev'), 'whole');
is($repo->head('hydrated-qa'), $hydrated,
   'the branch that it is hydrated to stays');
is($repo->git('for-each-ref', '--format=%(refname:short)', 'refs/heads'),
   "hydrated-dev\nhydrated-qa\nmain", 'and none is made');


# several folders, one commit

sub folders {
    my ($name, @more) = @_;

    return { sources => [ place("app/$name"),
                          { repoURL => 'oci://charts.example.com/redis',
                            chart => 'redis', targetRevision => '1.2.3' },
                          place("config/$name"), @more ] };
}


my @all = qw(dev qa three far);

$repo->commit({ map { ("app/$_/values.yaml" => "app: $_\n",
                       "config/$_/settings.yaml" => "config: $_\n",
                       "third/$_/x" => "$_\n") } @all });
$repo->git('branch', 'far', 'main');
applications((map { ($_ => folders($_)) } qw(dev qa)),
             three => folders('three', place('third/three')),
             far => { sources => [ place('app/far'),
                                   place('config/far', 'far') ] });

my $before = $repo->head;
my $preview = $scene->preview('dev', 'qa')->json;
is(join(' ', map { $_->{path} } @{ $preview->{files} }),
   'app/qa/values.yaml config/qa/settings.yaml', 'a preview of two folders');

$r = $scene->commit('dev', 'qa', expectedDigest => $preview->{digest});
is($r->{status}, 200, 'an application of two folders') or diag($r->{body});
is($repo->git('rev-parse', 'main^'), $before, 'one commit');
is($repo->changed($repo->head),
   "M\tapp/qa/values.yaml\nM\tconfig/qa/settings.yaml", 'changes both');
is($repo->tree("main:$_/qa"), $repo->tree("main:$_/dev"), "$_, whole")
    for qw(app config);
is($repo->fsck, '', 'git fsck --strict');

$repo->commit({ 'config/dev/settings.yaml' => "config: new\n" });
$r = $scene->commit('dev', 'qa');
is($r->{status}, 200, 'what has changed in one of them') or diag($r->{body});
is($repo->changed($repo->head), "M\tconfig/qa/settings.yaml", 'alone');
error_is($scene->commit('dev', 'qa'), 400, qr/^no changes found/,
         'and then nothing');

$before = $repo->head;
error_is($scene->commit('dev', 'three'), 422,
         qr/dev has 2 sources with a path and \S+three has 3/,
         'a folder without a counterpart');
error_is($scene->commit('dev', 'far'), 422,
         qr/its sources lie in several repositories or branches/,
         'folders on two branches cannot be one commit');
is($repo->head, $before, 'neither changes anything');

$r = $scene->commit('far', 'dev');
is($r->{status}, 200, 'but they can be a source') or diag($r->{body});
is($repo->file('main', 'config/dev/settings.yaml'), "config: far\n",
   'with both of its branches');

done_testing();
