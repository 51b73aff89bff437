#!/usr/bin/perl

# Makes the C table of the Lua scripts:  perl tools/scripts.pl FILE.lua … > C
#
# A line "--@name" in one stands for shared/name.lua beside it.

use strict;
use warnings;

use File::Basename ();

print qq{#include "store/pm_store_script.h"\n\n\n};
print "const pm_store_script_t  pm_store_scripts[] = {\n";

for my $file (sort @ARGV) {
    my ($name) = $file =~ m{([a-z_]+)\.lua$} or die "$file: no script\n";
    my $folder = File::Basename::dirname($file) . '/shared';

    my $text = content($file);

    $text =~ s/^--\@([a-z_]+)\n/content("$folder\/$1.lua")/gme;

    my $len = length $text;

    $text =~ s/([\\"])/\\$1/g;
    $text =~ s/\n/\\n"\n      "/g;

    print qq{    { "$name",\n      "$text",\n      $len },\n};
}

print "    { NULL, NULL, 0 }\n};\n";


sub content {
    my ($file) = @_;

    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;

    return scalar <$in>;
}
