# Losses and blocks in the style of AI::MXNet::Gluon::Mouse and ::Function::Parameters.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;

BEGIN {
    eval { require Mouse; require Function::Parameters; 1 }
        or plan skip_all => 'Mouse and Function::Parameters (Debian: libmouse-perl, '
        . 'libfunction-parameters-perl) are not both installed';
}
use AI::MXLoss qw(mx);

{
    package My::LogCosh;
    use AI::MXLoss::Gluon::Mouse;
    use AI::MXLoss::Function::Parameters;
    extends 'AI::MXLoss::Gluon::Loss';
    has 'scale' => (is => 'ro', isa => 'Num', default => 1);
    has '+weight' => (default => 2);
    has 'seen' => (is => 'rw', lazy => 1, default => sub { [] });

    sub BUILD { my $self = shift; confess('scale must be positive') unless $self->scale > 0 }

    method hybrid_forward(GluonClass $F, GluonInput $pred, GluonInput $label,
        Maybe[GluonInput] $sample_weight=)
    {
        $label = $self->_reshape_like($F, $label, $pred);
        my $z = $F->abs(($pred - $label) / $self->scale);
        my $loss = $z + $F->Activation(-2 * $z, act_type => 'softrelu') - log(2);
        $loss = $self->_apply_weighting($F, $loss, $self->weight, $sample_weight);
        return $F->mean($loss, axis => $self->batch_axis, exclude => 1);
    }
    __PACKAGE__->register('AI::MXLoss::Gluon::Loss');

    package My::Sharper;
    use AI::MXLoss::Gluon::Mouse;
    extends 'My::LogCosh';
    has '+weight' => (default => 3);
    our @order;
    around hybrid_forward => sub {
        my ($orig, $self, @in) = @_;
        push @order, 'around';
        return $self->$orig(@in);
    };
    before call => sub { push @order, 'before' };
    sub BUILD { push @order, 'BUILD' }
    __PACKAGE__->meta->make_immutable;

    package My::Combo;
    use AI::MXLoss::Gluon::Mouse;
    use AI::MXLoss::Function::Parameters;
    extends 'AI::MXLoss::Gluon::Loss';
    has ['l1', 'l2'];
    has 'part' => (is => 'rw', isa => 'Num', required => 1);

    sub BUILD {
        my $self = shift;
        $self->name_scope(sub {
            $self->l1(AI::MXLoss::Gluon::Loss->L1Loss);
            $self->l2(AI::MXLoss::Gluon::Loss->L2Loss);
        });
    }
    method hybrid_forward(GluonClass $F, GluonInput $pred, GluonInput $label) {
        return $self->l1->($pred, $label) * $self->part + $self->l2->($pred, $label);
    }

    package My::Layer;
    use AI::MXLoss::Gluon::Mouse;
    use AI::MXLoss::Function::Parameters;
    use AI::MXLoss::Base;
    extends 'AI::MXLoss::Gluon::HybridBlock';
    has 'units' => (is => 'rw', isa => 'Int');
    has 'scale' => (is => 'rw', default => 2);
    around BUILDARGS => \&AI::MXLoss::Base::process_arguments;
    method python_constructor_arguments() { [qw(units scale)] }
    method hybrid_forward(GluonClass $F, GluonInput $x) { $x * $self->units * $self->scale }

    package My::Plain;
    use AI::MXLoss::Gluon::Mouse;
    use AI::MXLoss::Function::Parameters;
    extends 'AI::MXLoss::Gluon::Block';
    method forward($pred, $label) { return ($pred - $label)->abs->sum }
    func helper(Int $n, Str :$name = 'x') { return "$name$n" }
}

my $x = mx->nd->array([[1, 2], [3, 4]]);
my $y = mx->nd->array([[0, 2], [5, 4]]);
my $loss = My::LogCosh->new(scale => 0.5);
is("$loss", 'LogCosh(batch_axis=0, w=2)', 'string form; a default that was changed');
is($loss->name, 'logcosh0', 'name');
sub log_cosh { my ($z) = @_; return log((exp($z) + exp(-$z)) / 2) }
my $value = $loss->($x, $y);
is_deeply($value->shape, [2], 'shape');
ok(abs($value->aspdl->at(0) - log_cosh(2)) < 1e-5, 'value');
ok(abs($value->aspdl->at(1) - log_cosh(4)) < 1e-5, 'value');
$x->attach_grad;
mx->autograd->record(sub { $value = $loss->($x, $y, mx->nd->array([[1], [0]])) });
$value->backward;
my @grad = $x->grad->aspdl->list;
my $tanh = (exp(2) - exp(-2)) / (exp(2) + exp(-2));
ok(abs($grad[0] - $tanh / 0.5) < 1e-5 && $grad[2] == 0, 'gradient, with a sample weight');
is(mx->gluon->loss->LogCosh->scale, 1, 'registered');
is_deeply($loss->seen, [], 'a lazy attribute');
ok(!eval { My::LogCosh->new(scale => -1); 1 }, 'BUILD checks');
like($@, qr/scale must be positive/, 'and confesses');
ok(!eval { My::LogCosh->new(scale => 'x'); 1 }, 'a type');
like($@, qr/Attribute \(scale\) does not pass .*: Validation failed for 'Num' with value x/,
    'with Mouse\'s sentence');
dies_at(sub { My::LogCosh->new(skale => 1) }, qr/LogCosh: no such named parameter 'skale'/, 
    'unknown', __LINE__);
dies_at(sub { $loss->($x) }, qr/Too few arguments for method hybrid_forward \(expected 4, got 3\)/,
    'too few');
dies_at(sub { $loss->($x, $y, undef, 1) },
    qr/Too many arguments for method hybrid_forward \(expected 5, got 6\)/,
    'too many');
dies_at(sub { $loss->($x, 1) },
    qr/In method hybrid_forward: parameter 3 \(\$label\): Validation failed for 'GluonInput' with/,
    'no array');
dies_at(sub { $loss->hybrid_forward('foo', $x, $y) }, qr/'GluonClass' with value foo/, 'no class');

my $sharper = My::Sharper->new(weight => 1);
is($sharper->scale, 1, 'attributes are inherited');
$sharper->($x, $y);
is_deeply(\@My::Sharper::order, [qw(BUILD before around)],
    'BUILD, before, around, of a closed class');
is(My::Sharper->new->weight, 3, 'a default changed twice');
is(My::LogCosh->new->weight, 2, 'in the child only');

my $combo = My::Combo->new(part => 0.5, prefix => 'combo_');
is(join(' ', map { $_->name } $combo->children), 'combo_l1loss0 combo_l2loss0', 'children');
is_deeply([$combo->($x, $y)->aspdl->list], [0.25 + 0.25, 0.5 + 1], 'computes');
ok(!eval { My::Combo->new; 1 } && $@ =~ /Attribute \(part\) is required/, 'a required attribute');
ok(!eval { $combo->l1(5); 1 }
    && $@ =~ /Changing attribute type for l1 from AI::MXLoss::Gluon::L1Loss to no ref/,
    'an attribute that was a block');
is(My::Layer->new(3)->($x)->sum->asscalar, 60, 'arguments without names');
is(My::Layer->new(3, 1, prefix => 'layer_')->name, 'layer', 'some with');
is(My::Layer->new(units => 3, scale => 1)->($x)->sum->asscalar, 30, 'all of them');
dies_at(sub { My::Layer->new(1, 2, 3) }, qr/at most 2 arguments \(units scale\) go without a name/,
    'too many', __LINE__ - 1);
is(My::Plain->new->($x, $y)->asscalar, 3, 'a Block with forward');
is(My::Plain::helper(3, name => 'y'), 'y3', 'func');
ok(!eval { My::Plain::helper('z'); 1 } && $@ =~ /parameter 1 \(\$n\)/, 'checks');
dies_at(sub { My::LogCosh->new(scal => 1) }, qr/no such named parameter 'scal'.* scale/,
    'what there is', __LINE__ - 1);
done_testing;
