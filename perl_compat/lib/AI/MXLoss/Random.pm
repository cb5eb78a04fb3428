package AI::MXLoss::Random;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(looks_like_number);
use PDL::Lite;
use PDL::Primitive ();
use AI::MXLoss::DType qw(type_of cast typed is_float);

AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "random has no '%s'; its methods are in the documentation of AI::MXLoss::Random");

# Numbers of one PDL up to this many come from one thread of PDL's, on any machine.
use constant CHUNK => 65_536;

# Fractions from 0 to below 1, double, of these dimensions.
sub fractions {
    my (@dims) = @_;
    my $all = PDL->zeroes(PDL::double(), @dims);
    my $count = $all->nelem;
    return PDL->random(PDL::double(), @dims) if $count <= CHUNK;
    my $flat = $all->flat;
    for (my $first = 0; $first < $count; $first += CHUNK) {
        my $last = $first + CHUNK > $count ? $count - 1 : $first + CHUNK - 1;
        (my $part = $flat->slice([$first, $last]))
            .= PDL->random(PDL::double(), $last - $first + 1);
    }
    return $all;
}

# By Box and Muller: standard normal numbers.
sub normals {
    my (@dims) = @_;
    my $radius = PDL::sqrt(-2 * PDL::log(1 - fractions(@dims)));
    return $radius * PDL::cos(fractions(@dims) * (8 * CORE::atan2(1, 1)));
}

sub seed {
    my ($class, $seed) = @_;
    croak('random->seed: ', defined $seed ? "'$seed'" : undef,
        ' is no seed; expected an integer from 0 on')
        if !defined $seed || $seed !~ /\A[0-9]+\z/;
    (PDL->can('srandom') // PDL->can('srand'))->($seed);    # renamed in PDL 2.089_01
    CORE::srand($seed);    # the orders in which samples are taken
    return;
}

# The arguments of a distribution: its two numbers by position or name, then shape, dtype, ctx, out.
sub _arguments {
    my ($who, $names, $defaults, @arguments) = @_;
    my %given;
    for my $name (@$names) {
        last if !@arguments || !defined $arguments[0] || !looks_like_number($arguments[0]);
        $given{$name} = shift @arguments;
    }
    if (@arguments % 2 && (ref $arguments[0] eq 'ARRAY' || !defined $arguments[0])) {
        $given{shape} = shift @arguments;
    }
    my $option = AI::MXLoss::NDArray::_named(
        $who,
        {   shape => undef, dtype => undef, ctx => undef, out => undef,
            map { $names->[$_] => $defaults->[$_] } 0 .. $#$names
        },
        %given, @arguments
    );
    for my $name (@$names) {
        croak("$who: $name is ", $option->{$name}, '; expected a number')
            if !looks_like_number($option->{$name});
    }
    return $option;
}

sub _made {
    my ($who, $option, $sample, $default) = @_;
    my $out = $option->{out};
    my $dtype = $option->{dtype} // ($out ? $out->dtype : $default);
    type_of($dtype, $who);
    my $shape = $option->{shape} // ($out ? $out->shape : [1]);
    my @dims
        = AI::MXLoss::Core::reverse_dims(AI::MXLoss::NDArray::_lengths($who, $shape));
    my $nd = AI::MXLoss::NDArray->_wrap(typed(cast($sample->(@dims), $dtype), $dtype), $dtype);
    return $out ? $out->_assign($nd) : $nd;
}

sub uniform {
    my ($class, @arguments) = @_;
    my $option = _arguments('random->uniform', ['low', 'high'], [0, 1], @arguments);
    my ($low, $high) = @$option{qw(low high)};
    return _made('random->uniform', $option, sub { $low + ($high - $low) * fractions(@_) },
        'float32');
}

sub normal {
    my ($class, @arguments) = @_;
    my $option = _arguments('random->normal', ['loc', 'scale'], [0, 1], @arguments);
    croak("random->normal: scale is $option->{scale}; expected a number from 0 on")
        if $option->{scale} < 0;
    return _made('random->normal', $option, sub { $option->{loc} + $option->{scale} * normals(@_) },
        'float32');
}

sub randn {
    my ($class, @arguments) = @_;
    my @shape;
    push @shape, shift @arguments
        while @arguments && defined $arguments[0] && $arguments[0] =~ /\A[0-9]+\z/;
    return $class->normal(@shape ? (shape => \@shape) : (), @arguments);
}

sub randint {
    my ($class, @arguments) = @_;
    my $option = _arguments('random->randint', ['low', 'high'], [undef, undef], @arguments);
    my ($low, $high) = @$option{qw(low high)};
    croak("random->randint: no integer lies from $low to below $high") if $high <= $low;
    return _made('random->randint', $option,
        sub { PDL::floor($low + ($high - $low) * fractions(@_)) }, 'int32');
}

sub exponential {
    my ($class, @arguments) = @_;
    my $option = _arguments('random->exponential', ['scale'], [1], @arguments);
    croak("random->exponential: scale is $option->{scale}; expected a number above 0")
        if !($option->{scale} > 0);
    return _made('random->exponential', $option,
        sub { -$option->{scale} * PDL::log(1 - fractions(@_)) }, 'float32');
}

sub poisson {
    my ($class, @arguments) = @_;
    my $option = _arguments('random->poisson', ['lam'], [1], @arguments);
    my $mean = $option->{lam};
    croak("random->poisson: lam is $mean; expected a number from 0 to 1e5")
        if !($mean >= 0 && $mean <= 1e5);
    return _made('random->poisson', $option, sub { _counts($mean, @_) }, 'float32');
}

# Counts with this mean: how many of the probabilities' sums lie below a fraction. A large mean is
# that of a sum of two counts, for exp(-mean) must not become 0.
sub _counts {
    my ($mean, @dims) = @_;
    return _counts($mean / 2, @dims) + _counts($mean / 2, @dims) if $mean > 100;
    my $fraction = fractions(@dims);
    my $counts = $fraction->zeroes;
    my ($p, $sum) = (exp(-$mean)) x 2;
    for (my $k = 1; $p > 1e-18 || $k < $mean; $k++) {
        $counts += $fraction > $sum;
        $p *= $mean / $k;
        $sum += $p;
    }
    return $counts;
}

sub shuffle {
    my ($class, $nd) = @_;
    croak('random->shuffle: expected an NDArray, got ', $nd)
        if !ref $nd || !eval { $nd->isa('AI::MXLoss::NDArray') };
    my $order = permutation($nd->len);
    return AI::MXLoss::NDArray->_wrap($nd->{pdl}->mv(-1, 0)->dice($order)->mv(0, -1)->copy,
        $nd->dtype);
}

# 0 .. n - 1 in random order, as a reference to an array.
sub permutation {
    my ($n) = @_;
    my @order = 0 .. $n - 1;
    for my $i (reverse 1 .. $n - 1) {
        my $j = int rand($i + 1);
        @order[$i, $j] = @order[$j, $i];
    }
    return \@order;
}

1;

__END__

=head1 NAME

AI::MXLoss::Random - random arrays

=head1 SYNOPSIS

    mx->random->seed(42);
    my $w = mx->random->normal(0, 0.01, shape => [784, 10]);
    my $x = mx->nd->random->uniform(-1, 1, shape => [2, 3], dtype => 'float64');
    my $z = mx->nd->random->randn(2, 3);

=head1 DESCRIPTION

C<< mx->random >> and C<< mx->nd->random >>. The generator is PDL's, so the numbers are not those
of MXNet, and other users of PDL's generator in the same process take from the same sequence.

Distributions take their numbers by position or by name, and then by name C<shape> (a reference to
an array of lengths; default C<[1]>), C<dtype> (default C<float32>; integers are cut off), C<ctx>,
and C<out>, an NDArray to write to. Anything else dies, and so does what is not a number.

=head1 METHODS

=head2 seed(N)

Begins the sequence of random numbers that belongs to N, an integer from 0 on; also that of Perl's
C<rand>, by which iterators shuffle.

=head2 uniform(low = 0, high = 1, ...)

Evenly distributed from low to below high.

=head2 normal(loc = 0, scale = 1, ...)

Normally distributed, with mean loc and standard deviation scale.

=head2 randn(LENGTHS, ...)

C<normal>, with the shape as arguments.

=head2 randint(low, high, ...)

Integers from low to below high, C<int32> by default.

=head2 exponential(scale = 1, ...)

Exponentially distributed, with mean scale.

=head2 poisson(lam = 1, ...)

Counts with mean lam.

=head2 shuffle(ARRAY)

A copy with the parts along the first axis in random order.

=head2 permutation(N)

A function: a reference to an array of 0 to N-1 in random order.

=head2 fractions(DIMS), normals(DIMS)

Functions that give PDLs of type double: from 0 to below 1, and standard normal.

=cut
