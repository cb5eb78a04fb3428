#!/usr/bin/perl
# Guesses a pixel from its neighbours: linear regression with L2Loss, by hand, without layers.
#
# In the images of handwritten digits (8 x 8 pixels, optdigits.csv.gz), the pixel at row 3, column
# 4 is taken for a weighted sum of the eight around it plus an offset. The weights are found by
# gradient descent, and compared with the exact solution of least squares.
#
#     perl examples/linear_regression.pl
#     perl examples/linear_regression.pl --epochs 50 --data path/to/optdigits.csv.gz
use strict;
use warnings;
use File::Basename qw(dirname);
use Getopt::Long qw(GetOptions);
use IO::Uncompress::Gunzip qw($GunzipError);
use PDL;
use PDL::MatrixOps qw(inv);
use AI::MXLoss qw(mx);
use AI::MXLoss::Gluon qw(gluon);
use AI::MXLoss::AutoGrad qw(autograd);

my $HERE = dirname(__FILE__);
my ($ROW, $COLUMN) = (3, 4);
my $BATCH         = 64;
my $LEARNING_RATE = 0.3;

# The neighbours of the pixel in all images, and the pixel: (N, 8) and (N), from 0 to 1.
sub load_pixels {
    my ($path) = @_;
    my $file = IO::Uncompress::Gunzip->new($path) or die "$path: $GunzipError\n";
    my @around = grep { $_ != $ROW * 8 + $COLUMN }
        map { my $row = $_; map { $row * 8 + $_ } $COLUMN - 1 .. $COLUMN + 1 } $ROW - 1 .. $ROW + 1;
    my (@x, @y);
    while (defined(my $line = <$file>)) {
        my @pixels = map { $_ / 16 } (split /,/, $line)[0 .. 63];
        push @x, [@pixels[@around]];
        push @y, $pixels[$ROW * 8 + $COLUMN];
    }
    return (mx->nd->array(\@x), mx->nd->array(\@y));
}

# Weights and offset of least squares, by the normal equations, in double.
sub exact_solution {
    my ($x, $y) = @_;
    my $rows = $x->aspdl->double->glue(0, ones($x->len)->dummy(0));
    my $solution = inv($rows->transpose x $rows) x ($rows->transpose x $y->aspdl->double->dummy(0));
    return $solution->flat;
}

sub main {
    my %option = (epochs => 30, seed => 0);
    GetOptions(\%option, 'epochs=i', 'seed=i', 'data=s') or exit 2;
    die "--epochs must be at least 1\n" if $option{epochs} < 1;
    my ($file) = grep { defined && -f } $option{data}, "$HERE/optdigits.csv.gz",
        "$HERE/../../docs/examples/optdigits.csv.gz";
    my ($x, $y)
        = load_pixels($file // die "optdigits.csv.gz is not here; give its path with --data\n");

    mx->random->seed($option{seed});
    my $w = mx->random->normal(0, 0.01, shape => [8, 1]);
    my $b = mx->nd->zeros([1]);
    $_->attach_grad for $w, $b;
    my $loss = gluon->loss->L2Loss();
    my $it = mx->io->NDArrayIter(data => $x, label => $y, batch_size => $BATCH, shuffle => 1,
        last_batch_handle => 'discard');

    my $variance = (($y - $y->mean)**2)->mean->asscalar;
    printf "%d images, 8 neighbours; the pixel's variance is %.4f\n", $x->len, $variance;
    print "epoch  mean square error  explained\n";
    my $error;
    for my $epoch (1 .. $option{epochs}) {
        my $rate = $LEARNING_RATE * (1 - ($epoch - 1) / $option{epochs});
        $it->reset;
        while (my $batch = <$it>) {
            my ($xs, $ys) = ($batch->data->[0], $batch->label->[0]);
            my $l;
            autograd->record(sub { $l = $loss->(mx->nd->dot($xs, $w) + $b, $ys) });
            $l->backward;
            $_ -= $rate / $BATCH * $_->grad for $w, $b;
        }
        $error = 2 * $loss->(mx->nd->dot($x, $w) + $b, $y)->mean->asscalar;    # L2Loss halves
        printf "%5d  %17.6f  %8.2f%%\n", $epoch, $error, 100 * (1 - $error / $variance)
            if $epoch <= 5 || $epoch % 5 == 0 || $epoch == $option{epochs};
    }

    my $best = exact_solution($x, $y);
    my $found = append($w->aspdl->flat->double, $b->aspdl->double);
    printf "weights found:  %s\n", join ' ', map { sprintf '%7.4f', $_ } $found->list;
    printf "least squares:  %s\n", join ' ', map { sprintf '%7.4f', $_ } $best->list;
    my $residual
        = $y->aspdl->double
        - ($x->aspdl->double x $best->slice('0:7')->dummy(0))->flat
        - $best->at(8);
    my $least = ($residual**2)->avg;
    printf "mean square error %.6f; the least possible is %.6f\n", $error, $least;
    die "too far from it\n" if $error > 1.01 * $least;
    return;
}

main() if !caller;

1;
