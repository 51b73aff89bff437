# Value files that lie in another source than the chart ($ref/…): the usual
# layout of Helm charts in Argo CD.

use lib 't/lib';
use Promotions::Test;

my $scene = scene();
my ($repo, $nginx) = @$scene{qw(repo nginx)};
my $config = $scene->{git}->repository('config', {
    'common.yaml'            => "logLevel: info\n",
    'envs/dev/values.yaml'   => "image: {tag: '2'} # dev\nhost: dev\n",
    'envs/qa/values.yaml'    => "# qa\nhost: qa\nimage:\n  tag: 1 # mine\n",
    'envs/prod/values.yaml'  => "host: prod\nimage:\n  tag: 0\n",
});


# An application with a Helm chart, and value files in $config.
sub chart {
    my ($name, $files, %spec) = @_;

    return application(name => $name, server => "https://$name.example",
        url => '', path => '', labels => { app => $name }, spec => {
            source => undef,
            sources => [
                { repoURL => 'https://charts.example.com', chart => 'orders',
                  targetRevision => '1.4.2',
                  helm => { valueFiles => $files } },
                { repoURL => '' . $config->url, ref => 'values',
                  targetRevision => 'main' } ], %spec });
}


# The same with the chart in the folder "chart" of the other repository.
sub folder {
    my ($name, $files, $path) = @_;

    return chart($name, $files, sources => [
        { repoURL => '' . $repo->url, path => $path // 'chart',
          targetRevision => 'main', helm => { valueFiles => $files } },
        { repoURL => '' . $config->url, ref => 'values',
          targetRevision => 'main' } ]);
}


sub template {
    my ($name, $spec) = @_;

    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'PromotionTemplate',
        metadata => { name => $name },
        spec => { applicationSourceSelector =>
                      { matchLabels => { app => $name } }, %$spec } });
}


sub catalog_is {
    write_file("$scene->{catalog}/applications.yaml", join '', @_);
    $nginx->reload;
    return;
}


sub values_of { return "\$values/envs/$_[0]/values.yaml" }


my @common = ('$values/common.yaml');

catalog_is(chart('dev', [ @common, values_of('dev') ]),
           chart('qa', [ values_of('qa'), @common ]),
           chart('prod', [ @common, values_of('prod') ]));

# whole files

my $preview = $scene->preview('dev', 'qa');
is($preview->{status}, 200, 'a chart with value files is previewed')
    or diag($preview->{body});
is($preview->json->{repo}, '' . $config->url =~ s/\.git$//r . '.git',
   'in the repository of the ref');
is_deeply([ map { $_->{path} } @{ $preview->json->{files} } ],
          ['envs/qa/values.yaml'],
          'the file of the same role; what both have stays');

my $r = $scene->commit('dev', 'qa',
                       expectedDigest => $preview->json->{digest});
is($r->{status}, 200, 'and promoted') or diag($r->{body}, $nginx->log);
is($config->head, $r->json->{COMMIT_SHA}, 'by a commit on its branch');
is($config->changed($config->head), "M\tenvs/qa/values.yaml", 'one file');
is($config->file('main', 'envs/qa/values.yaml'),
   $config->file('main', 'envs/dev/values.yaml'), 'whole');
is($config->fsck, '', 'the repository is sound');
error_is($scene->commit('dev', 'qa'), 400,
         'no changes found between source and destination applications',
         'a second time there is nothing');

# an older commit of the source

my $old = $config->head;
$config->commit({ 'common.yaml' => "logLevel: debug\n",
                  'envs/dev/values.yaml' => "image: {tag: '3'}\n",
                  'envs/qa/values.yaml' => "image: {tag: '0'}\n" });
$r = $scene->commit('dev', 'qa', srcAppCommitSha => $old);
is($r->{status}, 200, 'an older commit') or diag($r->{body});
is($config->changed($config->head), "M\tenvs/qa/values.yaml",
   'is promoted; what both have stays, also as it was then');
is($config->file('main', 'envs/qa/values.yaml'),
   $config->file($old, 'envs/dev/values.yaml'), 'as it was');
$config->commit({ 'envs/dev/values.yaml' => $config->file($old,
                                              'envs/dev/values.yaml') });

# values, by a template that Helm folders have, too

$config->commit({ 'envs/qa/values.yaml' =>
                  "# qa\nhost: qa\nimage:\n  tag: 1 # mine\n" });

for my $pattern ('values.yaml', 'envs/*/values.yaml',
                 '$values/envs/*/values.yaml', '$values/envs/dev/values.yaml')
{
    write_file("$scene->{catalog}/templates.yaml", template('qa', {
        versionSource => { file => 'values.yaml', jsonPath => '$.image.tag' },
        promotion => { $pattern => { jsonPaths => ['$.image.tag'] },
                       'Chart.yaml' => { jsonPaths => ['$.version'] } } }));
    $nginx->reload;

    $preview = $scene->preview('dev', 'qa')->json;
    is_deeply($preview->{files}[0]{properties},
              [ { path => '/image/tag', from => 1, to => '2' } ],
              "$pattern: a value") or diag(explain($preview));
    is_deeply($preview->{skipped}, [ { file => 'Chart.yaml' } ],
              'and what there is not');
    is_deeply($preview->{version}, { source => '2', destination => '1' },
              'its version');
}

$r = $scene->commit('dev', 'qa', expectedDigest => $preview->{digest});
is($r->{status}, 200, 'promoted') or diag($r->{body});
is($config->file('main', 'envs/qa/values.yaml'),
   "# qa\nhost: qa\nimage:\n  tag: '2' # mine\n", 'the value alone');

# a record that another worker takes up knows them

my $input = JSON::PP->new->decode($scene->{redis}->hash(
    "promotions:promotion:$r->{headers}{'promotion-id'}")->{input});
is_deeply($input->{parts}[0]{files},
          [ [ values_of('dev'), 'envs/dev/values.yaml',
              values_of('qa'), 'envs/qa/values.yaml' ],
            [ @common, 'common.yaml', @common, 'common.yaml' ] ],
          'the record');

# its revert

$r = $scene->post("$r->{headers}{'promotion-id'}/revert", {});
is($r->{status}, 200, 'reverted') or diag($r->{body});
is($config->file('main', 'envs/qa/values.yaml'),
   "# qa\nhost: qa\nimage:\n  tag: 1 # mine\n", 'the value as it was');

# several destinations

$r = $scene->commit('dev', 'qa', destAppIds => [ map { app_id($_) }
                                                 qw(qa prod) ],
                    destAppId => undef);
is($r->{status}, 200, 'two destinations') or diag($r->{body});
is($config->file('main', 'envs/prod/values.yaml'),
   $config->file('main', 'envs/dev/values.yaml'), 'prod has all of it');

# a chart in a folder that all share

catalog_is(folder('dev', [ '../common.yaml', values_of('dev') ]),
           folder('qa', [ values_of('qa') ]),
           folder('prod', [ values_of('prod') ], 'prod-chart'));
$repo->commit({ 'chart/Chart.yaml' => "version: 1\n",
                'prod-chart/Chart.yaml' => "version: 0\n" });
$config->commit({ 'envs/qa/values.yaml' => "image:\n  tag: 7 # mine\n" });

$r = $scene->commit('dev', 'qa');
is($r->{status}, 200, 'a folder and a ref: the values are promoted')
    or diag($r->{body});
is($config->file('main', 'envs/qa/values.yaml'),
   "image:\n  tag: '2' # mine\n", 'the value alone');

# where there would be two places to write, a template says which

error_is($scene->commit('dev', 'prod'), 422,
         'application codefresh/orders/prod cannot be a destination: its '
         . 'sources lie in several repositories or branches; a template can '
         . 'select those of one',
         'a folder of its own in another repository');

for my $case ([ '$values/**', $config, 'envs/prod/values.yaml' ],
              [ 'Chart.yaml', $repo, 'prod-chart/Chart.yaml' ])
{
    my ($pattern, $where, $file) = @$case;

    write_file("$scene->{catalog}/templates.yaml", template('prod', {
        promotion => { $pattern => { jsonPaths => ['*'] } } }));
    $config->commit({ 'envs/prod/values.yaml' => "tag: 0\n" });
    $nginx->reload;

    $r = $scene->commit('dev', 'prod');
    is($r->{status}, 200, "$pattern is promoted") or diag($r->{body});
    is($where->changed($where->head), "M\t$file", 'and nothing else');
}

# what cannot be matched

catalog_is(chart('dev', [ @common, map { "\$values/$_" } qw(a b) ]),
           chart('qa', [ @common, '$values/c' ]));

error_is($scene->$_('dev', 'qa'), 422,
         'value file $values/a of application codefresh/orders/dev has no '
         . 'counterpart among the 2 of codefresh/orders/qa; name one there in '
         . 'helm.valueFiles, say with "to" in a template which it is, or '
         . 'exclude it',
         "$_: files that have no counterpart") for qw(preview commit);

# what the list says

my $listed = $scene->get('applications')->json->{applications};
is_deeply($listed->[0]{sources}, [], 'a chart is no source with a path');
is_deeply($listed->[1]{valueFiles},
          [ { file => '$values/common.yaml', repo => '' . $config->url,
              branchName => 'main', path => 'common.yaml',
              writable => JSON::PP::true },
            { file => '$values/c', repo => '' . $config->url,
              branchName => 'main', path => 'c',
              writable => JSON::PP::true } ], 'its value files are listed');

done_testing();
