# Files of an apis folder that are none, names that cannot stand in a commit's
# message, and copies: what is refused, and that nothing is written then.

use lib 't/lib';
use Promotions::Test;
use Promotions::Review;

sub api {
    my ($id, %more) = @_;

    return { id => $id, crossId => "cross-$id", gravitee => '2.0.0',
             name => $id, version => '1',
             proxy => { virtual_hosts => [ { path => "/$id" } ],
                        groups => [] }, plans => [], pages => [], %more };
}

sub link_to {
    my ($path) = @_;
    return { mode => '120000', data => $path };
}

my $scene = review_scene(apis => {
    (map { $_ => api(m{/(.*)\.json}) }
     map { "dev/$_.json" } qw(link folder loose waiting hidden fine)),
    'dev/next.json' => api('next', name => "a\x{85}b"),
    'dev/newline.json' => api('newline', id => "a\nb"),
    'dev/c1.json' => api('c1', id => "a\x{85}b"),
    'dev/original.json' => api('original'),
    'dev/copy.json' => api('copy', crossId => 'cross-original'),
    'qa/elsewhere.json' => api('elsewhere'),
    'qa/folder.json/keep.txt' => 'kept',
    'qa/loose.json' => api('loose', version => '0'),
});

my $repo = $scene->{apis};

$repo->commit({
    'dev/seen.json' => link_to('../qa/elsewhere.json'),
    'qa/link.json' => link_to('elsewhere.json'),
    'qa/loose.overlay.json' => link_to('elsewhere.json'),
    'qa/waiting.overlay.json' => link_to('elsewhere.json'),
});

my $head = $repo->head;


# nothing is read through a link, and nothing is written over one

for my $row ([ 'link', 'link.json', 'symbolic link' ],
             [ 'folder', 'folder.json', 'folder' ],
             [ 'loose', 'loose.overlay.json', 'symbolic link' ],
             [ 'waiting', 'waiting.overlay.json', 'symbolic link' ])
{
    my ($id, $file, $what) = @$row;

    refused_is($scene->ask_api($id, 'qa'), 422, 'promotion.target.malformed',
               "$file of the target is a $what, and no file: mend or move it "
               . 'first', "$id: $file is a $what");
}

refused_is($scene->ask_api('seen', 'qa'), 404, 'api.notFound',
           'Api [seen] cannot be found.', 'a link is no definition');

# what has come after the request is found when it is accepted

my $id = $scene->ask_api('hidden', 'qa')->json->{id};
$head = $repo->commit({ 'qa/hidden.overlay.json' => link_to('x') });
refused_is($scene->decide($id, 1, force => JSON::PP::true), 422,
           'promotion.target.malformed', qr/^hidden\.overlay\.json of the /,
           'an overlay that has become a link, also by force');
is($scene->one($id)->json->{status}, 'TO_BE_VALIDATED', 'it stays open');


# names that a commit's message cannot have

for my $row ([ 'next', 'next', 'name' ], [ 'cross-newline', 'newline', 'id' ],
             [ 'cross-c1', 'c1', 'id' ])
{
    my ($id, $file, $field) = @$row;

    refused_is($scene->ask_api($id, 'qa'), 400,
               'promotion.definition.malformed',
               qr/^$file\.json:\d+:\d+: $field has a control character in it/,
               "$file: $field");
}


# a copy that has the crossId of the one that it was copied from

for my $api (qw(original copy)) {
    refused_is($scene->ask_api($api, 'qa'), 400,
               'promotion.definition.malformed',
               qr/^several definitions have the crossId "cross-original": /,
               "$api: which one is meant is not known");
}

my ($target) = grep { $_->{id} eq 'qa' } @{ $scene->management('GET',
    'environments/dev/promotion-targets?apiId=copy',
    key => $scene->{publisher})->json };
like($target->{reason}, qr/^several definitions have the crossId/,
     'its targets say so');

is($repo->head, $head, 'nothing is written');
is($scene->decide($scene->ask_api('fine', 'qa')->json->{id}, 1)->{status},
   200, 'others are not affected');

done_testing;
