package AI::MXLoss::Initializer;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed reftype);
use AI::MXLoss::Arguments qw(arguments number);
use AI::MXLoss::Random ();

use overload
    '&{}'  => sub { my $self = shift; sub { $self->call(@_) } },
    '""'   => sub { $_[0]->_string },
    'bool' => sub {1},
    'eq'   => sub { "$_[0]" eq "$_[1]" },
    'ne'   => sub { "$_[0]" ne "$_[1]" };

# Classes by the names that mx->init->NAME and init => 'name' know.
my %classes = map { $_ => "AI::MXLoss::$_" }qw(Zero One Constant Uniform Normal Xavier MSRAPrelu);
my %by_name = ((map { lc $_ => $classes{$_} } keys %classes), zeros => $classes{Zero},
    ones => $classes{One});

our $AUTOLOAD;

sub AUTOLOAD {
    my ($class, @arguments) = @_;
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    my $kind = ref $class ? undef : $classes{$name};
    croak("init has no '$name'; expected one of ", join ', ', sort keys %classes) if !$kind;
    return $kind->new(@arguments);
}

sub can {
    my ($class, $name) = @_;
    my $kind = ref $class || $class ne __PACKAGE__ ? undef : $classes{$name};
    return $kind ? sub { shift; $kind->new(@_) } : $class->SUPER::can($name);
}

sub DESTROY { }

sub register {
    my ($class) = @_;
    my ($name) = $class =~ /([^:]+)\z/;
    $classes{$name} = $by_name{ lc $name } = $class;
    return;
}

sub new {
    my ($class, @arguments) = @_;
    my ($name) = $class =~ /([^:]+)\z/;
    my %defaults = $class->_defaults;
    my $self = bless arguments($name, [$class->_positions], \%defaults, @arguments), $class;
    $self->_check($name);
    return $self;
}

sub _defaults  { return () }
sub _positions { return () }
sub _check     { return }

# An initializer: itself, the one with that name, or one that calls a sub.
sub checked {
    my ($class, $init, $argument) = @_;
    return $init if blessed $init && $init->isa(__PACKAGE__);
    return bless { code => $init }, 'AI::MXLoss::Initializer::Code'
        if (reftype($init) // '') eq 'CODE';
    my $kind = defined $init && !ref $init ? $by_name{ lc $init } : undef;
    croak($argument // 'init', ' is ', defined $init ? "'$init'" : undef,
        ', not registered as an initializer; expected one of ', join(', ', sort keys %by_name),
        ', or an instance such as mx->init->Xavier()')
        if !$kind;
    return $kind->new;
}
sub create { my ($class, $init) = @_; return $class->checked($init, 'init') }

# By how the name ends: a bias becomes 0, a gamma 1, a weight what the class does.
sub call {
    my ($self, $name, $nd) = @_;
    my ($class) = (ref $self) =~ /([^:]+)\z/;
    croak("$class: expected the name of a parameter, got ", $name) if !defined $name;
    croak("$class: expected an NDArray to write to, got ", $nd)
        if !(blessed $nd && $nd->isa('AI::MXLoss::NDArray'));
    if    ("$name" =~ /weight\z/) { $self->_init_weight("$name", $nd) }
    elsif ("$name" =~ /(?:bias|beta|running_mean|moving_mean)\z/) { $nd .= 0 }
    elsif ("$name" =~ /(?:gamma|running_var|moving_var)\z/)       { $nd .= 1 }
    else {
        croak(
            "no rule for the first value of '$name'; expected a name ending in weight, bias, ",
            'gamma or beta, or a parameter with an init of its own'
        );
    }
    return;
}

# What a parameter begins with: the initializer has been chosen for it, so that its name does not
# count.
sub _first_values {
    my ($self, $name, $nd) = @_;
    return $self->call($name, $nd) if $self->can('call') != \&call;
    return $self->_init_weight($name, $nd);
}

sub _init_weight {
    my ($self) = @_;
    croak(ref $self, ' does not override _init_weight');
}

sub _string {
    my ($self) = @_;
    my ($name) = (ref $self) =~ /([^:]+)\z/;
    return "$name(" . join(', ', map {"$_=" . ($self->{$_} // 'undef')} sort keys %$self) . ')';
}

package AI::MXLoss::Initializer::Code;
our @ISA = ('AI::MXLoss::Initializer');
sub call { my ($self, $name, $nd) = @_; $self->{code}->($name, $nd); return }

package AI::MXLoss::Zero;
our @ISA = ('AI::MXLoss::Initializer');
sub _init_weight { my ($self, $name, $nd) = @_; $nd .= 0; return }

package AI::MXLoss::One;
our @ISA = ('AI::MXLoss::Initializer');
sub _init_weight { my ($self, $name, $nd) = @_; $nd .= 1; return }

package AI::MXLoss::Constant;
our @ISA = ('AI::MXLoss::Initializer');
sub _defaults  { return (value => 0) }
sub _positions { return 'value' }

# Of any parameter, whatever its name is, as in MXNet.
sub call { my ($self, $name, $nd) = @_; $nd .= $self->{value}; return }

package AI::MXLoss::Uniform;
our @ISA = ('AI::MXLoss::Initializer');
sub _defaults  { return (scale => 0.07) }
sub _positions { return 'scale' }

sub _check {
    my ($self, $name) = @_;
    AI::MXLoss::Arguments::number($name, 'scale', $self->{scale});
    return;
}

sub _init_weight {
    my ($self, $name, $nd) = @_;
    AI::MXLoss::Random->uniform(-$self->{scale}, $self->{scale}, out => $nd);
    return;
}

package AI::MXLoss::Normal;
our @ISA = ('AI::MXLoss::Initializer');
sub _defaults  { return (sigma => 0.01) }
sub _positions { return 'sigma' }

sub _check {
    my ($self, $name) = @_;
    AI::MXLoss::Croak::croak("Normal: sigma is $self->{sigma}; expected a number from 0 on")
        if AI::MXLoss::Arguments::number($name, 'sigma', $self->{sigma}) < 0;
    return;
}

sub _init_weight {
    my ($self, $name, $nd) = @_;
    AI::MXLoss::Random->normal(0, $self->{sigma}, out => $nd);
    return;
}

package AI::MXLoss::Xavier;
our @ISA = ('AI::MXLoss::Initializer');
sub _defaults  { return (rnd_type => 'uniform', factor_type => 'avg', magnitude => 3) }

sub _check {
    my ($self, $name) = @_;
    my %known = (rnd_type => [qw(uniform gaussian)], factor_type => [qw(avg in out)]);
    for my $what (sort keys %known) {
        my $value = $self->{$what} // 'undef';
        AI::MXLoss::Croak::croak("$name: $what is '$value'; expected one of @{ $known{$what} }")
            if !grep { $_ eq $value } @{ $known{$what} };
    }
    AI::MXLoss::Croak::croak("$name: magnitude is $self->{magnitude}; expected a number from 0 on")
        if AI::MXLoss::Arguments::number($name, 'magnitude', $self->{magnitude}) < 0;
    return;
}

sub _init_weight {
    my ($self, $name, $nd) = @_;
    my ($out, $in, @rest) = @{ $nd->shape };
    AI::MXLoss::Croak::croak(
        "Xavier cannot be applied to '$name' of shape [$out]: at least two axes "
            . 'are needed to tell inputs from outputs')
        if !defined $in;
    my $each = 1;
    $each *= $_ for @rest;
    ($in, $out) = ($in * $each, $out * $each);
    my $count = { avg => ($in + $out) / 2, in => $in, out => $out }->{ $self->{factor_type} };
    my $scale = sqrt($self->{magnitude} / $count);
    if ($self->{rnd_type} eq 'uniform') { AI::MXLoss::Random->uniform(-$scale, $scale, out => $nd) }
    else                                { AI::MXLoss::Random->normal(0, $scale, out => $nd) }
    return;
}

package AI::MXLoss::MSRAPrelu;
our @ISA = ('AI::MXLoss::Xavier');

sub _defaults {
    return (rnd_type => 'gaussian', factor_type => 'avg', slope => 0.25, magnitude => 0);
}

sub _check {
    my ($self, $name) = @_;
    $self->{magnitude} = 2 / (1 + AI::MXLoss::Arguments::number($name, 'slope', $self->{slope})**2);
    return $self->SUPER::_check($name);
}

1;

__END__

=head1 NAME

AI::MXLoss::Initializer - first values of parameters

=head1 SYNOPSIS

    $net->initialize(mx->init->Xavier(magnitude => 2));
    $net->initialize(mx->init->Normal(0.05), force_reinit => 1);
    my $dense = nn->Dense(10, weight_initializer => 'zeros');

=head1 DESCRIPTION

C<< mx->init >>. An initializer is called with the name of a parameter and the NDArray to write
to, and goes by how the name ends: bias and beta become 0, gamma 1, weight what the class does;
another name dies. The random numbers are those of L<AI::MXLoss::Random>, not MXNet's.

Where an initializer is expected, its name in lower case (C<'xavier'>, C<'zeros'>) or a sub that is
called with the name and the array will do as well.

=head1 CLASSES

Made as C<< mx->init->NAME(...) >> or C<< AI::MXLoss::NAME->new(...) >>; arguments that do not
exist die.

=head2 Zero, One

0 or 1 everywhere.

=head2 Constant(value = 0)

The same number everywhere, in parameters of any name.

=head2 Uniform(scale = 0.07)

Evenly distributed from -scale to scale. This is what C<initialize()> without argument takes.

=head2 Normal(sigma = 0.01)

Normally distributed with mean 0.

=head2 Xavier(rnd_type => 'uniform', factor_type => 'avg', magnitude => 3)

With n the number of inputs (C<in>), of outputs (C<out>) or their mean (C<avg>) and
s = sqrt(magnitude / n): from -s to s (C<uniform>), or with standard deviation s (C<gaussian>).

=head2 MSRAPrelu(factor_type => 'avg', slope => 0.25)

Xavier with gaussian numbers of magnitude 2 / (1 + slope ** 2).

=head1 METHODS

=head2 call(NAME, ARRAY)

Writes first values; so does C<< $init->(NAME, ARRAY) >>.

=head2 create(INIT), checked(INIT, ARGUMENT)

INIT as an initializer; a sentence that begins with ARGUMENT if it is none.

=head2 new, can

As usual.

=head2 register

Called as C<< My::Init->register >>, lets a subclass, which overrides C<_init_weight($name,
$array)>, be found by its name.

=cut
