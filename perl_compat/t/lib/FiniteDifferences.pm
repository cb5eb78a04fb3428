package FiniteDifferences;

# Gradients of functions of NDArrays by central differences, in float64.

use strict;
use warnings;
use Exporter 'import';
use PDL::Lite;

our @EXPORT_OK = qw(differences);

# differences($function, \@inputs, $i): $function gives a number for NDArrays; its derivatives with
# respect to each element of input $i, as a PDL. Two step lengths, extrapolated: error O(h^4).
sub differences {
    my ($function, $inputs, $i) = @_;
    my $x = $inputs->[$i]->aspdl;
    my $slopes = $x->zeroes;
    my ($flat, $out) = ($x->flat, $slopes->flat);
    for my $k (0 .. $x->nelem - 1) {
        my $before = $flat->at($k);
        my $slope = sub {
            my ($h) = @_;
            my @values = map {
                $flat->set($k, $before + $_ * $h);
                my @moved = @$inputs;
                $moved[$i] = AI::MXLoss::NDArray->array($x, dtype => 'float64');
                $function->(@moved);
            } 1, -1;
            $flat->set($k, $before);
            return ($values[0] - $values[1]) / (2 * $h);
        };
        $out->set($k, (4 * $slope->(5e-4) - $slope->(1e-3)) / 3);
    }
    return $slopes;
}

1;
