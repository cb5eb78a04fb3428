package AI::MXLoss;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use AI::MXLoss::Core ();
use AI::MXLoss::Context ();
use AI::MXLoss::NDArray ();
use AI::MXLoss::AutoGrad ();
use AI::MXLoss::Gluon ();
use AI::MXLoss::Gluon::NN ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# Names that are classes everywhere once this module is loaded, as scripts for AI::MXNet expect.
my %classes = (
    mx       => 'AI::MXLoss',
    nd       => 'AI::MXLoss::NDArray',
    autograd => 'AI::MXLoss::AutoGrad',
    gluon    => 'AI::MXLoss::Gluon',
    nn       => 'AI::MXLoss::Gluon::NN',
);

AI::MXLoss::Core::global_name($_, $classes{$_}) for keys %classes;

sub import {
    my ($class, @names) = @_;
    my $caller = caller;
    for my $name (@names) {
        my $for = $classes{$name}
            // fail("AI::MXLoss exports " . join(', ', sort keys %classes) . ", not '$name'");
        no strict 'refs';
        no warnings 'redefine';
        *{"${caller}::$name"} = sub () {$for};
    }
    return;
}

# mx->NAME: classes, loaded when they are first asked for.
my %modules = (
    nd        => 'AI::MXLoss::NDArray',
    ndarray   => 'AI::MXLoss::NDArray',
    autograd  => 'AI::MXLoss::AutoGrad',
    ag        => 'AI::MXLoss::AutoGrad',
    gluon     => 'AI::MXLoss::Gluon',
    random    => 'AI::MXLoss::Random',
    rnd       => 'AI::MXLoss::Random',
    init      => 'AI::MXLoss::Initializer',
    initializer => 'AI::MXLoss::Initializer',
    metric    => 'AI::MXLoss::Metric',
    io        => 'AI::MXLoss::IO',
    optimizer => 'AI::MXLoss::Optimizer',
    opt       => 'AI::MXLoss::Optimizer',
);

for my $name (keys %modules) {
    my $module = $modules{$name};
    (my $file = "$module.pm") =~ s{::}{/}g;
    no strict 'refs';
    *$name = sub { require $file if !$INC{$file}; return $module };
}

sub cpu        { return AI::MXLoss::Context->cpu(@_ > 1 ? $_[1] : ()) }
sub cpu_pinned { return AI::MXLoss::Context->cpu }
sub gpu        { return AI::MXLoss::Context->gpu(@_ > 1 ? $_[1] : ()) }

sub context    {
    my $class = shift;
    return @_ ? AI::MXLoss::Context->new(@_) : 'AI::MXLoss::Context';
}

sub current_context { return AI::MXLoss::Context->cpu }
sub waitall         { return }

sub set_num_threads { return AI::MXLoss::Core::set_num_threads($_[1]) }
sub get_num_threads { return AI::MXLoss::Core::get_num_threads() }

our $AUTOLOAD;

sub AUTOLOAD {
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    fail(
        "mx has no '$name': AI::MXLoss carries the losses of MXNet's Gluon, with what small "
            . 'training scripts need around them: nd, autograd, gluon, random, init, metric, io, '
            . 'optimizer. Symbols, modules, executors, key-value stores and GPUs are not part of '
            . 'it');
}

sub DESTROY { }

1;

__END__

=encoding utf8

=head1 NAME

AI::MXLoss - the losses of MXNet Gluon, with gradients, over PDL

=head1 SYNOPSIS

    use AI::MXLoss qw(mx);

    my $loss   = mx->gluon->loss->SoftmaxCELoss;
    my $scores = mx->nd->array([[2, 0, 0], [0, 1, 0]]);
    my $labels = mx->nd->array([0, 2]);
    $scores->attach_grad;

    my $value;
    mx->autograd->record(sub { $value = $loss->($scores, $labels) });
    $value->backward;

    print $value->aspdl;           # [ 0.23954476   1.5514448]
    print $scores->grad->aspdl;    # the gradient of the sum of $value

=head1 DESCRIPTION

AI::MXNet brought MXNet's losses and gradients to Perl, and went when MXNet was retired.
AI::MXLoss lets scripts that were written for it run on, with the same names, arguments and
numbers. A C core computes a loss and its gradients in one pass; it is the one of the Python
package mxloss, and gives the same bits. Arrays are PDLs inside.

L<AI::MXLoss::Tutorial> is a short way in. The parts:

=over

=item L<AI::MXLoss::Gluon::Losses>

the fourteen losses, their options and inputs

=item L<AI::MXLoss::NDArray>, L<AI::MXLoss::Operators>, L<AI::MXLoss::Random>

arrays, what is computed with them, and random ones

=item L<AI::MXLoss::AutoGrad>

recording and gradients

=item L<AI::MXLoss::Gluon>

blocks, parameters, layers, trainers, data; losses of your own: L<AI::MXLoss::Gluon::Loss>

=item L<AI::MXLoss::AsMXNet>

for scripts that say C<use AI::MXNet>

=back

Out of scope: Symbol, Module, Executor, KVStore, convolutions and recurrent layers, sparse arrays,
GPUs. Asking for them dies and says so.

=head1 IMPORTS

    use AI::MXLoss qw(mx);
    use AI::MXLoss qw(mx nd);

gives the functions C<mx>, C<nd>, C<autograd>, C<gluon> or C<nn>, each of which returns the name
of a class: C<mx> is AI::MXLoss, C<nd> L<AI::MXLoss::NDArray>, C<autograd>
L<AI::MXLoss::AutoGrad>, C<gluon> L<AI::MXLoss::Gluon>, C<nn> L<AI::MXLoss::Gluon::NN>. Once the
module is loaded the same names are classes everywhere, so that C<< gluon->loss >> works in
packages that have imported nothing; a package of such a name that exists already stays what it
is.

=head1 METHODS

All are class methods: C<< mx->nd >>.

=head2 nd, ndarray

L<AI::MXLoss::NDArray>.

=head2 autograd, ag

L<AI::MXLoss::AutoGrad>.

=head2 gluon

L<AI::MXLoss::Gluon>.

=head2 random, rnd

L<AI::MXLoss::Random>.

=head2 init, initializer

L<AI::MXLoss::Initializer>.

=head2 metric

L<AI::MXLoss::Metric>.

=head2 io

L<AI::MXLoss::IO>.

=head2 optimizer, opt

L<AI::MXLoss::Optimizer>.

=head2 cpu, cpu_pinned, gpu

    mx->cpu(0)

A L<context|AI::MXLoss::Context>. Arrays live in the processor's memory: anything that is to
compute on C<gpu> is refused.

=head2 context, current_context

The class L<AI::MXLoss::Context>, or with arguments one of it; the context in use, C<cpu(0)>.

=head2 waitall

Nothing: there is nothing to wait for.

=head2 set_num_threads, get_num_threads

    mx->set_num_threads(1);

The most threads that one call of the core may use, in the whole process; 0 is automatic. Results
do not depend on it. At first it is what the environment variable MXLOSS_NUM_THREADS says, or the
number of processors.

=head1 ERRORS

Everything that is refused dies with one sentence that names the function and the argument, what
it got and what it wanted, at the line of the script that called. Nothing has been changed then.

=head1 DIFFERENCES FROM AI::MXNet

=over

=item *

Unknown constructor arguments and methods die; AI::MXNet ignored the first, and made attributes of
the second.

=item *

KLDivLoss, dense labels of SoftmaxCrossEntropyLoss, weights of PoissonNLLLoss, C<pos_weight> and
SDMLLoss work. Labels out of range are refused unless asked to be clipped.
L<AI::MXLoss::Gluon::Losses> has all differences, loss by loss.

=item *

Labels, weights and lengths may have another dtype than the prediction, and be PDLs or nested lists.

=item *

C<nd> is the class of arrays when it is imported from here, too.

=item *

Errors are single sentences without a stack trace.

=back

=head1 THREADS AND PROCESSES

A thread (L<threads>) begins without the arrays of the one that made it, as PDLs are not copied;
blocks without parameters can be used on. After C<fork> a child computes as its parent would.

=head1 SEE ALSO

L<PDL>; the Python package mxloss; F<include/mxloss.h>, the manual of the C core.

=cut
