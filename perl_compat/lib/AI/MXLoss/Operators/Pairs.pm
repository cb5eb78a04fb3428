package AI::MXLoss::Operators::Pairs;

# Operators on the elements of two arrays, which broadcast, or of an array and a number.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::DType qw(scalar_of is_float cast);
use AI::MXLoss::Operators qw(operator fail unbroadcast room);
use AI::MXLoss::Operators::Functions qw(choose with_nan any_nan is_nan larger floor_of trunc_of);

my $NAN = 9**9**9 / 9**9**9;

# Integers divide as in C; by zero that would end the process. They go by way of doubles.
sub _quotient {
    my ($x, $y) = @_;
    return $x / $y if $x->type->enum >= PDL::float()->enum;
    return $x->double / $y->double;
}

# The sign is that of the divisor; what is divided by zero is zero.
sub _modulo {
    my ($x, $y) = @_;
    my ($p, $q) = ($x->double, $y->double);
    my $rest = $p - $q * PDL::floor($p / $q);
    return choose($q == 0, PDL->pdl(0), $rest);
}

sub _power {
    my ($x, $y) = @_;
    return $x**$y if $x->type->enum >= PDL::float()->enum;
    return $x->double**$y->double;
}

sub _power_by_exponent {
    my ($x, $y, $value) = @_;
    return $value * PDL::log(choose($x > 0, $x, PDL::zeroes($x) + 1));
}


sub _hypot {
    my ($x, $y) = map { PDL::abs($_->double) } @_;
    my $large = PDL::lclip($x, $y);
    my $small = PDL::hclip($x, $y);
    my $ratio = $small / choose($large == 0, PDL->pdl(1), $large);
    return $large * PDL::sqrt(1 + $ratio * $ratio);
}

sub _truth { return $_[0] != 0 }

# stem => [value of x and y, slope by x, slope by y]; slopes are functions of x, y and the value.
my %PAIRS = (
    plus  => [sub { $_[0] + $_[1] }, sub {undef}, sub {undef}],
    minus => [sub { $_[0] - $_[1] }, sub {undef}, sub {-1}],
    mul   => [sub { $_[0] * $_[1] }, sub { $_[1] }, sub { $_[0] }],
    div   => [\&_quotient, sub { 1 / $_[1] }, sub { -$_[0] / ($_[1] * $_[1]) }],
    mod   => [\&_modulo, sub {undef}, sub { -PDL::floor($_[0] / $_[1]) }],
    power => [\&_power, sub { $_[1] * $_[0]**($_[1] - 1) }, \&_power_by_exponent],
    maximum => [\&larger, sub { $_[0] >= $_[1] }, sub { $_[0] < $_[1] }],
    minimum =>
        [sub { -larger(-$_[0], -$_[1]) }, sub { $_[0] <= $_[1] }, sub { $_[0] > $_[1] }],
    hypot => [\&_hypot, sub { $_[0] / $_[2] }, sub { $_[1] / $_[2] }],
    arctan2 => [
        sub { PDL::atan2($_[0]->double, $_[1]->double) },
        sub { $_[1] / ($_[0] * $_[0] + $_[1] * $_[1]) },
        sub { -$_[0] / ($_[0] * $_[0] + $_[1] * $_[1]) }
    ],
    equal         => [sub { $_[0] == $_[1] }],
    not_equal     => [sub { $_[0] != $_[1] }],
    greater       => [sub { $_[0] > $_[1] }],
    greater_equal => [sub { $_[0] >= $_[1] }],
    lesser        => [sub { $_[0] < $_[1] }],
    lesser_equal  => [sub { $_[0] <= $_[1] }],
    logical_and   => [sub { _truth($_[0]) * _truth($_[1]) }],
    logical_or    => [sub { (_truth($_[0]) + _truth($_[1])) > 0 }],
    logical_xor   => [sub { _truth($_[0]) != _truth($_[1]) }],
);
my %OTHER = (
    plus  => [[qw(elemwise_add _add _Plus)],  ['broadcast_add']],
    minus => [[qw(elemwise_sub _sub _Minus)], ['broadcast_sub']],
    mul   => [[qw(elemwise_mul _Mul)], []],
    div   => [[qw(elemwise_div _Div)], []],
);

# Two long arrays that were not meant to broadcast may want more than there is.
sub _check_room {
    my ($x, $y) = @_;
    my ($long, $short) = $x->getndims < $y->getndims ? ($y, $x) : ($x, $y);
    my @dims  = $long->dims;
    my @other = $short->dims;
    for my $i (0 .. $#other) { $dims[$i] = $other[$i] if $dims[$i] == 1 }
    room(@dims);
    return;
}

# g times a slope, as the gradient of an input of these dimensions.
sub _back {
    my ($g, $slope, $dims) = @_;
    $g = ref $slope || $slope != 1 ? $g * $slope : $g if defined $slope;
    return unbroadcast($g, @$dims);
}

for my $stem (sort keys %PAIRS) {
    my ($f, $by_x, $by_y) = @{ $PAIRS{$stem} };
    my ($same, $broad) = @{ $OTHER{$stem} // [[], []] };
    my %two = (
        inputs  => ['lhs', 'rhs'],
        options => [[axis => undef]],    # scripts give broadcast_maximum one, which means nothing
        forward => sub {
            my ($o, $x, $y) = @_;
            _check_room($x, $y) if $x->nelem * $y->nelem > 2**24;
            $f->($x, $y);
        },
    );
    $two{gradient} = sub {
        my ($o, $g, $value, $x, $y) = @_;
        my $wants = $o->{wants};
        return (
            $wants->[0] ? _back($g, $by_x->($x, $y, $value), [$x->dims]) : undef,
            $wants->[1] ? _back($g, $by_y->($x, $y, $value), [$y->dims]) : undef,
        );
        }
        if $by_x;
    operator([@$broad, "broadcast_$stem"], %two);
    operator(
        [@$same, "_$stem"], %two,
        forward => sub {
            my ($o, $x, $y) = @_;
            my ($p, $q) = map { join ',', AI::MXLoss::Core::reverse_dims($_->dims) } $x, $y;
            fail("the arrays have shapes [$p] and [$q]; expected the same "
                    . "(broadcast_$stem broadcasts)")
                if $p ne $q;
            $f->($x, $y);
        },
    );
    for my $swapped (0, 1) {
        my $by = $swapped ? $by_y : $by_x;
        operator(
            $swapped ? "_r${stem}_scalar" : "_${stem}_scalar",
            options => ['scalar'],
            forward => sub {
                my ($o, $x) = @_;
                my $n = $o->{number} = scalar_of($o->{scalar}, $o->{dtype_of_inputs});
                $swapped ? $f->($n, $x) : $f->($x, $n);
            },
            $by
            ? (gradient => sub {
                    my ($o, $g, $value, $x) = @_;
                    my $n = $o->{number};
                    my $slope
                        = $swapped ? $by->($n, $x, $value) : $by->($x, $n, $value);
                    _back($g, $slope, [$x->dims]);
                }
                )
            : (),
        );
    }
}

%AI::MXLoss::Operators::MIXED = (
    add => 'plus', subtract => 'minus', multiply => 'mul', divide => 'div', true_divide => 'div',
    modulo => 'mod', power => 'power', pow => 'power',
    map { $_ => $_ } grep { !/\A(?:plus|minus|mul|div|mod|power)\z/ } keys %PAIRS,
);

# x where the condition is not 0, else y; a condition of one axis may be one per row.
operator(
    'where',
    inputs  => ['condition', 'x', 'y'],
    loose   => { 0 => 1 },
    forward => sub {
        my ($o, $condition, $x, $y) = @_;
        $o->{on} = _per_row($condition, $x);
        choose($o->{on}, $x, $y);
    },
    gradient => sub {
        my ($o, $g, $value, $condition, $x, $y) = @_;
        my $none = PDL::zeroes($g);
        return (
            undef,
            unbroadcast(choose($o->{on}, $g,    $none), $x->dims),
            unbroadcast(choose($o->{on}, $none, $g),    $y->dims),
        );
    },
);

sub _per_row {
    my ($condition, $x) = @_;
    my $on = $condition != 0;
    return $on if $condition->getndims != 1 || $x->getndims == 1;
    return $on->reshape((1) x ($x->getndims - 1), $condition->nelem);
}

operator(
    ['add_n', 'ElementWiseSum'],
    inputs  => ['*'],
    forward => sub {
        my ($o, @x) = @_;
        my $total = $x[0]->copy;
        for my $x (@x[1 .. $#x]) {
            fail('the arrays are not of one shape') if "@{[$x->dims]}" ne "@{[$total->dims]}";
            $total = $total + $x;
        }
        $total;
    },
    gradient => sub { my ($o, $g, $value, @x) = @_; ($g) x @x },
);

1;
