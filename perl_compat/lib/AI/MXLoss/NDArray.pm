package AI::MXLoss::NDArray;

use strict;
use warnings;
use AI::MXLoss::Croak;
use PDL::Lite;
use AI::MXLoss::DType qw(type_of is_float typed);
use AI::MXLoss::AutoGrad;
use AI::MXLoss::Context;
use AI::MXLoss::Operators;
use AI::MXLoss::NDArray::Make;
use AI::MXLoss::NDArray::Index;
use AI::MXLoss::NDArray::File;

# A blessed hash: pdl, dtype; grad, grad_req, fresh of an array with a gradient; node, what the tape
# knows of it; base, the array that it is a view of. Nothing here uses @$self, which is overloaded.

use overload
    '+'   => sub { _operate('plus',    @_) },
    '-'   => sub { _operate('minus',   @_) },
    '*'   => sub { _operate('mul',     @_) },
    '/'   => sub { _operate('div',     @_) },
    '%'   => sub { _operate('mod',     @_) },
    '**'  => sub { _operate('power',   @_) },
    '+='  => sub { _in_place('plus',   @_) },
    '-='  => sub { _in_place('minus',  @_) },
    '*='  => sub { _in_place('mul',    @_) },
    '/='  => sub { _in_place('div',    @_) },
    '%='  => sub { _in_place('mod',    @_) },
    '**=' => sub { _in_place('power',  @_) },
    '=='  => sub { _operate('equal',         @_) },
    '!='  => sub { _operate('not_equal',     @_) },
    '>'   => sub { _operate('greater',       @_) },
    '>='  => sub { _operate('greater_equal', @_) },
    '<'   => sub { _operate('lesser',        @_) },
    '<='  => sub { _operate('lesser_equal',  @_) },
    'neg'   => sub { $_[0]->negative },
    'abs'   => sub { $_[0]->abs },
    'sqrt'  => sub { $_[0]->sqrt },
    'exp'   => sub { $_[0]->exp },
    'log'   => sub { $_[0]->log },
    'sin'   => sub { $_[0]->sin },
    'cos'   => sub { $_[0]->cos },
    'atan2' => sub { _operate('arctan2', @_) },
    '.='    => sub { $_[0]->_assign($_[1]) },
    '.'     => sub { $_[2] ? $_[1] . $_[0]->_string : $_[0]->_string . ($_[1] // '') },
    '='     => sub { $_[0] },
    '""'    => sub { $_[0]->_string },
    'bool'  => sub {1},
    'eq'    => \&_no_string_comparison,
    'ne'    => \&_no_string_comparison,
    '@{}'   => sub { $_[0]->_rows };

sub import {
    my ($class, @names) = @_;
    AI::MXLoss::Core::export_name(scalar caller, $class, 'nd', @names);
    return;
}

sub _wrap { return bless { pdl => $_[1], dtype => $_[2] }, 'AI::MXLoss::NDArray' }

# ---- Facts --------------------------------------------------------------------------------------

sub shape    { return AI::MXLoss::Core::shape_of($_[0]) }
sub size     { return $_[0]{pdl}->nelem }
sub ndim     { return $_[0]{pdl}->getndims }
sub len      { return $_[0]{pdl}->getdim(-1) }
sub dtype    { return $_[0]{dtype} }
sub stype    { return 'default' }
sub context  { return AI::MXLoss::Context->cpu }
sub handle   { return $_[0] }
sub writable { return 1 }
*ctx = \&context;

sub _string {
    my ($self) = @_;
    return '<' . ref($self) . ' ' . join('x', @{ $self->shape }) . ' @' . $self->context . '>';
}

sub _no_string_comparison {
    croak('eq and ne do not compare arrays; use == for their elements, or strings on both '
            . 'sides, as in "$x" eq "$y"');
}

# ---- Out and over -------------------------------------------------------------------------------

sub aspdl { return $_[0]{pdl}->copy }

sub asmpdl {
    my ($self) = @_;
    require PDL::Matrix;
    croak('asmpdl: an array of shape [', join(',', @{ $self->shape }),
        '] is no matrix; expected two axes')
        if $self->ndim != 2;
    my $matrix = PDL::Matrix->zeroes(@{ $self->shape });
    $matrix .= $self->{pdl}->transpose;
    return $matrix;
}

sub asscalar {
    my ($self) = @_;
    croak('an array of shape [', join(',', @{ $self->shape }),
        '] is not a scalar: ndarray size must be 1')
        if $self->{pdl}->nelem != 1;
    return $self->{pdl}->sclr;
}

sub asarray { return $_[0]{pdl}->unpdl }

sub astype {
    my ($self, @arguments) = @_;
    shift @arguments if @arguments && ($arguments[0] // '') eq 'dtype';
    my $dtype = shift @arguments;
    type_of($dtype, 'astype');
    return AI::MXLoss::Operators::invoke('cast', [$self], { dtype => $dtype });
}

# An lvalue, for scripts that write ($x->copy += 1)
sub copy : lvalue { my $copy = AI::MXLoss::Operators::invoke('identity', [$_[0]], {}) }
sub sever { return $_[0]->copy }
sub copyto {
    my ($self, $other) = @_;
    return $self->copy if ref $other && $other->isa('AI::MXLoss::Context');
    croak('copyto: expected an NDArray or a context, got ', $other // 'undef')
        if !ref $other || !$other->isa(__PACKAGE__);
    my ($got, $want) = map { join ',', @{ $_->shape } } $self, $other;
    croak("copyto: the array has shape [$got], the other one [$want]") if $got ne $want;
    return $other->_assign($self);
}

sub as_in_context {
    my ($self, $context) = @_;
    AI::MXLoss::Context->check($context, 'as_in_context');
    return $self;
}
*as_in_ctx = \&as_in_context;

sub tostype {
    my ($self, $stype) = @_;
    croak('tostype: stype is ', $stype // 'undef', "; expected 'default'")
        if ($stype // '') ne 'default';
    return $self->copy;
}

sub wait_to_read { return }
*waitall = \&wait_to_read;

# ---- Gradients ----------------------------------------------------------------------------------

sub attach_grad {
    my ($self, @options) = @_;
    my %option = AI::MXLoss::AutoGrad::_options('attach_grad', [qw(grad_req stype)], @options);
    my $grad = _wrap(undef, PDL::zeroes($self->{pdl}), $self->{dtype});
    return $self->_mark($grad, $option{grad_req} // 'write');
}

sub _mark {
    my ($self, $grad, $request) = @_;
    croak("grad_req is '$request'; expected 'write', 'add' or 'null'")
        if $request !~ /\A(?:write|add|null)\z/;
    croak("an array of dtype $self->{dtype} has no gradient; expected float16, float32 or "
            . 'float64')
        if !is_float($self->{dtype});
    my ($got, $want) = map { join ',', @{ $_->shape } } $grad, $self;
    croak("the gradient has shape [$got]; expected [$want]") if $got ne $want;
    croak("the gradient is $grad->{dtype}; expected $self->{dtype}, as the array")
        if $grad->{dtype} ne $self->{dtype};
    delete @$self{qw(node fresh)};
    @$self{qw(grad grad_req)} = ($grad, $request);
    return;
}

sub grad { return $_[0]{grad} }

# Whether backward has been here since someone last set it.
sub _fresh_grad {
    my ($self, @state) = @_;
    $self->{fresh} = $state[0] ? 1 : 0 if @state;
    return $self->{fresh} // 0;
}

sub detach { return _wrap(undef, $_[0]{pdl}, $_[0]{dtype}) }

sub backward {
    return if @_ == 1 && &AI::MXLoss::Core::usual_backward;
    my ($self, @options) = @_;
    my %option
        = @options
        ? AI::MXLoss::AutoGrad::_options('backward', [qw(out_grad retain_graph train_mode)],
        @options)
        : ();
    my ($g, $retain) = @option{qw(out_grad retain_graph)};
    return if !defined $g && AI::MXLoss::AutoGrad::_backward_along($self, undef, $retain);
    return AI::MXLoss::AutoGrad->backward([$self], head_grads => [$g], retain_graph => $retain);
}

# ---- Operators of Perl --------------------------------------------------------------------------

sub _operate {
    my ($stem, $x, $y, $swapped) = @_;
    ($x, $y) = ($y, $x) if $swapped;
    return AI::MXLoss::Operators::mixed($stem, $x, $y);
}

sub _in_place {
    my ($stem, $x, $y) = @_;
    $x->_may_change;
    return $x->_assign(AI::MXLoss::Operators::mixed($stem, $x, $y));
}

# ---- Methods that are no operators, and those that nobody has -----------------------------------

sub contrib { return 'AI::MXLoss::NDArray::Contrib' }

our $AUTOLOAD;

sub AUTOLOAD {
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    croak("NDArray has no method '$name': AI::MXLoss carries the losses of MXNet's Gluon and "
            . 'the operators that losses are made of, not all of MXNet. For anything else compute '
            . 'with PDL, on $x->aspdl, or compose it of the operators in the documentation of '
            . 'AI::MXLoss::Operators');
}

sub DESTROY { }
sub CLONE_SKIP {1}    # as PDLs, which do not survive the making of a thread

package AI::MXLoss::NDArray::Contrib;

for my $name (qw(CTCLoss ctc_loss arange_like)) {
    no strict 'refs';
    *$name = sub { my $class = shift; return AI::MXLoss::NDArray->$name(@_) };
}

1;

__END__

=head1 NAME

AI::MXLoss::NDArray - arrays whose gradients can be asked for

=head1 SYNOPSIS

    use AI::MXLoss qw(mx nd);

    my $x = nd->array([[1, 2, 3], [4, 5, 6]]);
    $x->attach_grad;
    my $y;
    mx->autograd->record(sub { $y = ($x**2)->sum(axis => 1) });
    $y->backward;
    print $x->grad->aspdl;

=head1 DESCRIPTION

An array of numbers of one dtype over a PDL, which does the arithmetic. Class functions are called
on C<nd>, C<< mx->nd >> or the name of the class, which are the same.

B<Shapes.> The last axis of an NDArray runs fastest, the first dimension of a PDL: shapes are
reversed against PDL's dims, memory order is the same. There are no arrays without axes: a single
number has shape C<[1]>.

B<Dtypes.> C<float32> (the default, whatever an array is made of), C<float64>, C<float16>,
C<uint8>, C<int8>, C<int32>, C<int64>. Operands must have one dtype. C<float16> is a float PDL
that is rounded after each operation. Integers are cut off and wrap around, and stay integers when
divided.

=head1 MAKING ARRAYS

Named arguments after those by position are C<dtype> and C<ctx>, which must be C<< mx->cpu >>.

=head2 array(SOURCE, ...)

From a reference to a (nested) array of numbers, a PDL (a view as well) or an NDArray, which are
copied. Ragged lists are filled with 0. A plain number dies, as does an NDArray in a list.

=head2 zeros(SHAPE, ...), ones(SHAPE, ...), empty(SHAPE, ...), full(SHAPE, NUMBER, ...)

SHAPE is a reference to an array of lengths. C<empty> has zeros, too. C<< out => $array >> is
written to.

=head2 arange(start => 0, stop => , step => 1, repeat => 1, ...)

Numbers from start to before stop, each repeat times; from 0 to before start if there is no stop.

=head2 eye(N, M = N, k => 0, ...)

Ones on the k-th diagonal of N rows of M.

=head2 concatenate(ARRAYS, axis => 0)

A reference to an array of NDArrays, joined; see also C<concat> and C<stack>.

=head2 random, random_uniform(...), uniform, random_normal(...), normal

L<AI::MXLoss::Random> and its C<uniform> and C<normal>.

=head2 load(FILE), load_frombuffer(BYTES), save(FILE, ARRAYS)

ARRAYS, an NDArray or a reference to an array or hash of these, in a file of MXNet's form, which
both read; a reference to an array or, if they have names, a hash from such a file. What is not
such a file dies, with a sentence that says where.

=head1 FACTS

=head2 shape, size, len, ndim, dtype, stype, context, ctx, handle, writable

The lengths of the axes as a reference to an array; the number of elements; the first length; the
number of axes; the dtype's name; C<default>; C<cpu(0)>, twice; the array itself; 1.

As a string an array is C<< <AI::MXLoss::NDArray 2x3 @cpu(0)> >>; it is always true, and may be a
key of a hash. C<eq> and C<ne> die.

=head1 OUT AND OVER

=head2 aspdl, asmpdl, asarray, asscalar

A copy as a PDL; as a PDL::Matrix, with rows and columns as the array's; as nested lists; the only
element as a plain number (in AI::MXNet a PDL for shape [1,1]), dies if there are more.

=head2 astype(DTYPE), copy, sever, tostype('default'), copyto(ARRAY)

Copies: in another dtype; as it is, three times; into an array of the same shape.

=head2 as_in_context(CONTEXT), as_in_ctx, wait_to_read, waitall

The array itself, or nothing to do.

=head1 PARTS AND SHAPES

Slices and C<reshape> are views: writing to them writes to the array. While recording they pass
gradients on.

=head2 slice(PART, ...)

One PART for each axis from the first on: an integer (which keeps the axis, with length 1),
C<[first, last]>, both included, or C<'X'>, all of it; negative numbers count from the end. With
C<< begin => [...], end => [...], step => [...] >> it copies, the end not included, as MXNet's
operator does.

=head2 at(I, ...)

Element I along the first axis, which is dropped, as a view; with more places as C<slice>.

=head2 @$x, $x->[i]

Copies of the elements along the first axis, which is dropped.

=head2 reshape(SHAPE), reshape(shape => SHAPE, reverse => 0)

The same elements with other lengths. 0 keeps a length, -1 is what is left over, -2 all that
remain, -3 two merged, -4 one split into the two that follow; C<reverse> goes from the end.

=head2 transpose(AXES), T, moveaxis(FROM, TO)

Copies with the axes in another order, reversed by default; with an axis, or a list, in other
places.

=head1 OPERATORS

C<+ - * / % **> and comparisons of two arrays, which broadcast as in numpy, or of an array and a
number in either order; comparisons give 0 and 1 in the operands' dtype. Unary minus, C<abs sqrt
exp log sin cos atan2>. C<+= -= *= /= %= **=> write to the array, and C<.=> does with a number, a
list, a PDL or an array, which broadcast to its shape. An array that is attached or recorded
cannot be written to while recording.

Everything else is in L<AI::MXLoss::Operators>, each as a class function and as a method.

=head2 contrib

What has C<CTCLoss>, C<ctc_loss> and C<arange_like> as well.

=head1 GRADIENTS

See L<AI::MXLoss::AutoGrad>.

=head2 attach_grad(grad_req => 'write')

From now on C<grad> is the gradient with respect to this array: the latest (C<write>), the sum
(C<add>) or none (C<null>). Zeros at first. Only floats have one.

=head2 grad

The gradient, the same NDArray each time; undef without C<attach_grad>.

=head2 backward(out_grad => , retain_graph => 0)

Puts the gradients of this array's sum, weighted by C<out_grad>, into C<grad> of all that it was
computed from.

=head2 detach

The same elements, as a constant.

=head2 STORABLE_freeze, STORABLE_thaw

Called by Storable: C<dclone>, C<freeze> and C<thaw> work.

=cut
