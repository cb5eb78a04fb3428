# The tutorial's code runs, and prints what it says.
use strict;
use warnings;
use Test::More;
use AI::MXLoss;

(my $path = $INC{'AI/MXLoss.pm'}) =~ s/\.pm\z/\/Tutorial.pod/;
open my $file, '<', $path or die "$path: $!";
my @code = grep {/^ /} <$file>;
my @expected = map { /# -> (.*?)\s*$/ ? $1 : () } @code;
cmp_ok(scalar @expected, '>', 10, 'the tutorial has code');

my $output = '';
{
    open my $handle, '>', \$output or die $!;
    my $before = select $handle;
    my $warnings = '';
    local $SIG{__WARN__} = sub { $warnings .= "@_" };
    eval "package Tutorial;\n#line 1 Tutorial.pod\n" . join('', @code) . "\n1;" or $warnings .= $@;
    select $before;
    is($warnings, '', 'it runs without errors and warnings');
}
is($output, join('', map {"$_\n"} @expected), 'and prints what it says');

done_testing;
