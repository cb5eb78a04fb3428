package AI::MXLoss::Gluon::Parameter;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed looks_like_number refaddr);
use AI::MXLoss::Core ();
use AI::MXLoss::DType qw(type_of is_float);
use AI::MXLoss::Context ();
use AI::MXLoss::AutoGrad ();
use AI::MXLoss::NDArray ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

use overload
    '""'   => sub { $_[0]->_string },
    'bool' => sub {1},
    '=='   => sub { (refaddr $_[0] // 0) == (refaddr $_[1] // 0) },
    '!='   => sub { (refaddr $_[0] // 0) != (refaddr $_[1] // 0) };

my %defaults = (
    grad_req => 'write', shape => undef, dtype => 'float32', lr_mult => 1, wd_mult => 1,
    init => undef,
    allow_deferred_init => 0, differentiable => 1, stype => 'default', grad_stype => 'default',
);

# new($name, shape => [...], ...), or everything by name.
sub new {
    my ($class, @arguments) = @_;
    my %given = @arguments % 2 ? (name => @arguments) : @arguments;
    my $name = delete $given{name};
    fail('Parameter: name is ' . ($name // 'undef') . '; expected a string')
        if !defined $name || ref $name;
    my ($unknown) = grep { !exists $defaults{$_} } sort keys %given;
    fail("Parameter '$name': no such named parameter '$unknown'; expected some of "
            . join ', ', sort keys %defaults)
        if defined $unknown;
    my %value = (%defaults, %given);
    for my $what (qw(stype grad_stype)) {
        fail("Parameter '$name': $what can only be 'default'; AI::MXLoss has no sparse arrays")
            if $value{$what} ne 'default';
    }
    type_of($value{dtype}, "Parameter '$name'");
    my $self = bless { name => $name, dtype => $value{dtype}, init => $value{init} }, $class;
    $self->{allow_deferred_init} = $value{allow_deferred_init};
    $self->{differentiable}      = $value{differentiable};
    $self->$_($value{$_}) for qw(lr_mult wd_mult grad_req);
    $self->{shape} = _lengths($name, $value{shape});
    return $self;
}

sub _string {
    my ($self) = @_;
    my ($kind) = (ref $self) =~ /([^:]+)\z/;
    my $shape = $self->{shape} ? '(' . join(', ', @{ $self->{shape} }) . ')' : 'undef';
    $shape =~ s/^\((\S+)\)\z/($1,)/;
    return "$kind $self->{name} (shape=$shape, dtype=$self->{dtype})";
}

# A shape as a reference to an array of integers, or undef.
sub _lengths {
    my ($name, $shape) = @_;
    return undef if !defined $shape;
    my @lengths = ref $shape eq 'ARRAY' ? @$shape : $shape;
    fail(
        "Parameter '$name': shape is [@{[map { $_ // 'undef' } @lengths]}]; expected a reference "
            . 'to an array of lengths, 0 or -1 for those not known yet')
        if grep { !defined $_ || ref $_ || !/^(?:-1|[0-9]{1,15})\z/ } @lengths;
    return \@lengths;
}

# ---- Facts --------------------------------------------------------------------------------------

sub name { return $_[0]{name} }
sub stype { return 'default' }
sub init  { my $self = shift; $self->{init} = shift if @_; return $self->{init} }

sub lr_mult { return shift->_factor('lr_mult', @_) }
sub wd_mult { return shift->_factor('wd_mult', @_) }

sub _factor {
    my ($self, $which, @value) = @_;
    return $self->{$which} if !@value;
    fail("Parameter '$self->{name}': $which must be a number, got " . ($value[0] // 'undef'))
        if !looks_like_number($value[0]);
    return $self->{$which} = $value[0];
}

sub grad_req {
    my ($self, @request) = @_;
    return $self->{grad_req} if !@request;
    my $request = $request[0] // 'undef';
    fail("Parameter '$self->{name}': grad_req must be one of 'write', 'add', or 'null', but got "
            . "'$request'")
        if $request !~ /\A(?:write|add|null)\z/;
    $request = 'null' if !$self->{differentiable};
    my $before = $self->{grad_req};
    $self->{grad_req} = $request;
    $self->_attach if $self->{data} && $request ne $before;
    return $request;
}

sub dtype {
    my ($self, @dtype) = @_;
    $self->cast(@dtype) if @dtype;
    return $self->{dtype};
}

sub shape {
    my ($self, @shape) = @_;
    return $self->{shape} && [@{ $self->{shape} }] if !@shape;
    my $new = _lengths($self->{name}, $shape[0]);
    my $old = $self->{shape};
    fail("Parameter '$self->{name}' of shape [@$old] cannot take the shape ["
            . join(' ', @{ $new // [] }) . ']')
        if $old && (!$new || !_fits($old, $new));
    $self->{shape} = $new;
    return $new;
}

# Whether lengths agree as far as the first ones are known.
sub _fits {
    my ($old, $new) = @_;
    return @$old == @$new && !grep { $old->[$_] > 0 && $old->[$_] != $new->[$_] } 0 .. $#$old;
}

sub _shape_known {
    my ($self) = @_;
    return $self->{shape} && !grep { $_ <= 0 } @{ $self->{shape} };
}

# ---- First values -------------------------------------------------------------------------------

# initialize(init =>, ctx =>, default_init =>, force_reinit =>)
sub initialize {
    my ($self, @arguments) = @_;
    unshift @arguments, 'init' if @arguments % 2;
    my %option = @arguments;
    my ($unknown)
        = grep { !/\A(?:init|ctx|default_init|force_reinit|verbose)\z/ } sort keys %option;
    fail("Parameter '$self->{name}': initialize has no argument '$unknown'") if defined $unknown;
    _check_context($option{ctx}) if defined $option{ctx};
    if ($self->{data} && !$option{force_reinit}) {
        AI::MXLoss::Core::caution("Parameter '$self->{name}' is already initialized, ignoring. Set "
                . 'force_reinit => 1 to re-initialize.');
        return;
    }
    my $init = $option{init} // $self->{init} // $option{default_init} // 'uniform';
    require AI::MXLoss::Initializer;
    $init = AI::MXLoss::Initializer->checked($init, 'init') if ref $init ne 'CODE';
    delete @$self{qw(data deferred)};
    if (!$self->_shape_known) {
        fail("Cannot initialize Parameter '$self->{name}' because it has invalid shape: ["
                . join(' ', @{ $self->{shape} // [] })
                . ']; all lengths must be known, or allow_deferred_init => 1')
            if !$self->{allow_deferred_init};
        $self->{deferred} = { init => $init };
        return;
    }
    $self->_fill($init);
    return;
}

sub _check_context {
    my ($context) = @_;
    AI::MXLoss::Context->check($context, 'initialize');
    my %devices = map { ("$_" => 1) } ref $context eq 'ARRAY' ? grep {defined} @$context : $context;
    fail('initialize: ctx names ' . keys(%devices) . ' devices; AI::MXLoss computes on one, the '
            . 'processor: mx->cpu')
        if keys %devices > 1;
    return;
}

sub _fill {
    my ($self, $init, $values) = @_;
    my $data = AI::MXLoss::NDArray->zeros($self->{shape}, dtype => $self->{dtype});
    AI::MXLoss::AutoGrad->pause(sub {
        if    (defined $values) { $data .= $values }
        elsif (!blessed $init)  { $init->($self->{name}, $data) }
        else                    { $init->_first_values($self->{name}, $data) }
    });
    $self->{data} = $data;
    delete $self->{deferred};
    $self->_attach;
    return;
}

sub _attach {
    my ($self) = @_;
    return if !is_float($self->{dtype});
    $self->{data}->attach_grad(grad_req => $self->{grad_req});
    return;
}

sub _is_deferred { return exists $_[0]{deferred} }

sub _finish_deferred_init {
    my ($self) = @_;
    my $deferred = $self->{deferred} // return;
    fail(
        "Parameter '$self->{name}' still has the unknown shape [@{ $self->{shape} // [] }] after "
            . 'the shapes of the inputs were looked at; give its block the missing lengths')
        if !$self->_shape_known;
    $self->_fill($deferred->{init}, $deferred->{data});
    return;
}

# Takes values from a file.
sub _load {
    my ($self, $values, %option) = @_;
    my ($has, $shape) = ($self->{shape}, $values->shape);
    fail("Failed loading Parameter '$self->{name}' from saved params: shape incompatible expected "
            . "[@$has] vs saved [@$shape]")
        if $has && !_fits($has, $shape);
    if ($values->dtype ne $self->{dtype}) {
        fail(
            "Failed loading Parameter '$self->{name}' from saved params: dtype incompatible "
                . "expected $self->{dtype} vs saved ${\ $values->dtype}. Set cast_dtype => 1 to "
                . 'cast the dtype of saved params')
            if !$option{cast_dtype};
        if (($option{dtype_source} // 'current') eq 'saved') { $self->cast($values->dtype) }
        else { $values = $values->astype($self->{dtype}) }
    }
    $self->{shape} = [@$shape];
    if   ($self->{data}) { $self->set_data($values) }
    else                 { $self->_fill(undef, $values) }
    return;
}

# ---- Values -------------------------------------------------------------------------------------

sub data {
    my ($self) = @_;
    return $self->{data} // fail($self->{deferred}
        ? "Parameter '$self->{name}' has not been initialized yet because initialization was "
            . 'deferred: its shape is known after the first forward pass. Call the block with '
            . 'data first, or give the shape (in_units, ...)'
        : "Parameter '$self->{name}' has not been initialized; call initialize() of the block, "
            . 'or of its collect_params, which has the parameters of all blocks inside it');
}

sub list_data { return [$_[0]->data] }

sub set_data {
    my ($self, $values) = @_;
    $values = AI::MXLoss::NDArray->array($values, dtype => $self->{dtype})
        if ref $values eq 'ARRAY' || (blessed $values && $values->isa('PDL'));
    fail("Parameter '$self->{name}': set_data got "
            . ($values // 'undef')
            . '; expected an NDArray')
        if !(blessed $values && $values->isa('AI::MXLoss::NDArray'));
    $self->shape($values->shape);
    if ($self->{data}) {
        $values = $values->astype($self->{dtype}) if $values->dtype ne $self->{dtype};
        $self->{data} .= $values->detach;
    }
    elsif ($self->{deferred}) {
        $self->{deferred}{data} = $values->copy->detach;
    }
    else {
        fail("Parameter '$self->{name}' has not been initialized; call initialize first");
    }
    return;
}

sub grad {
    my ($self) = @_;
    my $data = $self->data;
    fail("Cannot get gradient array for Parameter '$self->{name}' because grad_req='null'")
        if $self->{grad_req} eq 'null' || !$data->grad;
    return $data->grad;
}

sub list_grad { return [$_[0]->grad] }

sub zero_grad {
    my ($self) = @_;
    my $data = $self->{data} // return;
    my $grad = $data->grad   // return;
    $grad .= 0;
    return;
}

sub list_ctx {
    my ($self) = @_;
    $self->data if !$self->{deferred};
    return [AI::MXLoss::Context->cpu];
}

sub reset_ctx { return }

sub cast {
    my ($self, $dtype) = @_;
    type_of($dtype, "Parameter '$self->{name}'");
    my $data = $self->{data};
    $self->{dtype} = $dtype;
    return if !$data;
    my $grad = $data->grad;
    AI::MXLoss::AutoGrad->pause(sub { $self->{data} = $data->astype($dtype) });
    $self->_attach;
    $self->{data}->grad->_assign($grad->astype($dtype)) if $grad && $self->{data}->grad;
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Parameter - an array to be trained, and its gradient

=head1 SYNOPSIS

    my $weight = $block->params->get('weight', shape => [10, 64], init => mx->init->Xavier);
    $block->initialize;
    print $weight->data->aspdl, $weight->grad->aspdl;

=head1 DESCRIPTION

As a rule made by L<AI::MXLoss::Gluon::ParameterDict/get>. An L<AI::MXLoss::Gluon::Constant> is one
that training leaves alone.

Difference from AI::MXNet: there is one device, so C<data> and C<grad> are always the same NDArrays.

=head1 METHODS

=head2 new

    AI::MXLoss::Gluon::Parameter->new($name, shape => [10, 64], ...)

=over

=item shape

a reference to an array of lengths, 0 or -1 for one that is not known yet

=item dtype

'float32' by default

=item init

an initializer, its name, or a sub that is called with the name and the array; otherwise as
C<initialize> says

=item grad_req

'write' (the default), 'add' or 'null': what C<backward> does with the gradient

=item lr_mult, wd_mult

1: factors on the trainer's learning rate and weight decay

=item allow_deferred_init, differentiable

0: whether C<initialize> may wait for the shape; 1: without it there is no gradient

=back

=head2 name, dtype, shape, init, lr_mult, wd_mult, grad_req, stype

What they were made with; with an argument they change it, except C<name> and C<stype>. A shape
can only be filled in.

=head2 initialize

    $parameter->initialize(init => 'zeros', default_init => 'uniform', force_reinit => 0);

First values, by C<init>, else by the parameter's own, else by C<default_init>. Warns if there are
values already, unless C<force_reinit>. Dies if the shape is not known and may not be waited for.

=head2 data, list_data

The values, an NDArray; in a reference to an array. Dies before C<initialize>.

=head2 set_data

    $parameter->set_data($nd);

Replaces the values by those of an NDArray, PDL or nested list of the same shape.

=head2 grad, list_grad

The gradient that the last C<backward> left. Dies if C<grad_req> is 'null'.

=head2 zero_grad

Sets the gradient to 0, which is needed with C<grad_req> 'add'.

=head2 cast

Converts values and gradient to another dtype.

=head2 list_ctx, reset_ctx

C<[cpu(0)]>; nothing.

=cut
