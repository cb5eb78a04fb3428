package AI::MXLoss::Gluon::Trainer;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed looks_like_number);
use AI::MXLoss::Arguments qw(arguments);
use AI::MXLoss::Optimizer ();
use AI::MXLoss::Gluon::Parameter ();

AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "Trainer has no '%s'; what it has is in the documentation of AI::MXLoss::Gluon::Trainer");

my @POSITIONS = qw(params optimizer optimizer_params kvstore compression_params update_on_kvstore);

sub new {
    my ($class, @arguments) = @_;
    my $given = arguments('Trainer', \@POSITIONS, { map { $_ => undef } @POSITIONS }, @arguments);
    my $params = $given->{params};
    my @params
        = blessed $params
        && $params->isa('AI::MXLoss::Gluon::ParameterDict') ? _sorted($params->items)
        : ref $params eq 'HASH'  ? _sorted(%$params)
        : ref $params eq 'ARRAY' ? @$params
        :   undef;
    for my $parameter (@params) {
        croak('First argument must be a array or hash of Parameters, got ',
            @params > 1 ? 'list of ' : '', $parameter // $params, '; expected $net->collect_params')
            if !(blessed $parameter && $parameter->isa('AI::MXLoss::Gluon::Parameter'));
    }
    my $kvstore = $given->{kvstore};
    croak("Trainer: kvstore is '$kvstore'; there is one process: 'device' or undef")
        if defined $kvstore && $kvstore =~ /^dist/;
    croak('Trainer: compression_params are for many devices; there is one')
        if $given->{compression_params};
    my $options = $given->{optimizer_params};
    croak(
        "Trainer: optimizer_params is $options; expected a hash ref, such as ",
        '{ learning_rate => 0.1 }'
    ) if defined $options && ref $options ne 'HASH';
    my %by_index = map { $_ => $params[$_] } 0 .. $#params;
    my $optimizer = $given->{optimizer};
    if (blessed $optimizer && $optimizer->isa('AI::MXLoss::Optimizer')) {
        croak(
            'optimizer_params must be undef if optimizer is an instance of Optimizer instead of str'
        ) if $options && %$options;
        $optimizer->param_dict(\%by_index);
    }
    else {
        $optimizer
            = AI::MXLoss::Optimizer->create($optimizer, %{ $options // {} },
            param_dict => \%by_index);
    }
    return bless {
        params => \@params, optimizer => $optimizer, scale => $optimizer->rescale_grad,
        states => [],
    }, $class;
}

sub _sorted {
    my (%by_name) = @_;
    return @by_name{ sort keys %by_name };
}

sub params        { return $_[0]{params} }
sub optimizer     { return $_[0]{optimizer} }
sub learning_rate { return $_[0]{optimizer}->learning_rate }

sub set_learning_rate {
    my ($self, $lr) = @_;
    $self->{optimizer}->set_learning_rate($lr);
    return;
}

sub allreduce_grads { return }

sub step {
    my ($self, @arguments) = @_;
    my $given = arguments('step', ['batch_size', 'ignore_stale_grad'],
        { batch_size => undef, ignore_stale_grad => 0 }, @arguments);
    my $size = $given->{batch_size};
    croak('step: batch_size must be a number above 0, got ', defined $size ? "'$size'" : undef)
        if ref $size || !looks_like_number($size) || !($size > 0);
    my $optimizer = $self->{optimizer};
    $optimizer->rescale_grad($self->{scale} / $size);
    my @fresh;
    for my $i (0 .. $#{ $self->{params} }) {
        my $parameter = $self->{params}[$i];
        next if $parameter->grad_req eq 'null';
        my $weight = $parameter->data;
        if ($weight->{fresh}) { push @fresh, [$i, $weight] }
        elsif (!$given->{ignore_stale_grad}) {
            croak(
                "Gradient of Parameter `${\ $parameter->name}` on context ${\ $weight->context} ",
                'has not been updated by backward since last `step`. Perhaps the loss does not ',
                'depend on it. If that is intended, call step with ignore_stale_grad => 1 to ',
                'leave such parameters as they are'
            );
        }
    }
    for (@fresh) {
        my ($i, $weight) = @$_;
        $self->{states}[$i] = [$optimizer->create_state($i, $weight)] if !$self->{states}[$i];
        $optimizer->update($i, $weight, $weight->grad, $self->{states}[$i][0]);
        $weight->{fresh} = 0;
    }
    return;
}

sub update { my ($self, @arguments) = @_; return $self->step(@arguments) }

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Trainer - applies an optimizer to parameters

=head1 SYNOPSIS

    my $trainer = gluon->Trainer($net->collect_params, 'sgd', { learning_rate => 0.1 });
    for (1 .. 100) {
        my $l;
        autograd->record(sub { $l = $loss->($net->($x), $y) });
        $l->backward;
        $trainer->step($x->len);
    }

=head1 METHODS

=head2 new(params, optimizer, optimizer_params, ...)

By position, by name, or the first by position and the others by name.

=over

=item params

A ParameterDict, as from C<< $net->collect_params >>, or a reference to an array or hash of
Parameters.

=item optimizer

C<'sgd'>, C<'adam'>, or an L<AI::MXLoss::Optimizer>.

=item optimizer_params

A reference to a hash of the optimizer's arguments. Unlike in AI::MXNet, what it does not know
dies.

=item kvstore, compression_params, update_on_kvstore

For scripts that give them; there is one process and one device.

=back

=head2 step(batch_size, ignore_stale_grad => 0)

Changes all parameters by their gradients, divided by batch_size, as C<backward> of a loss gives
the gradient of its sum. A parameter that C<backward> has not reached since the last step is an
error, or is left as it is with C<< ignore_stale_grad => 1 >>.

=head2 update(batch_size, ...)

As C<step>.

=head2 learning_rate, set_learning_rate(LR)

The learning rate of the next step, and setting it. (C<learning_rate> dies in AI::MXNet.)

=head2 optimizer, params

The optimizer, and a reference to an array of the parameters.

=head2 allreduce_grads

Nothing: there is one device.

=cut
