# What Perl adds to a small call of the core, through record and backward. The limit is some times
# what it takes, so that this fails if the short way is lost, not if the machine is busy.
use strict;
use warnings;
use lib 't/lib';
use List::Util qw(min);
use MXLossTest;
use Test::More;
use Time::HiRes qw(clock);
use AI::MXLoss qw(mx);

# Microseconds of the processor for one call, at best.
sub best_of {
    my ($code) = @_;
    return min map {
        my $begin = clock();
        $code->() for 1 .. 500;
        (clock() - $begin) * 1e6 / 500;
    } 1 .. 30;
}

for my $name (qw(L2Loss SoftmaxCrossEntropyLoss)) {
    my ($x, $y) = random_call($name, 'float32', 64, 10);
    $x->attach_grad;
    my $loss = mx->gluon->loss->$name;
    my ($number, $options) = @{ $loss->_setting };
    my $value;
    my $core = best_of(sub { AI::MXLoss::Core::run($number, $options, [$x, $y], undef, [0]) });
    my $all = best_of(sub {
        mx->autograd->record(sub { $value = $loss->($x, $y) });
        $value->backward;
    });
    cmp_ok($all - $core, '<', 45,
        sprintf '%s (64, 10): %.1f us, %.1f of it a call with PDLs', $name, $all, $core);
    my $mean = best_of(sub {
        mx->autograd->record(sub { $value = $loss->($x, $y)->mean });
        $value->backward;
    });
    cmp_ok($mean - $all, '<', 20, sprintf '... with its mean: %.1f us', $mean);
}
done_testing;
