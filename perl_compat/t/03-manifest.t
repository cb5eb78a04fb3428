# MANIFEST has all files of the distribution, and no others.
use strict;
use warnings;
use ExtUtils::Manifest qw(manicheck filecheck);
use Test::More;

plan skip_all => 'MANIFEST is not here: the tests run outside of the distribution'
    if !-f 'MANIFEST';
$ExtUtils::Manifest::Quiet = 1;
is_deeply([manicheck()], [], 'all files of MANIFEST are there');
is_deeply([filecheck()], [], 'all files are in MANIFEST (`make manifest` writes it)');
done_testing;
