# A catalog of 10,000 applications, and catalogs that change under a reload.

use lib 't/lib';
use Promotions::Test;

my $many = 10_000;


# nginx -t reads it in under two seconds

{
    my $folder = temporary_folder();

    for my $n (1 .. $many / 2) {
        my $name = sprintf '%s/team-%02d/app-%04d.yaml', $folder, $n % 50, $n;
        write_file($name, join '', map { manifest($n, $_) } qw(qa prod));
    }

    write_file("$folder/environments.yaml",
               environment('qa', promotesTo => ['prod'])
               . environment('prod'));

    # the processor's time: a clock would measure what runs beside it
    my $best;

    for (1 .. 3) {
        my ($start, @before) = (Time::HiRes::time(), times);
        my ($status, $output) = Promotions::Nginx->test_configuration(
            catalog => $folder,
            redis_directive => 'promotions_redis 127.0.0.1:6379;');
        my $clock = Time::HiRes::time() - $start;
        my @after = times;
        my $time = $after[2] + $after[3] - $before[2] - $before[3];

        die "nginx -t: $output" if $status;
        note(sprintf 'nginx -t of %d manifests: %.2f s, %.2f s of a '
                     . 'processor', $many, $clock, $time);
        $best = $time if !defined $best || $time < $best;
    }

    cmp_ok($best, '<', 2 * ($ENV{PROMOTIONS_ASAN} ? 10 : 1),
           "nginx -t reads $many manifests in under 2 s");
}


# Half of what a team's repository has of an application.
sub manifest {
    my ($n, $environment) = @_;

    my $team = $n % 50;
    return <<"END";
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: app-$n-$environment
  namespace: team-$team
  labels:
    app.kubernetes.io/name: app-$n
    codefresh.io/product: product-$team
  annotations:
    argocd.argoproj.io/sync-wave: "1"
spec:
  project: default
  source:
    repoURL: https://git.example.com/team-$team/gitops.git
    targetRevision: main
    path: $environment/app-$n
    helm:
      valueFiles:
        - values.yaml
  destination:
    server: https://$environment.example
    namespace: team-$team
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
    syncOptions:
      - CreateNamespace=true
END
}


# a reload takes what has changed

{
    my $scene = scene(http => 'promotions_lease 1s;');
    my ($nginx, $repo, $catalog) = @$scene{qw(nginx repo catalog)};
    my $file = "$catalog/applications.yaml";
    my $before = read_file($file);
    my @prod = ('orders-qa', 'orders-prod');

    error_is($scene->commit('orders-dev', 'orders-new'), 404, qr/orders-new/,
             'before: no such application');

    (my $after = $before) =~ s/"orders-prod"/"orders-new"/
        or die 'the catalog has no orders-prod';
    write_file($file, $after);
    error_is($scene->commit('orders-dev', 'orders-new'), 404, qr/orders-new/,
             'a file that changes changes nothing');

    $nginx->reload;
    my $r = $scene->commit('orders-dev', 'orders-new');
    is($r->{status}, 200, 'reload: the new application is promoted')
        or diag($r->{body});
    is($repo->tree('main:prod/orders'), $repo->tree('main:dev/orders'),
       'into its folder');
    error_is($scene->commit(@prod), 404, qr/orders-prod/,
             'the one that has gone is 404');

    # one that does not parse is refused, and the last one stays
    write_file($file, "$before---\nkind: [\n");
    $nginx->allow(qr/\[emerg\].*applications\.yaml:/);
    my @workers = $nginx->workers;
    kill 'HUP', $nginx->master;
    wait_for('the refusal', sub { $nginx->log =~ /emerg.*applications/ });
    is("@{[ $nginx->workers ]}", "@workers",
       'reload of a broken catalog: the workers stay');
    $scene->change;
    is($scene->commit('orders-dev', 'orders-new')->{status}, 200,
       'with the catalog that they have');
}

done_testing();
