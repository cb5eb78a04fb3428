# Recording and going back: scopes, gradients, what is refused.
use strict;
use warnings;
use Test::More;
use lib 't/lib';
use MXLossTest;
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::NDArray qw(nd);
use AI::MXLoss::AutoGrad qw(autograd);

sub holds {
    my ($nd, $numbers, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return fail("$name: undef") if !defined $nd;
    is_deeply([$nd->aspdl->flat->list], $numbers, $name);
}

# What a sub of NDArrays gives, recorded.
sub recorded {
    my ($code) = @_;
    my $result;
    autograd->record(sub { $result = $code->() });
    return $result;
}

# ---- Scopes
my @state;
my $state = sub { push @state, autograd->is_recording . autograd->is_training };
$state->();
autograd->record(sub {
    $state->();
    autograd->pause(sub { $state->() });
    autograd->pause(sub { $state->() }, train_mode => 1);
    autograd->predict_mode(sub { $state->() });
    $state->();
});
autograd->record(sub { $state->(); autograd->train_mode($state) }, train_mode => 0);
autograd->train_mode($state);
$state->();
is_deeply(\@state, [qw(00 11 00 01 10 11 10 11 01 00)], 'recording and training');
is(autograd->set_is_training(1), 0, 'set_is_training gives what it was');
is(autograd->set_is_training(0), 1, '... and sets');
is(autograd->set_is_recording(1) . autograd->set_is_recording(0), '01', 'set_is_recording');
ok(!eval { autograd->record(sub { die { code => 5 } }); 1 }, 'a sub that dies');
is($@->{code}, 5, '... with a reference');
is(autograd->is_recording, 0, '... leaves no recording behind');
is_deeply([autograd->record(sub {7})], [], 'record gives nothing');
dies(sub { autograd->record(5) }, qr/^autograd->record: expected a sub, got 5/, 'no sub');
dies(
    sub {
        autograd->record(sub { }, training => 1);
    },
    qr/no such named parameter 'training'/,
    'a wrong name'
);

# ---- Gradients
my $x = nd->array([1, 2, 3]);
is($x->grad, undef, 'no gradient before attach_grad');
$x->attach_grad;
holds($x->grad, [0, 0, 0], 'zeros at first');
my $y = recorded(sub { ($x * $x)->sum });
$y->backward;
holds($x->grad, [2, 4, 6], 'x^2');
recorded(sub { 3 * $x })->backward;
holds($x->grad, [3, 3, 3], 'written anew; ones by default');
recorded(sub { 3 * $x })->backward(out_grad => nd->array([1, 10, 100]));
holds($x->grad, [3, 30, 300], 'out_grad');
my $g = $x->grad;
$g .= 0;
holds($x->grad, [0, 0, 0], 'the gradient can be set to zero');
recorded(sub { $x + 0 })->backward;
holds($g, [1, 1, 1], 'it is the same array each time');
{
    my $part = $x->grad->slice([0, 1]);
    recorded(sub { $x * $x })->backward;
    holds($part, [2, 4], 'a view of the gradient shows the next one');
    recorded(sub { mx->gluon->loss->L2Loss->($x, nd->zeros([3])) })->backward;
    holds($part, [1, 2], '... also that of a loss');
    my ($first, $second) = (nd->array([1]), nd->array([2]));
    $_->attach_grad for $first, $second;
    recorded(sub { $first + $second })->backward;
    my $changed = $first->grad;
    $changed += 1;
    holds($second->grad, [1], 'two arrays never share a gradient');
    recorded(sub { $first + 0 })->backward;
    $changed = $first->grad;
    $changed += 1;
    recorded(sub { $second + 0 })->backward;
    holds($second->grad, [1], 'the ones to begin with are nobody\'s');
    my $head = nd->array([5]);
    recorded(sub { $first + 0 })->backward(out_grad => $head);
    $changed = $first->grad;
    $changed += 1;
    holds($head, [5], 'nor does one with the head gradient');
}
$x->attach_grad(grad_req => 'add');
holds($x->grad, [0, 0, 0], 'attaching again begins with zeros');
recorded(sub { 2 * $x })->backward for 1 .. 3;
holds($x->grad, [6, 6, 6], 'add');
$x->attach_grad(grad_req => 'null');
$y = recorded(sub { $x * 2 });
dies(sub { $y->backward }, qr/no inputs in computation graph that require gradients/i, 'null');
$x->attach_grad;
my $z = nd->array([5, 5, 5]);
$z->attach_grad;
recorded(sub { $x * $z + $x })->backward;
holds($x->grad, [6, 6, 6], 'two inputs: the first');
holds($z->grad, [1, 2, 3], '... and the second');
recorded(sub { my $a = $x * 2; $a * $a + $a })->backward;
holds($x->grad, [10, 18, 26], 'a result that is used more than once');
recorded(sub { $x * $x->detach })->backward;
holds($x->grad, [1, 2, 3], 'detach');
recorded(sub { my $a; autograd->pause(sub { $a = $x * 2 }); $a * $x })->backward;
holds($x->grad, [2, 4, 6], 'what is computed in pause is constant');
$y = $x * 2;
holds(recorded(sub { $y * $x }), [2, 8, 18], 'computed outside');
my $before = $x;
$x = $x - 1;
is($x->grad, undef, 'x = x - 1 has no gradient');
$x = $before;
$x -= 0.5 * $x->grad;
ok($x->grad, 'x -= ... keeps it');

# retain_graph, second backward
$x = nd->array([2]);
$x->attach_grad;
$y = recorded(sub { $x**3 });
$y->backward(retain_graph => 1);
$y->backward;
holds($x->grad, [12], 'a second time with retain_graph');
dies(sub { $y->backward },
    qr/computational graph of \S+ has been used already; pass retain_graph/, 'a third time');
my $middle = recorded(sub { $x * 2 });
my ($p, $q);
autograd->record(sub { $p = $middle * 3; $q = $middle * 5 });
$p->backward;
dies(sub { $q->backward }, qr/has been used already/, 'a graph of which a part was used');
autograd->record(sub { $q = $middle * $x });
$q->backward;
holds($x->grad, [4], 'what comes of a used graph is constant');
dies(sub { ($x * 2)->backward }, qr/not in a computational graph/, 'not recorded');
$x->backward;
holds($x->grad, [1], 'of the array itself');
dies(sub { $y->backward(1) }, qr/^backward: Odd number of paired arguments/,
    'out_grad by position');
dies(sub { $y->backward(retain => 1) }, qr/no such named parameter 'retain'/, 'a wrong name');
$y = recorded(sub { $x->broadcast_to([3]) });
dies(sub { $y->backward(out_grad => nd->ones([2])) },
    qr/gradient of head 0 has shape \[2\]; expected \[3\]/, 'out_grad of another shape');
dies(sub { $y->backward(out_grad => 3) }, qr/gradient of head 0 is 3; expected an NDArray/,
    'a number');
$y->backward(out_grad => nd->array([1, 2, 3], dtype => 'float64'));
holds($x->grad, [6], 'nothing was used up; out_grad of another dtype');
dies(sub { nd->array([1], dtype => 'int32')->attach_grad }, qr/dtype int32 has no gradient/,
    'integers');
dies(sub { $x->attach_grad(grad_req => 'no') },
    qr/grad_req is 'no'; expected 'write', 'add' or 'null'/, 'grad_req');

# ---- Through views and shapes
$x = nd->array([[1, 2, 3], [4, 5, 6]]);
$x->attach_grad;
recorded(sub { $x->slice(1) * 2 })->backward;
holds($x->grad, [0, 0, 0, 2, 2, 2], 'slice');
recorded(sub { $x->slice('X', [1, 2]) * 3 })->backward;
holds($x->grad, [0, 3, 3, 0, 3, 3], 'slice of the second axis');
recorded(sub { $x->at(0) * $x->at(1) })->backward;
holds($x->grad, [4, 5, 6, 1, 2, 3], 'at');
recorded(sub { $x->[1] * 7 })->backward;
holds($x->grad, [0, 0, 0, 7, 7, 7], '->[i]');
recorded(sub { $x->reshape([3, 2])->slice(0) * 4 })->backward;
holds($x->grad, [4, 4, 0, 0, 0, 0], 'reshape, then slice');
recorded(sub { $x->T * nd->array([[1, 2], [3, 4], [5, 6]]) })->backward;
holds($x->grad, [1, 3, 5, 2, 4, 6], 'T');
recorded(sub { $x->copy * 2 })->backward;
holds($x->grad, [(2) x 6], 'copy');
recorded(sub { $x->astype('float64') * 2 })->backward;
holds($x->grad, [(2) x 6], 'astype');
is($x->grad->dtype, 'float32', '... in the array\'s dtype');
recorded(sub { nd->concat($x, $x * 2, dim => 1) })->backward;
holds($x->grad, [(3) x 6], 'concat');
recorded(sub { nd->where($x > 2, $x, 3 * $x) })->backward;
holds($x->grad, [3, 3, 1, 1, 1, 1], 'where, and comparisons are constant');
recorded(sub { ($x > 2) * $x })->backward;
holds($x->grad, [0, 0, 1, 1, 1, 1], 'a comparison times x');
my $view = $x->slice([0, 0]);
$view->attach_grad;
recorded(sub { $view * $view })->backward;
holds($view->grad, [2, 4, 6], 'of a view that is attached itself');

# ---- Edges
$x = nd->array([-1, 0, 2]);
$x->attach_grad;
for ([relu => [0, 0, 1]], [abs => [-1, 0, 1]], [sign => undef]) {
    my ($name, $want) = @$_;
    my $r = recorded(sub { $x->$name });
    if ($want) { $r->backward; holds($x->grad, $want, "$name at 0") }
    else { dies(sub { $r->backward }, qr/no inputs/, "$name has no slope") }
}
$z = nd->array([-1, 5, 2]);
$z->attach_grad;
recorded(sub { nd->maximum($x, $z) })->backward;
holds($x->grad, [1, 0, 1], 'a tie of maximum goes to the first');
holds($z->grad, [0, 1, 0], '... only');
recorded(sub { nd->minimum($x, $z) })->backward;
holds($x->grad, [1, 1, 1], 'as with minimum');
recorded(sub { nd->array([1, 1, 0])->max * $x + nd->maximum(2, $x) })->backward;
holds($x->grad, [1, 1, 1], 'a tie with a number that comes first goes to it');
my $tie = nd->array([3, 3, 1]);
$tie->attach_grad;
recorded(sub { $tie->max })->backward;
holds($tie->grad, [1, 1, 0], 'a tie of max: all of them');
my $zero = nd->array([0, 0]);
$zero->attach_grad;
recorded(sub { $zero->norm })->backward;
holds($zero->grad, [0, 0], 'norm at 0');
recorded(sub { nd->sqrt($zero) * 0 + nd->where($zero, nd->log($zero), $zero) })->backward;
is($zero->grad->at(0)->asscalar . '', 9**9**9 - 9**9**9 . '',
    'an infinite slope times no gradient is NaN');

# ---- Writing while recording
$x = nd->array([1, 2]);
$x->attach_grad;
my $refused
    = qr/^Assigning to NDArrays that are already in a computational graph will cause undefined/;
autograd->record(
    sub {
        dies(sub { $x += 1 },              $refused, 'an attached array');
        dies(sub { $x .= 1 },              $refused, 'by .=');
        dies(sub { (my $v = $x->at(0)) .= 1 }, $refused, 'through a view');
        my $h = $x * 2;
        dies(sub { $h *= 2 }, $refused, 'a recorded array');
        my $free = nd->zeros([2]);
        $free += 1;
        holds($free, [1, 1], 'an array that has nothing to do with it');
        dies(sub { (my $v = $free->at(0)) .= $x->at(0) }, qr/the gradient would be lost/,
            'a part from a recorded one');
        $free .= $x * 3;
        ($free * $free)->backward;
        holds($x->grad, [18, 36], 'all of it: the gradient goes to what was assigned');
    }
);
holds($x, [1, 2], 'nothing was written');

# ---- Functions of autograd
$x = nd->array([1, 2]);
$x->attach_grad;
my ($l, $m);
autograd->record(sub { $l = $x * 2; $m = $x * 3 });
autograd->backward([$l, $m]);
holds($x->grad, [5, 5], 'two heads');
autograd->record(sub { $l = $x * 2; $m = $x * 3 });
autograd->backward([$l, $m], head_grads => [nd->array([1, 10]), undef]);
holds($x->grad, [5, 23], 'head_grads');
autograd->record(sub { $l = $x**2 });
holds(autograd->grad($l, $x), [2, 4], 'grad of one');
holds($x->grad, [5, 23], '... leaves ->grad alone');
autograd->record(sub { $l = $x**2 });
my $all = autograd->grad([$l], [$x], head_grads => [nd->array([2, 2])], retain_graph => 1);
holds($all->[0], [4, 8], 'grad of a list');
dies(sub { autograd->grad($l, $x, create_graph => 1) }, qr/create_graph => 1 is not supported/,
    'create_graph');
dies(sub { autograd->grad($l, nd->ones([2])) }, qr/variable 0 has no gradient; call attach_grad/,
    'no variable');
dies(sub { autograd->backward([]) }, qr/^backward: heads is/, 'no heads');
dies(sub { autograd->backward([$l, $m], head_grads => [undef]) },
    qr/2 heads, but 1 head gradients/, 'too few head_grads');
my ($v, $d) = (nd->array([3]), nd->zeros([1]));
autograd->mark_variables([$v], [$d]);
recorded(sub { $v * 4 })->backward;
holds($d, [4], 'mark_variables');
my $both = autograd->grad_and_loss(sub { $_[0] * $_[1] });
my ($grads, $loss) = $both->(nd->array([2]), nd->array([3]));
holds($loss, [6], 'grad_and_loss: the result');
is_deeply([map { $_->asscalar } @$grads], [3, 2], '... and the gradients');
($grads) = autograd->grad_and_loss(sub { $_[0] * $_[1] }, 1)->(nd->array([2]), nd->array([3]));
is_deeply([map { $_->asscalar } @$grads], [2], 'of the argument with that number');
autograd->record(sub { $l = $x**2 });
autograd->compute_gradient([$l]);
holds($x->grad, [2, 4], 'compute_gradient');
autograd->record(sub { $l = nd->make_loss($x * 3) * 5 });
$l->backward;
holds($x->grad, [3, 3], 'make_loss begins anew');
autograd->record(sub { my ($a, $b) = @{ nd->split($x, num_outputs => 2, axis => 0) }; $l = $b * 9 }
);
$l->backward;
holds($x->grad, [0, 9], 'one of several results');

# ---- Operators whose gradient is not that of their value
my $scores = nd->array([[1, 2, 3], [0, 0, 0]]);
$scores->attach_grad;
my $softmax = $scores->softmax;
for (
    [{}, nd->array([[0, 0, 1], [1, 0, 0]]), 'SoftmaxOutput: softmax minus one at the class'],
    [
        { grad_scale => 2, normalization => 'batch' }, nd->array([[0, 0, 1], [1, 0, 0]]),
        'scaled, over the batch'
    ],
    [{ use_ignore => 1, ignore_label => 0 }, undef, 'a label to ignore'],
) {
    my ($options, $hit, $name) = @$_;
    recorded(sub { nd->SoftmaxOutput($scores, nd->array([2, 0]), $options) * 100 })->backward;
    my $want
        = defined $hit
        ? $softmax - $hit
        : nd->concat(($softmax - nd->array([[0, 0, 1], [0, 0, 0]]))->slice(0), nd->zeros([1, 3]),
        dim => 0);
    cmp_ok(abs($scores->grad - $want)->max->asscalar, '<', 1e-7, $name);
}
{
    mx->random->seed(1);
    my $ones = nd->ones([100, 100]);
    $ones->attach_grad;
    my $dropped = recorded(sub { nd->Dropout($ones, p => 0.25) });
    cmp_ok(abs($dropped->mean->asscalar - 1), '<', 0.03, 'Dropout keeps the mean');
    is(($dropped * (4 / 3 - $dropped))->abs->max->asscalar < 1e-6, 1, '... of zeros and 4/3');
    $dropped->backward;
    is(abs($ones->grad - $dropped)->max->asscalar, 0, '... and has the same gradient');
    is(abs(nd->Dropout($ones, 0.25) - 1)->max->asscalar, 0, 'not in training: the data');
}
{
    my ($weight, $grad, $mean, $var) = map { nd->array([$_]) } 1, 2, 0, 0;
    nd->adam_update($weight, $grad, $mean, $var, lr => 0.5, beta1 => 0.5, beta2 => 0.75,
        out => $weight);
    is_deeply([map { $_->asscalar } $mean, $var, $weight], [1, 1, 0.5],
        'adam_update changes its state');
}

# ---- dtypes
for my $dtype (qw(float16 float32 float64)) {
    my $w = nd->array([0.1, 0.2], dtype => $dtype);
    $w->attach_grad;
    recorded(sub { ($w * 3)->sum })->backward;
    is($w->grad->dtype, $dtype, "$dtype: its gradient has it");
    recorded(sub { ($w * $w)->mean })->backward;
    my @want = map { nd->array([$_], dtype => $dtype)->asscalar } 0.1, 0.2;
    cmp_ok(abs($w->grad->at($_)->asscalar - $want[$_]), '<=',
        { float16 => 1e-4, float32 => 1e-8, float64 => 1e-16 }->{$dtype}, '... and values')
        for 0, 1;
}
{
    my $half = nd->array([1], dtype => 'float16');
    $half->attach_grad;
    recorded(sub { $half * 2048 + $half })->backward;
    holds($half->grad, [2048], 'float16: the sum of gradients is rounded, too');
    $half->attach_grad(grad_req => 'add');
    for my $factor (2048, 1) { recorded(sub { $half * $factor })->backward }
    holds($half->grad, [2048], '... and one that grows');
}
my $w = nd->array([1, 2]);
$w->attach_grad;
recorded(sub { nd->pick($w->reshape([1, 2]), nd->array([1], dtype => 'int32')) })->backward;
holds($w->grad, [0, 1], 'indices of integers have none');
recorded(sub { ($w->astype('int32') + 1)->astype('float32') * $w })->backward;
holds($w->grad, [2, 3], 'through integers goes no gradient');

# ---- Deep graphs
$x = nd->array([1], dtype => 'float64');
$x->attach_grad;
{
    my $sum;
    autograd->record(sub { $sum = $x; $sum = $sum + 1e-3 for 1 .. 20_000 });
    $sum->backward;
    holds($x->grad, [1], '20000 nodes, one after another');
    autograd->record(sub { $sum = $x; $sum = $sum + 1 for 1 .. 50_000 });
}
pass('50000 nodes are freed without backward');

done_testing;
