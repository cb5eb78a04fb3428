package AI::MXLoss::TestUtils;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use Scalar::Util qw(blessed);
use PDL::Lite;

our @EXPORT_OK = qw(same reldiff almost_equal pdl_maximum pdl_minimum random_arrays zip);

sub _pdl {
    my ($array) = @_;
    return $array->aspdl if blessed $array && $array->isa('AI::MXLoss::NDArray');
    return $array if blessed $array && $array->isa('PDL');
    return PDL->pdl($array);
}

sub same {
    my ($x, $y) = map { _pdl($_) } @_[0, 1];
    return 0 if "@{[$x->dims]}" ne "@{[$y->dims]}";
    return ($x != $y)->flat->dsumover->sclr == 0 ? 1 : 0;
}

sub reldiff {
    my ($x, $y) = map { _pdl($_)->double } @_[0, 1];
    my $difference = PDL::abs($x - $y)->flat->dsumover->sclr;
    return 0 if $difference == 0;
    my $size = PDL::abs($x)->flat->dsumover->sclr + PDL::abs($y)->flat->dsumover->sclr;
    return $difference / $size;
}

sub almost_equal {
    my ($x, $y, $threshold) = @_;
    my $difference = reldiff($x, $y);
    return $difference <= ($threshold // 1e-6) ? 1 : 0;    # NaN is not
}

sub pdl_maximum { my ($x, $y) = @_; return _pdl($x)->lclip(_pdl($y)) }
sub pdl_minimum { my ($x, $y) = @_; return _pdl($x)->hclip(_pdl($y)) }

sub random_arrays {
    my (@shapes) = @_;
    my @arrays = map {
        my $count = 1;
        $count *= $_ for @$_;
        PDL->random(PDL::float(), AI::MXLoss::Core::reverse_dims(@$_)) * 2 - 1
    } @shapes;
    return @shapes > 1 ? @arrays : $arrays[0];
}

sub zip { require AI::MXLoss::Base; goto &AI::MXLoss::Base::zip }

1;

__END__

=head1 NAME

AI::MXLoss::TestUtils - comparing arrays in tests

=head1 SYNOPSIS

    use AI::MXLoss::TestUtils qw(almost_equal same reldiff);
    ok(almost_equal($loss->aspdl, pdl([1, 2, 3]), 1e-5));

=head1 DESCRIPTION

Nothing is exported unless asked for. Arguments are PDLs, NDArrays or lists; PDLs of different
dimensions broadcast.

=head1 FUNCTIONS

=head2 same(A, B)

1 if both have the same dimensions and elements, else 0. NaN is like nothing.

=head2 reldiff(A, B)

The sum of |A - B| over the sum of |A| and that of |B|; 0 if there is no difference.

=head2 almost_equal(A, B, threshold = 1e-6)

1 if C<reldiff> is at most the threshold, else 0, also if anything is NaN.

=head2 pdl_maximum(A, B), pdl_minimum(A, B)

PDLs of the larger and the smaller elements.

=head2 random_arrays(SHAPES)

Float PDLs of these shapes (references to arrays of lengths), from -1 to 1: a list, or the one PDL.

=head2 zip

As of L<AI::MXLoss::Base>.

=cut
