package AI::MXLoss::Operators::Special;

# Operators on elements that are rarer in losses: hyperbolic functions, roots, erf, gamma.

use strict;
use warnings;
use PDL::Lite;
use PDL::Math ();
use AI::MXLoss::Operators qw(operator fail);
use AI::MXLoss::Operators::Elements;
use AI::MXLoss::Operators::Functions qw(choose cbrt_of digamma_of gamma_of expm1_of log1p_of);

my $pi = 4 * CORE::atan2(1, 1);

AI::MXLoss::Operators::Elements::functions(
    tan     => [sub { PDL::tan($_[0]) },  sub { 1 + $_[1] * $_[1] }],
    sinh    => [sub { PDL::sinh($_[0]) }, sub { PDL::cosh($_[0]) }],
    cosh    => [sub { PDL::cosh($_[0]) }, sub { PDL::sinh($_[0]) }],
    arcsinh => [sub { PDL::asinh($_[0]->double) }, sub { 1 / PDL::sqrt($_[0] * $_[0] + 1) }],
    arccosh => [sub { PDL::acosh($_[0]->double) }, sub { 1 / PDL::sqrt($_[0] * $_[0] - 1) }],
    arctanh => [sub { PDL::atanh($_[0]->double) }, sub { 1 / (1 - $_[0] * $_[0]) }],
    cbrt    => [\&cbrt_of, sub { 1 / (3 * $_[1] * $_[1]) }],
    rcbrt   => [sub { 1 / cbrt_of($_[0]) }, sub { -$_[1] / (3 * $_[0]) }],
    degrees => [sub { $_[0] * (180 / $pi) }, sub { 180 / $pi }],
    radians => [sub { $_[0] * ($pi / 180) }, sub { $pi / 180 }],
    erf     => [
        sub { PDL::Math::erf($_[0]->double) },
        sub { 2 / CORE::sqrt($pi) * PDL::exp(-$_[0] * $_[0]) }
    ],
    gammaln => [sub { (PDL::Math::lgamma($_[0]->double))[0] }, sub { digamma_of($_[0]) }],
    gamma   => [\&gamma_of, sub { $_[1] * digamma_of($_[0]) }],
);

# alpha x + beta between 0 and 1
operator(
    'hard_sigmoid',
    options => [[alpha => 0.2], [beta => 0.5]],
    forward => sub {
        my ($o, $x) = @_;
        PDL::hclip(PDL::lclip($x * $o->{alpha} + $o->{beta}, 0), 1);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $line = $x * $o->{alpha} + $o->{beta};
        $g * $o->{alpha} * (($line > 0) * ($line < 1));
    },
);

# x where it is positive; below, slope times x, or slope times e^x - 1
operator(
    'LeakyReLU',
    options => [[act_type => 'leaky'], [slope => 0.25]],
    strings => { act_type => 1 },
    forward => sub {
        my ($o, $x) = @_;
        fail("act_type is $o->{act_type}; expected leaky or elu")
            if $o->{act_type} !~ /\A(?:leaky|elu)\z/;
        my $below = $o->{act_type} eq 'elu' ? expm1_of($x) : $x;
        choose($x > 0, $x->double, $o->{slope} * $below->double);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $below = $o->{act_type} eq 'elu' ? PDL::exp($x->double) : $x->double->ones;
        $g * choose($x > 0, $below->ones, $o->{slope} * $below);
    },
);

1;
