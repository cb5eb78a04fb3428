# The numbers that MXNet's own tests of losses check (tests/python/unittest/test_loss.py, and
# AI::MXNet's t/test_loss.t), in the way AI::MXNet's users write. Where those train a Module, Dense
# and Trainer do.
use strict;
use warnings;
use Test::More;
use AI::MXLoss 'mx';
use AI::MXLoss::Gluon 'gluon';
use AI::MXLoss::Gluon::NN 'nn';
use AI::MXLoss::AutoGrad 'autograd';
use AI::MXLoss::TestUtils 'almost_equal';

my $nd = mx->nd;

# ---- L1 and L2: sums of small integers, exact
my ($output, $label, $weighting)
    = map { $nd->array($_) } [1, 2, 3, 4], [1, 3, 5, 7], [0.5, 1, 0.5, 1];
for (
    ['L1Loss', {}, 6, 'plain'], ['L1Loss', { weight => 0.5 }, 3, 'weight'],
    ['L1Loss', {}, 5, 'sample weights', $weighting],
    ['L2Loss', {}, 7, 'plain'], ['L2Loss', { weight => 0.25 }, 1.75, 'weight'],
    ['L2Loss', {}, 6, 'sample weights', $weighting],
) {
    my ($name, $options, $sum, $what, @weights) = @$_;
    my $loss = gluon->loss->$name(%$options);
    is($nd->sum($loss->($output, $label, @weights))->asscalar, $sum, "$name, $what");
}

# ---- SoftmaxCE
$output = $nd->array([[0, 2], [1, 4]]);
$label = $nd->array([0, 1]);
my $loss = gluon->loss->SoftmaxCrossEntropyLoss();
ok(almost_equal($loss->($output, $label)->aspdl, $nd->array([2.12692809, 0.04858733])->aspdl),
    'SoftmaxCE');
ok(
    almost_equal(
        $loss->($output, $label, $nd->array([[0.5], [1]]))->aspdl,
        $nd->array([1.06346405, 0.04858733])->aspdl
    ),
    'SoftmaxCE, sample weights'
);

# ---- Two ways to the same loss
mx->random->seed(1234);
{
    my $p = mx->random->uniform(0, 1, shape => [100, 1]);
    my $log = $nd->log($nd->concat(1 - $p, $p, dim => 1) + 1e-8);
    my $class = $nd->round(mx->random->uniform(0, 1, shape => [100, 1]));
    ok(almost_equal(gluon->loss->SigmoidBCELoss(from_sigmoid => 1)->($p, $class)->aspdl,
            gluon->loss->SoftmaxCELoss(from_logits => 1)->($log, $class)->aspdl),
        'two classes: SigmoidBCE and SoftmaxCE');
    my $score = mx->random->uniform(-10, 10, shape => [100, 1]);
    my $bce = gluon->loss->SigmoidBCELoss(from_sigmoid => 0)->($score, $class)->aspdl;
    ok(
        almost_equal(
            gluon->loss->LogisticLoss(label_format => 'binary')->($score, $class)->aspdl, $bce
        ),
        'Logistic, binary, and SigmoidBCE'
    );
    ok(
        almost_equal(
            gluon->loss->LogisticLoss(label_format => 'signed')->($score, 2 * $class - 1)->aspdl,
            $bce
        ),
        'Logistic, signed, and SigmoidBCE'
    );
}

# ---- CTC: the same alignments in six ways
my $expected = $nd->array([18.82820702, 16.50581741])->aspdl;
my $ends = $nd->array([[1, 0, -1, -1], [2, 1, 1, -1]]);
for (
    ['plain', {}, [2, 20, 4], $ends],
    ['TNC', { layout => 'TNC' }, [20, 2, 4], $ends],
    ['TNC and TN', { layout => 'TNC', label_layout => 'TN' }, [20, 2, 4], $ends->T],
    [
        'label lengths', { blank_in_label => 'allow' }, [2, 20, 4],
        $nd->array([[2, 1, 2, 2], [3, 2, 2, 2]]), undef, $nd->array([2, 3])
    ],
    [
        'data lengths', { blank_in_label => 'allow' }, [2, 25, 4],
        $nd->array([[2, 1, -1, -1], [3, 2, 2, -1]]), $nd->array([20, 20])
    ],
    [
        'both lengths', { blank_in_label => 'allow' }, [2, 25, 4],
        $nd->array([[2, 1, 3, 3], [3, 2, 2, 3]]), $nd->array([20, 20]),
        $nd->array([2, 3])
    ],
    )
{
    my ($what, $options, $shape, @rest) = @$_;
    # MXNet's test has class 3, the blank, within a label; unless told otherwise mxloss refuses that
    my $cost = gluon->loss->CTCLoss(%$options)->($nd->ones($shape), @rest);
    ok(almost_equal($cost->aspdl, $expected), "CTC, $what");
}

# ---- CosineEmbedding, by operators
{
    my ($x, $y) = map { $nd->random->randn(3, 2) } 1, 2;
    my $sign = $nd->sign($nd->random->randn($x->shape->[0]));
    my $length = sub { $nd->sqrt($nd->sum($_[0]**2, axis => 1, keepdims => 1)) };
    my $cosine = $nd->sum($x * $y, keepdims => 1, axis => 1) / ($length->($x) * $length->($y));
    my $by_operators = $nd->where(
        $sign == 1, 1 - $cosine,
        $nd->broadcast_maximum($nd->array([0]), $cosine, { axis => 1 })
    );
    ok(
        almost_equal(
            gluon->loss->CosineEmbeddingLoss()->($x, $y, $sign)->aspdl, $by_operators->aspdl, 1e-5
        ),
        'CosineEmbedding'
    );
}

# ---- Training: a small network learns 20 random samples by heart
sub learnt {
    my ($loss, $units, $labels, %more) = @_;
    my $x = $more{data} // mx->random->uniform(-1, 1, shape => [20, 10]);
    my $net = nn->HybridSequential();
    $net->name_scope(sub {
        my @flatten = (flatten => $more{flatten} // 1);
        $net->add(nn->Dense(32, activation => 'relu', @flatten), nn->Dense($units, @flatten));
    });
    $net->initialize(mx->init->Xavier(magnitude => 2));
    my $trainer = gluon->Trainer($net->collect_params, 'adam', { learning_rate => 0.02 });
    my $it = mx->io->NDArrayIter($x, $labels, batch_size => 10);
    my $out = $more{out} // sub { $_[0] };
    for my $epoch (1 .. $more{epochs} // 60) {
        $it->reset;
        while (my $batch = <$it>) {
            my $l;
            autograd->record(
                sub { $l = $loss->($out->($net->($batch->data->[0])), @{ $batch->label }) });
            $l->backward;
            $trainer->step(10);
        }
    }
    my $metric = mx->metric->Loss();
    $it->reset;
    while (my $batch = <$it>) {
        $metric->update(undef, [$loss->($out->($net->($batch->data->[0])), @{ $batch->label })]);
    }
    return ($metric->get)[1];
}

mx->random->seed(1234);
my $classes = mx->random->randint(0, 10, shape => [20]);
my $numbers = mx->random->uniform(-1, 1, shape => [20, 1]);
my $signs = $nd->where($numbers > 0, $nd->ones([20, 1]), -1 * $nd->ones([20, 1]));
cmp_ok(learnt(gluon->loss->SoftmaxCrossEntropyLoss(), 10, $classes), '<', 0.1,
    'SoftmaxCE is learnt');
cmp_ok(learnt(gluon->loss->SigmoidBinaryCrossEntropyLoss(), 1, $numbers > 0), '<', 0.05,
    'SigmoidBCE');
cmp_ok(
    learnt(
        gluon->loss->KLDivLoss(), 2, $nd->softmax(mx->random->uniform(0, 1, shape => [20, 2])),
        out => sub { $nd->log_softmax($_[0]) }
    ),
    '<',
    0.05,
    'KLDiv'
);
cmp_ok(learnt(gluon->loss->L2Loss(),           1, $numbers), '<', 0.05, 'L2');
cmp_ok(learnt(gluon->loss->L1Loss(),           1, $numbers), '<', 0.1,  'L1');
cmp_ok(learnt(gluon->loss->HuberLoss(),        1, $numbers), '<', 0.05, 'Huber');
cmp_ok(learnt(gluon->loss->HingeLoss(),        1, $signs),   '<', 0.05, 'Hinge');
cmp_ok(learnt(gluon->loss->SquaredHingeLoss(), 1, $signs),   '<', 0.05, 'SquaredHinge');
{
    my ($near, $far) = map { mx->random->uniform(-1, 1, shape => [20, 4]) } 1, 2;
    cmp_ok(learnt(gluon->loss->TripletLoss(), 4, { a_positive => $near, b_negative => $far }),
        '<', 0.05, 'Triplet');
}
cmp_ok(learnt(gluon->loss->CTCLoss(layout => 'NTC', label_layout => 'NT'), 5,
        $nd->arange(start => 4, repeat => 20)->reshape([4, 20])->T,
        data => mx->random->uniform(-1, 1, shape => [20, 20, 10]), flatten => 0, epochs => 15),
    '<', 10, 'CTC');
{
    my $weight = $nd->array([(1) x 10, (0) x 10])->reshape([20, 1]);
    my $weighted = gluon->loss->SoftmaxCrossEntropyLoss();
    my $x = mx->random->uniform(-1, 1, shape => [20, 10]);
    my $net = nn->Dense(10);
    $net->initialize(mx->init->Normal(0.1));
    my $trainer = gluon->Trainer($net->collect_params, 'adam', { learning_rate => 0.1 });
    for (1 .. 100) {
        my $l;
        autograd->record(sub { $l = $weighted->($net->($x), $classes, $weight) });
        $l->backward;
        $trainer->step(20);
    }
    my $l = $weighted->($net->($x), $classes);
    cmp_ok($l->slice([0, 9])->mean->asscalar, '<', 0.1, 'samples of weight 1 are learnt');
    cmp_ok($l->slice([10, 19])->mean->asscalar, '>', 1, 'those of weight 0 are not');
}

done_testing;
