# Blocks: names, children, hooks, parameters, files, losses and layers of one's own.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use MXLossTest;
use Test::More;
use AI::MXLoss        qw(mx);
use AI::MXLoss::Gluon qw(gluon);

my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };
my $dir  = File::Temp->newdir;
my $loss = gluon->loss;
my $x    = mx->nd->array([[1, 2], [3, 4]]);
my $y    = mx->nd->array([[0, 2], [5, 4]]);

# ---- A loss of one's own, without anything but base
{

    package My::LogCosh;
    use base 'AI::MXLoss::Gluon::Loss';

    sub hybrid_forward {
        my ($self, $F, $pred, $label, $sample_weight) = @_;
        $label = $self->_reshape_like($F, $label, $pred);
        my $z    = $F->abs($pred - $label);
        my $loss = $z + $F->Activation($z * -2, act_type => 'softrelu') - log(2);
        $loss = $self->_apply_weighting($F, $loss, $self->weight, $sample_weight);
        return $F->mean($loss, axis => $self->batch_axis, exclude => 1);
    }
}
my $own = My::LogCosh->new(weight => 2);
is("$own",     'LogCosh(batch_axis=0, w=2)', 'string form of an own loss');
is($own->name, 'logcosh0',                   'its name');
my $value = $own->($x, $y);
my @want  = map { my ($p, $q) = @$_; (log(cosh($p)) + log(cosh($q))) } [1, 0], [2, 0];
sub cosh { my ($v) = @_; return (exp($v) + exp(-$v)) / 2 }
ok(abs($value->aspdl->at($_) - $want[$_]) < 1e-5, "its value $_") for 0, 1;
$x->attach_grad;
mx->autograd->record(sub { $value = $own->($x, $y, mx->nd->array([[1], [2]])) });
$value->backward;
my @grad = $x->grad->aspdl->list;
my $tanh = sub { my ($v) = @_; (exp($v) - exp(-$v)) / (exp($v) + exp(-$v)) };
ok(abs($grad[0] - $tanh->(1)) < 1e-5 && abs($grad[2] - 2 * $tanh->(-2)) < 1e-5, 'its gradient');
dies_at(
    sub { AI::MXLoss::Gluon::Loss->new->($x, $y) },
    qr/Loss does not override hybrid_forward/,
    'the base class computes nothing',
    __LINE__ - 1
);
dies_at(
    sub { My::LogCosh->new(scale => 1) },
    qr/LogCosh: no such named parameter 'scale'/,
    'arguments', __LINE__ - 1
);
My::LogCosh->register('AI::MXLoss::Gluon::Loss');
is(ref $loss->LogCosh(weight => 3), 'My::LogCosh', 'register makes it gluon->loss->LogCosh');
eval { die "kept\n" };
$own->($x, $y);
is($@, "kept\n", '$@ is left alone');
ok(!eval { $own->($x); 1 } && $@ =~ /_reshape_like: an input is undef; expected two NDArrays/,
    'no label');
dies_at(
    sub { $own->_reshape_like('F', $x, mx->nd->ones([3])) },
    qr/\[2 2\] cannot take the shape \[3\]/,
    '_reshape_like', __LINE__ - 1
);
is( bits(AI::MXLoss::Gluon::Loss->_apply_weighting(mx->nd, $y, 2, $y)),
    bits($y * $y * 2),
    'the helpers are class methods'
);

{    # a stock loss with other defaults, and one with another formula

    package My::Half;
    use base 'AI::MXLoss::Gluon::L2Loss';
    sub new { my ($class, %given) = @_; return $class->SUPER::new(weight => 0.5, %given) }

    package My::Doubled;
    use base 'AI::MXLoss::Gluon::L2Loss';

    sub hybrid_forward {
        my ($self, $F, @in) = @_;
        return $self->SUPER::hybrid_forward($F, @in) * 2;
    }

    package My::Positive;
    use base 'AI::MXLoss::Gluon::L1Loss';
    our $built = 0;

    sub BUILD {
        my ($self) = @_;
        $built++;
        die "weight must be positive\n" if ($self->weight // 1) <= 0;
    }
}
is(bits(My::Half->new->($x, $y)), bits($loss->L2Loss(weight => 0.5)->($x, $y)), 'another default');
is( bits(My::Doubled->new->($x, $y)),
    bits($loss->L2Loss->($x, $y) * 2),
    'another formula, for the usual call'
);
is(My::Positive->new->name, 'positive0', 'BUILD');
is($My::Positive::built,    1,           'was called');
ok(!eval { My::Positive->new(weight => -1) }, 'and may die');

# ---- Hooks
my $l1 = $loss->L1Loss;
my @calls;
my $pre = $l1->register_forward_pre_hook(
    sub {
        my ($block, $arguments) = @_;
        push @calls, 'pre ' . $block->name . ' ' . @$arguments;
        $arguments->[1] = $arguments->[0];
    }
);
my $post = $l1->register_forward_hook(
    sub {
        my ($block, $arguments, $out) = @_;
        push @calls, 'post ' . join ',', $out->[0]->aspdl->list;
        $out->[0] = 'replaced';
        return 'ignored';
    }
);
is($l1->($x, $y), 'replaced', 'a hook may replace the result');
is_deeply(
    \@calls,
    ['pre ' . $l1->name . ' 2', 'post 0,0'],
    'hooks, in order; one has replaced the label'
);
is_deeply([$l1->forward($x, $y)->aspdl->list], [0.5, 1], 'forward has no hooks');
$_->detach for $post, $pre, $pre;
is_deeply([$l1->($x, $y)->aspdl->list], [0.5, 1], 'detached');
dies_at(
    sub { $l1->register_forward_hook(5) },
    qr/the hook is 5; expected a sub/,
    'no sub', __LINE__
);

# ---- Children
my $net = AI::MXLoss::Gluon::HybridBlock->new(prefix => 'net_');
$net->name_scope(
    sub { $net->register_child($loss->L1Loss, 'first'); $net->register_child($loss->L1Loss) });
is(join(' ', map { $_->name } $net->children), 'net_l1loss0 net_l1loss1', 'names in a scope');
is("$net",
    "HybridBlock(\n  (first): L1Loss(batch_axis=0, w=1)\n  (1): L1Loss(batch_axis=0, w=1)\n)",
    'string form');
my @applied;
$net->apply(sub { push @applied, $_[0]->name });
is("@applied", 'net_l1loss0 net_l1loss1 net', 'apply: children first');
dies_at(sub { $net->register_child(5) }, qr/a child is 5; expected a Block/, 'no block', __LINE__);
dies_at(
    sub { $net->register_child(AI::MXLoss::Gluon::Block->new) },
    qr/must also be HybridBlock/,
    'no HybridBlock',
    __LINE__ - 1
);
dies_at(sub { $net->($x) }, qr/does not override hybrid_forward/, 'nothing to compute', __LINE__);
dies_at(
    sub { AI::MXLoss::Gluon::Block->new->() },
    qr/Block does not override forward/,
    'a Block', __LINE__
);
dies_at(sub { $net->name_scope(5) }, qr/name_scope: expected a sub/, 'name_scope', __LINE__);
eval {
    $net->name_scope(sub { die "inside\n" });
};
is($@, "inside\n", 'errors come out of a scope');
unlike($loss->L1Loss->name, qr/net/, 'which has ended');

# ---- A block with parameters and children as attributes
{

    package My::Scale;
    use base 'AI::MXLoss::Gluon::HybridBlock';

    sub new {
        my ($class, %given) = @_;
        my $self = $class->SUPER::new(%given);
        $self->factor($self->params->get('factor', shape => [2], init => 'ones'));
        return $self;
    }
    sub hybrid_forward { my ($self, $F, $x, %parameters) = @_; return $x * $parameters{factor} }

    package My::Net;
    use base 'AI::MXLoss::Gluon::Block';

    sub BUILD {
        my ($self) = @_;
        $self->name_scope(
            sub { $self->scale(My::Scale->new); $self->l1(AI::MXLoss::Gluon::Loss->L1Loss) });
    }
    sub forward { my ($self, $x, $y) = @_; return $self->l1->($self->scale->($x), $y) }
}
my $whole = My::Net->new(prefix => 'whole_');
is($whole->scale->factor->name, 'whole_scale0_factor', 'a parameter\'s name');
is_deeply([$whole->collect_params->keys],             ['whole_scale0_factor'], 'collect_params');
is_deeply([$whole->collect_params('.*weight')->keys], [],                      'with a pattern');
dies_at(
    sub { $whole->collect_params('(') },
    qr/expected a regular expression/,
    'a bad one', __LINE__
);
dies_at(
    sub { $whole->($x, $y) },
    qr/Parameter 'whole_scale0_factor' has not been initialized/,
    'not initialized'
);
{
    $whole->initialize;
    is_deeply([$whole->($x, $y)->aspdl->list], [0.5, 1], 'computes');
    my $factor = $whole->scale->factor;
    $factor->set_data(mx->nd->array([2, 3]));
    mx->autograd->record(sub { $value = $whole->($x, $y) });
    $value->backward;
    is_deeply(
        [$factor->grad->aspdl->list],
        [(1 + 3) / 2, (2 + 4) / 2],
        'the gradient of a parameter'
    );
    my $file = "$dir/net.params";
    $whole->save_parameters($file);
    my $loaded = mx->nd->load($file);
    is_deeply([sort keys %$loaded], ['scale.factor'], 'names in a file');
    my $other = My::Net->new;
    $other->load_parameters($file, ctx => mx->cpu);
    $other->load_parameters($file, mx->cpu);
    dies_at(sub { $other->load_parameters($file, 'cpu') },
        qr/load_parameters: ctx is cpu; expected a context/, 'no context', __LINE__ - 1);
    dies_at(sub { $other->load_parameters($file, contex => mx->cpu) },
        qr/no such named parameter 'contex'; expected some of ctx, /, 'no option', __LINE__ - 1);
    dies_at(sub { $other->collect_params->load($file, mx->gpu(0)) }, qr/load: ctx is gpu\(0\)/,
        'no such context', __LINE__ - 1);
    is_deeply([$other->scale->factor->data->aspdl->list], [2, 3], 'and back');
    my $l2 = $loss->L2Loss;
    $l2->save_parameters("$dir/l2.params");
    is(-s "$dir/l2.params", 32, 'a loss has an empty file');
    is( do { open my $in, '<:raw', "$dir/l2.params"; local $/; unpack 'H*', <$in> },
        '12010000000000000000000000000000' . '0' x 32,
        'as MXNet writes it'
    );
    ok(eval { $l2->load_parameters("$dir/l2.params"); 1 }, 'which can be read');
    dies_at(
        sub { $l2->load_parameters("$dir/none") },
        qr/Open "\S+none": No such file/,
        'no file', __LINE__
    );
    dies_at(
        sub { $l2->load_parameters($file) },
        qr/Parameter 'scale.factor' loaded from file .* is not present/,
        'extra values', __LINE__ - 1
    );
    ok(eval { $l2->load_parameters($file, ignore_extra => 1); 1 }, 'ignored');
    dies_at(
        sub { $other->load_parameters("$dir/l2.params") },
        qr/'scale.factor' is missing in file/,
        'missing values',
        __LINE__ - 1
    );
    $whole->collect_params->save("$dir/flat.params", 'whole_');
    $other->scale->factor->set_data(mx->nd->array([0, 0]));
    $other->collect_params->load(
        "$dir/flat.params",
        restore_prefix => $other->prefix,
        allow_missing  => 1,
        ignore_extra   => 1
    );
    is_deeply([sort keys %{ mx->nd->load("$dir/flat.params") }],
        ['scale0_factor'], 'ParameterDict->save');
    is_deeply([$other->scale->factor->data->aspdl->list], [2, 3], 'and load');
    $factor->grad_req('null');
    dies_at(
        sub { $factor->grad },
        qr/Cannot get gradient array .* grad_req='null'/,
        'grad_req', __LINE__
    );
    dies_at(
        sub { $factor->grad_req('foo') },
        qr/must be one of 'write', 'add', or 'null'/,
        'another', __LINE__
    );
    is("$factor", 'Parameter whole_scale0_factor (shape=(2,), dtype=float32)', 'string form');
    $whole->cast('float64');
    is($factor->data->dtype, 'float64', 'cast');
    dies_at(sub { $whole->initialize(ctx => [mx->cpu(0), mx->cpu(1)], force_reinit => 1) },
        qr/ctx names 2 devices; AI::MXLoss computes on one/, 'two devices', __LINE__);
    $whole->initialize(force_reinit => 1, ctx => [mx->cpu]);
    is_deeply([$factor->data->aspdl->list], [1, 1], 'from the beginning');
}
dies_at(
    sub { $whole->nothing },
    qr/Net has no method or attribute 'nothing'/,
    'unknown attributes', __LINE__
);
my $shared = My::Scale->new(params => $whole->scale->params);
is($shared->factor->name, 'whole_scale0_factor', 'shared parameters');
ok($shared->factor == $whole->scale->factor, 'are the same');
dies_at(
    sub { $whole->scale->params->get('factor', shape => [3]) },
    qr/does not match with stored for attribute 'shape': desired '\[3\]' vs stored '\[2\]'/,
    'another shape',
    __LINE__ - 2
);

# ---- Constants
my $holder   = AI::MXLoss::Gluon::HybridBlock->new(prefix => 'holder_');
my $constant = $holder->params->get_constant('table', [[1, 2], [3, 4]]);
is("$constant", 'Constant holder_table (shape=(2, 2), dtype=float32)', 'a constant');
ok($holder->params->get_constant('table') == $constant, 'is found again');
$holder->initialize;
is_deeply([$constant->data->aspdl->list], [1 .. 4], 'has its value');
is($constant->grad_req('write'), 'null', 'and no gradient');
dies_at(
    sub { $holder->params->get_constant('other') },
    qr/No constant named 'holder_other'/,
    'none', __LINE__ - 1
);

# ---- What has no effect on losses, or prints
my $sce = $loss->SoftmaxCELoss;
$sce->initialize(ctx => mx->cpu);
$sce->initialize;
$sce->cast('float64');
my @before = map { bits($sce->($x, mx->nd->array([0, 1]))) } 1;
$sce->hybridize;
$sce->hybridize(1, static_alloc => 1, static_shape => 1);
is(bits($sce->($x, mx->nd->array([0, 1]))), $before[0], 'hybridize changes nothing');
dies_at(
    sub { $sce->summary($x, mx->nd->array([0, 1])) },
    qr/must not be hybridized to print summary/,
    'summary', __LINE__ - 1
);
$sce->hybridize(0);
my $printed = '';
{
    open my $out, '>', \$printed;
    my $old = select $out;
    $sce->summary($x, mx->nd->array([0, 1]));
    select $old;
}
my $row = "%20s  %42s %15s\n";
is( index(
        $printed,
        '-' x 80 . "\n"
            . sprintf($row, 'Layer (type)', 'Output Shape', 'Param #')
            . '=' x 80 . "\n"
            . sprintf($row, 'Input',           '(2, 2), (2,)', 0)
            . sprintf($row, 'SoftmaxCELoss-1', '(2,)',         0)
    ),
    0,
    'the table of a summary'
);
like($printed, qr/^Unique parameters in model: 0\n-{80}\n\z/m, 'its end');
dies_at(sub { $sce->export('x') }, qr/export needs a symbolic graph/, 'export', __LINE__);
ok($sce == $sce && $sce != $l1, 'the same block');
is_deeply(\@warnings, [], 'nothing warns');
done_testing;
