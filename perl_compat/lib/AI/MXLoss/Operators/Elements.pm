package AI::MXLoss::Operators::Elements;

# Operators on the elements of one array.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::DType qw(type_of cast);
use AI::MXLoss::Operators qw(operator fail);
use AI::MXLoss::Operators::Functions
    qw(choose with_nan any_nan sigmoid_of softrelu_of log1p_of expm1_of floor_of trunc_of);

# A function, and its derivative in terms of x and the value.
my %FUNCTIONS = (
    square => [sub { $_[0] * $_[0] }, sub { 2 * $_[0] }],
    abs    => [sub { PDL::abs($_[0]) }, \&_sign],
    exp    => [sub { PDL::exp($_[0]) }, sub { $_[1] }],
    log    => [sub { PDL::log($_[0]) }, sub { 1 / $_[0] }],
    log1p  => [\&log1p_of, sub { 1 / (1 + $_[0]) }],
    expm1  => [\&expm1_of, sub { PDL::exp($_[0]) }],
    log2   =>
        [sub { PDL::log($_[0]->double) / CORE::log(2) },  sub { 1 / ($_[0] * CORE::log(2)) }],
    log10  =>
        [sub { PDL::log($_[0]->double) / CORE::log(10) }, sub { 1 / ($_[0] * CORE::log(10)) }],
    sqrt   => [sub { PDL::sqrt($_[0]) }, sub { 1 / (2 * $_[1]) }],
    rsqrt  => [sub { 1 / PDL::sqrt($_[0]) }, sub { -$_[1] / (2 * $_[0]) }],
    reciprocal => [sub { 1 / $_[0] }, sub { -1 / ($_[0] * $_[0]) }],
    relu     => [sub { PDL::lclip($_[0], 0) }, sub { with_nan($_[0] > 0, $_[0]) }],
    sigmoid  => [\&sigmoid_of,  sub { $_[1] * (1 - $_[1]) }],
    softrelu => [\&softrelu_of, sub { sigmoid_of($_[0]) }],
    softsign => [sub { $_[0] / (1 + PDL::abs($_[0])) }, sub { 1 / (1 + PDL::abs($_[0]))**2 }],
    tanh   => [sub { PDL::tanh($_[0]) }, sub { 1 - $_[1] * $_[1] }],
    sin    => [sub { PDL::sin($_[0]) }, sub { PDL::cos($_[0]) }],
    cos    => [sub { PDL::cos($_[0]) }, sub { -PDL::sin($_[0]) }],
    arcsin => [sub { PDL::asin($_[0]) }, sub { 1 / PDL::sqrt(1 - $_[0] * $_[0]) }],
    arccos => [sub { PDL::acos($_[0]) }, sub { -1 / PDL::sqrt(1 - $_[0] * $_[0]) }],
    arctan => [sub { PDL::atan($_[0]) }, sub { 1 / (1 + $_[0] * $_[0]) }],
    negative => [sub { -$_[0] }, sub {-1}],
    identity => [sub { $_[0]->copy }, sub {1}],
);
my %NAMES = (identity => ['identity', '_copy'], negative => ['negative', '_np_negative']);

# Enters functions with their derivatives.
sub functions {
    my (%functions) = @_;
    for my $name (sort keys %functions) {
        my ($f, $derivative) = @{ $functions{$name} };
        operator(
            $NAMES{$name} // $name,
            forward  => sub { $f->($_[1]) },
            gradient => sub { my ($o, $g, $value, $x) = @_; $g * $derivative->($x, $value) },
        );
    }
    return;
}
functions(%FUNCTIONS);

# Functions without a slope.
sub steps {
    my (%functions) = @_;
    for my $name (sort keys %functions) {
        my $f = $functions{$name};
        operator($name, forward => sub { $f->($_[1]) });
    }
    return;
}
steps(
    sign  => \&_sign,
    floor => \&floor_of,
    ceil  => sub { -floor_of(-$_[0]) },
    trunc => \&trunc_of,
    fix   => \&trunc_of,
    round => sub { trunc_of($_[0] + 0.5 * _sign($_[0])) },     # half away from zero
    rint  => sub { -floor_of(0.5 - $_[0]) },                   # half goes down
    logical_not => sub { $_[0] == 0 },
);

sub _sign { return with_nan(($_[0] > 0) - ($_[0] < 0), $_[0]) }

# ---- With options -------------------------------------------------------------------------------

my %ACTIVATIONS = map { $_ => $FUNCTIONS{$_} } qw(relu sigmoid tanh softrelu softsign);

operator(
    'Activation',
    options => ['act_type'],
    strings => { act_type => 1 },
    forward => sub {
        my ($o, $x) = @_;
        my $pair = $ACTIVATIONS{ $o->{act_type} // '' }
            // fail('act_type is ', $o->{act_type} // 'undef', '; expected one of ',
            join ', ', sort keys %ACTIVATIONS);
        $pair->[0]->($x);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        $g * $ACTIVATIONS{ $o->{act_type} }[1]->($x, $value);
    },
);

operator(['BlockGrad', 'stop_gradient'], forward => sub { $_[1]->copy });

operator(
    ['make_loss', 'MakeLoss'],
    options  => [[grad_scale => 1]],
    forward  => sub { $_[1]->copy },
    gradient => sub { my ($o, $g, $value, $x) = @_; PDL::zeroes($x) + $o->{grad_scale} },
);

operator(
    ['cast', 'Cast'],
    options => ['dtype'],
    strings => { dtype => 1 },
    loose   => { 0 => 1 },
    forward => sub {
        my ($o, $x) = @_;
        eval { type_of($o->{dtype}, 'cast'); 1 }
            or fail('dtype is ', $o->{dtype} // 'undef', '; expected one of ',
            join ', ', @AI::MXLoss::DType::DTYPES);
        $o->{result_dtype} = $o->{dtype};
        my $made = cast($x, $o->{dtype});
        $$made == $$x ? $x->copy : $made;
    },
    gradient => sub { $_[1] },
);

operator(
    'clip',
    options => ['a_min', 'a_max'],
    forward => sub { PDL::hclip(PDL::lclip($_[1], $_[0]{a_min}), $_[0]{a_max}) },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $outside = ($x < $o->{a_min}) + ($x > $o->{a_max});
        choose($outside, PDL::zeroes($g), $g);    # also where g is NaN
    },
);

# 0.5 (s x)^2 for |x| < 1 / s^2, else |x| - 0.5 / s^2
operator(
    'smooth_l1',
    options => [[scalar => 1]],
    forward => sub {
        my ($o, $x) = @_;
        my $s2 = $o->{scalar}**2;
        my $size = PDL::abs($x);
        choose($size < 1 / $s2, 0.5 * $s2 * $x * $x, $size - 0.5 / $s2);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $s2 = $o->{scalar}**2;
        $g * choose(PDL::abs($x) < 1 / $s2, $s2 * $x, _sign($x));
    },
);

1;
