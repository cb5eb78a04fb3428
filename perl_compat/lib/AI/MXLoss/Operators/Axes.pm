package AI::MXLoss::Operators;

# For the entries: axes, broadcasting, what a reduction took away.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::DType qw(fits_memory);

# An axis as the number of a PDL's dimension, where the last axis comes first.
sub axis_of {
    my ($axis, $ndim, $what) = @_;
    $what //= 'axis';
    fail("$what is ", defined $axis ? "'$axis'" : 'undef', '; expected an integer')
        if !defined $axis || ref $axis || $axis !~ /\A\s*[-+]?[0-9]+\z/;
    fail("$what is $axis; expected ", -$ndim, ' to ', $ndim - 1)
        if $axis < -$ndim || $axis >= $ndim;
    return $ndim - 1 - ($axis < 0 ? $axis + $ndim : $axis);
}

# Axes to reduce over, one, several or undef for all (with exclude: all others), as dimensions of a
# PDL in ascending order.
sub axes_of {
    my ($axis, $ndim, $exclude) = @_;
    my @given = ref $axis eq 'ARRAY' ? @$axis : defined $axis && "$axis" ne '' ? $axis : ();
    my %chosen = map { $_ => 1 } @given ? map { axis_of($_, $ndim) } @given : 0 .. $ndim - 1;
    return grep { $exclude && @given ? !$chosen{$_} : $chosen{$_} } 0 .. $ndim - 1;
}

# The gradient of an input with these dimensions that was broadcast to those of $g.
sub unbroadcast {
    my ($g, @dims) = @_;
    my @have = $g->dims;
    return $g if "@have" eq "@dims";
    # what g itself lacks was constant along it
    $g = $g + PDL->zeroes($g->type, @dims)
        if grep { $dims[$_] != 1 && ($have[$_] // 1) == 1 } 0 .. $#dims;
    @have = $g->dims;
    return $g if "@have" eq "@dims";
    my $type = $g->type;
    for my $i (reverse 0 .. $#have) {
        next if $i < @dims && ($dims[$i] != 1 || $have[$i] == 1);
        $g = $g->mv($i, 0)->dsumover;
        $g = $g->dummy($i) if $i < @dims;
    }
    return $g->convert($type)->sever;
}

# What a reduction over these dimensions gave, with dimensions of length 1 in their places.
sub reduced_back {
    my ($pdl, @axes) = @_;
    $pdl = $pdl->dummy($_) for @axes;
    return $pdl;
}

sub one_at_least { return AI::MXLoss::DType::one_at_least($_[0]) }

# Dies within an operator if a result of these dimensions would not fit into memory.
sub room {
    my (@dims) = @_;
    fail('there is no memory for a result of shape [',
        join(',', AI::MXLoss::Core::reverse_dims(@dims)), ']')
        if !fits_memory(@dims);
    return;
}

1;
