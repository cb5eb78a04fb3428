# Scripts that were written for AI::MXNet, as they are.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use MXLossTest;
use Test::More;

use AI::MXLoss::AsMXNet;
use AI::MXNet           qw(mx);
use AI::MXNet::Gluon    qw(gluon);
use AI::MXNet::AutoGrad qw(autograd);
use AI::MXNet::NDArray;
use AI::MXNet::Base;
use AI::MXNet::TestUtils qw(almost_equal);

my $x = mx->nd->array([[1, 2], [3, 4]]);
my $y = AI::MXNet::NDArray->array([[0, 2], [5, 4]]);
isa_ok($x, 'AI::MXNet::NDArray');
isa_ok($x, 'AI::MXLoss::NDArray');
is(ref $x, mx->nd, 'ref and mx->nd agree');
isa_ok(gluon->loss->L2Loss,           'AI::MXNet::Gluon::Loss');
isa_ok(AI::MXNet::Gluon::L2Loss->new, 'AI::MXLoss::Gluon::L2Loss');
is(ref AI::MXNet::Gluon::Loss->HuberLoss(rho => 2), 'AI::MXLoss::Gluon::HuberLoss', 'Loss->NAME');
$x->attach_grad;
my $l;
autograd->record(sub { $l = gluon->loss->L2Loss->($x, $y) });
$l->backward;
ok(almost_equal($x->grad->aspdl, PDL->pdl([[0.5, 0], [-1, 0]])), 'record and backward');

{

    package My::Loss;
    use base 'AI::MXNet::Gluon::Loss';

    sub hybrid_forward {
        my ($self, $F, $pred, $label, $w) = @_;
        my $loss = $self->_apply_weighting($F, $F->abs($pred - $label), $self->weight, $w);
        return $F->mean($loss, axis => $self->batch_axis, exclude => 1);
    }

    package My::L2;
    use parent -norequire, 'AI::MXNet::Gluon::L2Loss';
}
is_deeply([My::Loss->new(weight => 2)->($x, $y)->aspdl->list], [1,   2], 'use base');
is_deeply([My::L2->new(weight => 2)->($x, $y)->aspdl->list],   [0.5, 2], 'a stock loss extended');
{
    no warnings 'once';
    *AI::MXNet::NDArray::twice = sub { $_[0] * 2 }
}
is_deeply([mx->nd->array([1, 2])->twice->aspdl->list], [2, 4], 'a method added to NDArray');
my $foreign = 'AI::MXNet::NDArray';
is( bits(gluon->loss->L1Loss->hybrid_forward($foreign, $x, $y)),
    bits(gluon->loss->L1Loss->($x, $y)),
    'hybrid_forward with the old name'
);

SKIP: {
    skip 'Mouse and Function::Parameters are not both installed', 3
        if !eval { require Mouse; require Function::Parameters; 1 };
    eval <<'END' or die $@;
        package My::Mouse;
        use AI::MXNet::Gluon::Mouse;
        use AI::MXNet::Function::Parameters;
        extends 'AI::MXNet::Gluon::Loss';
        has '+weight' => (default => 3);
        method hybrid_forward(GluonClass $F, GluonInput $pred, AI::MXNet::NDArray $label,
            Maybe[AI::MXNet::NDArray] $w=)
        {
            return $self->_apply_weighting($F, $F->abs($pred - $label), $self->weight, $w);
        }
        __PACKAGE__->register('AI::MXNet::Gluon::Loss');
        1;
END
    is_deeply([gluon->loss->Mouse->($x, $y)->aspdl->list], [3, 0, 6, 0], 'Mouse, registered');
    isa_ok(My::Mouse->new, 'AI::MXNet::Gluon::HybridBlock');
    dies_at(sub { My::Mouse->new->($x, 5) }, qr/parameter 3 \(\$label\)/, 'signature', __LINE__);
}

ok(!eval { require AI::MXNet::Symbol; 1 }, 'what is not there');
like($@, qr/AI::MXNet::Symbol is not part of AI::MXLoss/, 'says so');
dies_at(sub { AI::MXNet::Executor->new },
    qr/\Anew: AI::MXNet::Executor is not part of AI::MXLoss/, 'nor is this', __LINE__ - 1);
ok(!eval { mx->sym->Variable('x'); 1 } && $@ =~ /AI::MXLoss carries the losses/, 'mx->sym');

{
    package Other;
    require AI::MXNet::NDArray;
    AI::MXNet::NDArray->import('nd');
}
is(Other::nd(), mx->nd, 'nd is mx->nd, however it is imported');

# Versions
is(AI::MXNet->VERSION, '1.91', 'the version of MXNet');
dies_at(sub { AI::MXNet->VERSION(2) }, qr/version 2 required; AI::MXLoss stands in for 1.9.1/,
    'another one', __LINE__ - 1);
is(AI::MXLoss->VERSION, AI::MXLoss::Core->VERSION, 'and ours');

# What AI::MXNet takes is taken.
is(gluon->loss->SoftmaxCELoss->out_of_range, 'clip', 'class numbers are clipped');
is(bits(gluon->loss->SoftmaxCELoss->($x, mx->nd->array([7, -1]))),
    bits(gluon->loss->SoftmaxCELoss->($x, mx->nd->array([1, 0]))), 'by value');
is(gluon->loss->CTCLoss->blank_in_label, 'allow', 'the blank may be in a label');

# A real AI::MXNet is not hidden without being asked to.
my $dir = File::Temp->newdir;
mkdir "$dir/AI";
open my $out, '>', "$dir/AI/MXNet.pm" or die $!;
print {$out} "package AI::MXNet; sub real {1} 1;\n";
close $out;
my @perl = ($^X, map {"-I$_"} grep { !ref } @INC);

sub answer {
    my $pid = open my $in, '-|', @perl, "-I$dir", @_ or die $!;
    local $/;
    return scalar <$in>;
}
my $code
    = 'eval q{use AI::MXLoss::AsMXNet; 1} and print "no"; print $@ =~ /(is installed).*force/';
is(answer('-e', $code), 'is installed', 'a real AI::MXNet is not hidden');
is(answer('-MAI::MXLoss::AsMXNet=force', '-e', 'use AI::MXNet qw(mx); print mx->nd'),
    'AI::MXLoss::NDArray', 'unless forced');
done_testing;
