package AI::MXLoss::Operators::Softmax;

# softmax and its relatives, and CTC as an operator.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::DType qw(typed is_float);
use AI::MXLoss::Operators qw(operator fail axis_of);
use AI::MXLoss::Operators::Functions qw(one_hot_of trunc_of choose);

# log(softmax) along the first dimension. The sum is taken in double.
sub log_softmax_of {
    my ($x) = @_;
    my $shifted = $x - $x->maximum->dummy(0);
    return $shifted - PDL::log(PDL::exp($shifted)->dsumover)->dummy(0);
}

# The scores, divided by the temperature, with the axis of classes first.
sub _scores {
    my ($o, $x) = @_;
    my $at = $o->{at} = axis_of($o->{axis}, $x->getndims);
    $o->{by} = $o->{temperature} // 1;
    $x = $x / $o->{by} if $o->{by} != 1;
    return $x->mv($at, 0);
}

my @OPTIONS = (options => [[axis => -1], [temperature => undef]]);

operator(
    'log_softmax', @OPTIONS,
    forward => sub {
        my ($o, $x) = @_;
        my $value = log_softmax_of(_scores($o, $x));
        $value->mv(0, $o->{at})->copy;
    },
    gradient => sub {
        my ($o, $g, $value) = @_;
        ($g, $value) = map { $_->mv($o->{at}, 0) } $g, $value;
        (($g - PDL::exp($value) * $g->dsumover->dummy(0)) / $o->{by})->mv(0, $o->{at})->copy;
    },
);

sub _softmax_gradient {
    my ($o, $g, $value) = @_;
    ($g, $value) = map { $_->mv($o->{at}, 0) } $g, $value;
    return ($value * ($g - ($g * $value)->dsumover->dummy(0)) / $o->{by})->mv(0, $o->{at})->copy;
}

operator(
    'softmax', @OPTIONS,
    forward => sub {
        my ($o, $x) = @_;
        PDL::exp(log_softmax_of(_scores($o, $x)))->mv(0, $o->{at})->copy;
    },
    gradient => \&_softmax_gradient,
);

operator(
    'softmin', @OPTIONS,
    forward => sub {
        my ($o, $x) = @_;
        PDL::exp(log_softmax_of(_scores($o, -$x)))->mv(0, $o->{at})->copy;
    },
    gradient => sub { -_softmax_gradient(@_) },
);

# Summed over the batch; shape [1]
operator(
    'softmax_cross_entropy',
    inputs  => ['data', 'label'],
    loose   => { 1 => 1 },
    forward => sub {
        my ($o, $x, $label) = @_;
        fail('data has ', $x->getndims, ' axes; expected two') if $x->getndims != 2;
        fail('label has ', $label->nelem, ' elements; expected ', $x->getdim(1))
            if $label->nelem != $x->getdim(1);
        $o->{hit} = one_hot_of(trunc_of($label->flat), $x->getdim(0));
        my $log = $o->{log} = log_softmax_of($x);
        -choose($o->{hit}, $log, PDL->pdl(0))->flat->dummy(1)->dsumover;
    },
    gradient => sub {
        my ($o, $g) = @_;
        return ($g * (PDL::exp($o->{log}) - $o->{hit}), undef);
    },
);

# softmax, whose gradient is that of the cross entropy, whatever comes back. Classes lie along axis
# 1 with multi_output, the last one with preserve_shape, else along all axes but the first.
operator(
    'SoftmaxOutput',
    inputs  => ['data', 'label'],
    loose   => { 1 => 1 },
    options => [
        [grad_scale => 1], [ignore_label => -1], [multi_output => 0], [use_ignore => 0],
        [preserve_shape => 0], [normalization => 'null'],
    ],
    strings => { normalization => 1 },
    forward => sub {
        my ($o, $x, $label) = @_;
        fail("normalization is $o->{normalization}; expected null, batch or valid")
            if $o->{normalization} !~ /\A(?:null|batch|valid)\z/;
        $o->{p} = PDL::exp(log_softmax_of(_classes($o, $x)));
        my $places = $o->{p}->nelem / $o->{p}->getdim(0);
        fail('label has ', $label->nelem, " elements; expected one class for each of the $places "
                . 'places, or probabilities of the shape of data')
            if $label->nelem != $places && "@{[$label->dims]}" ne "@{[$x->dims]}";
        _unclasses($o, $o->{p}, $x);
    },
    gradient => sub {
        my ($o, $g, $value, $x, $label) = @_;
        my $p = $o->{p};
        if ("@{[$label->dims]}" eq "@{[$x->dims]}") {
            return (_unclasses($o, ($p - _classes($o, $label)) * $o->{grad_scale}, $x), undef);
        }
        my $class = trunc_of($label->double)->copy->reshape(($p->dims)[1 .. $p->getndims - 1]);
        my $d = $p - one_hot_of($class, $p->getdim(0));
        my $valid = $class != $o->{ignore_label};
        $d = $d * $valid->dummy(0) if $o->{use_ignore};
        my $by = $o->{normalization} eq 'batch' ? $class->nelem
            : $o->{normalization} eq 'valid' ? ($valid->flat->dsumover->sclr || 1)
            :   $o->{multi_output} ? $class->nelem / $class->getdim(-1) : 1;
        return (_unclasses($o, $d * ($o->{grad_scale} / $by), $x), undef);
    },
);

sub _classes {
    my ($o, $x) = @_;
    return $x->mv(-2, 0) if $o->{multi_output};
    return $x if $o->{preserve_shape} || $x->getndims < 3;
    return $x->clump($x->getndims - 1);
}

sub _unclasses {
    my ($o, $p, $x) = @_;
    return $p->mv(0, $x->getndims - 2)->copy if $o->{multi_output};
    return $p->copy->reshape($x->dims);
}

# The cost of each sample; data is (T, N, C). With blank_label first, class 0 is the blank and
# labels end before the first 0; with last, class C - 1 and -1.
operator(
    ['CTCLoss', 'ctc_loss'],
    inputs   => [qw(data label data_lengths label_lengths)],
    optional => 2,
    loose    => { 1 => 1, 2 => 1, 3 => 1 },
    options  => [[use_data_lengths => 0], [use_label_lengths => 0], [blank_label => 'first']],
    strings  => { blank_label => 1 },
    forward  => sub {
        my ($o, $x, $label, @lengths) = @_;
        fail("blank_label is '$o->{blank_label}'; expected first or last")
            if $o->{blank_label} !~ /\A(?:first|last)\z/;
        fail('data has ', $x->getndims, ' axes; expected three, (T, N, C)') if $x->getndims != 3;
        my $first = $o->{blank_label} eq 'first';
        my @inputs = (
            $first ? _rolled($x, -1) : $x,
            $first ? $label->double - 1 : $label->double,
            map { $o->{ $_->[0] } && defined $_->[1] ? $_->[1]->double : undef }
                [use_data_lengths => $lengths[0]], [use_label_lengths => $lengths[1]],
        );
        my $number = AI::MXLoss::Core::losses()->{CTCLoss}{number};
        my $options = AI::MXLoss::Core::options($number,
            LAYOUT_TNC => 1, $first ? () : (BLANK_IN_LABEL => 1));
        my ($value, $gradient) = AI::MXLoss::Core::run($number, $options, \@inputs, undef, [0]);
        $o->{gradient} = $gradient;
        $value;
    },
    gradient => sub {
        my ($o, $g) = @_;
        my $back = $o->{gradient} * $g->dummy(0);
        return ($o->{blank_label} eq 'first' ? _rolled($back, 1) : $back, undef, undef, undef);
    },
);

# Classes moved on by one place.
sub _rolled {
    my ($x, $by) = @_;
    return $x->rotate($by)->copy;
}

1;
