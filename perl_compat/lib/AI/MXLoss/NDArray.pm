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

sub _shape_of { return AI::MXLoss::Core::shape_of($_[1]) }

# ---- Facts ----------------------------------------------------------------------------------------

sub shape    { return AI::MXLoss::Core::shape_of($_[0]) }
sub size     { return $_[0]{pdl}->nelem }
sub ndim     { return $_[0]{pdl}->getndims }
sub len      { return $_[0]{pdl}->getdim(-1) }
sub dtype    { return $_[0]{dtype} }
sub stype    { return 'default' }
sub context  { return AI::MXLoss::Context->cpu }
sub ctx      { return AI::MXLoss::Context->cpu }
sub handle   { return $_[0] }
sub writable { return 1 }

sub _string {
    my ($self) = @_;
    return '<' . ref($self) . ' ' . join('x', @{ $self->shape }) . ' @' . $self->context . '>';
}

sub _no_string_comparison {
    croak('eq and ne do not compare arrays; use == for their elements, or strings on both '
            . 'sides, as in "$x" eq "$y"');
}

# ---- Out and over ---------------------------------------------------------------------------------

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

sub copy { return AI::MXLoss::Operators::invoke('identity', [$_[0]], {}) }
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
sub as_in_ctx { return $_[0]->as_in_context($_[1]) }

sub tostype {
    my ($self, $stype) = @_;
    croak('tostype: stype is ', $stype // 'undef', "; expected 'default'")
        if ($stype // '') ne 'default';
    return $self;
}

sub wait_to_read { return }
sub waitall      { return }

# ---- Gradients ------------------------------------------------------------------------------------

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

sub detach { return _wrap(undef, $_[0]{pdl}, $_[0]{dtype}) }

sub backward {
    my ($self, @options) = @_;
    my %option = @options
        ? AI::MXLoss::AutoGrad::_options('backward', [qw(out_grad retain_graph train_mode)], @options)
        : ();
    my ($g, $retain) = @option{qw(out_grad retain_graph)};
    return if !defined $g && AI::MXLoss::AutoGrad::_backward_one($self, undef, $retain);
    return AI::MXLoss::AutoGrad->backward([$self], head_grads => [$g], retain_graph => $retain);
}

# ---- Operators of Perl ----------------------------------------------------------------------------

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

# ---- Methods that are no operators, and those that nobody has --------------------------------------

sub random { require AI::MXLoss::Random; return 'AI::MXLoss::Random' }
sub contrib { return 'AI::MXLoss::NDArray::Contrib' }

sub random_uniform { my $class = shift; return $class->random->uniform(@_) }
sub random_normal  { my $class = shift; return $class->random->normal(@_) }

sub STORABLE_freeze {
    my ($self, $cloning) = @_;
    my $pdl = $self->{pdl}->copy;
    return (
        join(' ', $self->{dtype}, $self->{grad_req} // '-', @{ $self->shape }),
        \(my $bytes = ${ $pdl->get_dataref })
    );
}

sub STORABLE_thaw {
    my ($self, $cloning, $head, $bytes) = @_;
    my ($dtype, $request, @shape) = split / /, $head;
    my $pdl = PDL->zeroes(type_of($dtype, 'thaw'), AI::MXLoss::Core::reverse_dims(@shape));
    ${ $pdl->get_dataref } = $$bytes;
    $pdl->upd_data;
    @$self{qw(pdl dtype)} = ($pdl, $dtype);
    $self->attach_grad(grad_req => $request) if $request ne '-';
    return;
}

our $AUTOLOAD;

sub AUTOLOAD {
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    croak("NDArray has no method '$name': AI::MXLoss carries the losses of MXNet's Gluon and "
            . 'the operators that losses are made of, not all of MXNet. For anything else compute '
            . 'with PDL, on $x->aspdl, or compose it of the operators in the documentation of '
            . 'AI::MXLoss::Operators');
}

sub DESTROY { }

package AI::MXLoss::NDArray::Contrib;

sub CTCLoss  { my $class = shift; return AI::MXLoss::NDArray->CTCLoss(@_) }
sub ctc_loss { my $class = shift; return AI::MXLoss::NDArray->CTCLoss(@_) }
sub arange_like { my $class = shift; return AI::MXLoss::NDArray->arange_like(@_) }

1;
