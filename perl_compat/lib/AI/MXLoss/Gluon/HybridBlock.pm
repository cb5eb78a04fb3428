package AI::MXLoss::Gluon::HybridBlock;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed);
use AI::MXLoss::Core ();
use AI::MXLoss::NDArray ();
use AI::MXLoss::Gluon::Block ();
use parent -norequire, 'AI::MXLoss::Gluon::Block';

BEGIN { *fail = \&AI::MXLoss::Core::fail }

sub _check_child {
    my ($self, $block) = @_;
    fail("Children of HybridBlock must also be HybridBlock, but $block has type ${\ ref $block }. "
            . 'Derive it from HybridBlock, or use a Block, such as Sequential for '
            . 'HybridSequential, around it')
        if !$block->isa(__PACKAGE__);
    return;
}

# hybridize($active, ...): without effect on results; the other arguments are MXNet's.
sub hybridize {
    my ($self, $active, %options) = @_;
    $self->{_active} = $active // 1 ? 1 : 0;
    return $self->SUPER::hybridize($self->{_active}, %options);
}

sub _no_graph {
    my ($self, $name) = @_;
    fail("${\ $self->_class_name }: $name needs a symbolic graph, which AI::MXLoss has not; "
            . 'save_parameters keeps parameters, and the Python package mxloss exports graphs');
}

sub export       { return $_[0]->_no_graph('export') }
sub optimize_for { return $_[0]->_no_graph('optimize_for') }

# To be overridden by blocks whose parameters have lengths that depend on the inputs.
sub infer_shape {
    my ($self) = @_;
    fail("${\ $self->_class_name }: the shape of a parameter is not known; give it when the "
            . 'parameter is made, or override infer_shape')
        if grep { !$_->_shape_known } map { $_->[1] } @{ $self->{_reg_params} };
    return;
}

# The parameters of the block by name, for hybrid_forward.
sub _own_parameters {
    my ($self, @inputs) = @_;
    my @parameters = @{ $self->{_reg_params} };
    if (grep { $_->[1]->_is_deferred } @parameters) {
        $self->infer_shape(@inputs);
        $_->[1]->_finish_deferred_init for @parameters;
    }
    return map { $_->[0] => $_->[1]->data } @parameters;
}

sub forward {
    my ($self, @inputs) = @_;
    $_ = _as_array($_) for @inputs;
    fail(
        "${\ $self->_class_name }: HybridBlock requires the first argument to forward be an "
            . 'NDArray, but got ['
            . ($inputs[0] // 'undef') . ']')
        if !(blessed $inputs[0] && $inputs[0]->isa('AI::MXLoss::NDArray'));
    my @parameters = @{ $self->{_reg_params} } ? $self->_own_parameters(@inputs) : ();
    my ($result, $error);
    {
        local $@;    # which stays the script's
        eval { $result = $self->hybrid_forward('AI::MXLoss::NDArray', @inputs, @parameters); 1 }
            or $error = $@ || 'it failed';
    }
    _caller_is_to_blame($error) if defined $error;
    return $result;
}

# A signature of Function::Parameters that does not fit blames the line above: it is the script's.
sub _caller_is_to_blame {
    my ($error) = @_;
    my $here = __FILE__;
    die $error if ref $error || $error !~ /\A(.*) at \Q$here\E line [0-9]+\.\n\z/s;
    fail($1);
}

# PDLs and lists of numbers as NDArrays; anything else as it is.
sub _as_array {
    my ($x) = @_;
    return $x if !ref $x;
    if (blessed $x) {
        return $x if !$x->isa('PDL');
        return AI::MXLoss::NDArray->array($x, dtype => _dtype_of($x));
    }
    my $first = $x;
    for (1 .. 16) { $first = $first->[0] if ref $first eq 'ARRAY' && @$first }
    return ref $first || !defined $first ? $x : AI::MXLoss::NDArray->array($x);
}

my %dtypes = (
    float => 'float32', double => 'float64', byte => 'uint8', sbyte => 'int8', long => 'int32',
    longlong => 'int64', indx => 'int64',
);

# The dtype of an NDArray that holds what a PDL has.
sub _dtype_of {
    my ($pdl) = @_;
    return $dtypes{ $pdl->type } // 'float64';
}

sub hybrid_forward {
    my ($self) = @_;
    fail("${\ $self->_class_name } does not override hybrid_forward");
}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::HybridBlock - a block that computes in terms of operators

=head1 SYNOPSIS

    package My::Scale;
    use base 'AI::MXLoss::Gluon::HybridBlock';

    sub new {
        my ($class, @arguments) = @_;
        my $self = $class->SUPER::new(@arguments);
        $self->factor($self->params->get('factor', shape => [1], init => 'ones'));
        return $self;
    }

    sub hybrid_forward {
        my ($self, $F, $x, %parameters) = @_;
        return $F->broadcast_mul($x, $parameters{factor});
    }

=head1 DESCRIPTION

An L<AI::MXLoss::Gluon::Block> whose subclasses override C<hybrid_forward>. Children have to be
HybridBlocks, too.

Differences from AI::MXNet: there are no symbolic graphs, so that C<$F> is always C<< mx->nd >>,
arrays go through the same code whether the block is hybridized or not, and the number of inputs
may change from call to call.

=head1 METHODS

=head2 hybrid_forward

    sub hybrid_forward { my ($self, $F, @inputs, %parameters) = @_; ... }

To be overridden: computes one NDArray. C<$F> is the class L<AI::MXLoss::NDArray>, whose methods
are the operators. The block's own parameters, those that are its attributes, follow the inputs as
pairs of name and NDArray.

=head2 forward

    $block->forward(@inputs)

Calls C<hybrid_forward>. Inputs are NDArrays, PDLs or nested lists of numbers, the last two of
which are converted; the first one has to be an array. Dies if a parameter has not been
initialized.

=head2 infer_shape

    sub infer_shape { my ($self, @inputs) = @_; $self->weight->shape([...]) }

To be overridden by blocks with parameters of which not all lengths are known: called before the
first computation.

=head2 hybridize

    $block->hybridize($active, %options)

Without effect on results and speed; C<$active> is 1 by default.
L<summary|AI::MXLoss::Gluon::Block/summary> refuses hybridized blocks, as AI::MXNet does.

=head2 export, optimize_for

Die: they need a symbolic graph.

=cut
