package AI::MXLoss::Gluon::Loss;

use 5.016;
use strict;
use warnings;
use AI::MXLoss::Core ();
use AI::MXLoss::Gluon::HybridBlock ();
use parent -norequire, 'AI::MXLoss::Gluon::HybridBlock';

BEGIN { *fail = \&AI::MXLoss::Core::fail }

__PACKAGE__->_declare(
    weight     => { isa => 'Maybe[Num]', default => undef },
    batch_axis => { isa => 'Int',        default => 0 },
);

sub _string {
    my ($self) = @_;
    return sprintf '%s(batch_axis=%s, w=%s)', $self->_class_name, $self->batch_axis,
        $self->weight // '';
}

sub _apply_weighting {
    my ($self, $F, $loss, $weight, $sample_weight) = @_;
    $loss = $F->broadcast_mul($loss, $sample_weight) if defined $sample_weight;
    $loss = $loss * $weight if defined $weight;
    return $loss;
}

sub _reshape_like {
    my ($self, $F, $x, $y) = @_;
    return $x->reshape($y->shape) if $x->size == $y->size;
    fail("_reshape_like: an array of shape [@{ $x->shape }] cannot take the shape [@{ $y->shape }]");
}

# Gluon's losses by the names that gluon->loss->NAME knows: classes.
my %registered;

sub register {
    my ($class, $container) = @_;
    return if ($container // __PACKAGE__) !~ /\AAI::(?:MXLoss|MXNet)::Gluon::Loss\z/;
    $registered{ $class->_class_name } = $class;
    return;
}

sub _registered { return $registered{ $_[1] } }

our $AUTOLOAD;

# gluon->loss->HuberLoss(rho => 2) is AI::MXLoss::Gluon::HuberLoss->new(rho => 2).
sub AUTOLOAD {
    my ($class, @arguments) = @_;
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    if (ref $class) {
        $AI::MXLoss::Gluon::Block::AUTOLOAD = $AUTOLOAD;
        goto &AI::MXLoss::Gluon::Block::AUTOLOAD;
    }
    my $known = $registered{$name};
    return $known->new(@arguments) if $known && $class->isa(__PACKAGE__) && $class =~ /\AAI::MX\w+::Gluon::Loss\z/;
    fail("$class has no loss or method '$name'; the losses are " . join ', ', sort keys %registered);
}

sub can {
    my ($class, $name) = @_;
    my $found = $class->SUPER::can($name);
    return $found if $found || ref $class || $class !~ /::Gluon::Loss\z/ || !$registered{$name};
    my $known = $registered{$name};
    return sub { my $self = shift; $known->new(@_) };
}

sub DESTROY { }

require AI::MXLoss::Gluon::Loss::Fused;

1;
