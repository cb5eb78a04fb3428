package AI::MXLoss::Optimizer;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed looks_like_number);
use AI::MXLoss::Arguments qw(arguments number);
use AI::MXLoss::NDArray ();

my %classes = (sgd => 'AI::MXLoss::SGD', adam => 'AI::MXLoss::Adam');

# Functions of that name, as in mx->optimizer->SGD(...).
AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "optimizer has no '%s'; AI::MXLoss has SGD and Adam, not all of MXNet");

sub SGD  { my $class = shift; return $classes{sgd}->new(@_) }
sub Adam { my $class = shift; return $classes{adam}->new(@_) }

sub register {
    my ($class) = @_;
    my ($name) = $class =~ /([^:]+)\z/;
    $classes{ lc $name } = $class;
    return;
}

sub create {
    my ($class, $name, @arguments) = @_;
    my $kind = defined $name && !ref $name ? $classes{ lc $name } : undef;
    croak('Cannot find optimizer ', defined $name ? "'$name'" : undef, '; expected one of ',
        join(', ', sort keys %classes), ', or an instance of a subclass of AI::MXLoss::Optimizer')
        if !$kind;
    return $kind->new(@arguments);
}
sub create_optimizer { my $class = shift; return $class->create(@_) }

sub _defaults {
    return (
        learning_rate => 0.01, wd => 0, rescale_grad => 1, clip_gradient => undef,
        lr_scheduler => undef,
        begin_num_update => 0, param_dict => undef, lazy_update => 1,
    );
}

sub new {
    my ($class, @arguments) = @_;
    my ($name) = $class =~ /([^:]+)\z/;
    my $self = arguments($name, [], { $class->_defaults }, @arguments);
    for my $what (sort keys %$self) {
        next if $what =~ /\A(?:lr_scheduler|param_dict|clip_gradient)\z/ && !defined $self->{$what};
        next if $what =~ /\A(?:lr_scheduler|param_dict)\z/;
        number('optimizer', $what, $self->{$what});
    }
    my $scheduler = $self->{lr_scheduler};
    croak("optimizer: lr_scheduler is $scheduler; expected a sub of the number of updates")
        if defined $scheduler && ref $scheduler ne 'CODE' && !blessed $scheduler;
    $self->{param_dict} //= {};
    $self->{num_update} = $self->{begin_num_update};
    $self->{counts} = {};
    return bless $self, $class;
}

for my $name (qw(wd rescale_grad clip_gradient lr_scheduler num_update param_dict)) {
    no strict 'refs';
    *$name = sub { my $self = shift; $self->{$name} = shift if @_; return $self->{$name} };
}

sub learning_rate {
    my ($self) = @_;
    my $scheduler = $self->{lr_scheduler};
    return defined $scheduler ? $scheduler->($self->{num_update}) : $self->{learning_rate};
}
sub lr { return $_[0]->learning_rate }

sub set_learning_rate {
    my ($self, $lr) = @_;
    croak('LRScheduler of the optimizer has already been defined. The learning rate is its to set')
        if defined $self->{lr_scheduler};
    $self->{learning_rate} = number('set_learning_rate', 'lr', $lr);
    return;
}

# Counts an update of the parameter with that index: its number, and the options of all rules.
sub _begin {
    my ($self, $index) = @_;
    my $count = $self->{counts}{$index}
        = ($self->{counts}{$index} // $self->{begin_num_update}) + 1;
    $self->{num_update} = $count if $count > $self->{num_update};
    my $parameter = $self->{param_dict}{$index};
    my ($lr_mult, $wd_mult) = $parameter ? ($parameter->lr_mult, $parameter->wd_mult) : (1, 1);
    return (
        $count,
        lr => $self->learning_rate * $lr_mult,
        wd => $self->{wd} * $wd_mult,
        rescale_grad  => $self->{rescale_grad},
        clip_gradient => $self->{clip_gradient} // -1,
    );
}

sub create_state { return undef }

sub update {
    my ($self) = @_;
    croak(ref $self, ' does not override update');
}

package AI::MXLoss::SGD;
our @ISA = ('AI::MXLoss::Optimizer');

sub _defaults { return (shift->SUPER::_defaults, momentum => 0) }

sub momentum { return $_[0]{momentum} }

sub create_state {
    my ($self, $index, $weight) = @_;
    return $self->{momentum} ? $weight->zeros_like : undef;
}

sub update {
    my ($self, $index, $weight, $grad, $state) = @_;
    my ($count, %option) = $self->_begin($index);
    $option{out} = $weight;
    return defined $state
        ? AI::MXLoss::NDArray->sgd_mom_update($weight, $grad, $state,
            { %option, momentum => $self->{momentum} })
        : AI::MXLoss::NDArray->sgd_update($weight, $grad, \%option);
}

package AI::MXLoss::Adam;
our @ISA = ('AI::MXLoss::Optimizer');

sub _defaults {
    my ($class) = @_;
    return ($class->SUPER::_defaults, learning_rate => 0.001, beta1 => 0.9, beta2 => 0.999,
        epsilon => 1e-8);
}

sub create_state {
    my ($self, $index, $weight) = @_;
    return [$weight->zeros_like, $weight->zeros_like];
}

# The learning rate makes up for the means having begun at zero.
sub update {
    my ($self, $index, $weight, $grad, $state) = @_;
    my ($count, %option) = $self->_begin($index);
    my ($beta1, $beta2) = @$self{qw(beta1 beta2)};
    $option{lr} *= sqrt(1 - $beta2**$count) / (1 - $beta1**$count);
    return AI::MXLoss::NDArray->adam_update($weight, $grad, @$state,
        { %option, beta1 => $beta1, beta2 => $beta2, epsilon => $self->{epsilon}, out => $weight });
}

1;

__END__

=head1 NAME

AI::MXLoss::Optimizer - update rules for parameters: SGD and Adam, as MXNet computes them

=head1 SYNOPSIS

    my $trainer = gluon->Trainer($net->collect_params, 'sgd',
        { learning_rate => 0.1, momentum => 0.9 });
    my $adam = mx->optimizer->Adam(learning_rate => 0.001);

=head1 DESCRIPTION

Usually a L<AI::MXLoss::Gluon::Trainer> makes an optimizer and calls it. With g the gradient times
C<rescale_grad>, cut to C<clip_gradient>, plus C<wd> times the weight w, C<sgd> is

    w -= lr * g                      momentum 0
    m = momentum * m - lr * g        otherwise
    w += m

and C<adam> (where cutting comes after wd)

    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    w -= lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)

Numbers are rounded to float32 first, whatever the weights are, as MXNet does it; results have the
bits of the Python package's.

=head1 ARGUMENTS

By name, of all optimizers: C<learning_rate> (0.01; Adam 0.001), C<wd> (0), C<rescale_grad> (1),
C<clip_gradient> (undef: none), C<lr_scheduler> (a sub that gives the learning rate for a number of
updates made), C<begin_num_update> (0), C<param_dict> (parameters by index, for their lr_mult and
wd_mult); C<momentum> (0) of SGD; C<beta1> (0.9), C<beta2> (0.999) and C<epsilon> (1e-8) of Adam.
Others die, as do values that are no numbers.

=head1 METHODS

=head2 create(NAME, ...), create_optimizer(NAME, ...), SGD(...), Adam(...), new(...)

Make one; NAME is C<'sgd'> or C<'adam'> in any case.

=head2 learning_rate, lr

The learning rate of the next update.

=head2 set_learning_rate(LR)

Sets it; dies if there is a scheduler.

=head2 create_state(INDEX, WEIGHT), update(INDEX, WEIGHT, GRAD, STATE)

What is kept between updates of the parameter with that index, and changing it. A class of one's
own overrides these.

=head2 register

Called as C<< My::Rule->register >>, lets a subclass be found by its name in lower case.

=head2 wd, rescale_grad, clip_gradient, lr_scheduler, num_update, param_dict

What they were set to; with an argument, set them. C<num_update> is how many updates there were.

=cut
