package Promotions::Review;

# The management API in a test:
#
#   my $scene = review_scene(%options);     # scene() with promotions_management
#   my $r = $scene->ask('orders-dev', 'qa', destAppId => app_id('orders-qa'));
#   $r = $scene->ask_api('petstore', 'qa', comment => 'please');
#   $scene->decide($id, 1, key => …, reason => 'fine');
#   $scene->management('GET', "promotions/$id");   # organizations/acme/…
#   refused_is($r, 409, 'promotion.alreadyProcessed', $message, 'name');
#
# Requests go out with the publisher's key, decisions with the reviewer's.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Test::More ();

use Promotions::Test ();

our @EXPORT = qw(review_scene refused_is $management);

our $management = <<'END';
        location /api/promotions/ { promotions; }
        location /management/ { promotions_management; }
        location = /health { promotions_health; }
END


# `apis`: { 'dev/petstore.json' => {…} or text, … } in a repository of their
# own, "apis", where dev, qa and prod have their folders; other environments by
# `environments` => text.
sub review_scene {
    my (%options) = @_;

    my $apis = delete $options{apis};
    my $environments = delete $options{environments};
    my $scene = Promotions::Test::scene(locations => $management, %options);

    bless $scene, 'Promotions::Review::Scene';

    if ($apis) {
        $scene->{apis} = $scene->{git}->repository('apis', {
            'README.md' => "APIs\n",
            map { $_ => text($apis->{$_}) } keys %$apis });
        $scene->environments($environments // '');
    }

    $scene->{publisher} = $scene->{redis}->key(id => 'publisher',
        author_name => 'Paula Publisher', author_email => 'paula@example.com',
        grants => 'API_DEFINITION:RU@dev');
    $scene->{reviewer} = $scene->{redis}->key(id => 'reviewer',
        author_name => 'Rita Reviewer', author_email => 'rita@example.com',
        grants => 'ENVIRONMENT_API:CU@qa');

    return $scene;
}


sub text {
    my ($value) = @_;
    return ref $value eq 'HASH'
        ? JSON::PP->new->canonical->pretty->encode($value) : $value;
}


# An answer is this error, in the form of the API's version.
sub refused_is {
    my ($r, $status, $code, $message, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $json = $r->json // {};
    my $told = $json->{http_status} // $json->{httpStatus} // 0;
    my $got = $json->{message} // '';
    my $good = $r->{status} == $status && $told == $status
        && $json->{technicalCode} eq $code
        && ref $json->{parameters} eq 'HASH'
        && (ref $message ? $got =~ $message : $got eq $message);

    Test::More::ok($good, $name)
        or Test::More::diag("got $r->{status}: "
                            . ($r->{error} // $r->{body}));
    return $good;
}


package Promotions::Review::Scene;

our @ISA = 'Promotions::Test::Scene';


# A call below organizations/acme; `base` for another place.
sub management {
    my ($self, $method, $route, %request) = @_;

    my $base = delete $request{base} // 'organizations/acme/';

    return $self->{nginx}->request(method => $method,
        key => $self->{reviewer}, path => "/management/$base$route",
        %request);
}


# dev, qa and prod keep their APIs in the repository "apis"; more as text.
sub environments {
    my ($self, $more, %spec) = @_;

    my $position = 0;

    Promotions::Process::write_file("$self->{catalog}/environments.yaml",
        join('', $more, map {
            Promotions::Test::environment($_, position => ++$position,
                apis => { repoURL => $self->{apis}->url,
                          targetRevision => 'main', path => $_ },
                %{ $spec{$_} // {} })
        } qw(dev qa prod)));
    $self->{nginx}->reload;
}


sub ask {
    my ($self, $name, $target, %body) = @_;

    my %request = %{ delete $body{request} // {} };
    my $source = delete $request{source} // 'dev';

    return $self->management('POST',
        "environments/$source/applications/orders/$name/_promote",
        key => $self->{publisher},
        json => { targetEnvCockpitId => $target, %body }, %request);
}


sub ask_api {
    my ($self, $api, $target, %body) = @_;

    my %request = %{ delete $body{request} // {} };
    my $source = delete $request{source} // 'dev';

    return $self->management('POST',
        "environments/$source/apis/$api/_promote", key => $self->{publisher},
        json => { targetEnvCockpitId => $target, %body }, %request);
}


sub decide {
    my ($self, $id, $accept, %body) = @_;

    my %request = %{ delete $body{request} // {} };

    return $self->management('POST', "promotions/$id/_process",
        json => { accept => $accept ? JSON::PP::true : JSON::PP::false,
                  %body }, %request);
}


sub one {
    my ($self, $id, %request) = @_;
    return $self->management('GET', "promotions/$id", %request);
}


sub tasks {
    my ($self, %request) = @_;
    return $self->management('GET', 'user/tasks', %request)->json->{data};
}


1;
