package AI::MXLoss::Metric;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed);
use AI::MXLoss::NDArray ();

my %classes = (accuracy => 'AI::MXLoss::Accuracy', acc => 'AI::MXLoss::Accuracy',
    loss => 'AI::MXLoss::Loss');

AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "metric has no '%s'; AI::MXLoss has Accuracy and Loss, not all of MXNet");

sub Accuracy { my $class = shift; return $classes{accuracy}->new(@_) }
sub Loss     { my $class = shift; return $classes{loss}->new(@_) }

sub create {
    my ($class, $metric, @arguments) = @_;
    return $metric if blessed $metric && $metric->isa('AI::MXLoss::EvalMetric');
    my $kind = defined $metric && !ref $metric ? $classes{ lc $metric } : undef;
    croak('no metric ', defined $metric ? "'$metric'" : undef, '; expected one of ', join ', ',
        sort keys %classes)
        if !$kind;
    return $kind->new(@arguments);
}

package AI::MXLoss::EvalMetric;

use Scalar::Util qw(blessed);
use AI::MXLoss::Croak;
use AI::MXLoss::Arguments ();

use overload
    '""'   => sub { my ($name, $value) = $_[0]->get; "EvalMetric: {'$name' => $value}" },
    'bool' => sub {1};

sub new {
    my ($class, @arguments) = @_;
    my ($kind) = $class =~ /([^:]+)\z/;
    my %defaults = (name => lc $kind, $class->_defaults);
    my $self = bless AI::MXLoss::Arguments::arguments($kind, [$class->_positions], \%defaults,
        @arguments),
        $class;
    $self->_check;
    $self->reset;
    return $self;
}

sub _defaults  { return () }
sub _positions { return 'name' }
sub _check     { return }

sub name       { return $_[0]{name} }
sub num_inst   { return $_[0]{num_inst} }
sub sum_metric { return $_[0]{sum_metric} }

sub reset {
    my ($self) = @_;
    @$self{qw(num_inst sum_metric)} = (0, 0);
    return;
}

sub get {
    my ($self) = @_;
    my $value = $self->{num_inst} ? $self->{sum_metric} / $self->{num_inst} : 'nan';
    return ($self->{name}, $value);
}

sub get_name_value {
    my ($self) = @_;
    return { $self->get };
}

sub update {
    my ($self) = @_;
    croak(ref $self, ' does not override update');
}

# NDArrays as a reference to an array of PDLs, and of their shapes.
sub _arrays {
    my ($what, $arrays) = @_;
    $arrays = [$arrays] if ref $arrays ne 'ARRAY';
    return map {
        my $array = $_;
        $array = AI::MXLoss::NDArray->array($array, dtype => 'float64')
            if blessed $array && $array->isa('PDL');
        croak("update: $what is ", $array,
            '; expected an NDArray, or a reference to an array of these')
            if !(blessed $array && $array->isa('AI::MXLoss::NDArray'));
        $array;
    } @$arrays;
}

package AI::MXLoss::Accuracy;

our @ISA = ('AI::MXLoss::EvalMetric');

use AI::MXLoss::Croak;

sub _defaults  { return (axis => 1) }
sub _positions { return ('axis', 'name') }

sub _check {
    my ($self) = @_;
    $self->{axis} =~ /\A-?[0-9]+\z/
        or croak("Accuracy: axis is '$self->{axis}'; expected an integer");
    return;
}

sub update {
    my ($self, $labels, $preds) = @_;
    my @labels = AI::MXLoss::EvalMetric::_arrays('labels', $labels);
    my @preds  = AI::MXLoss::EvalMetric::_arrays('preds',  $preds);
    croak('Shape of labels ', scalar @labels, ' does not match shape of predictions ',
        scalar @preds)
        if @labels != @preds;
    for my $i (0 .. $#labels) {
        my ($label, $pred) = ($labels[$i]->detach, $preds[$i]->detach);
        if ("@{ $label->shape }" ne "@{ $pred->shape }") {
            my $ndim = $pred->ndim;
            croak("Accuracy: preds has shape [@{ $pred->shape }], which has no axis $self->{axis}")
                if $self->{axis} < -$ndim || $self->{axis} >= $ndim;
            $pred = $pred->astype('float64')->argmax(axis => $self->{axis});
        }
        croak('Shape of labels ', $label->size, ' does not match shape of predictions ',
            $pred->size)
            if $label->size != $pred->size;
        my ($z, $p) = map { $_->astype('int64')->aspdl->flat } $label, $pred;
        $self->{sum_metric} += ($z == $p)->flat->dsumover->sclr;
        $self->{num_inst}   += $p->nelem;
    }
    return;
}

package AI::MXLoss::Loss;

our @ISA = ('AI::MXLoss::EvalMetric');

sub update {
    my ($self, $labels, $preds) = @_;
    for my $pred (AI::MXLoss::EvalMetric::_arrays('preds', $preds)) {
        $self->{sum_metric} += $pred->aspdl->flat->dsumover->sclr;
        $self->{num_inst}   += $pred->size;
    }
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Metric - numbers that tell how training goes: Accuracy, and the mean Loss

=head1 SYNOPSIS

    my $accuracy = mx->metric->Accuracy();
    $accuracy->update([$labels], [$scores]);
    my ($name, $value) = $accuracy->get;

=head1 DESCRIPTION

A metric is a mean over all that C<update> was given since it was made or C<reset>.

=head1 FUNCTIONS

=head2 Accuracy(axis => 1, name => 'accuracy')

The share of right predictions. C<< update($labels, $preds) >> takes NDArrays or references to
arrays of these: class numbers, and predictions, which are class numbers, too, or scores with the
classes along C<axis>, the largest of which is the prediction.

=head2 Loss(name => 'loss')

The mean of losses: C<< update(undef, $losses) >>; labels are not looked at.

=head2 create(NAME, ...)

The metric C<'acc'>, C<'accuracy'> or C<'loss'>; one that exists is returned.

=head1 METHODS OF METRICS

=over

=item update($labels, $preds)

=item get

The list (name, value); the value is a plain number, and C<nan> before the first update.

=item get_name_value

A reference to a hash of it.

=item reset

Begins anew.

=item name, num_inst, sum_metric

The name, and the number and sum of what the mean is of.

=back

A metric of one's own derives from C<AI::MXLoss::EvalMetric> and overrides C<update>, which adds to
C<< $self->{sum_metric} >> and C<< $self->{num_inst} >>.

=cut
