package AI::MXLoss::Gluon::Loss;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed);
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
    for my $given ($x, $y) {
        fail("${\ $self->_class_name }: _reshape_like: an input is "
                . ($given // 'undef')
                . '; expected two NDArrays, such as label and pred')
            if !(blessed $given && $given->isa('AI::MXLoss::NDArray'));
    }
    return $x->reshape($y->shape) if $x->size == $y->size;
    fail("_reshape_like: an array of shape [@{ $x->shape }] cannot take the shape [@{ $y->shape }]"
    );
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
    return $known->new(@arguments)
        if $known && $class->isa(__PACKAGE__) && $class =~ /\AAI::MX\w+::Gluon::Loss\z/;
    fail("$class has no loss or method '$name'; the losses are " . join ', ',
        sort keys %registered);
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

__END__

=head1 NAME

AI::MXLoss::Gluon::Loss - base class of losses, and where gluon->loss finds them

=head1 SYNOPSIS

    package My::LogCosh;
    use base 'AI::MXLoss::Gluon::Loss';

    sub hybrid_forward {
        my ($self, $F, $pred, $label, $sample_weight) = @_;
        $label = $self->_reshape_like($F, $label, $pred);
        my $z    = $F->abs($pred - $label);
        my $loss = $z + $F->Activation($z * -2, act_type => 'softrelu') - log 2;
        $loss = $self->_apply_weighting($F, $loss, $self->weight, $sample_weight);
        return $F->mean($loss, axis => $self->batch_axis, exclude => 1);
    }
    __PACKAGE__->register('AI::MXLoss::Gluon::Loss');    # optional

    package main;
    my $loss = gluon->loss->LogCosh(weight => 2);        # or My::LogCosh->new(weight => 2)

=head1 DESCRIPTION

C<< gluon->loss->NAME(...) >> makes a loss: one of the L<fourteen|AI::MXLoss::Gluon::Losses>, or
one that has been registered. C<AI::MXLoss::Gluon::Loss> is their base class, an
L<AI::MXLoss::Gluon::HybridBlock>.

A loss of your own extends it and overrides C<hybrid_forward>, where C<$F> is C<< mx->nd >> and
the inputs are NDArrays; its gradient comes from the operators. It may also extend one of the
fourteen, to change a default or, with C<hybrid_forward>, the formula. L<AI::MXLoss::Gluon::Mouse>
is another way to write it, with attributes. A loss is a block, and callable:
C<< $loss->($pred, $label) >>. Its string form is C<L2Loss(batch_axis=0, w=1)>.

=head1 METHODS

=head2 new

    My::LogCosh->new(weight => 2, batch_axis => 0, prefix => ..., params => ...)

C<weight> is a number or undef, the default; C<batch_axis> an integer, 0 by default. Anything else
dies, unless the class has declared it.

=head2 weight, batch_axis

What was given; with an argument they change it.

=head2 _apply_weighting

    $loss = $self->_apply_weighting($F, $loss, $weight, $sample_weight);

C<$loss> times C<$sample_weight>, which broadcasts, times the number C<$weight>; undef for
neither. Also a class method.

=head2 _reshape_like

    $label = $self->_reshape_like($F, $label, $pred);

The first array in the shape of the second; dies if they have different numbers of elements. Also
a class method.

=head2 register

    __PACKAGE__->register('AI::MXLoss::Gluon::Loss');

Makes the class known to C<< gluon->loss >> by the last part of its name.

=head2 can

As for every class; knows the losses' names, too.

=cut
