package AI::MXLoss::Operators::Updates;

# sgd_update and its relatives: a weight, its gradient and state to the new weight. Numbers are
# rounded to float32, as MXNet hands them over.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::Operators qw(operator);

sub single { return unpack 'f', pack 'f', $_[0] }

# The gradient, rescaled and cut.
sub _rescaled {
    my ($o, $g) = @_;
    $g = $g * _like($g, $o->{rescale_grad});
    return clipped($g, $o->{clip_gradient});
}

sub clipped {
    my ($g, $limit) = @_;
    return $g if !defined $limit || $limit < 0;
    $limit = _like($g, $limit);
    return PDL::hclip(PDL::lclip($g, -$limit), $limit);
}

# A number rounded to float32, as a PDL of the other one's type: Perl's would make doubles.
sub _like { return PDL->pdl($_[0]->type, single($_[1])) }

my @COMMON = ([wd => 0], [rescale_grad => 1], [clip_gradient => -1], [lazy_update => 1]);

operator(
    'sgd_update',
    inputs  => ['weight', 'grad'],
    options => ['lr', @COMMON],
    forward => sub {
        my ($o, $w, $grad) = @_;
        my $g = _rescaled($o, $grad);
        $g = $g + _like($w, $o->{wd}) * $w if $o->{wd};
        $w - _like($w, $o->{lr}) * $g;
    },
);

operator(
    'sgd_mom_update',
    inputs  => ['weight', 'grad', 'mom'],
    options => ['lr', [momentum => 0], @COMMON],
    forward => sub {
        my ($o, $w, $grad, $state) = @_;
        my $g = _rescaled($o, $grad);
        $g = $g + _like($w, $o->{wd}) * $w if $o->{wd};
        $state *= _like($w, $o->{momentum});
        $state -= _like($w, $o->{lr}) * $g;
        $w + $state;
    },
);

operator(
    'adam_update',
    inputs  => ['weight', 'grad', 'mean', 'var'],
    options => ['lr', [beta1 => 0.9], [beta2 => 0.999], [epsilon => 1e-8], @COMMON],
    forward => sub {
        my ($o, $w, $grad, $mean, $var) = @_;
        my $g = $grad * _like($w, $o->{rescale_grad});
        $g = $g + _like($w, $o->{wd}) * $w if $o->{wd};
        $g = clipped($g, $o->{clip_gradient});
        my ($beta1, $beta2) = map { single($o->{$_}) } qw(beta1 beta2);
        $mean *= PDL->pdl($w->type, $beta1);
        $mean += PDL->pdl($w->type, 1 - $beta1) * $g;
        $var *= PDL->pdl($w->type, $beta2);
        $var += PDL->pdl($w->type, 1 - $beta2) * ($g * $g);
        $w - _like($w, $o->{lr}) * $mean / (PDL::sqrt($var) + _like($w, $o->{epsilon}));
    },
);

1;
