# What is refused is refused with a sentence that names the function, the argument, what it was and
# what was expected, at the line of the script; and the process goes on.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use AI::MXLoss qw(mx);
use AI::MXLoss::Metric ();

my $x = mx->nd->array([[1, 2, 3], [4, 5, 6]]);
my $v = mx->nd->array([1, 2, 3]);
my $attached = mx->nd->array([1]);
$attached->attach_grad;
my $loss = gluon->loss->L2Loss;

sub refused {
    my ($sentence, $code, $name) = @_;
    my $line = (caller)[2];
    my $is = eval { $code->(); 1 } ? 'it lived' : $@;
    like($is, qr/\A\Q$sentence\E.* at \Q$0\E line $line\.\n\z/, $name // $sentence);
    return;
}

# what would end the process in PDL
refused('zeros: there is no memory for shape [100000,100000,100000]',
    sub { mx->nd->zeros([(100_000) x 3]) });
refused('random->uniform: there is no memory', sub { mx->random->uniform(shape => [1e8, 1e8]) });
refused('arange: there is no memory', sub { mx->nd->arange(start => 0, stop => 1e15) });
refused('broadcast_add: there is no memory for a result of shape [4000000,4000000]',
    sub { mx->nd->ones([4_000_000, 1]) + mx->nd->ones([4_000_000]) });
refused('broadcast_to: there is no memory',
    sub { $attached->broadcast_to([1_000_000_000_000_000]) });
refused('tile: there is no memory',    sub { $v->tile([1_000_000_000_000_000]) });
refused('repeat: there is no memory',  sub { $v->repeat(repeats => 1_000_000_000_000_000) });
refused('one_hot: there is no memory', sub { $v->one_hot(1_000_000_000_000_000) });

# operators
refused('dot: rhs is 3; expected an NDArray',  sub { mx->nd->dot($x, 3) });
refused('dot: rhs is ARRAY',                   sub { mx->nd->dot($x, [1, 2]) });
refused('abs: data is 3; expected an NDArray', sub { mx->nd->abs(3) });
refused('where: x is 1; expected an NDArray',  sub { mx->nd->where($v > 1, 1, 0) });
refused('concat: input 0 is 1; expected an NDArray', sub { mx->nd->concat(1, 2) });
refused('concat: Cannot find argument \'dims\', Possible Arguments: arrays, dim, out',
    sub { mx->nd->concat($x, $x, dims => 0) });
refused('clip: a_min is undef; expected a number',     sub { $x->clip(undef, 1) });
refused("smooth_l1: scalar is 'a'; expected a number", sub { $x->smooth_l1(scalar => 'a') });
refused("topk: k is 'x'; expected a number",           sub { $x->topk(k => 'x') });
refused('Dropout: p is \'ARRAY', sub { $x->Dropout(p => [1]) });
refused('at: Dimension 0 mismatch', sub { $x->at(2) });

# gradients
refused('autograd->grad: variables is 5; expected', sub { autograd->grad($v, 5) });
refused('autograd->grad: variables is an empty list', sub { autograd->grad($v, []) });
refused('backward: heads is an empty list; expected', sub { autograd->backward([]) });
mx->autograd->record(sub { $v = $attached * 2 });
refused('backward: the gradient of head 0 is a list; expected an NDArray',
    sub { $v->backward(out_grad => [1]) });

# lists, blocks
my $list = [1];
push @$list, $list;
refused('array: the list is nested more than 16 deep', sub { mx->nd->array($list) });
pop @$list;
$list = [];
push @$list, $list;
refused('Dense: HybridBlock requires the first argument to forward be an NDArray',
    sub { nn->Dense(1)->($list) });
pop @$list;
my $function = do { my $short_lived = gluon->loss->L2Loss; \&$short_lived };
refused('the block that this was the function of does not exist', sub { $function->($x, $x) });

# what is not there
refused("metric has no 'MSE'; AI::MXLoss has Accuracy", sub { mx->metric->MSE });
refused("io has no 'CSVIter'; AI::MXLoss has",          sub { mx->io->CSVIter });
refused("gluon->data has no 'vision'; AI::MXLoss has",  sub { gluon->data->vision });
refused("optimizer has no 'RMSProp'; AI::MXLoss has",   sub { mx->optimizer->RMSProp });
refused("random has no 'gauss'; its methods",           sub { mx->random->gauss });
refused("Trainer has no 'save_states'; what it has",
    sub { gluon->Trainer([], 'sgd')->save_states('x') });
refused("gluon has no 'utils': AI::MXLoss has",         sub { gluon->utils });

# arguments
refused("Dense: expected name => value, got '2'", sub { nn->Dense(2, 3) });
refused('cpu: the number of a device is a; expected', sub { mx->cpu('a') });
refused("L2Loss: Odd number of named inputs from 'abc' on; expected an NDArray",
    sub { $loss->($x, 'abc') });

done_testing;
