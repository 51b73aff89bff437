# Promotion templates: from the manifest to the one line that changes on the
# server.

use lib 't/lib';
use Promotions::Test;

my $scene = scene();
my ($repo, $nginx, $redis) = @$scene{qw(repo nginx redis)};
my $url = $repo->url;


# A PromotionTemplate's manifest; %spec besides the selector.
sub template {
    my ($name, %spec) = @_;

    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'PromotionTemplate',
        metadata => { name => $name },
        spec => { applicationSourceSelector => {}, priority => 0, %spec } });
}


sub paths {
    my (%files) = @_;
    return { map { $_ => { jsonPaths => $files{$_} } } keys %files };
}


# The catalog's applications with these fields, and these templates, from now
# on; what nginx -t says if it does not take them.
sub catalog_is {
    my ($templates, %fields) = @_;

    write_file("$scene->{catalog}/templates.yaml", $templates);
    write_file("$scene->{catalog}/applications.yaml", join '', map {
        application(name => "orders-$_", url => $url, path => "$_/orders",
                    server => "https://$_.example",
                    $_ eq 'qa' ? %fields : ())
    } qw(dev qa prod));

    my ($status, $output) = $nginx->test_configuration;
    return $output if $status;

    $nginx->reload;
    return '';
}


# What a commit shows, without names of objects.
sub diff {
    my ($sha) = @_;
    my $text = $repo->git('show', '--format=', '-U0', '--no-renames', $sha);
    return join "\n", grep { /^[-+]/ && !/^(?:---|\+\+\+) / }
                           split /\n/, $text;
}


# one value

is(catalog_is(template('image', promotion => paths(
       'values.yaml' => ['$.image.tag']))), '', 'a template of one value');

my $r = $scene->preview('orders-dev', 'orders-qa');
is($r->{status}, 200, 'previewed') or diag($r->{body}, $nginx->log);
my $preview = $r->json;
my $file = $preview->{files}[0];

is(scalar @{ $preview->{files} }, 1, 'one file');
is($file->{path}, 'qa/orders/values.yaml', 'its path');
is_deeply($file->{properties},
          [ { path => '/image/tag', from => '1.2.0', to => '1.3.0' } ],
          'the value, from and to');
like($file->{patch}, qr{^-  tag: 1\.2\.0\n\+  tag: 1\.3\.0\n}m,
     'and a unified diff');
is($preview->{template}{name}, 'image', 'the template');
is($preview->{template}{origin}, 'selector', 'which selects by labels');
is_deeply($preview->{template}{parts},
          [ { part => 'promotion', file => 'values.yaml',
              jsonPaths => ['$.image.tag'],
              from => { kind => 'PromotionTemplate', name => 'image',
                        file => 'templates.yaml', line => 2 } } ],
          'and where its parts come from');
is_deeply($preview->{skipped}, [], 'nothing is skipped');

my $before = $repo->head;
my %dry = (dryRun => JSON::PP::true);

$r = $scene->commit('orders-dev', 'orders-qa', %dry);
is_deeply($r->json, $preview, 'dryRun answers as preview does');

my %both = (destAppIds => [ map { app_id("orders-$_") } qw(qa prod) ],
            destAppId => undef);
my $previews = $scene->preview('orders-dev', 'orders-qa', %both);
is($previews->{status}, 200, 'previews of two') or diag($previews->{body});
is_deeply($previews->json->{promotions}[0]{preview}, $preview,
          'each as it is alone');
$r = $scene->commit('orders-dev', 'orders-qa', %both, %dry);
is_deeply($r->json, $previews->json, 'and a dryRun of both');
is($repo->head, $before, 'writes nothing');

$r = $scene->commit('orders-dev', 'orders-qa',
                    expectedDigest => $preview->{digest});
is($r->{status}, 200, 'what was previewed lands') or diag($r->{body});

my $sha = $repo->head;
is($repo->git('diff', '--stat', $before, $sha), <<'END' =~ s/\n\z//r,
 qa/orders/values.yaml | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)
END
   'one line of one file');
is(diff($sha), "-  tag: 1.2.0\n+  tag: 1.3.0", 'the tag');
is($repo->fsck, '', 'the repository is sound');

my $record = $redis->hash('promotions:promotion:'
                          . $r->{headers}{'promotion-id'});
is(JSON::PP->new->decode($record->{input})->{template}{name}, 'image',
   'the record holds the template');
is($scene->get($r->{headers}{'promotion-id'})->json->{digest},
   $preview->{digest}, 'and the digest of the preview');

error_is($scene->commit('orders-dev', 'orders-qa'), 400,
         'no changes found between source and destination applications',
         'a second time there is nothing');


# several templates are one

my $composite =
    template('base', priority => 1, applicationSourceSelector =>
             { matchExpressions => [ { key => 'tier', operator => 'In',
                                       values => ['web', 'api'] } ] },
             versionSource => { file => 'Chart.yaml',
                                jsonPath => '$appVersion' },
             promotion => paths('Chart.yaml' => ['$.version']))
    . template('more', priority => -1,
               applicationSourceSelector =>
               { matchLabels => { team => 'shop' } },
               versionSource => { file => 'x', jsonPath => '$.x' },
               promotion => paths('Chart.yaml' => ['$.appVersion'],
                                  'values.yaml' => ['$.replicas', '$.no'],
                                  'extra.json' => ['*']))
    . template('others', priority => 9, applicationSourceSelector =>
               { matchLabels => { team => 'shop', tier => 'db' } },
               promotion => paths('Chart.yaml' => ['*']));

is(catalog_is($composite, labels => { tier => 'web', team => 'shop' }), '',
   'a composite');
$repo->commit({ 'dev/orders/values.yaml' => "replicas: 7\n" });

$preview = $scene->preview('orders-dev', 'orders-qa')->json;
is($preview->{template}{name}, 'base', 'of the highest priority');
is_deeply([ map { [ $_->{part}, $_->{file}, $_->{from}{name} ] }
            @{ $preview->{template}{parts} } ],
          [ [ 'versionSource', 'Chart.yaml', 'base' ],
            [ 'promotion', 'Chart.yaml', 'base' ],
            [ 'promotion', 'extra.json', 'more' ],
            [ 'promotion', 'values.yaml', 'more' ] ],
          'lower ones add what is absent');
is_deeply($preview->{version}, { source => '1.3.0', destination => '1.2.0' },
          'versions, by versionSource');
is_deeply($preview->{skipped},
          [ { file => 'extra.json' },
            { file => 'values.yaml', jsonPath => '$.no' } ],
          'what the source lacks is listed');

$r = $scene->commit('orders-dev', 'orders-qa',
                    expectedDigest => $preview->{digest});
is($r->{status}, 200, 'promoted') or diag($r->{body});
is(diff($repo->head), <<'END' =~ s/\n\z//r, 'by both');
-version: 1.2.0   # the chart's own
+version: 1.3.0   # the chart's own
-replicas: 2
+replicas: 7
END

is(catalog_is($composite, labels => { tier => 'cache' }), '',
   'labels that no template selects');
is($scene->preview('orders-dev', 'orders-qa')->json->{template}{origin},
   'none', 'lead to no template');


# products

my $product = sub {
    return Promotions::Test::document({
        apiVersion => 'codefresh.io/v1beta1', kind => 'Product',
        metadata => { name => 'shop' }, spec => { @_ } });
};
my @in_shop = (labels => { tier => 'web' },
               annotations => { 'codefresh.io/product' => 'shop' });

is(catalog_is($composite . $product->(promotionTemplateRef => 'others'),
              @in_shop), '', 'a product that refers to a template');
is_deeply([ @{ $scene->preview('orders-dev', 'orders-qa')->json->{template} }
            {qw(name origin)} ], [qw(others reference)],
          'whose labels do not count then');

is(catalog_is($composite . $product->(
       promotionTemplateRef => 'others',
       promotionTemplate => { promotion =>
                              paths('Chart.yaml' => ['$.appVersion']) }),
       @in_shop), '', 'a product with a template of its own');

$preview = $scene->preview('orders-dev', 'orders-qa')->json;
is_deeply([ @{ $preview->{template} }{qw(name origin)} ], [qw(shop product)],
          'which goes before');
is_deeply($preview->{files}[0]{properties},
          [ { path => '/appVersion', from => '1.2.0', to => '1.3.0' } ],
          'and counts');


# patterns, "*", to:, exclude:, deletions:

is(catalog_is(template('files',
       deletions => 'mirror',
       exclude => ['conf/secret*', '$.host'],
       promotion => {
           'conf/**'          => { jsonPaths => ['*'] },
           'values-dev.yaml'  => { jsonPaths => ['$'],
                                   to => 'values-qa.yaml' } })), '',
   'a template of files');

$repo->commit({
    'dev/orders/conf/a.json'     => "{}\n",
    'dev/orders/conf/secret'     => "dev's\n",
    'dev/orders/conf/run'        => { mode => '100755', data => "#!/bin/sh\n" },
    'dev/orders/conf/link'       => { mode => '120000', data => 'run' },
    'dev/orders/values-dev.yaml' => "tag: 2 # dev\nhost: dev\n",
    'qa/orders/conf/old'         => "x\n",
    'qa/orders/conf/secret'      => "qa's\n",
    'qa/orders/values-qa.yaml'   => "# qa\nhost: qa\ntag: 1 # mine\n",
});

$preview = $scene->preview('orders-dev', 'orders-qa')->json;
$r = $scene->commit('orders-dev', 'orders-qa',
                    expectedDigest => $preview->{digest});
is($r->{status}, 200, 'promoted') or diag($r->{body});
is($repo->changed($repo->head), join("\n",
       "A\tqa/orders/conf/a.json", "A\tqa/orders/conf/link",
       "D\tqa/orders/conf/old", "A\tqa/orders/conf/run",
       "M\tqa/orders/values-qa.yaml"), 'files come and go');
is($repo->file('main', 'qa/orders/values-qa.yaml'),
   "# qa\nhost: qa\ntag: 2 # mine\n", 'under the other name, but for the host');
like($repo->git('ls-tree', 'main', 'qa/orders/conf/'),
     qr/^120000 blob \S+\t\S+link\n100755 blob \S+\t\S+run$/m,
     'links and executable bits with them');


# a source in another repository

my $other = $scene->{git}->repository('other', {
    'app/values.yaml' => "image: {tag: 9}\n", 'app/new.json' => "[]\n" });

is(catalog_is(template('values', promotion => paths(
       'values.yaml' => ['$.image.tag'], '*.json' => ['*']))
   . application(name => 'elsewhere', url => $other->url, path => 'app',
                 server => 'https://dev.example')), '',
   'a source in another repository');
$repo->commit({ 'qa/orders/values.yaml' => "image:\n  tag: 1 # mine\n" });

$r = $scene->commit('elsewhere', 'orders-qa');
is($r->{status}, 200, 'promoted') or diag($r->{body});
is($repo->file('main', 'qa/orders/values.yaml'),
   "image:\n  tag: 9 # mine\n", 'its value');
is($repo->file('main', 'qa/orders/new.json'), "[]\n", 'and its file');
is($repo->fsck, '', 'the repository is sound');


# what cannot be edited safely

my @unsafe = (
    [ 'an alias', "t: &t {tag: 1}\nimage: *t\n", "image: {tag: 2}\n",
      qr/^values\.yaml:2:8: .*alias/ ],
    [ 'a merge key', "t: &t {tag: 1}\nimage:\n  <<: *t\n",
      "image: {tag: 2}\n", qr/^values\.yaml:\d+:\d+: / ],
    [ 'a template', "image:\n  tag: {{ .Values.tag }}\n",
      "image: {tag: 2}\n",
      qr/^values\.yaml:2:\d+: .*destination.*promoted whole, with "\*"/ ],
    [ 'a template in the source', "image: {tag: 1}\n",
      "image:\n  tag: {{ .Values.tag }}\n",
      qr/^values\.yaml:2:\d+: .*source.*promoted whole, with "\*"/ ],
    [ 'a key twice', "image:\n  tag: 1\n  tag: 2\n", "image: {tag: 2}\n",
      qr/^values\.yaml:3:3: .*\b2\b/ ],
    [ 'deep nesting', "image: {tag: 1}\nx: " . '[' x 70 . ']' x 70 . "\n",
      "image: {tag: 2}\n", qr/^values\.yaml:2:\d+: / ],
    [ 'no UTF-8', "image: {tag: 1}\nx: \xff\n", "image: {tag: 2}\n",
      qr/^values\.yaml:2:4: / ],
    [ 'a file in the source only', undef, "image: {tag: 2}\n",
      qr/^values\.yaml exists in the source only/ ],
    [ 'a link', { mode => '120000', data => 'a' }, "image: {tag: 2}\n",
      qr/^values\.yaml is a symbolic link in the destination/ ],
    [ 'more than 8 MiB', "image: {tag: 1}\n# " . 'x' x (8 << 20) . "\n",
      "image: {tag: 2}\n", qr/^values\.yaml has more than 8 MiB/ ],
);

for my $case (@unsafe) {
    my ($name, $destination, $source, $message) = @$case;

    $repo->commit({ 'qa/orders/values.yaml' => $destination,
                    'dev/orders/values.yaml' => $source });
    $before = $repo->head;

    error_is($scene->preview('orders-dev', 'orders-qa'), 422, $message,
             "$name: no preview");
    error_is($scene->commit('orders-dev', 'orders-qa'), 422, $message,
             "$name: no commit");
    is($repo->head, $before, "$name: nothing lands");
}

# what could not be written is not shown as if it could
$repo->commit({ 'qa/orders/values.yaml' => "image: {tag: 1}\n",
                'dev/orders/values.yaml' => "image: {tag: 2}\n" });

for my $case ([ '.git/config', qr{^"qa/orders/\.git/config" is not a path} ],
              [ 'Chart.yaml/x', qr{^"qa/orders/Chart\.yaml" would be a file} ])
{
    my ($to, $message) = @$case;

    is(catalog_is(template('away', promotion => {
           'values.yaml' => { jsonPaths => ['*'], to => $to } })), '',
       "a template that leads to $to");
    error_is($scene->preview('orders-dev', 'orders-qa'), 422, $message,
             "$to: no preview");
    error_is($scene->commit('orders-dev', 'orders-qa'), 422, $message,
             "$to: no commit");
}


# many large files: time is bounded
my $large = "a: 1\n" . '#' x (7 << 20) . "\n";
$repo->commit({ map { ("dev/orders/large/$_.yaml" => "$large# dev\n",
                       "qa/orders/large/$_.yaml" => $large) } 1 .. 5 });
is(catalog_is(template('large', promotion => paths(
       'large/*.yaml' => ['$.a']))), '', 'a template of large files');
error_is($scene->preview('orders-dev', 'orders-qa'), 422,
         qr/^large\/5\.yaml: values are selected in more than 64 MiB of files/,
         'too much to look through');
is(catalog_is(template('image', promotion => paths(
       'values.yaml' => ['$.image.tag']))), '', 'a smaller one');

# one that fails does not touch its neighbours
$repo->commit({ 'qa/orders/values.yaml' => "image:\n  tag: 1\n",
                'prod/orders/values.yaml' => "image: *no\n",
                'dev/orders/values.yaml' => "image: {tag: 3}\n" });
my @answers = $nginx->requests(map { {
    method => 'POST', path => '/api/promotions/commit', key => $scene->{key},
    json => { srcAppId => app_id('orders-dev'),
              destAppId => app_id("orders-$_"), message => $_ } }
} qw(prod qa));
error_is($answers[0], 422, qr/^values\.yaml:1:8: /, 'one fails');
is($answers[1]{status}, 200, 'its neighbour lands') or diag($answers[1]{body});


# nginx -t

my @faults = (
    [ template('a') =~ s/v1beta1/v1beta9/r,
      qr/templates\.yaml:2:\d+: PromotionTemplate is read in version "code/ ],
    [ "apiVersion: codefresh.io/v1beta2\nkind: PromotionPolicy\n"
      . "metadata: {name: a}\nspec: {policy: {action: none}}\n",
      qr/templates\.yaml:1:13: PromotionPolicy is read in version "codefresh/ ],
    [ template('a', applicationSourceSelector => { matchExpressions =>
          [ { key => 'a', operator => 'Like', values => ['b'] } ] }),
      qr/templates\.yaml:2:\d+: .*operator must be In, NotIn, Exists or/ ],
    [ "apiVersion: codefresh.io/v1beta1\nkind: PromotionTemplate\n"
      . "metadata: {name: a}\nspec:\n  promotion:\n    values.yaml:\n"
      . "      jsonPaths:\n      - \$.image[?\@.tag == ]\n",
      qr/templates\.yaml:8:27: .*JSONPath/ ],
    [ $product->(promotionTemplateRef => 'nothing'),
      qr/templates\.yaml:2:\d+: .*does not exist: "nothing"/ ],
    [ template('a', promotions => {}),
      qr/templates\.yaml:2:\d+: spec has no field "promotions"/ ],
    [ "apiVersion: codefresh.io/v1beta1\nkind: PromotionFlow\n"
      . "metadata: {name: f}\nspec:\n  triggerEnvironment: dev\n  steps:\n"
      . "  - {environment: qa, dependsOn: [prod]}\n"
      . "  - {environment: prod, dependsOn: [qa]}\n",
      qr/templates\.yaml:7:19: the step qa depends, .* on itself/ ],
);

$nginx->allow(qr/templates\.yaml:\d+:\d+: /);

for my $fault (@faults) {
    like(catalog_is($fault->[0]), qr/\[emerg\].*$fault->[1]/,
         "nginx -t refuses $fault->[1]");
}

done_testing();
