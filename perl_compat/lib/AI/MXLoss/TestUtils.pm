package AI::MXLoss::TestUtils;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use Scalar::Util qw(blessed);
use PDL::Lite ();

our @EXPORT_OK = qw(same reldiff almost_equal allclose pdl_maximum pdl_minimum random_arrays
    rand_ndarray rand_shape_2d rand_shape_3d randint dies_ok dies_like zip enumerate assert pdl);

sub _pdl {
    my ($array) = @_;
    return $array->aspdl if blessed $array && $array->isa('AI::MXLoss::NDArray');
    return $array if blessed $array && $array->isa('PDL');
    return PDL->pdl($array);
}

sub same {
    my ($x, $y) = map { _pdl($_) } @_[0, 1];
    return 0 if "@{[$x->dims]}" ne "@{[$y->dims]}";
    my $different = ($x != $y) * (1 - ($x != $x) * ($y != $y));
    return $different->flat->dsumover->sclr == 0 ? 1 : 0;
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

sub allclose {
    my ($x, $y, $threshold) = @_;
    my ($p, $q) = map { _pdl($_)->double } $x, $y;
    $threshold //= 1e-6;
    my $far = PDL::abs($p - $q) - ($threshold + $threshold * PDL::abs($q));
    return ($far <= 0)->flat->dsumover->sclr == $far->nelem ? 1 : 0;
}

sub rand_ndarray {
    my ($shape, $stype) = @_;
    croak("rand_ndarray: stype is '$stype'; AI::MXLoss has no sparse arrays")
        if defined $stype && $stype ne 'default';
    return AI::MXLoss::NDArray->random->uniform(-1, 1, shape => $shape);
}

sub rand_shape_2d { return [map { randint(1, ($_ // 10) + 1) } @_[0, 1]] }
sub rand_shape_3d { return [map { randint(1, ($_ // 10) + 1) } @_[0 .. 2]] }

sub randint {
    my ($low, $high) = @_;
    ($low, $high) = ($low // 0, $high // 10);
    return $low + int rand($high - $low);
}

sub dies_ok {
    my ($code) = @_;
    my $lives = eval { $code->(); 1 };
    require Test::More;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok(!$lives, 'it dies');
}

sub dies_like {
    my ($code, $like) = @_;
    my $lives = eval { $code->(); 1 };
    require Test::More;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return $lives ? Test::More::fail("it dies like $like") : Test::More::like($@, $like, 'it dies');
}

for my $name (qw(zip enumerate assert pdl)) {
    no strict 'refs';
    no warnings 'redefine';
    *$name = sub { require AI::MXLoss::Base; goto &{"AI::MXLoss::Base::$name"} };
}

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

1 if both have the same dimensions and elements, else 0. NaN is equal to NaN.

=head2 reldiff(A, B)

The sum of |A - B| over the sum of |A| and that of |B|; 0 if there is no difference.

=head2 almost_equal(A, B, threshold = 1e-6)

1 if C<reldiff> is at most the threshold, else 0, also if anything is NaN.

=head2 pdl_maximum(A, B), pdl_minimum(A, B)

PDLs of the larger and the smaller elements.

=head2 random_arrays(SHAPES)

Float PDLs of these shapes (references to arrays of lengths), from -1 to 1: a list, or the one PDL.

=head2 allclose(A, B, threshold = 1e-6)

1 if each difference is at most the threshold plus the threshold times |B|, else 0.

=head2 rand_ndarray(SHAPE), rand_shape_2d(N, M), rand_shape_3d(N, M, K), randint(LOW = 0, HIGH =
10)

An NDArray from -1 to 1; references to arrays of lengths from 1 to N, M, K (default 10); an
integer from LOW to below HIGH.

=head2 dies_ok(SUB), dies_like(SUB, REGEXP)

Tests that the sub dies (with such a message).

=head2 zip, enumerate, assert, pdl

As of L<AI::MXLoss::Base>.

=cut
