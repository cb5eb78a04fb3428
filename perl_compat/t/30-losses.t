# Losses as AI::MXNet's users call them: construction, attributes, names, calling, what is refused.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;
use PDL;
use AI::MXLoss        qw(mx);
use AI::MXLoss::Gluon qw(gluon);

my $loss = gluon->loss;
is($loss, 'AI::MXLoss::Gluon::Loss', 'gluon->loss is a class');
my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };

# ---- Construction
for my $name (@LOSSES, qw(SigmoidBCELoss SoftmaxCELoss)) {
    my $made = $loss->$name;
    is(ref $made, "AI::MXLoss::Gluon::$name", "gluon->loss->$name");
    isa_ok($made, 'AI::MXLoss::Gluon::Loss');
    isa_ok($made, 'AI::MXLoss::Gluon::HybridBlock');
    is(ref "AI::MXLoss::Gluon::$name"->new,               ref $made, "$name->new");
    is(mx->gluon->loss->$name({ weight => 0.5 })->weight, 0.5,       'a hash reference');
    is($loss->$name(weight => undef)->weight,             undef,     'weight => undef is none');
    my $w = $name =~ /^(?:L1|L2|SDML)Loss$/ ? 1 : '';
    is("$made", "$name(batch_axis=0, w=$w)", 'string form');
    like($made->name, qr/^\L$name\E[0-9]+$/, 'name');
    is($made->prefix, $made->name . '_', 'prefix');
    like($made->params, qr/^\L$name\E[0-9]+_ \(\n\n\)$/, 'params');
}
isa_ok($loss->SoftmaxCELoss, 'AI::MXLoss::Gluon::SoftmaxCrossEntropyLoss');
is($loss->CTCLoss(label_layout => 'TN')->batch_axis, 1, 'CTCLoss finds its batch axis');
is('' . $loss->CTCLoss(label_layout => 'TN'),        'CTCLoss(batch_axis=1, w=)', 'and shows it');
is($loss->HuberLoss(prefix => 'my_')->name,          'my',                        'a prefix');
is($loss->HuberLoss(prefix => '')->name,             '',                          'none');
my ($first, $second) = map { $loss->HingeLoss->name =~ /(\d+)$/ } 1, 2;
is($second,                                           $first + 1, 'one more each time');
is(AI::MXLoss::Gluon::Loss->new(weight => 2)->weight, 2,          'the base class');
ok($loss->can('HuberLoss') && !$loss->can('FooLoss'), 'can');

my %defaults = (
    SigmoidBinaryCrossEntropyLoss => { from_sigmoid => 0 },
    SoftmaxCrossEntropyLoss       =>
        { axis => -1, sparse_label => 1, from_logits => 0, out_of_range => 'raise' },
    KLDivLoss => { from_logits => 1, axis => -1, reduction => 'mean' },
    CTCLoss   =>
        { layout => 'NTC', label_layout => 'NT', infeasible => 'zero', blank_in_label => 'raise' },
    HuberLoss           => { rho                 => 1 },
    HingeLoss           => { margin              => 1 },
    SquaredHingeLoss    => { margin              => 1 },
    TripletLoss         => { margin              => 1 },
    LogisticLoss        => { label_format        => 'signed' },
    PoissonNLLLoss      => { from_logits         => 1, compute_full => 0 },
    CosineEmbeddingLoss => { margin              => 0 },
    SDMLLoss            => { smoothing_parameter => 0.3 },
);

for my $name (sort keys %defaults) {
    my $made = $loss->$name;
    is($made->$_, $defaults{$name}{$_}, "$name: $_") for sort keys %{ $defaults{$name} };
}

# ---- Attributes
my $x  = mx->nd->array([[1, 2], [3, 4]]);
my $y  = mx->nd->array([[0, 2], [5, 4]]);
my $l2 = $loss->L2Loss;
is_deeply([$l2->($x, $y)->aspdl->list], [0.25, 1], 'value');
$l2->weight(4);
is_deeply([$l2->($x, $y)->aspdl->list], [1, 4], 'weight counts at the next call');
$l2->batch_axis(1);
is_deeply([$l2->($x, $y)->aspdl->list], [5, 0], 'batch_axis');
my $huber = $loss->HuberLoss;
$huber->rho(0.5);
is($huber->rho, 0.5, 'rho');

for (
    [SoftmaxCELoss  => 'axis'],
    [SoftmaxCELoss  => 'sparse_label'],
    [SoftmaxCELoss  => 'from_logits'],
    [SigmoidBCELoss => 'from_sigmoid'],
    [KLDivLoss      => 'from_logits'],
    [PoissonNLLLoss => 'compute_full']
    )
{
    my ($name, $attribute) = @$_;
    my $made = $loss->$name;
    dies_at(
        sub { $made->$attribute(0) },
        qr/Cannot assign a value to a read-only accessor of $attribute/,
        "$name: $attribute is read-only",
        __LINE__ - 1
    );
}

# ---- Refusals, at the caller's line
my @refused = (
    [   sub { $loss->L2Loss(weight => 'abc') },
        qr/Attribute \(weight\) does not pass .*: Validation failed for 'Num' with value abc/
    ],
    [sub { $loss->L2Loss(weight     => $x) },  qr/Attribute \(weight\)/],
    [sub { $loss->L2Loss(batch_axis => 0.5) }, qr/Validation failed for 'Int' with value 0.5/],
    [   sub { $loss->SoftmaxCELoss(sparse_label => 2) },
        qr/Validation failed for 'Bool' with value 2/
    ],
    [sub { $loss->SoftmaxCELoss(sparse_label => 'true') }, qr/Validation failed for 'Bool'/],
    [sub { $loss->HuberLoss(0.5) }, qr/Single parameters to new\(\) must be a HASH ref/],
    [   sub { $loss->HuberLoss(2, 0.5) },
        qr/no such named parameter '2'; HuberLoss takes rho, weight, batch_axis, prefix, params/
    ],
    [sub { $loss->HuberLoss(rho => 1, 3) },  qr/Odd number of arguments/],
    [sub { $loss->HuberLoss(roh => 2) },     qr/no such named parameter 'roh'/],
    [sub { $loss->HuberLoss(rho => 0) },     qr/rho must be a finite number above 0, got 0/],
    [sub { $loss->HuberLoss(rho => 'inf') }, qr/rho must be a finite number/],
    [sub { $loss->HingeLoss(margin => 'nan') }, qr/margin must be a finite number/i],
    [   sub { $loss->LogisticLoss(label_format => 'foo') },
        qr/label_format can only be signed or binary, got 'foo'/
    ],
    [sub { $loss->CTCLoss(layout => 'CTN') }, qr/layout can only be NTC or TNC/],
    [sub { $loss->CTCLoss(batch_axis => 1) }, qr/CTCLoss: no such named parameter 'batch_axis'/],
    [sub { $loss->CTCLoss->batch_axis(1) },   qr/label_layout decides/],
    [sub { $loss->SDMLLoss(smoothing_parameter => 1) },   qr/at least 0 and below 1/],
    [sub { $loss->CosineEmbeddingLoss(batch_axis => 1) }, qr/batch_axis must be 0/],
    [   sub { $loss->FooLoss },
        qr/no loss or method 'FooLoss'; the losses are CTCLoss, .*TripletLoss/
    ],
    [sub { gluon->L1Loss },  qr/gluon->loss->L1Loss/],
    [sub { $l2->wieght(3) }, qr/L2Loss has no method or attribute 'wieght'/],
    [sub { $l2->($x) },      qr/L2Loss: Too few arguments: label is missing/],
    [   sub { $l2->($x, $y, undef, $y) },
        qr/Too many arguments for L2Loss: it takes at most 3 \(pred, label, sample_weight\), got 4/
    ],
    [sub { $l2->([[1], [2, 3]], 4) }, qr/./],
    [   sub { $l2->(5, $y) },
        qr/HybridBlock requires the first argument to forward be an NDArray, but got \[5\]/
    ],
    [   sub { $l2->($x, 1) },
        qr/parameter \(label\): Validation failed for 'GluonInput' with value 1/
    ],
    [   sub { $l2->($x, mx->nd->array([1, 2])) },
        qr/label has shape \(2,\) and so 2 elements; expected 4/
    ],
    [sub { $l2->($x, mx->nd->ones([3, 2])) },                   qr/label has shape \(3, 2\)/],
    [sub { $l2->($x, $y, mx->nd->ones([3])) },                  qr/sample_weight/],
    [sub { $loss->L2Loss(batch_axis => 5)->($x, $y) },          qr/batch_axis/],
    [sub { $loss->SoftmaxCELoss->($x, mx->nd->array([0, 7])) }, qr/label.*7/],
    [sub { $loss->SoftmaxCELoss->($x, $x) }, qr/looks dense, .*: pass sparse_label => 0 at/],
    [   sub { $l2->(pred => $x, lable => $y) },
        qr/L2Loss has no input 'lable'; its inputs are pred, label, sample_weight/
    ],
    [sub { $l2->($x, $y, pred => $x) },                     qr/L2Loss got 'pred' twice/],
    [sub { $l2->($x, 'label') },                            qr/Odd number of named inputs/],
    [sub { $loss->PoissonNLLLoss->($x, $y, undef, 'abc') }, qr/has no input 'abc'|Odd number/],
    [sub { $loss->PoissonNLLLoss->($x, $y, undef, -1) },    qr/epsilon/],
    [sub { $l2->hybrid_forward('foo', $x, $y) },            qr/hybrid_forward: expected mx->nd/],
);
for (@refused) {
    my ($code, $message) = @$_;
    (my $name = "$message") =~ s/^\(\?\^\w*:|\)\z//g;
    dies_at($code, $message, $name);
}

# ---- Ways to call
my $plain = $loss->L2Loss;
my $want  = bits($plain->($x, $y));
is(bits($plain->call($x, $y)),                              $want,     'call');
is(bits(&$plain($x, $y)),                                   $want,     '&$loss');
is(bits($plain->forward($x, $y)),                           $want,     'forward');
is(bits($plain->hybrid_forward(mx->nd, $x, $y)),            $want,     'hybrid_forward');
is(bits($plain->($x, $y, undef)),                           $want,     'undef is no weight');
is(bits($plain->(pred => $x, label => $y)),                 $want,     'inputs by name');
is(bits($plain->($x, label => $y, sample_weight => undef)), $want,     'some of them');
is(bits($plain->($x, [[0, 2], [5, 4]])),                    $want,     'a list as label');
is(bits($plain->([[1, 2], [3, 4]], $y)),                    $want,     'as pred');
is(bits($plain->(float([[1, 2], [3, 4]]), $y)),             $want,     'a PDL as pred');
is($plain->(pdl([[1.0, 2], [3, 4.5]]), $y)->dtype,          'float64', 'which keeps its type');
is(ref $plain->(float(1, 2), float(1, 2)), 'AI::MXLoss::NDArray', 'the result is an NDArray');
is(scalar(my @one = $plain->($x, $y)),     1,                     'one result in list context');
my $w = mx->nd->array([[1], [3]]);
is_deeply([$plain->($x, $y, $w)->aspdl->list],                  [0.25, 3], 'a sample weight');
is_deeply([$plain->($x, $y, sample_weight => $w)->aspdl->list], [0.25, 3], 'by name');

my $ctc  = $loss->CTCLoss;
my $acts = mx->nd->array([[[1, 2, 3], [3, 1, 2], [2, 2, 1]]]);
my @ctc  = ($acts, mx->nd->array([[0, 1]]), mx->nd->array([3]), mx->nd->array([1]));
is( bits($ctc->(@ctc)),
    bits(
        $ctc->(
            data          => $ctc[0],
            label         => $ctc[1],
            data_lengths  => $ctc[2],
            label_lengths => $ctc[3]
        )
    ),
    'CTCLoss: data and data_lengths'
);
my $poisson = $loss->PoissonNLLLoss(from_logits => 0);
is( bits($poisson->($x, $y, undef, 0.5)),
    bits($poisson->($x, $y, epsilon => 0.5)),
    'epsilon by name'
);
isnt(bits($poisson->($x, $y, undef, 0.5)), bits($poisson->($x, $y)), 'it counts');
my $triplet = $loss->TripletLoss;
is_deeply([$triplet->($x, $y, $y, mx->nd->array([2, 3]))->aspdl->list],
    [2, 3], 'TripletLoss: a weight');
is_deeply($loss->SigmoidBCELoss->($x, $y, undef, mx->nd->array([2, 3]))->shape, [2], 'pos_weight');
is_deeply($poisson->($x, $y)->shape, [1], 'PoissonNLLLoss: one number');
is_deeply($loss->CosineEmbeddingLoss->($x, $y, mx->nd->array([1, -1]))->shape,
    [2, 1], 'Cosine: a column');

# ---- Not recorded, recorded
$x->attach_grad;
ok(!exists $plain->($x, $y)->{node}, 'outside of record there is no tape');
mx->autograd->record(
    sub {
        ok(exists $plain->($x, $y)->{node}, 'inside there is');
        mx->autograd->pause(sub { ok(!exists $plain->($x, $y)->{node}, 'but not in pause') });
        ok(!exists $plain->($y, $y)->{node}, 'nor without an array that has a gradient');
    }
);
# ---- A graph that is gone through several times
{
    my ($value, $two) = (undef, mx->nd->array([2, 2]));
    mx->autograd->record(sub { $value = $plain->($x, $y) });
    my @seen;
    for my $retain (1, 1, 0) {
        $value->backward(out_grad => $two, retain_graph => $retain);
        push @seen, join ' ', $x->grad->aspdl->list;
    }
    is_deeply(\@seen, [('1 0 -2 0') x 3], 'gives the same each time');
    dies_at(sub { $value->backward }, qr/graph of L2Loss has been used already/, 'up to the last',
        __LINE__ - 1);
}
is_deeply(\@warnings, [], 'nothing warns');
done_testing;
