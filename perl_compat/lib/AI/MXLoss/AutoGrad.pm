package AI::MXLoss::AutoGrad;

# What is recorded, and going back through it.
#
# A node of the tape is an array: NUMBER (later nodes have higher ones), NAME, PARENTS (per input
# the variable, a pair [node, number of its output], or undef), PULLBACK (undef once used), OUTPUTS
# (per output [dims of its PDL, dtype]). A node never refers to an NDArray that refers to the node,
# so there are no cycles, and what nobody holds is freed.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed reftype);
use AI::MXLoss::DType qw(is_float typed);
use PDL::Lite;

use constant { NUMBER => 0, NAME => 1, PARENTS => 2, PULLBACK => 3, OUTPUTS => 4 };
use AI::MXLoss::AutoGrad::Backward ();

our ($RECORDING, $TRAINING) = (0, 0);
our $LAST = 0;    # number of the last node

sub import {
    my ($class, @names) = @_;
    AI::MXLoss::Core::export_name(scalar caller, $class, 'autograd', @names);
    return;
}

# ---- What is being done -------------------------------------------------------------------------

sub is_recording { return $RECORDING }
sub is_training  { return $TRAINING }

sub set_is_recording {
    my ($class, $on) = @_;
    (my $before, $RECORDING) = ($RECORDING, $on ? 1 : 0);
    return $before;
}

sub set_is_training {
    my ($class, $on) = @_;
    (my $before, $TRAINING) = ($TRAINING, $on ? 1 : 0);
    return $before;
}

sub record {
    my ($class, $code, %mode) = _scope('record', @_);
    local ($RECORDING, $TRAINING) = (1, ($mode{train_mode} // 1) ? 1 : 0);
    $code->();
    return;
}

sub pause {
    my ($class, $code, %mode) = _scope('pause', @_);
    local ($RECORDING, $TRAINING) = (0, $mode{train_mode} ? 1 : 0);
    $code->();
    return;
}

sub train_mode {
    my ($class, $code) = _scope('train_mode', @_);
    local $TRAINING = 1;
    $code->();
    return;
}

sub predict_mode {
    my ($class, $code) = _scope('predict_mode', @_);
    local $TRAINING = 0;
    $code->();
    return;
}

sub _scope {
    my ($name, $class, $code, @mode) = @_;
    croak("autograd->$name: expected a sub, got ", $code // 'undef')
        if (reftype($code) // '') ne 'CODE';
    return $class, $code if !@mode;
    croak("autograd->$name: Odd number of arguments after the sub; expected train_mode => 1")
        if @mode % 2;
    my %mode = @mode;
    my ($unknown) = grep { $_ ne 'train_mode' } keys %mode;
    croak("autograd->$name: no such named parameter '$unknown'; expected train_mode")
        if defined $unknown;
    return $class, $code, %mode;
}

# ---- The tape -----------------------------------------------------------------------------------

# Where gradients go on from an array: itself if it has a gradient of its own, or the pair [node,
# output]; undef for a constant, which the result of a used-up graph is as well.
sub _source {
    my ($nd) = @_;
    return $nd->{grad_req} eq 'null' ? undef : $nd if defined $nd->{grad_req};
    my $node = $nd->{node} // return undef;
    return $node->[0][PULLBACK] ? $node : undef;
}

sub needs_gradient {
    my ($nd) = @_;
    return $nd->{grad_req} ne 'null' if defined $nd->{grad_req};
    return exists $nd->{node} && $nd->{node}[0][PULLBACK] ? 1 : '';
}

sub record_node {
    my ($name, $inputs, $outputs, $pullback) = @_;
    my ($any, @parents);
    for my $nd (@$inputs) {
        my $source = defined $nd ? _source($nd) : undef;
        push @parents, $source;
        $any ||= $source;
    }
    return if !$any;
    my $node = [++$LAST, $name, \@parents, $pullback];
    my $i = 0;
    for my $nd (@$outputs) {
        push @{ $node->[OUTPUTS] }, [[$nd->{pdl}->dims], $nd->{dtype}];
        $nd->{node} = [$node, $i++];
    }
    return;
}

# The same for a loss: inputs that all need a gradient, one result.
sub record_loss {
    my ($name, $inputs, $result, $pullback) = @_;
    $result->{node} = [[
        ++$LAST, $name,
        [map { defined $_->{grad_req} ? $_ : $_->{node} } @$inputs],
        $pullback, [[undef, $result->{dtype}]]
    ], 0];
    return;
}

sub _used_up {
    my ($node) = @_;
    croak("backward: the computational graph of $node->[NAME] has been used already; pass "
            . 'retain_graph => 1 to the first backward to go through it again');
}

# ---- Going back: see AutoGrad/Backward.pm -------------------------------------------------------

sub _options {
    my ($who, $known, @options) = @_;
    croak("$who: Odd number of paired arguments; expected name => value") if @options % 2;
    my %options = @options;
    for my $name (keys %options) {
        croak("$who: no such named parameter '$name'; expected some of @$known")
            if !grep { $_ eq $name } @$known;
    }
    return %options;
}

sub backward {
    my ($class, $heads, @options) = @_;
    my $who = 'backward';
    my %option = _options($who, [qw(head_grads retain_graph train_mode)], @options);
    my @pairs = _heads($who, $heads, $option{head_grads});
    _put(@$_) for _gradients(\@pairs, $option{retain_graph});
    return;
}

sub compute_gradient {
    my ($class, $outputs) = @_;
    return $class->backward($outputs);
}

sub grad {
    my ($class, $heads, $variables, @options) = @_;
    my $who = 'autograd->grad';
    my %option
        = _options($who, [qw(head_grads retain_graph create_graph train_mode)], @options);
    croak("$who: create_graph => 1 is not supported: gradients of gradients are not recorded")
        if $option{create_graph};
    my @chosen
        = _is_array($variables) ? $variables : ref $variables eq 'ARRAY' ? @$variables : ();
    croak("$who: variables is ", _text($variables),
        '; expected an NDArray, or a reference to an array of NDArrays, to differentiate with '
            . 'respect to')
        if !@chosen;
    for my $i (0 .. $#chosen) {
        croak("$who: variable $i is $chosen[$i]; expected an NDArray")
            if !_is_array($chosen[$i]);
        croak("$who: variable $i has no gradient; call attach_grad() first")
            if !defined $chosen[$i]{grad_req};
    }
    my @pairs = _heads($who, $heads, $option{head_grads});
    my %found = map { Scalar::Util::refaddr($_->[0]) => $_->[1] }
        _gradients(\@pairs, $option{retain_graph});
    my @result = map {
        my $g = $found{ Scalar::Util::refaddr($_) };
        my $copy = defined $g ? $g->copy : PDL::zeroes($_->{pdl});
        AI::MXLoss::NDArray->_wrap(typed($copy, $_->{dtype}), $_->{dtype});
    } @chosen;
    return _is_array($variables) ? $result[0] : \@result;
}

sub mark_variables {
    my ($class, $variables, $gradients, @options) = @_;
    my $who = 'autograd->mark_variables';
    my %option = _options($who, ['grad_reqs'], @options);
    ($variables, $gradients) = ([$variables], [$gradients]) if _is_array($variables);
    croak("$who: expected two references to arrays of NDArrays of one length")
        if ref $variables ne 'ARRAY' || ref $gradients ne 'ARRAY' || @$variables != @$gradients;
    my $reqs = $option{grad_reqs} // 'write';
    $reqs = [($reqs) x @$variables] if !ref $reqs;
    croak("$who: ", scalar @$variables, ' arrays, but ', scalar @$reqs, ' grad_reqs')
        if @$reqs != @$variables;
    for my $i (0 .. $#$variables) {
        croak("$who: entry $i is no pair of NDArrays")
            if grep { !_is_array($_->[$i]) } $variables, $gradients;
        $variables->[$i]->_mark($gradients->[$i], $reqs->[$i]);
    }
    return;
}

sub grad_and_loss {
    my ($class, $code, $argnum) = @_;
    croak('autograd->grad_and_loss: expected a sub, got ', $code // 'undef')
        if (reftype($code) // '') ne 'CODE';
    my @numbers = ref $argnum eq 'ARRAY' ? @$argnum : defined $argnum ? $argnum : ();
    return sub {
        my @arguments = @_;
        my @variables = defined $argnum ? @arguments[@numbers] : @arguments;
        for (@variables) {
            croak('grad_and_loss: an argument is ', $_ // 'undef', '; expected an NDArray')
                if !_is_array($_);
            $_->attach_grad;
        }
        my $output;
        $class->record(sub { $output = $code->(@arguments) });
        $class->backward($output);
        return [map { $_->grad } @variables], $output;
    };
}

1;

__END__

=head1 NAME

AI::MXLoss::AutoGrad - recording what is computed with NDArrays, and differentiating it

=head1 SYNOPSIS

    use AI::MXLoss qw(mx nd);
    use AI::MXLoss::AutoGrad qw(autograd);

    my $x = nd->array([1, 2]);
    $x->attach_grad;
    my $y;
    autograd->record(sub { $y = ($x * $x)->sum });
    $y->backward;
    print $x->grad->aspdl;     # [2 4]

=head1 DESCRIPTION

Inside C<record> every operation on an array that needs a gradient is remembered, with what it was
computed from; C<backward> goes back through it. A graph can be gone through once, unless
C<retain_graph> is given. What is not held by the script any more is freed.

=head1 SCOPES

The sub's value is not returned: assign to a variable outside. If it dies, everything is as before.

=head2 record(SUB, train_mode => 1)

Runs SUB, recording, in training mode unless told otherwise.

=head2 pause(SUB, train_mode => 0)

Runs SUB without recording.

=head2 train_mode(SUB), predict_mode(SUB)

Runs SUB in training mode or out of it, which Dropout does differently.

=head2 is_recording, is_training

0 or 1.

=head2 set_is_recording(FLAG), set_is_training(FLAG)

Switch it on or off; return what it was.

=head1 GRADIENTS

=head2 backward(HEADS, head_grads => [...], retain_graph => 0)

Puts the gradients of the sum of HEADS, an NDArray or a reference to an array of these, into
C<grad> of all arrays that they depend on. C<head_grads> are weights of the heads' shapes, undef
for ones. A wrong shape dies at once. An array that was not computed from one with a gradient
dies: it is "not in a computational graph".

=head2 compute_gradient(HEADS)

C<backward> of a reference to an array.

=head2 grad(HEADS, VARIABLES, head_grads => , retain_graph => )

The gradients with respect to VARIABLES, an attached NDArray or a reference to an array of these,
as one NDArray or a reference to an array; C<< ->grad >> is not touched. C<create_graph> is not
supported: gradients are not recorded.

=head2 mark_variables(VARIABLES, GRADIENTS, grad_reqs => 'write')

Lets the gradient of each array go to the array given for it.

=head2 grad_and_loss(SUB, ARGNUM)

A sub that calls SUB with its arguments, and returns a reference to an array of the gradients with
respect to all of them, or those with the numbers ARGNUM, and what SUB returned.

=head1 FOR OTHER MODULES

=head2 needs_gradient(ARRAY)

A function: whether ARRAY is attached, or was recorded.

=head2 record_node(NAME, INPUTS, OUTPUTS, PULLBACK)

A function that puts an operation on the tape, if an input needs a gradient: INPUTS are NDArrays
or undef, OUTPUTS its results. PULLBACK is called at most once for each C<backward>, with the
gradients with respect to the outputs as PDLs (undef for ones), and returns those with respect to
the inputs.

=head2 record_loss(NAME, INPUTS, OUTPUT, PULLBACK)

The same for one result, where all inputs need a gradient.

=cut
