# Layers, first values, optimizers, batches, metrics; training by hand and with a Trainer.
use strict;
use warnings;
use Test::More;
use lib 't/lib';
use MXLossTest;
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::Gluon qw(gluon);
use AI::MXLoss::Gluon::NN qw(nn);
use AI::MXLoss::AutoGrad qw(autograd);
use AI::MXLoss::Base;

my $nd = mx->nd;

# ---- Layers
my $dense = nn->Dense(2, in_units => 3, weight_initializer => mx->init->Constant(2),
    bias_initializer => 'ones');
dies(sub { $dense->weight->data }, qr/has not been initialized/, 'not initialized');
$dense->initialize;
has($dense->($nd->array([[1, 2, 3]])), [1, 2], [13, 13], 'Dense');
has(nn->Flatten->($nd->ones([2, 3, 4])), [2, 12], [(1) x 24], 'Flatten');
has(nn->Activation('relu')->($nd->array([-1, 2])), [2], [0, 2], 'Activation');
is("$dense", 'Dense(3 -> 2, linear)', 'as a string');
my $wide = nn->Dense(units => 4, activation => 'sigmoid', use_bias => 0, flatten => 0);
is($wide->bias, undef, 'no bias');
$wide->initialize(mx->init->Zero);
has($wide->($nd->ones([2, 3, 5])), [2, 3, 4], [(0.5) x 24],
    'flatten => 0, the number of inputs found out');
is_deeply($wide->weight->shape, [4, 5], '... it is in the shape');
my $net = nn->Sequential(prefix => 'net_');
$net->name_scope(
    sub {
        $net->add(nn->Dense(4, activation => 'tanh'), nn->Dense(1));
    }
);
is_deeply(
    [map { $_->name } $net->collect_params->values],
    [qw(net_dense0_weight net_dense0_bias net_dense1_weight net_dense1_bias)],
    'names of parameters'
);
is($net->len . ' ' . $net->[1]->name, '2 net_dense1', 'children');
is("$net",
    "Sequential(\n  (0): Dense(None -> 4, Activation(tanh))\n  (1): Dense(None -> 1, linear)\n)",
    'a net as a string');
$net->initialize(mx->init->Xavier);
is_deeply($net->($nd->ones([5, 3]))->shape, [5, 1], 'called');
is_deeply($net->[0]->weight->shape, [4, 3], 'shapes found out');
dies(sub { nn->Dense(0) },                  qr/Dense: units is 0; expected an integer from 1 on/,
    'no units');
dies(sub { nn->Dense(3, activatoin => 1) }, qr/no such named parameter 'activatoin'/,
    'a wrong name');
dies(sub { nn->Dense(3, activation => 'elu') }, qr/activation is elu; expected one of/,
    'a wrong kind');
dies(sub { nn->Conv2D(3) }, qr/nn has no layer 'Conv2D'/, 'no other layers');
dies(sub { $dense->($nd->ones([2, 7])) }, qr/7 features; expected 3/, 'a wrong number of inputs');
dies(sub { nn->HybridSequential->add(nn->Sequential) }, qr/must also be HybridBlock/,
    'HybridSequential');

# ---- First values
mx->random->seed(3);
my $layer = nn->Dense(200, in_units => 300);
for (
    [mx->init->Uniform(0.5), 0.5 / sqrt 3, 'Uniform'],
    [mx->init->Normal(sigma => 0.1), 0.1, 'Normal'],
    [mx->init->Xavier, sqrt(3 / 250) / sqrt 3, 'Xavier'],
    [
        mx->init->Xavier({ rnd_type => 'gaussian', factor_type => 'in', magnitude => 2 }),
        sqrt(2 / 300), 'Xavier, gaussian'
    ],
    [
        mx->init->Xavier(rnd_type => 'gaussian', factor_type => 'out', magnitude => 1),
        sqrt(1 / 200), 'Xavier, out'
    ],
    [mx->init->MSRAPrelu(slope => 0), sqrt(2 / 250), 'MSRAPrelu'],
    ['zeros', 0, 'by name'],
    [sub { my ($name, $array) = @_; $array .= 1e-3 if $name =~ /weight$/; }, 0, 'a sub'],
) {
    my ($init, $deviation, $name) = @$_;
    $layer->initialize($init, force_reinit => 1);
    my $w = $layer->weight->data->aspdl->double;
    cmp_ok(abs(sqrt((($w - $w->avg)**2)->avg) - $deviation), '<=', 0.02 * $deviation,
        "$name: deviation");
}
dies(sub { mx->init->Xavier(magnitude => -1) }, qr/Xavier: magnitude is -1/, 'magnitude');
dies(sub { mx->init->Xavier(rnd => 1) }, qr/no such named parameter 'rnd'/, 'a wrong name');
dies(sub { mx->init->Orthogonal }, qr/init has no 'Orthogonal'/, 'no other initializers');
dies(sub { $layer->initialize('xavir', force_reinit => 1) },
    qr/'xavir', not registered as an initializer/, 'a wrong name');

# ---- Optimizers, against their formulas
sub trained {
    my ($optimizer, $options, $steps) = @_;
    my $layer = nn->Dense(1, in_units => 2, use_bias => 0, dtype => 'float64',
        weight_initializer => 'ones');
    $layer->initialize;
    my $trainer = gluon->Trainer($layer->collect_params, $optimizer, $options);
    my $x = $nd->array([[1, 2], [3, -1]], dtype => 'float64');
    for (1 .. $steps) {
        my $l;
        autograd->record(sub { $l = $layer->($x)**2 });
        $l->backward;
        $trainer->step(2);
    }
    return $layer->weight->data->aspdl->flat;
}

sub single { return unpack 'f', pack 'f', $_[0] }

# Gradient of the sum of squares, over the batch size
sub gradient {
    my ($w) = @_;
    my $x = pdl([1, 2], [3, -1]);
    return ((2 * inner($x, $w))->dummy(0) * $x)->xchg(0, 1)->sumover / 2;
}

my $w = ones(2);
for (1 .. 3) { $w = $w - single(0.1) * (gradient($w) + single(0.01) * $w) }
cmp_ok(max(abs(trained('sgd', { learning_rate => 0.1, wd => 0.01 }, 3) - $w)), '<', 1e-14, 'sgd');
$w = ones(2);
my $m = zeroes(2);
for (1 .. 4) { $m = single(0.9) * $m - single(0.05) * gradient($w)->clip(-1, 1); $w = $w + $m }
cmp_ok(
    max(
        abs(
            trained('sgd', { learning_rate => 0.05, momentum => 0.9, clip_gradient => 1 }, 4) - $w
        )
    ),
    '<',
    1e-14,
    'sgd with momentum and clip_gradient'
);
$w = ones(2);
$m = zeroes(2);
my $v = zeroes(2);
for my $t (1 .. 5) {
    my $g = gradient($w) + single(0.02) * $w;
    my ($b1, $b2) = (single(0.9), single(0.999));
    $m = $b1 * $m + (1 - $b1) * $g;
    $v = $b2 * $v + (1 - $b2) * $g * $g;
    $w = $w - single(0.1 * sqrt(1 - 0.999**$t) / (1 - 0.9**$t)) * $m / (sqrt($v) + single(1e-8));
}
cmp_ok(max(abs(trained('adam', { learning_rate => 0.1, wd => 0.02 }, 5) - $w)), '<', 1e-13, 'adam');

# ---- Trainer
my $one = nn->Dense(1, in_units => 1, weight_initializer => 'ones');
$one->initialize;
my $trainer = gluon->Trainer(params => $one->collect_params, optimizer => 'sgd',
    optimizer_params => { learning_rate => 1 });
is($trainer->learning_rate, 1, 'learning_rate');
$trainer->set_learning_rate(0.5);
is($trainer->learning_rate, 0.5, 'set_learning_rate');
dies(sub { $trainer->step(1) }, qr/has not been updated by backward since last `step`/,
    'no backward');
$trainer->step(1, ignore_stale_grad => 1);
has($one->weight->data, [1, 1], [1], 'ignore_stale_grad');
my $l;
autograd->record(sub { $l = $one->($nd->array([[2], [4]])) });
$l->backward;
$trainer->step(2);
has($one->weight->data, [1, 1], [1 - 0.5 * 3], 'the gradient is divided by batch_size');
has($one->weight->grad, [1, 1], [6], 'grad');
$one->weight->set_data($nd->array([[7]]));
has($one->weight->data, [1, 1], [7], 'set_data');
$one->bias->lr_mult(0);
autograd->record(sub { $l = $one->($nd->array([[2], [4]])) });
$l->backward;
my $bias = $one->bias->data->asscalar;
$trainer->step(2);
is($one->bias->data->asscalar, $bias, 'lr_mult');
dies(sub { $trainer->step(0) }, qr/batch_size must be a number above 0, got '0'/, 'no batch');
dies(sub { gluon->Trainer($one->collect_params, 'sdg') }, qr/Cannot find optimizer 'sdg'/,
    'no such optimizer');
dies(sub { gluon->Trainer($one->collect_params, 'sgd', { lr => 1 }) },
    qr/no such named parameter 'lr'/, 'no such argument');
dies(sub { gluon->Trainer([1], 'sgd') }, qr/First argument must be a array or hash of Parameters/,
    'no parameters');
my @rates;
my $scheduled = gluon->Trainer($one->collect_params,
    mx->optimizer->SGD(lr_scheduler => sub { push @rates, $_[0]; 0.1 }));
autograd->record(sub { $l = $one->($nd->array([[2]])) });
$l->backward;
$scheduled->step(1);
is($rates[-1], 1, 'a scheduler is told the number of the update');
dies(sub { $scheduled->set_learning_rate(1) },
    qr/LRScheduler of the optimizer has already been defined/, 'which then has the say');

# ---- Metrics
my $accuracy = mx->metric->Accuracy;
is_deeply([$accuracy->get], ['accuracy', 'nan'], 'no accuracy yet');
$accuracy->update([$nd->array([0, 1, 1])], [$nd->array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])]);
is(sprintf('%s %.4f', $accuracy->get), 'accuracy 0.6667', 'scores');
$accuracy->update($nd->array([0], dtype => 'int32'), $nd->array([0]));
is(sprintf('%s %.4f', $accuracy->get), 'accuracy 0.7500', 'class numbers, arrays without a list');
$accuracy->reset;
is(($accuracy->get)[1], 'nan', 'reset');
dies(sub { $accuracy->update([$nd->ones([3])], [$nd->ones([2, 2])]) },
    qr/Shape of labels 3 does not match shape of predictions 2/, 'sizes');
my $mean = mx->metric->create('loss');
$mean->update(undef, [$nd->array([1, 2, 6])]);
is_deeply($mean->get_name_value, { loss => 3 }, 'Loss');

# ---- Batches
my $x = $nd->arange(stop => 10)->reshape([5, 2]);
my $y = $nd->array([0 .. 4]);
my $it = mx->io->NDArrayIter(data => $x, label => $y, batch_size => 2);
my @batches;
while (my $batch = <$it>) { push @batches, $batch }
is(scalar @batches, 3, 'batches');
has($batches[0]->data->[0], [2, 2], [0 .. 3], 'data');
has($batches[2]->label->[0], [2], [4, 0], 'the last one is filled');
is_deeply([map { $_->pad } @batches], [0, 0, 1], 'pad');
ok(!defined <$it>, 'at the end');
$it->reset;
is(scalar @$it, 3, '@$it after reset');
is_deeply([@{ $it->provide_data->[0] }], ['data', [2, 2]], 'provide_data');
my $short = mx->io->NDArrayIter($x, $y, batch_size => 2, last_batch_handle => 'discard');
is(scalar @{ $short->list }, 2, 'discard');
my $rolled = mx->io->NDArrayIter($x, $y, batch_size => 2, last_batch_handle => 'roll_over');
my @first = @$rolled;
$rolled->reset;
my @second = @$rolled;
has($second[0]->label->[0], [2], [4, 0], 'roll_over');
is(scalar(@first) . scalar(@second), '23', '... numbers of batches');
my $shuffled = mx->io->NDArrayIter($x, $y, batch_size => 5, shuffle => 1);
$shuffled->reset;
my $batch = <$shuffled>;
is_deeply([sort map { $_->asscalar } @{ $batch->label->[0] }], [0 .. 4], 'shuffle: all samples');
is_deeply(
    [map { $_->at(0)->asscalar / 2 } @{ $batch->data->[0] }],
    [map { $_->asscalar } @{ $batch->label->[0] }],
    '... data and label together'
);
dies(sub { mx->io->NDArrayIter($x, $nd->ones([4])) }, qr/softmax_label has 4 samples; expected 5/,
    'lengths');
dies(sub { mx->io->NDArrayIter($x, $y, batch => 3) }, qr/no such named parameter 'batch'/,
    'a wrong name');

my $set = gluon->data->ArrayDataset(data => $x, label => $y);
is($set->len, 5, 'ArrayDataset');
is_deeply([$set->at(1)->[0]->asarray, $set->at(1)->[1]], [[2, 3], 1], 'a sample');
my $loader = gluon->data->DataLoader($set, batch_size => 2);
for my $pass (1, 2) {
    my @labels;
    while (defined(my $pair = <$loader>)) { push @labels, map { $_->asscalar } @{ $pair->[1] } }
    is_deeply(\@labels, [0 .. 4], "DataLoader, pass $pass");
}
is_deeply([map { $_->[0]->shape->[0] } @$loader], [2, 2, 1], '@$loader');
is($loader->len, 3, 'len');
is_deeply(
    [
        sort map {
            map { $_->asscalar } @{ $_->[1] }
        } @{ gluon->data->DataLoader($set, 2, shuffle => 1) }
    ],
    [0 .. 4],
    'shuffle'
);
is(gluon->data->DataLoader($set, 2, last_batch => 'discard')->len, 2, 'discard');
is_deeply([map { $_->len } @{ gluon->data->DataLoader($x, 3) }], [3, 2], 'an array as a dataset');
{
    package Squares;
    sub new { return bless {}, shift }
    sub len {3}
    sub at { my ($self, $i) = @_; return [AI::MXLoss::NDArray->array([$i, $i**2]), $i] }
}
my ($first) = @{ gluon->data->DataLoader(Squares->new, 3) };
is_deeply([map { $_->asarray } @$first], [[[0, 0], [1, 1], [2, 4]], [0, 1, 2]],
    'a dataset of one\'s own');
dies(sub { gluon->data->DataLoader($set) }, qr/batch_size must be specified/, 'no batch_size');
dies(sub { gluon->data->ArrayDataset($x, $nd->ones([3])) },
    qr/array 0 has length 5 while array 1 has 3/, 'lengths');

# ---- Training: a straight line, by hand and with Dense and Trainer
mx->random->seed(11);
my ($slope, $offset) = ($nd->array([[2, -3.4]]), 4.2);
my $features = mx->random->normal(0, 1, shape => [200, 2]);
my $labels = ($features * $slope)->sum(axis => 1) + $offset;
my $loss = gluon->loss->L2Loss();
{
    my $weight = mx->random->normal(0, 0.01, shape => [2, 1]);
    my $b = $nd->zeros([1]);
    $_->attach_grad for $weight, $b;
    for my $epoch (1 .. 10) {
        for (my $i = 0; $i < 200; $i += 10) {
            my ($xs, $ys) = map { $_->slice([$i, $i + 9]) } $features, $labels;
            my $l;
            autograd->record(sub { $l = $loss->($nd->dot($xs, $weight) + $b, $ys) });
            $l->backward;
            $_ -= 0.1 * $_->grad / 10 for $weight, $b;
        }
    }
    cmp_ok(abs($weight->T - $slope)->max->asscalar, '<', 1e-3, 'by hand: the weight');
    cmp_ok(abs($b->asscalar - $offset), '<', 1e-3, '... and the bias');
}
{
    my $net = nn->Sequential();
    $net->name_scope(sub { $net->add(nn->Dense(1)) });
    $net->initialize(mx->init->Normal(0.01), ctx => mx->cpu);
    my $trainer = gluon->Trainer($net->collect_params(), 'sgd', { learning_rate => 0.1 });
    my $batches
        = gluon->data->DataLoader(gluon->data->ArrayDataset(data => $features, label => $labels),
        batch_size => 10, shuffle => 1);
    for my $epoch (1 .. 10) {
        for (enumerate(\@{$batches})) {
            my ($i, $batch) = @$_;
            my $l;
            autograd->record(sub { $l = $loss->($net->($batch->[0]), $batch->[1]) });
            $l->backward;
            $trainer->step($batch->[0]->shape->[0]);
        }
    }
    cmp_ok(abs($net->[0]->weight->data - $slope)->max->asscalar, '<', 1e-3,
        'with Trainer: the weight');
    cmp_ok(abs($net->[0]->bias->data->asscalar - $offset), '<', 1e-3, '... and the bias');
}

done_testing;
