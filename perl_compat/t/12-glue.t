# PDLs as the core's tensors: types, views without copies, halves, options, errors.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;
use PDL;
use AI::MXLoss qw(mx);

my $core = 'AI::MXLoss::Core';
my $l2   = AI::MXLoss::Core::options(1);
*run = \&AI::MXLoss::Core::run;

# The core's table
my $losses = AI::MXLoss::Core::losses();
is(scalar keys %$losses, 14, '14 losses');
is_deeply($losses->{HuberLoss}{inputs}, [qw(pred label sample_weight)], 'inputs of one');
is($losses->{TripletLoss}{n_required}, 3, 'how many are needed');
like(AI::MXLoss::Core::core_version(), qr/^\d+\.\d+\.\d+$/, 'version of the core');
like(AI::MXLoss::Core::build_info(),
    qr/-ffp-contract=off/, 'built with the flags of the other languages')
    if !$ENV{MXLOSS_SYSTEM};
my %default = AI::MXLoss::Core::defaults($losses->{SDMLLoss}{number});
is($default{smoothing_parameter}, 0.3, 'defaults');

# Shapes are dims the other way round
is_deeply(AI::MXLoss::Core::reverse_dims(zeroes(3, 2)), [2, 3],    'shape of a PDL');
is_deeply([AI::MXLoss::Core::reverse_dims(4, 3, 2)],    [2, 3, 4], 'lengths');
is_deeply([AI::MXLoss::Core::reverse_dims()],           [],        'none');
my $pred = sequence(float, 3, 2);
my ($value) = run(1, $l2, [$pred, zeroes(float, 3, 2)]);
is_deeply([$value->dims], [2], 'the batch axis is the first of the shape, PDL\'s last');
is_deeply([map { sprintf '%.4f', $_ } $value->list], ['0.8333', '8.3333'], 'and holds the means');

# Views are read where they are: the same results as from copies
my $base  = sequence(double, 7, 6, 5)->sin;
my %views = (
    'every other'  => $base->slice('0:6:2,:,:'),
    'backwards'    => $base->slice('-1:0,:,-1:0'),
    'transposed'   => $base->xchg(0, 2),
    'a part'       => $base->slice('2:4,1:3,0:3'),
    'a dummy'      => $base->slice(':,(0),:')->dummy(1, 3),
    'an index'     => $base->dice([3, 1, 2], 'X', [4, 0]),
    'a conversion' => $base->float->slice('1:5'),
);
for my $name (sort keys %views) {
    my $view  = $views{$name};
    my $label = $view->copy * 0.5;
    my ($v, $g)       = run(1, $l2, [$view, $label], undef, [0]);
    my ($want, $grad) = run(1, $l2, [$view->copy, $label], undef, [0]);
    ok(all($v == $want) && all($g == $grad), "a view: $name");
}

# Types: what PDL has is read as it is; integers have no gradient; long doubles are converted
my $label = pdl([1, 0, 2]);
for my $type (sbyte, byte, short, ushort, long, ulong, indx, longlong, ulonglong, float, double,
    ldouble)
{
    my ($v) = run(1, $l2, [float(3, 1, 4), $label->convert($type)]);
    ok(all(approx($v, float(2, 0.5, 2))), "labels of type $type");
}
is((run(1, $l2, [pdl(double, 1, 2), pdl(float, 1, 2)]))[0]->type, 'double',
    'pred decides the type');
is((run(1, $l2, [pdl(float, 1, 2), pdl(double, 1, 2)], undef, [1]))[1]->type,
    'double', 'a label\'s gradient has the label\'s type');
is((run(1, $l2, [pdl([1.5, 2])->convert(ldouble), pdl([1, 2])]))[0]->type,
    'double', 'ldouble becomes double');
dies_at(
    sub { run(1, $l2, [long(1, 2), long(1, 2)]) },
    qr/L2Loss: pred has dtype int32; expected float16/,
    'integer pred', __LINE__
);
dies_at(
    sub { run(1, $l2, [cdouble([1, 2]), pdl([1, 2])]) },
    qr/pred has complex elements/,
    'complex', __LINE__
);
dies_at(
    sub { run(1, $l2, [pdl(1, 2), long(1, 2)], undef, [1]) },
    qr/label holds integers; only floating/,
    'gradient of integers', __LINE__
);
my $bad = pdl(1, 2)->setbadat(0);
dies_at(
    sub { run(1, $l2, [$bad, pdl(1, 2)]) },
    qr/pred has bad values.*sample_weight/,
    'bad values', __LINE__
);
dies_at(
    sub { run(1, $l2, [zeroes((1) x 17), pdl([1])]) },
    qr/17 dimensions; expected at most 16/,
    'axes', __LINE__
);
dies_at(
    sub { run(1, $l2, [pdl([1])]) },
    qr/L2Loss: Too few arguments: label is missing/,
    'missing', __LINE__
);
dies_at(
    sub { run(1, $l2, [(pdl([1])) x 4]) },
    qr/L2Loss takes at most 3 inputs, got 4/,
    'too many', __LINE__
);
dies_at(sub { run(99, $l2, []) }, qr/no loss has the number 99/, 'no such loss', __LINE__);
dies_at(sub { run(1,  'x', []) }, qr/options must come from/,    'no options',   __LINE__);
dies_at(sub { run(1,  AI::MXLoss::Core::options(1, rho => 2), [pdl([1]), pdl([1])]) },
    qr/rho/, 'an option that the loss does not read', __LINE__);
dies_at(
    sub { AI::MXLoss::Core::options(1, foo => 2) },
    qr/the core has no option 'foo'/,
    'no such option', __LINE__
);
dies_at(sub { run(1, $l2, [pdl([1]), pdl([1])], pdl(1, 2)) },
    qr/head_grad/, 'head of another shape', __LINE__);

# Nothing is written, and inputs never
my $spare = zeroes(float, 3) + 7;
my $input = float(1, 2, 3);
eval { run(1, $l2, [$input, float(1, 2)], undef, [0], 1, [$spare]) };
ok(all($spare == 7) && all($input == float(1, 2, 3)), 'an error writes nothing');

# Spare memory is used if nobody else has it, and only then
my $address = sub { ${ $_[0] } };
my ($v, $first) = run(1, $l2, [float(1, 2), float(0, 0)], undef, [0]);
my @list = ($first);
undef $first;
my $was = $address->($list[0]);
(undef, my $second) = run(1, $l2, [float(3, 4), float(0, 0)], undef, [0], 1, \@list);
is($address->($second), $was, 'a spare gradient is written to');
(undef, my $third) = run(1, $l2, [float(5, 6), float(0, 0)], undef, [0], 1, [$second]);
isnt($address->($third), $was, 'not if somebody holds it');
ok(all($second == float(3, 4)), 'whose numbers stay');
@list = (zeroes(float, 3));
(undef, $third) = run(1, $l2, [float(5, 6), float(0, 0)], undef, [0], 1, \@list);
is($third->nelem, 2, 'nor if it has another shape');

# Halves
my $infinite = 9**9**9;
my $h        = float([1.1, 65519, 65520, 1e-7, 3e-8, 2.9e-8, -0.0, $infinite - $infinite]);
my $rounded  = AI::MXLoss::Core::round_half($h);
is(${$rounded}, ${$h}, 'rounding is in place');
is_deeply(
    [map {"$_"} $h->slice('0:6')->list],
    [map {"$_"} float([1.099609375, 65504, $infinite, 2**-23, 2**-24, 0, -0.0])->list],
    'to the nearest half'
);
ok($h->at(7) != $h->at(7), 'NaN stays');
my $all = zeroes(float, 65536);
AI::MXLoss::Core::half_from_bytes(pack('S*', 0 .. 65535), $all);
my @back = unpack 'S*', AI::MXLoss::Core::half_bytes($all);
is(scalar(grep { $back[$_] != $_ && ($_ & 0x7fff) <= 0x7c00 } 0 .. 65535),
    0, 'all halves come back');
my $parent = (sequence(4) + 0.0001)->float;
AI::MXLoss::Core::round_half($parent->slice('1:2'));
is($parent->at(1), 1, 'rounding a view rounds the parent');
isnt($parent->at(0), 0, 'there only');

# Numbers of the machine
my $isa = AI::MXLoss::Core::get_isa();
ok((grep { $_ eq $isa } AI::MXLoss::Core::isa_names()), "instruction set $isa");
AI::MXLoss::Core::set_isa('base');
is(AI::MXLoss::Core::get_isa(), 'base', 'another one');
AI::MXLoss::Core::set_isa('auto');
dies_at(
    sub { AI::MXLoss::Core::set_isa('mmx') },
    qr/instruction set 'mmx' cannot be used.*auto, base/,
    'no such one', __LINE__
);
AI::MXLoss::Core::set_num_threads(2);
is(AI::MXLoss::Core::get_num_threads(), 2, 'threads');
dies_at(
    sub { AI::MXLoss::Core::set_num_threads(-1) },
    qr/at least 0, got '-1'/,
    'fewer than none', __LINE__
);
AI::MXLoss::Core::set_num_threads(0);
done_testing;
