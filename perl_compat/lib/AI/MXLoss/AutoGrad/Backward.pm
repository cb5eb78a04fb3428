package AI::MXLoss::AutoGrad;

# Going back through what was recorded. AutoGrad.pm, which loads this, says what a node is.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed refaddr);
use AI::MXLoss::DType qw(ones_of typed);
use PDL::Lite;

# Lists of heads and of the PDLs to begin with, undef for ones.
sub _heads {
    my ($who, $heads, $head_grads) = @_;
    $heads = [$heads] if _is_array($heads);
    croak("$who: heads is ", _text($heads),
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

# A value in an error.
sub _text {
    my ($value) = @_;
    return ref $value eq 'ARRAY' ? @$value ? 'a list' : 'an empty list' : $value // 'undef';
}

sub _is_array { return blessed($_[0]) && $_[0]->isa('AI::MXLoss::NDArray') }

sub _head_gradient {
    my ($who, $i, $head, $g) = @_;
    croak("$who: the gradient of head $i is ", _text($g), '; expected an NDArray')
        if !_is_array($g);
    my ($pdl, $like) = ($g->{pdl}, $head->{pdl});
    my ($got, $want) = map { join ',', @{ $_->shape } } $g, $head;
    if ($got ne $want) {
        croak("$who: the gradient of head $i has shape [$got]; expected [$want]")
            if $pdl->nelem != 1 || $like->nelem != 1;
        $pdl = $pdl->copy->reshape($like->dims);
    }
    return $g->{dtype} eq $head->{dtype} ? $pdl : typed($pdl->copy, $head->{dtype});
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

our $LAST_TIME = 0;    # whether the graph is used up, so that pullbacks may change what they kept

# Gradients of the heads' sum, weighted by what they come with: pairs [variable, PDL]; the PDL is
# undef for a variable that no gradient came to. No gradient, undef, stays none on its way back: it
# is not multiplied by slopes that may be infinite.
sub _gradients {
    my ($pairs, $retain) = @_;
    local $LAST_TIME = !$retain;
    my (%variable, %output);
    my $add = sub {
        my ($source, $g) = @_;
        my ($place, $dtype);
        if (ref $source eq 'ARRAY') {
            my ($node, $i) = @$source;
            ($place, $dtype) = (\$output{ $node->[NUMBER] }[$i], $node->[OUTPUTS][$i][1]);
        }
        else {
            $place = \($variable{ refaddr($source) } //= [$source])->[1];
            $dtype = $source->{dtype};
        }
        $$place = defined $$place ? typed($$place + $g, $dtype) : $g;
    };
    $add->($_->[0], $_->[1] // ones_of($_->[2]{dtype}, $_->[2]{pdl}->dims)) for @$pairs;
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
            $variable{ refaddr($parent) } //= [$parent] if ref $parent ne 'ARRAY';
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

# backward from one array whose graph is a chain of nodes with one input each, up to a node all of
# whose inputs are variables, each once: the usual case of a loss and its mean, without the general
# bookkeeping. Returns whether it was that.
sub _backward_along {
    my ($nd, $g, $retain) = @_;
    return 0 if defined $nd->{grad_req};
    my $node = ($nd->{node} // return 0)->[0];
    my ($parents, @chain);
    while (1) {
        return 0 if !$node->[PULLBACK] || @{ $node->[OUTPUTS] } != 1;
        push @chain, $node;
        $parents = $node->[PARENTS];
        last if @$parents != 1 || ref $parents->[0] ne 'ARRAY';
        $node = $parents->[0][0];
    }
    for my $i (0 .. $#$parents) {
        my $parent = $parents->[$i] // next;
        return 0 if ref $parent eq 'ARRAY';
        for my $before (grep {defined} @$parents[0 .. $i - 1]) {
            return 0 if refaddr($before) == refaddr($parent);
        }
    }
    local $LAST_TIME = !$retain;
    my $end = pop @chain;
    for my $step (@chain) {
        ($g) = $step->[PULLBACK]->($g);
        if (!defined $g) {    # nothing comes to the variables
            _put($_, undef) for grep {defined} @$parents;
            last;
        }
    }
    my @back = defined $g || !@chain ? $end->[PULLBACK]->($g) : ();
    undef $g;
    # first, so that @back is all there is
    if (!$retain) { @$_[PARENTS, PULLBACK] = ([], undef) for @chain, $end }
    for my $i (0 .. $#back) {
        _put($parents->[$i], $back[$i]) if defined $parents->[$i];
    }
    return 1;
}

1;
