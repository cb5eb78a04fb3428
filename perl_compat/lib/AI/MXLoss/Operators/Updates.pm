package AI::MXLoss::Operators::Updates;

# sgd_update and its relatives: a weight, its gradient and state to the new weight. Numbers are
# rounded to float32, as MXNet hands them over.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::DType qw(scalar_of);
use AI::MXLoss::Operators qw(operator);

sub single { return unpack 'f', pack 'f', $_[0] }

# The gradient, rescaled and cut.
sub _rescaled {
    my ($o, $g) = @_;
    $g = $g * _like($o, $o->{rescale_grad});
    return clipped($o, $g);
}

sub clipped {
    my ($o, $g) = @_;
    my $limit = $o->{clip_gradient};
    return $g if !defined $limit || $limit < 0;
    $limit = _like($o, $limit);
    return PDL::hclip(PDL::lclip($g, -$limit), $limit);
}

# A number as a PDL of the arrays' type, as Perl's would make doubles; rounded to float32.
sub _exactly {
    my ($o, $number) = @_;
    return scalar_of($number, $o->{dtype_of_inputs} eq 'float64' ? 'float64' : 'float32');
}

sub _like { return _exactly($_[0], single($_[1])) }

my @COMMON = ([wd => 0], [rescale_grad => 1], [clip_gradient => -1], [lazy_update => 1]);

operator(
    'sgd_update',
    inputs  => ['weight', 'grad'],
    options => ['lr', @COMMON],
    forward => sub {
        my ($o, $w, $grad) = @_;
        my $g = _rescaled($o, $grad);
        $g = $g + _like($o, $o->{wd}) * $w if $o->{wd};
        $w - _like($o, $o->{lr}) * $g;
    },
);

operator(
    'sgd_mom_update',
    inputs  => ['weight', 'grad', 'mom'],
    options => ['lr', [momentum => 0], @COMMON],
    forward => sub {
        my ($o, $w, $grad, $state) = @_;
        my $g = _rescaled($o, $grad);
        $g = $g + _like($o, $o->{wd}) * $w if $o->{wd};
        $state *= _like($o, $o->{momentum});
        $state -= _like($o, $o->{lr}) * $g;
        $w + $state;
    },
);

operator(
    'adam_update',
    inputs  => ['weight', 'grad', 'mean', 'var'],
    options => ['lr', [beta1 => 0.9], [beta2 => 0.999], [epsilon => 1e-8], @COMMON],
    forward => sub {
        my ($o, $w, $grad, $mean, $var) = @_;
        my $g = $grad * _like($o, $o->{rescale_grad});
        $g = $g + _like($o, $o->{wd}) * $w if $o->{wd};
        $g = clipped($o, $g);
        my ($beta1, $beta2) = map { single($o->{$_}) } qw(beta1 beta2);
        $mean *= _exactly($o, $beta1);
        $mean += _exactly($o, 1 - $beta1) * $g;
        $var *= _exactly($o, $beta2);
        $var += _exactly($o, 1 - $beta2) * ($g * $g);
        $w - _like($o, $o->{lr}) * $mean / (PDL::sqrt($var) + _like($o, $o->{epsilon}));
    },
);

1;
