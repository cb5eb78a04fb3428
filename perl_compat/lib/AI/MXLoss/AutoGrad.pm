package AI::MXLoss::AutoGrad;

# What is recorded, and going back through it.
#
# A node of the tape is an array: NUMBER (later nodes have higher ones), NAME, PARENTS (per input the
# variable, a pair [node, number of its output], or undef), PULLBACK (undef once used), OUTPUTS (per
# output [dims of its PDL, dtype]). A node never refers to an NDArray that refers to the node, so
# there are no cycles, and what nobody holds is freed.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed reftype);
use AI::MXLoss::DType qw(is_float typed);
use PDL::Lite;

use constant { NUMBER => 0, NAME => 1, PARENTS => 2, PULLBACK => 3, OUTPUTS => 4 };

our ($RECORDING, $TRAINING) = (0, 0);
my $last = 0;

sub import {
    my ($class, @names) = @_;
    AI::MXLoss::Core::export_name(scalar caller, $class, 'autograd', @names);
    return;
}

# ---- What is being done ---------------------------------------------------------------------------

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

# ---- The tape -------------------------------------------------------------------------------------

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
    my $node = [++$last, $name, \@parents, $pullback];
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
        ++$last, $name,
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

# ---- Going back -----------------------------------------------------------------------------------

# Lists of heads and of the PDLs to begin with, undef for ones.
sub _heads {
    my ($who, $heads, $head_grads) = @_;
    my $given = $heads;
    $heads = [$heads] if _is_array($heads);
    croak("$who: heads is ", $given // 'undef',
        '; expected an NDArray or a reference to an array of NDArrays')
        if ref $heads ne 'ARRAY' || !@$heads;
    $head_grads = [$head_grads] if _is_array($head_grads);
    $head_grads //= [(undef) x @$heads];
    croak("$who: ", scalar @$heads, ' heads, but ', scalar @$head_grads, ' head gradients')
        if @$head_grads != @$heads;
    my @pairs;
    for my $i (0 .. $#$heads) {
        my ($head, $g) = ($heads->[$i], $head_grads->[$i]);
        croak("$who: head $i is ", $head // 'undef', '; expected an NDArray')
            if !_is_array($head);
        my $source = _source($head);
        if (!defined $source) {
            _used_up($head->{node}[0]) if $head->{node};
            croak("$who: Cannot differentiate head $i because it is not in a computational "
                    . 'graph: There are no inputs in computation graph that require gradients. It '
                    . 'was not computed from an array with attach_grad() inside '
                    . 'autograd->record(sub {...})');
        }
        $g = _head_gradient($who, $i, $head, $g) if defined $g;
        push @pairs, [$source, $g, $head];
    }
    return @pairs;
}

sub _is_array { return blessed($_[0]) && $_[0]->isa('AI::MXLoss::NDArray') }

sub _head_gradient {
    my ($who, $i, $head, $g) = @_;
    croak("$who: the gradient of head $i is $g; expected an NDArray") if !_is_array($g);
    my ($pdl, $like) = ($g->{pdl}, $head->{pdl});
    my ($got, $want) = map { join ',', @{ $_->shape } } $g, $head;
    if ($got ne $want) {
        croak("$who: the gradient of head $i has shape [$got]; expected [$want]")
            if $pdl->nelem != 1 || $like->nelem != 1;
        $pdl = $pdl->flat->reshape($like->dims);
    }
    return $g->{dtype} eq $head->{dtype} ? $pdl : typed($pdl->copy, $head->{dtype});
}

sub _ones {
    my ($dims, $dtype) = @_;
    return PDL->ones($AI::MXLoss::DType::PDL_TYPE{$dtype}, @$dims);
}

# Nodes that the sources come from, the last one first.
sub _order {
    my @stack = map { ref $_ eq 'ARRAY' ? $_->[0] : () } @_;
    my %seen;
    while (my $node = pop @stack) {
        next if $seen{ $node->[NUMBER] };
        _used_up($node) if !$node->[PULLBACK];
        $seen{ $node->[NUMBER] } = $node;
        push @stack, map { ref $_ eq 'ARRAY' ? $_->[0] : () } @{ $node->[PARENTS] };
    }
    return map { $seen{$_} } sort { $b <=> $a } keys %seen;
}

# Gradients of the heads' sum, weighted by what they come with: pairs [variable, PDL]; the PDL is
# undef for a variable that no gradient came to. No gradient, undef, stays none on its way back: it
# is not multiplied by slopes that may be infinite.
sub _gradients {
    my ($pairs, $retain) = @_;
    my (%variable, %output);
    my $add = sub {
        my ($source, $g) = @_;
        my $place = \(
            ref $source eq 'ARRAY'
            ? $output{ $source->[0][NUMBER] }[ $source->[1] ]
            : ($variable{ Scalar::Util::refaddr($source) } //= [$source])->[1]
        );
        $$place = defined $$place ? $$place + $g : $g;
    };
    $add->($_->[0], $_->[1] // _ones([$_->[2]{pdl}->dims], $_->[2]{dtype})) for @$pairs;
    for my $node (_order(map { $_->[0] } @$pairs)) {
        my $heads = delete $output{ $node->[NUMBER] };
        my $outputs = $node->[OUTPUTS];
        my @back;
        if ($heads || $AI::MXLoss::Operators::REGARDLESS{ $node->[NAME] }) {
            my @g = map {
                $heads->[$_] // do {
                    my ($dims, $dtype) = @{ $outputs->[$_] };
                    PDL->zeroes($AI::MXLoss::DType::PDL_TYPE{$dtype}, @$dims);
                }
            } 0 .. $#$outputs;
            @back = $node->[PULLBACK]->(@g);
        }
        my $parents = $node->[PARENTS];
        for my $i (0 .. $#$parents) {
            my $parent = $parents->[$i] // next;
            $variable{ Scalar::Util::refaddr($parent) } //= [$parent] if ref $parent ne 'ARRAY';
            $add->($parent, $back[$i]) if defined $back[$i];
        }
        @$node[PARENTS, PULLBACK] = ([], undef) if !$retain;
    }
    return values %variable;
}

# Let an array's gradient be, or grow by, what came to it.
sub _put {
    my ($nd, $g) = @_;
    my $grad = $nd->{grad};
    $nd->{fresh} = 1;
    if ($nd->{grad_req} eq 'add') {
        return if !defined $g;
        my $sum = typed($grad->{pdl} + $g, $grad->{dtype});
        PDL::assgn($sum, $grad->{pdl});
        return;
    }
    return PDL::assgn(PDL->pdl(0), $grad->{pdl}) if !defined $g;
    undef $g;    # a PDL that nobody else has becomes the gradient itself
    return if AI::MXLoss::Core::exchange($grad, $_[1], $nd);
    PDL::assgn($_[1], $grad->{pdl});
    AI::MXLoss::Core::round_half($grad->{pdl}) if $grad->{dtype} eq 'float16';
    return;
}

# backward from one array whose graph is a single node, the usual case of a loss: none of the
# general bookkeeping. Returns whether it was that.
sub _backward_one {
    my ($nd, $g, $retain) = @_;
    my $source = $nd->{node} // return 0;
    return 0 if defined $nd->{grad_req};
    my $node = $source->[0];
    my $parents = $node->[PARENTS];
    return 0 if !$node->[PULLBACK] || @{ $node->[OUTPUTS] } != 1;
    for my $i (0 .. $#$parents) {
        my $parent = $parents->[$i] // next;
        return 0 if ref $parent eq 'ARRAY';
        for my $before (grep {defined} @$parents[0 .. $i - 1]) {
            return 0 if Scalar::Util::refaddr($before) == Scalar::Util::refaddr($parent);
        }
    }
    my @back = $node->[PULLBACK]->($g);
    @$node[PARENTS, PULLBACK] = ([], undef) if !$retain;    # first, so that @back is all there is
    for my $i (0 .. $#$parents) {
        _put($parents->[$i], $back[$i]) if defined $parents->[$i];
    }
    return 1;
}

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
    my @chosen = _is_array($variables) ? $variables : @{ $variables // [] };
    croak("$who: expected an NDArray, or a reference to an array of NDArrays, to differentiate "
            . 'with respect to')
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
