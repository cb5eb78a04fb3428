package AI::MXLoss::Operators::Functions;

# Functions of PDLs that PDL does not have, or has not in the versions we support. Internal.

use strict;
use warnings;
use Exporter 'import';
use PDL::Lite;
use PDL::Math ();

our @EXPORT_OK
    = qw(choose with_nan larger sigmoid_of softrelu_of log1p_of expm1_of cbrt_of digamma_of gamma_of
    floor_of trunc_of is_nan any_nan one_hot_of total);

# $x where the mask is 1, $y where it is 0, whatever the other one is; all three broadcast.
sub choose {
    my ($mask, $x, $y) = map { ref $_ ? $_ : PDL->pdl($_) } @_;
    my @dims = (PDL::zeroes($mask) + PDL::zeroes($x) + PDL::zeroes($y))->dims;
    my $type = $x->type->enum > $y->type->enum ? $x->type : $y->type;
    my $both = PDL->zeroes($type, 2, @dims);
    (my $second = $both->slice('(1)')) .= $x;
    (my $first  = $both->slice('(0)')) .= $y;
    return $both->index(($mask != 0)->convert(PDL::indx()))->sever;
}

sub is_nan { return $_[0] != $_[0] }
sub any_nan { return $_[0]->type->enum >= PDL::float()->enum && ($_[0] != $_[0])->max }

# $y, but NaN where $x is.
sub with_nan {
    my ($y, $x) = @_;
    return $x->nelem && any_nan($x) ? choose(is_nan($x), $x, $y) : $y;
}

# The larger of each pair; NaN if either is.
sub larger {
    my ($x, $y) = @_;
    return with_nan(with_nan(PDL::lclip($x, $y), $y), $x);
}

# exp only ever of what is not positive, so that nothing overflows
sub sigmoid_of {
    my ($x) = @_;
    return PDL::exp(PDL::hclip($x, 0)) / (1 + PDL::exp(-PDL::abs($x)));
}

sub softrelu_of {
    my ($x) = @_;
    return PDL::lclip($x, 0) + log1p_of(PDL::exp(-PDL::abs($x)));
}

# log(1 + x): what rounding of 1 + x changed is taken back by the quotient
sub log1p_of {
    my $x = $_[0]->double;
    my $u = 1 + $x;
    my $near = ($u == 1) + ($u == 9**9**9);
    return choose($near, $x, PDL::log($u) * ($x / ($u - 1)));
}

sub expm1_of {
    my $x = $_[0]->double;
    my $u = PDL::exp($x);
    my $value = ($u - 1) * ($x / PDL::log($u));
    $value = choose(($u == 9**9**9) + ($u == 0), $u - 1, $value);
    return choose($u == 1, $x, $value);
}

# One step of Newton's makes up for the inexact exponent
sub cbrt_of {
    my $x = $_[0]->double;
    my $size = PDL::abs($x);
    my $value = $size**(1 / 3);
    $value = choose(($size == 0) + ($size == 9**9**9), $size,
        $value - ($value - $size / ($value * $value)) / 3);
    return $value * (($x > 0) - ($x < 0));
}

sub floor_of { return $_[0]->type->enum < PDL::float()->enum ? $_[0]->copy : PDL::floor($_[0]) }

sub trunc_of {
    my ($x) = @_;
    return $x->copy if $x->type->enum < PDL::float()->enum;
    return with_nan(PDL::floor(PDL::abs($x)) * (($x > 0) - ($x < 0)), $x);
}

# The derivative of log Gamma: by reflection, recurrence and the asymptotic series
sub digamma_of {
    my $x = $_[0]->double;
    my $positive = $x > 0;
    my $y = choose($positive, $x, 1 - $x);
    my $total = $y->zeroes;
    for (1 .. 8) {
        my $small = $y < 8;
        $total = $total - $small / $y;
        $y = $y + $small;
    }
    my $z = 1 / ($y * $y);
    my $series = $z * (1 / 12 - $z * (1 / 120 - $z * (1 / 252 - $z * (1 / 240 - $z / 132))));
    $total = $total + PDL::log($y) - 1 / (2 * $y) - $series;
    my $pi = 4 * CORE::atan2(1, 1);
    return choose($positive, $total, $total - $pi * PDL::cos($pi * $x) / PDL::sin($pi * $x));
}

sub gamma_of {
    my $x = $_[0]->double;
    my ($log, $sign) = PDL::Math::lgamma($x);
    my $pole = ($x <= 0) * ($x == PDL::floor($x));
    my $value = PDL::exp($log) * $sign;
    return choose($pole, PDL->pdl(9**9**9 - 9**9**9), $value);
}

# 1 at each row's index, elsewhere 0: a first dimension of the length is put before those of $index.
sub one_hot_of {
    my ($index, $length) = @_;
    return PDL->sequence($length) == $index->double->dummy(0);
}

# The sum over the first dimensions, so many of them, in double.
sub total {
    my ($pdl, $count) = @_;
    $pdl = $pdl->clump($count) if $count > 1;
    return $count ? $pdl->dsumover : $pdl->double;
}

1;
