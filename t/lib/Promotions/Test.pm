package Promotions::Test;

# What every file of t begins with:
#
#   use lib 't/lib';
#   use Promotions::Test;
#
#   my $scene = scene();                  # Redis, git over HTTP, nginx
#   my $r = $scene->commit('orders-dev', 'orders-qa', message => 'to qa');
#   is($r->{status}, 200, 'promoted');
#   is($scene->{repo}->file('main', 'qa/orders/values.yaml'), …);
#   done_testing();
#
# It exports Test::More, the functions of Promotions::Process and ::HTTP,
# strict, warnings, and what stands below.  Everything that a file starts is
# ended when it ends; done_testing() stops each nginx and fails on [alert],
# [emerg], a sanitizer's line or a dead worker in its error log, and on what a
# Promotions::Forge refused.  A file that runs for more than 120 s
# (`use Promotions::Test limit => 300`) is ended.
#
# A promotion of dev to qa whose effect is checked as a whole:
#
#   $scene->change;                       # dev is ahead of qa again
#   $scene->landed($scene->commit('orders-dev', 'orders-qa'), 'named');
#
# Promotions::Moments has more for a promotion that is under way.
#
# To look at one: prove -v t/10-commit.t; PROMOTIONS_KEEP=1 keeps its folder.

use strict;
use warnings;
use utf8;

use JSON::PP ();
use Test::More ();

use Promotions::Git;
use Promotions::HTTP;
use Promotions::Moments;
use Promotions::Nginx;
use Promotions::Process;
use Promotions::Redis;
use Promotions::Tcp;

my @own = qw(scene application environment app_id catalog slurp_json
             error_is done_testing);


sub import {
    my ($class, %options) = @_;

    strict->import;
    warnings->import;
    utf8->import;

    my $caller = caller;
    no strict 'refs';

    for my $name (@Test::More::EXPORT) {
        next if $name !~ /^\w+$/ || $name eq 'done_testing';
        *{"${caller}::$name"} = \&{"Test::More::$name"};
    }

    *{"${caller}::$_"} = \&{"Promotions::Process::$_"}
        for @Promotions::Process::EXPORT;
    *{"${caller}::$_"} = \&{"Promotions::HTTP::$_"}
        for @Promotions::HTTP::EXPORT;
    *{"${caller}::$_"} = \&$_ for @own;

    binmode Test::More->builder->$_, ':utf8'
        for qw(output failure_output todo_output);

    my $limit = ($options{limit} // 120) * ($ENV{PROMOTIONS_ASAN} ? 3 : 1);
    $SIG{ALRM} = sub { die "the whole file took more than $limit s\n" };
    alarm $limit;
}


sub done_testing {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $nginx (@Promotions::Nginx::all) {
        my $ended = $nginx->stop;
        my @problems = $nginx->problems;

        Test::More::ok($ended, 'nginx ends when it is told to');
        Test::More::ok(!@problems, 'the error log is clean')
            or Test::More::diag(join "\n",
                                @problems > 40 ? @problems[0 .. 39]
                                               : @problems);
    }

    for my $forge (@Promotions::Forge::all) {
        my @refused = $forge->refused;

        Test::More::ok(!@refused, "$forge->{type}: nothing that its "
                                  . 'description refuses')
            or Test::More::diag(join "\n", @refused);
    }

    Test::More::done_testing();
}


# A file that dies on its way still shows why nginx had trouble, and leaves no
# daemon behind.
END {
    {
        local $?;
        $_->stop for grep { $_->{daemon} } @Promotions::Nginx::all;
    }

    if ($? != 0) {
        local $?;
        Test::More::diag($_)
            for map { $_->problems } @Promotions::Nginx::all;
    }
}


# The manifest of an application.
sub application {
    my (%field) = @_;

    my $branch = $field{branch} // 'main';
    my $metadata = { name => $field{name},
                     namespace => $field{namespace} // 'orders' };

    $metadata->{labels} = $field{labels} if $field{labels};
    $metadata->{annotations} = $field{annotations} if $field{annotations};

    return document({
        apiVersion => 'argoproj.io/v1alpha1',
        kind => 'Application',
        metadata => $metadata,
        spec => {
            source => { repoURL => "$field{url}", targetRevision => $branch,
                        path => $field{path} },
            destination => {
                server => $field{server} // 'https://kubernetes.default.svc',
                namespace => $field{to} // $metadata->{namespace},
            },
            %{ $field{spec} || {} },
        },
    });
}


# The manifest of an environment: clusters defaults to https://NAME.example.
sub environment {
    my ($name, %spec) = @_;

    return document({
        apiVersion => 'promotions.nginx/v1',
        kind => 'Environment',
        metadata => { name => $name },
        spec => {
            organization => 'acme',
            kind => $name eq 'prod' ? 'PROD' : 'NON_PROD',
            clusters => [ { runtime => 'codefresh',
                            server => "https://$name.example" } ],
            %spec,
        },
    });
}


# JSON is YAML.
sub document {
    my ($value) = @_;
    return "---\n" . JSON::PP->new->canonical->encode($value) . "\n";
}


# Writes a folder of manifests: catalog('name.yaml' => $text, …).
sub catalog {
    my (%files) = @_;

    my $dir = temporary_folder();
    write_file("$dir/$_", $files{$_}) for keys %files;
    return $dir;
}


sub app_id {
    my ($name, $namespace, $runtime) = @_;
    return { runtime => $runtime // 'codefresh',
             namespace => $namespace // 'orders', name => $name };
}


sub slurp_json {
    my ($path) = @_;
    return JSON::PP->new->utf8->decode(read_file($path));
}


# An answer is this error: status, message (a string, an array, or a pattern).
sub error_is {
    my ($response, $status, $message, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $json = $response->json // {};
    my $got = $json->{message};
    my $good = $response->{status} == $status
        && ($json->{statusCode} // 0) == $status
        && (ref $message eq 'Regexp' ? defined $got && $got =~ $message
            : ref $message ? ref $got && "@$got" eq "@$message"
                             && @$got == @$message
            : defined $got && $got eq $message);

    Test::More::ok($good, $name // "$status")
        or Test::More::diag("got $response->{status}: "
                            . ($response->{error} // $response->{body}));
    return $good;
}


# One repository "gitops" with the application "orders" (a Helm chart) in dev,
# qa and prod, dev ahead of qa ahead of prod; each folder has a file of its
# own that the others lack.
sub orders {
    my %files;
    my %tag = (dev => '1.3.0', qa => '1.2.0', prod => '1.1.0');

    for my $env (sort keys %tag) {
        $files{"$env/orders/Chart.yaml"} = <<"END";
apiVersion: v2
name: orders
version: $tag{$env}   # the chart's own
appVersion: "$tag{$env}"
END
        $files{"$env/orders/values.yaml"} = <<"END";
# values of orders
replicas: 2
image:
  repository: registry.example.com/orders
  tag: $tag{$env}
END
        $files{"$env/orders/templates/deployment.yaml"} =
            "kind: Deployment # {{ .Values.image.tag }}\n";
    }

    $files{'dev/orders/run.sh'} = { mode => '100755',
                                    data => "#!/bin/sh\necho run\n" };
    $files{'README.md'} = "the repository of all environments\n";
    return \%files;
}


# The usual scene; %options go to Promotions::Nginx, except
#   git   => {…}            for Promotions::Git->start, or 'local' for paths
#   forge => 'github'       its provider of pull requests, $scene->{forge}
#   repository => 'acme/gitops'   its name
#   redis => {…}            for Promotions::Redis->start, or one that runs
#   files => {…}            in place of orders()
#   many  => 20             more applications, many-1-dev, many-1-qa, …: dev
#                           of each is ahead of qa
#   templates => '…'        more manifests, as text
#   grants => '…'           of $scene->{key} (default: admin)
#   key   => '…'            in place of a new one
# Its fields: redis, git, repo, nginx, key, catalog (the folder).
sub scene {
    my (%options) = @_;

    my $forge = delete $options{forge};
    my $git_options = delete $options{git}
        // ($forge ? { user => 'bot', token => 't0ken' } : {});
    my $redis_options = delete $options{redis} // {};
    my $files = delete $options{files} // orders();
    my $many = delete $options{many} // 0;
    my $templates = delete $options{templates} // '';
    my $grants = delete $options{grants} // 'admin';
    my $self = bless {}, 'Promotions::Test::Scene';

    for my $n (1 .. $many) {
        $files->{"dev/many-$n/values.yaml"} = "application: $n\ntag: 2\n";
        $files->{"qa/many-$n/values.yaml"} = "application: $n\ntag: 1\n";
    }

    $self->{redis} = ref $redis_options eq 'HASH'
        ? Promotions::Redis->start(%$redis_options) : $redis_options;
    $self->{git} = ref $git_options ? Promotions::Git->start(%$git_options)
                                    : Promotions::Git->repositories;
    my $name = delete $options{repository}
        // ($forge ? 'acme/gitops' : 'gitops');
    $self->{repo} = $self->{git}->repository($name, $files);
    $self->{key} = delete $options{key}
        // $self->{redis}->key(id => 'admin', grants => $grants);

    if (!ref $git_options) {
        $options{allow_local} //= 1;

    } elsif ($git_options->{token}) {
        my $dir = temporary_folder();
        write_file("$dir/credentials", $self->{git}->credentials, 0600);
        $options{http} = ($options{http} // '')
            . "\n    promotions_credentials $dir/credentials;";
    }

    if (ref $git_options && $git_options->{tls}) {
        $options{http} = ($options{http} // '')
            . "\n    promotions_trusted_certificate "
            . $self->{git}->ca . ';';
    }

    if ($forge) {
        require Promotions::Forge;

        $self->{forge} = Promotions::Forge->start($forge,
            repositories => { $name => $self->{repo} },
            user => $git_options->{user}, token => $git_options->{token});

        my $host = '127.0.0.1' . ($self->{git}{port}
                                  ? ":$self->{git}{port}" : '');

        $options{http} = ($options{http} // '')
            . "\n    promotions_forge $host $forge api="
            . $self->{forge}->api . ';';
    }

    my $url = $self->{repo}->url;
    my %position = (dev => 1, qa => 2, prod => 3);

    $self->{catalog} = delete $options{catalog} // catalog(
        'environments.yaml' => join('', map {
            environment($_, position => $position{$_})
        } sort keys %position),
        'applications.yaml' => join('', map {
            application(name => "orders-$_", url => $url,
                        path => "$_/orders", server => "https://$_.example")
        } sort keys %position),
        'many.yaml' => join('', map {
            my $n = $_;
            map { application(name => "many-$n-$_", url => $url,
                              path => "$_/many-$n",
                              server => "https://$_.example") } qw(dev qa)
        } 1 .. $many),
        'templates.yaml' => $templates,
    );

    $self->{nginx} = Promotions::Nginx->start(
        redis => $self->{redis}, catalog => $self->{catalog}, %options);
    return $self;
}


package Promotions::Test::Scene;


sub post {
    my ($self, $route, $body, %request) = @_;

    return $self->{nginx}->request(method => 'POST', key => $self->{key},
        path => "/api/promotions/$route", json => $body, %request);
}


sub get {
    my ($self, $route, %request) = @_;

    return $self->{nginx}->request(key => $self->{key},
        path => "/api/promotions/$route", %request);
}


# A promotion by names of applications; %body is added to the request.
sub commit {
    my ($self, $source, $destination, %body) = @_;

    return $self->post('commit', {
        srcAppId => Promotions::Test::app_id($source),
        destAppId => Promotions::Test::app_id($destination),
        message => "$source to $destination", %body });
}


# A commit past the gateway that puts dev ahead of qa; returns it.
sub change {
    my ($self) = @_;

    my $n = ++$self->{changes};
    return $self->{repo}->commit({
        'dev/orders/values.yaml' => "changed: $n\n" });
}


# The commit of an answer is on the branch once, what it left there is sound,
# and qa has what dev has, byte for byte.
sub landed {
    my ($self, $response, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $repo = $self->{repo};
    my $sha = ($response->json // {})->{COMMIT_SHA} // 'none';
    my $id = $response->{headers}{'promotion-id'} // 'none';
    my @found = grep { $_->{message} =~ /^Promotion-Id: \Q$id\E$/m }
                $repo->log;
    my $fault = $repo->fsck;

    my $good = $response->{status} =~ /^20[01]$/
        && @found == 1 && $found[0]{sha} eq $sha && $fault eq ''
        && $repo->tree('main:qa/orders') eq $repo->tree('main:dev/orders');

    Test::More::ok($good, $name)
        or Test::More::diag("$response->{status} "
            . ($response->{error} // $response->{body}) . "\non the branch: "
            . scalar(@found) . ", fsck: $fault");
    return $good;
}


sub preview {
    my ($self, $source, $destination, %body) = @_;

    return $self->post('preview', {
        srcAppId => Promotions::Test::app_id($source),
        destAppId => Promotions::Test::app_id($destination), %body });
}


sub pull_request {
    my ($self, $source, $destination, %body) = @_;

    return $self->post('pullRequest', {
        srcAppId => Promotions::Test::app_id($source),
        destAppId => Promotions::Test::app_id($destination),
        head => 'main', title => "$source to $destination", %body });
}


1;
