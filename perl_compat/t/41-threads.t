# ithreads: a thread that is made after the module was used computes with arrays of its own.
use strict;
use warnings;
use Config;

BEGIN {
    if (!$Config{useithreads}) {
        print "1..0 # SKIP this perl was built without threads\n";
        exit 0;
    }
}
use threads;
use lib 't/lib';
use MXLossTest;
use Test::More;
use AI::MXLoss qw(mx);

sub gradient_bits {
    my ($loss) = @_;
    my ($x, $y) = (array_of('float32', [3, 2], 1 .. 6), array_of('float32', [3, 2], (2) x 6));
    $x->attach_grad;
    my $value;
    mx->autograd->record(sub { $value = $loss->($x, $y) });
    $value->backward;
    return bits($value) . bits($x->grad);
}

$PDL::no_clone_skip_warning = $PDL::no_clone_skip_warning = 1;
my $loss = mx->gluon->loss->HuberLoss(rho => 0.7);
my $want = gradient_bits($loss);
my $kept = mx->nd->array([1, 2, 3]);

my @threads = map {
    threads->create(
        sub {
            my $same = 0;
            for (1 .. 50) { $same++ if gradient_bits($loss) eq $want }    # a loss from before
            $same++
                if gradient_bits(mx->gluon->loss->HuberLoss(rho => 0.7)) eq
                $want;                                                    # and one of its own
            my $error = eval { $loss->(mx->nd->ones([2]), 5); 1 } ? '' : $@;
            my $gone  = eval { $loss->($kept, $kept); 1 } ? '' : $@;    # PDLs are not cloned
            return
                  "$same "
                . ($error =~ /Validation failed.* line \d+/ ? 'error' : "no error: $error")
                . ($gone =~ /but got.* at \Q$0\E line/ ? ' gone' : " there: $gone");
        }
    );
} 1 .. 3;
my $meanwhile = grep { gradient_bits($loss) eq $want } 1 .. 20;
is($_->join,             '51 error gone', 'a thread') for @threads;
is($meanwhile,           20,              'while this one went on');
is(gradient_bits($loss), $want,           'and afterwards');
is_deeply([$kept->aspdl->list], [1, 2, 3], 'arrays are still there');
done_testing;
