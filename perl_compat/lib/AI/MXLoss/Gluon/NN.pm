package AI::MXLoss::Gluon::NN;

use strict;
use warnings;
use Scalar::Util qw(looks_like_number);
use AI::MXLoss::Croak;
use AI::MXLoss::Core ();
use AI::MXLoss::Gluon::Block ();
use AI::MXLoss::Gluon::HybridBlock ();

# Classes that nn->NAME makes instances of. No functions: AI::MXLoss::Gluon::NN::Dense->new would
# call one of that name.
my %classes
    = map { $_ => __PACKAGE__ . "::$_" } qw(Sequential HybridSequential Dense Activation Flatten);

sub import {
    my ($class, @names) = @_;
    AI::MXLoss::Core::export_name(scalar caller, $class, 'nn', @names);
    return;
}

our $AUTOLOAD;

sub AUTOLOAD {
    my ($class, @arguments) = @_;
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    my $layer = $classes{$name}
        // croak("nn has no layer '$name'; AI::MXLoss has ", join(', ', sort keys %classes),
        ', which scripts put around a loss, not all of MXNet');
    return $layer->new(@arguments);
}

sub can {
    my ($class, $name) = @_;
    my $layer = $classes{$name} // return $class->SUPER::can($name);
    return sub { shift; $layer->new(@_) };
}

sub DESTROY { }

# Constructors take their first arguments by position, too.
sub _by_position {
    my ($who, $names, @arguments) = @_;
    my @named;
    for my $name (@$names) {
        last if @arguments % 2 == 0 || ref $arguments[0] eq 'HASH';
        push @named, $name => shift @arguments;
    }
    croak("$who: expected name => value, got '$arguments[0]'")
        if @arguments > 1 && looks_like_number($arguments[0]);
    return @arguments == 1
        && ref $arguments[0] eq 'HASH' ? (@named, %{ $arguments[0] }) : (@named, @arguments);
}

# ---- Stacks -------------------------------------------------------------------------------------

package AI::MXLoss::Gluon::NN::Stack;

use overload '@{}' => sub { [$_[0]->children] };

sub add {
    my ($self, @blocks) = @_;
    $self->register_child($_) for @blocks;
    return;
}

# The blocks with these numbers, as a stack of the same class.
sub slice {
    my ($self, $numbers) = @_;
    my @all = $self->children;
    AI::MXLoss::Croak::croak('slice: expected a reference to an array of numbers of blocks, got ',
        $numbers)
        if ref $numbers ne 'ARRAY';
    for my $i (@$numbers) {
        AI::MXLoss::Croak::croak('slice: no block ', $i, '; there are ', scalar @all)
            if !defined $i || $i !~ /\A-?[0-9]+\z/ || $i >= @all || $i < -@all;
    }
    my $stack = (ref $self)->new(prefix => $self->prefix);
    $stack->add(@all[@$numbers]);
    return $stack;
}

sub len { my @all = $_[0]->children; return scalar @all }

sub _in_summary {0}

sub _chain {
    my ($self, $x) = @_;
    $x = $_->call($x) for $self->children;
    return $x;
}

package AI::MXLoss::Gluon::NN::Sequential;

our @ISA = ('AI::MXLoss::Gluon::NN::Stack', 'AI::MXLoss::Gluon::Block');

sub forward { my ($self, $x) = @_; return $self->_chain($x) }

package AI::MXLoss::Gluon::NN::HybridSequential;

our @ISA = ('AI::MXLoss::Gluon::NN::Stack', 'AI::MXLoss::Gluon::HybridBlock');

sub hybrid_forward { my ($self, $F, $x) = @_; return $self->_chain($x) }

# ---- Layers -------------------------------------------------------------------------------------

package AI::MXLoss::Gluon::NN::Dense;

our @ISA = ('AI::MXLoss::Gluon::HybridBlock');

my $at_least = sub {
    my ($least) = @_;
    return sub {
        my ($value, $name) = @_;
        return $value < $least ? "$name is $value; expected an integer from $least on" : undef;
    };
};

__PACKAGE__->_declare(
    units      => { is => 'ro', isa => 'Int', default => 0, check => $at_least->(1) },
    in_units   => { is => 'ro', isa => 'Int', default => 0, check => $at_least->(0) },
    use_bias   => { is => 'ro', isa => 'Bool', default => 1 },
    flatten    => { is => 'ro', isa => 'Bool', default => 1 },
    activation => { is => 'ro', default => undef },
    dtype      => { is => 'ro', default => 'float32' },
    weight_initializer => { is => 'ro', default => undef },
    bias_initializer   => { is => 'ro', default => 'zeros' },
);

sub BUILDARGS {
    my ($class, @arguments) = @_;
    @arguments = AI::MXLoss::Gluon::NN::_by_position('Dense', ['units'], @arguments);
    my $given = $class->SUPER::BUILDARGS(@arguments);
    AI::MXLoss::Core::fail('Dense: units is missing, the number of outputs')
        if !exists $given->{units};
    return $given;
}

sub BUILD {
    my ($self) = @_;
    my $units = $self->{units};
    $self->name_scope(sub {
        $self->_own('weight', [$units, $self->{in_units}], $self->{weight_initializer});
        $self->_own('bias', [$units], $self->{bias_initializer}) if $self->{use_bias};
        if (defined $self->{activation}) {
            $self->{act} = AI::MXLoss::Gluon::NN::Activation->new(
                $self->{activation}, prefix => "$self->{activation}_");
            $self->_register_attribute(act => $self->{act});
        }
    });
    return;
}

sub _own {
    my ($self, $name, $shape, $init) = @_;
    my $parameter = $self->params->get(
        $name, shape => $shape, init => $init, dtype => $self->{dtype},
        allow_deferred_init => 1
    );
    $self->{"_$name"} = $parameter;
    $self->_register_attribute($name => $parameter);
    return;
}

sub weight { return $_[0]{_weight} }
sub bias   { return $_[0]{_bias} }
sub act    { return $_[0]{act} }

sub infer_shape {
    my ($self, $x) = @_;
    my @shape = @{ $x->shape };
    my $features = $self->{flatten} ? $x->size / $shape[0] : $shape[-1];
    $self->{_weight}->shape([$self->{units}, $features]);
    return;
}

sub hybrid_forward {
    my ($self, $F, $x, %parameters) = @_;
    my ($weight, $bias) = @parameters{qw(weight bias)};
    my $y = $F->FullyConnected(
        $x, $weight, defined $bias ? $bias : (),
        {
            num_hidden => $self->{units}, no_bias => defined $bias ? 0 : 1,
            flatten => $self->{flatten}
        }
    );
    return defined $self->{act} ? $self->{act}->call($y) : $y;
}

sub _string {
    my ($self) = @_;
    my ($units, $inputs) = @{ $self->{_weight}->shape };
    return sprintf '%s(%s -> %s, %s)', $self->_class_name, $inputs > 0 ? $inputs : 'None', $units,
        $self->{act} // 'linear';
}

package AI::MXLoss::Gluon::NN::Activation;

our @ISA = ('AI::MXLoss::Gluon::HybridBlock');

my %kinds = map { $_ => 1 } qw(relu sigmoid tanh softrelu softsign);

__PACKAGE__->_declare(
    activation => {
        is    => 'ro',
        check => sub {
            my ($kind) = @_;
            return if defined $kind && $kinds{$kind};
            return 'activation is ' . ($kind // 'undef') . '; expected one of ' . join ', ',
                sort keys %kinds;
        },
    },
);

sub BUILDARGS {
    my ($class, @arguments) = @_;
    @arguments
        = AI::MXLoss::Gluon::NN::_by_position('Activation', ['activation'], @arguments);
    my $given = $class->SUPER::BUILDARGS(@arguments);
    AI::MXLoss::Core::fail('Activation: activation is missing') if !exists $given->{activation};
    return $given;
}

# Its name begins with its kind.
sub _alias { return $_[0]{activation} }

sub hybrid_forward {
    my ($self, $F, $x) = @_;
    return $F->Activation($x, { act_type => $self->{activation} });
}

sub _string { return "Activation($_[0]{activation})" }

package AI::MXLoss::Gluon::NN::Flatten;

our @ISA = ('AI::MXLoss::Gluon::HybridBlock');

sub hybrid_forward { my ($self, $F, $x) = @_; return $F->flatten($x) }

sub _string {'Flatten'}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::NN - the few layers that scripts put around a loss

=head1 SYNOPSIS

    use AI::MXLoss qw(mx);
    use AI::MXLoss::Gluon::NN qw(nn);

    my $net = nn->Sequential();
    $net->name_scope(sub {
        $net->add(nn->Dense(128, activation => 'relu'));
        $net->add(nn->Dense(10));
    });
    $net->initialize(mx->init->Xavier());
    my $scores = $net->($images);

=head1 DESCRIPTION

C<< nn->NAME(...) >> makes a block; see L<AI::MXLoss::Gluon::Block> for what blocks have in common.
Unlike AI::MXNet, an argument that does not exist dies, and so does a layer: there are these and no
others.

=head1 LAYERS

=head2 Sequential, HybridSequential

Blocks one after another: each gets what the one before gives. C<< $net->add(BLOCKS) >> puts
blocks at the end; C<< $net->[0] >>, C<@$net> and C<< $net->len >> see them, and C<<
$net->slice([1, 2]) >> is a stack of those with these numbers. The children of a HybridSequential
must be HybridBlocks.

=head2 Dense(units, ...)

C<activation(x W^T + b)> of an array C<(N, ...)>, of shape C<(N, units)>. By name:

=over

=item units

Number of outputs, also by position.

=item in_units

Number of inputs; 0, the default, to find out at the first call.

=item activation

As of Activation; undef, the default, for none.

=item use_bias

Whether to add b; default 1.

=item flatten

Whether all axes of the input but the first count as one (default 1); otherwise the last axis is
that of features, and the result has the input's other axes.

=item weight_initializer, bias_initializer

First values (see L<AI::MXLoss::Initializer>): undef for what C<initialize> is told; default
C<zeros> for the bias.

=item dtype

Of the parameters; default C<float32>.

=back

C<< $dense->weight >> and C<< $dense->bias >> are the parameters, C<bias> undef without one.

=head2 Activation(kind)

C<relu>, C<sigmoid>, C<tanh>, C<softrelu> or C<softsign> of each element.

=head2 Flatten

C<(N, ...)> as C<(N, everything else)>.

=head1 METHODS

=head2 can

As of UNIVERSAL, for layers as well.

=cut
