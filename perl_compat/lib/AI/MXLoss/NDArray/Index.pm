package AI::MXLoss::NDArray;

# Parts of arrays, other shapes of them, and assigning.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed looks_like_number);
use PDL::Lite;
use AI::MXLoss::DType qw(scalar_of typed);
use AI::MXLoss::Operators;
use AI::MXLoss::Operators::Shapes;

# Views, as operators: _view cuts a part out, _row cuts and drops the first axis.
AI::MXLoss::Operators::operator(
    '_view',
    view     => 1,
    options  => ['ranges', [dims => undef]],
    forward  => sub {
        my ($o, $x) = @_;
        my $part = $x->slice(@{ $o->{ranges} });
        $o->{dims}
            ? AI::MXLoss::Operators::Shapes::view_with_dims($part, @{ $o->{dims} })
            : $part;
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $all = PDL::zeroes($x);
        my $place = $all->slice(@{ $o->{ranges} });
        $place .= $o->{dims} ? $g->copy->reshape($place->dims) : $g;
        return $all;
    },
);

sub _view_of {
    my ($self, $name, $option) = @_;
    my $view = AI::MXLoss::Operators::invoke($name, [$self], $option);
    $view->{base} = $self;
    return $view;
}

# One argument of slice, or at, as the first and last place along an axis of length n.
sub _range {
    my ($who, $range, $axis, $n) = @_;
    return [] if !ref $range && ($range // '') =~ /\A[X:]\z/;
    $range = $range->[0] if ref $range eq 'ARRAY' && @$range == 1;
    my ($first, $last) = ref $range eq 'ARRAY' ? @$range : ($range, $range);
    for my $place ($first, $last) {
        croak(
            "$who: axis $axis: ",
            ref $range eq 'ARRAY' ? '[' . join(',', map { $_ // 'undef' } @$range) . ']' : $range,
            " is no part of an axis; expected an integer, [first, last] or 'X'"
            )
            if !defined $place
            || ref $place
            || $place !~ /\A-?[0-9]+\z/
            || ref $range eq 'ARRAY' && @$range != 2;
    }
    my ($p, $q) = map { $_ < 0 ? $_ + $n : $_ } $first, $last;
    croak("$who: Dimension $axis mismatch slice begin : $first >= Dim Size: $n")
        if $p < 0 || $p >= $n;
    croak("$who: Dimension $axis mismatch slice end : $last >= Dim Size: $n")
        if $q < 0 || $q >= $n;
    croak("$who: axis $axis: [$first,$last] is empty") if $q < $p;
    return [$p, $q];
}

# slice and at may stand on the left, as in $x->slice([0, 1]) .= 0; what they return has to be a
# variable for that.
sub slice : lvalue {
    my ($self, @ranges) = @_;
    if (!ref $self) {    # a class function: the array comes next
        $self = shift @ranges;
        croak('slice: expected an NDArray, got ', $self) if !_is_nd($self);
    }
    if (grep { defined && !ref && /\A(?:begin|end|step)\z/ } @ranges
        or @ranges == 1 && ref $ranges[0] eq 'HASH')
    {
        my $crop
            = AI::MXLoss::Operators::call($AI::MXLoss::Operators::TABLE{_crop}, $self, @ranges);
        return $crop;
    }
    my @shape = @{ $self->shape };
    croak('slice: expected one to ', scalar @shape, ' parts, got ', scalar @ranges)
        if !@ranges || @ranges > @shape;
    my @parts
        = map { $_ < @ranges ? _range('slice', $ranges[$_], $_, $shape[$_]) : [] } 0 .. $#shape;
    my $view = _view_of($self, '_view', { ranges => [CORE::reverse(@parts)] });
    return $view;
}

sub at : lvalue {
    my ($self, @places) = @_;
    my @shape = @{ $self->shape };
    croak('at: expected one to ', scalar @shape, ' places, got ', scalar @places)
        if !@places || @places > @shape;
    croak('at: a place is ', (grep { !defined || ref || !/\A-?[0-9]+\z/ } @places)[0],
        '; expected integers')
        if grep { !defined || ref || !/\A-?[0-9]+\z/ } @places;
    my $view;
    if (@places > 1) {    # as in AI::MXNet, which keeps the axes then
        $view = $self->slice(@places);
        return $view;
    }
    my @parts = (_range('at', $places[0], 0, $shape[0]), map { [] } 1 .. $#shape);
    my @left = @shape > 1 ? @shape[1 .. $#shape] : 1;
    $view = _view_of($self, '_view',
        {   ranges => [CORE::reverse(@parts)],
            dims   => [AI::MXLoss::Core::reverse_dims(@left)],
        });
    return $view;
}

# @$x: copies of the parts along the first axis.
sub _rows {
    my ($self) = @_;
    return [map { $self->at($_)->copy } 0 .. $self->len - 1];
}

sub reshape : lvalue {
    my ($self, @shape) = @_;
    $self = shift @shape if !ref $self;
    croak('reshape: expected an NDArray, got ', $self) if !_is_nd($self);
    my %option = (reverse => 0);
    my $shape = ref $shape[0] eq 'ARRAY' ? shift @shape : undef;
    @shape = %{ $shape[0] } if ref $shape[0] eq 'HASH';
    while (@shape && defined $shape[0] && $shape[0] =~ /\A(?:shape|reverse)\z/) {
        my ($name, $value) = splice @shape, 0, 2;
        if   ($name eq 'shape') { $shape = $value }
        else                    { $option{reverse} = $value }
    }
    $shape //= [splice @shape];
    croak("reshape: no such named parameter '$shape[0]'; expected shape or reverse") if @shape;
    my $view = _view_of($self, '_reshape', { %option, shape => $shape });
    return $view;
}

sub transpose {
    my ($self, @axes) = @_;
    $self = shift @axes if !ref $self;
    croak('transpose: expected an NDArray, got ', $self) if !_is_nd($self);
    shift @axes if @axes && !ref $axes[0] && ($axes[0] // '') eq 'axes';
    @axes = @{ $axes[0]{axes} // [] } if @axes && ref $axes[0] eq 'HASH';
    @axes = @{ $axes[0] } if @axes && ref $axes[0] eq 'ARRAY';
    return AI::MXLoss::Operators::invoke('_transpose', [$self], { axes => \@axes });
}

# An axis, or a list of them, in other places; the others keep their order.
sub moveaxis {
    my ($self, @two) = @_;
    $self = shift @two if !ref $self;
    croak('moveaxis: expected an NDArray, got ', $self) if !_is_nd($self);
    croak('moveaxis: expected two axes, or two lists of axes') if @two != 2;
    my $ndim = $self->ndim;
    my ($from, $to) = map {
        [map {
            croak('moveaxis: an axis is ', $_, '; expected ', -$ndim, ' to ', $ndim - 1)
                if !defined || !/\A-?[0-9]+\z/ || $_ < -$ndim || $_ >= $ndim;
            $_ < 0 ? $_ + $ndim : $_;
        } ref $_ ? @$_ : $_]
    } @two;
    croak('moveaxis: ', scalar @$from, ' axes to ', scalar @$to, ' places') if @$from != @$to;
    my %moved = map { $_ => 1 } @$from;
    my @axes;
    @axes[@$to] = @$from;
    my @rest = grep { !$moved{$_} } 0 .. $ndim - 1;
    $axes[$_] //= shift @rest for 0 .. $ndim - 1;
    return $self->transpose(\@axes);
}

sub T { return $_[0]->transpose }

sub _is_nd { return blessed $_[0] && $_[0]->isa(__PACKAGE__) }

# ---- Assigning ----------------------------------------------------------------------------------

# Dies if writing to the array now would falsify gradients.
sub _may_change {
    my ($self) = @_;
    return if !$AI::MXLoss::AutoGrad::RECORDING;
    for (my $of = $self; defined $of; $of = $of->{base}) {
        croak(
            'Assigning to NDArrays that are already in a computational graph will cause undefined '
                . 'behavior when evaluating gradients; compute a new array, or do it outside '
                . 'autograd->record')
            if AI::MXLoss::AutoGrad::needs_gradient($of);
    }
    return;
}

# All elements from a number, an array ref, a PDL or an NDArray, which broadcast to the shape.
sub _assign {
    my ($self, $value) = @_;
    $self->_may_change;
    my $pdl;
    if (_is_nd($value)) { $pdl = $value->{pdl} }
    elsif (ref $value eq 'ARRAY') {
        $pdl = (ref $self)->array($value, dtype => $self->{dtype})->{pdl};
    }
    elsif (blessed $value && $value->isa('PDL')) {
        $pdl = $value->copy;
        $pdl->badflag(0);
    }
    elsif (looks_like_number($value)) { $pdl = scalar_of($value, $self->{dtype}) }
    else {
        croak('assigning to an array: got ', defined $value ? "'$value'" : 'undef',
            '; expected a number, a reference to an array, a PDL or an NDArray');
    }
    my $from = typed($self->{dtype} eq 'float16' ? $pdl->copy : $pdl, $self->{dtype});
    my @want = $self->{pdl}->dims;
    my @got  = $from->dims;
    croak('cannot assign an array of shape [', join(',', AI::MXLoss::Core::reverse_dims(@got)),
        '] to one of shape [', join(',', AI::MXLoss::Core::reverse_dims(@want)), ']')
        if @got > @want || grep { $got[$_] != 1 && $got[$_] != $want[$_] } 0 .. $#got;
    if ($AI::MXLoss::AutoGrad::RECORDING && _is_nd($value)
        && AI::MXLoss::AutoGrad::needs_gradient($value))
    {
        croak('Inplace operations (a part of an array .= y and the like) are not supported when '
                . 'recording with autograd: the gradient would be lost; use stack, concat or where'
        ) if $self->{base};
        my $whole
            = AI::MXLoss::Operators::invoke('broadcast_to', [$value], { shape => $self->shape });
        $whole = $whole->astype($self->{dtype}) if $whole->{dtype} ne $self->{dtype};
        $self->{node} = $whole->{node};    # gradients go to the value
    }
    elsif ($self->{node}) { delete $self->{node} }
    # two views of one array may overlap
    $from = $from->copy
        if $$from == ${ $self->{pdl} } || _is_nd($value) && ($self->{base} || $value->{base});
    PDL::assgn($from, $self->{pdl});
    return $self;
}

# Methods are entered from within this package: from another one Perl would take them for imported,
# and let them stand for its own functions of the same name in the code of this package.
sub _enter {
    my ($name, $code) = @_;
    no strict 'refs';
    *{ __PACKAGE__ . "::$name" } = $code;
    return;
}

AI::MXLoss::Operators::install(\&_enter);

1;
