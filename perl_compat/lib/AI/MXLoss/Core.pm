package AI::MXLoss::Core;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use PDL::Core ();
require XSLoader;
XSLoader::load('AI::MXLoss', $VERSION);

# Dies with a sentence, at the line of the first caller that is not part of this distribution.
sub fail {
    my ($message) = @_;
    my $level = 0;
    while (my ($package, $file, $line) = caller $level++) {
        next if $package =~ /^AI::MXLoss(?:::|$)/ || $package =~ /^PDL(?:::|$)/;
        die "$message at $file line $line.\n";
    }
    my (undef, $file, $line) = caller;
    die "$message at $file line $line.\n";
}

my %losses;
for my $number (0 .. loss_end() - 1) {
    my $info = info($number) or next;
    $losses{ $info->{name} } = $info;
}

# The core's table: { name => info } of all losses.
sub losses { return \%losses }

sub set_num_threads {
    my ($n) = @_;
    fail("set_num_threads: expected a whole number of at least 0, got "
            . (defined $n ? "'$n'" : 'undef'))
        unless defined $n && $n =~ /^[0-9]{1,9}\z/ && _set_num_threads($n);
    return;
}

sub set_isa {
    my ($name) = @_;
    fail("set_isa: instruction set '" . ($name // 'undef') . "' cannot be used here; expected one of "
            . join ', ', 'auto', isa_names())
        unless defined $name && _set_isa($name);
    return;
}

1;
