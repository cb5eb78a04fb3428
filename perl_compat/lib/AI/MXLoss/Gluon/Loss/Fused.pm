package AI::MXLoss::Gluon::Loss::Fused;

# The losses that the core computes: classes made of its table. Internal.

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed looks_like_number weaken);
use AI::MXLoss::Core ();
use AI::MXLoss::AutoGrad ();
use AI::MXLoss::NDArray ();
use AI::MXLoss::DType ();
use AI::MXLoss::Gluon::Loss ();
use parent -norequire, 'AI::MXLoss::Gluon::Loss';

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# ---- The classes --------------------------------------------------------------------------------

sub _finite {
    my ($value, $name) = @_;
    return $value - $value == 0 ? undef : "$name must be a finite number, got $value";
}

sub _positive {
    my ($value, $name) = @_;
    return _finite($value, $name)
        // ($value > 0 ? undef : "$name must be a finite number above 0, got $value");
}

sub _fraction {
    my ($value, $name) = @_;
    return $value >= 0 && $value < 1 ? undef : "$name must be at least 0 and below 1, got $value";
}

sub _rows_only {
    my ($value, $name) = @_;
    return $value == 0
        ? undef : "$name must be 0, because this loss is defined for rows, got $value";
}

# A choice of two words: the second one sets a flag of the core.
sub _words {
    my ($flag, @words) = @_;
    return {
        flag => $flag, words => \@words,
        check => sub {
            my ($value, $name) = @_;
            $value //= 'undef';
            return (grep { $_ eq $value } @words)
                ? undef : "$name can only be $words[0] or $words[1], got '$value'";
        },
    };
}

# What the options are that the core's table names: how Gluon has them, and the core.
my %kinds = (
    weight              => { isa => 'Maybe[Num]' },
    batch_axis          => { isa => 'Int' },
    axis                => { isa => 'Int', is => 'ro' },
    rho                 => { isa => 'Num', check => \&_positive },
    margin              => { isa => 'Num', check => \&_finite },
    smoothing_parameter => { isa => 'Num', check => \&_fraction },
    from_sigmoid        => { isa => 'Bool', is => 'ro', flag => 'FROM_SIGMOID' },
    from_logits         => { isa => 'Bool', is => 'ro', flag => 'FROM_LOGITS' },
    sparse_label        => { isa => 'Bool', is => 'ro', flag => 'SPARSE_LABEL' },
    compute_full        => { isa => 'Bool', is => 'ro', flag => 'COMPUTE_FULL' },
    label_format        => _words('LABEL_BINARY', qw(signed binary)),
    out_of_range        => _words('CLIP_LABEL', qw(raise clip)),
    reduction           => _words('REDUCE_SUM', qw(mean sum)),
    layout              => _words('LAYOUT_TNC', qw(NTC TNC)),
    label_layout        => _words('LABEL_LAYOUT_TN', qw(NT TN)),
    infeasible          => _words('INFEASIBLE_INF', qw(zero inf)),
    blank_in_label      => _words('BLANK_IN_LABEL', qw(raise allow)),
);
my %in_call = (epsilon => 1);    # an option of the core, but an argument of the call

my %weight_of   = map { $_ => 1 } qw(L1Loss L2Loss SDMLLoss);    # others: none
my %rows        = map { $_ => 1 } qw(CosineEmbeddingLoss SDMLLoss);
my %short_names = (
    SigmoidBCELoss => 'SigmoidBinaryCrossEntropyLoss',
    SoftmaxCELoss  => 'SoftmaxCrossEntropyLoss',
);
my %other_inputs = (CTCLoss => { data => 'pred', data_lengths => 'pred_lengths' });

my %core;    # class => what the core has to say about it

sub _make_class {
    my ($info) = @_;
    my $class    = "AI::MXLoss::Gluon::$info->{name}";
    my %defaults = AI::MXLoss::Core::defaults($info->{number});
    my (%attributes, %settings);
    for my $option (grep { !$in_call{$_} } @{ $info->{options} }) {
        my $kind = $kinds{$option} or die "AI::MXLoss does not know the option $option of $class";
        my %attribute = (is => 'rw', isa => 'Any', %$kind);
        $attribute{default}
            = $option eq 'weight'  ? $weight_of{ $info->{name} }
            : $kind->{words}       ? $kind->{words}[$defaults{ $kind->{flag} }]
            : $kind->{flag}        ? $defaults{ $kind->{flag} }
            :                        $defaults{$option};
        $attribute{check} = \&_rows_only if $option eq 'batch_axis' && $rows{ $info->{name} };
        $attributes{$option} = \%attribute;
        $settings{$option} = $kind;
    }
    _class($class, __PACKAGE__);
    $class->_declare(%attributes);
    $class->_undeclare('batch_axis') if !$attributes{batch_axis};
    $core{$class} = {
        %$info,
        settings => \%settings,
        place    => { map { $info->{inputs}[$_] => $_ } 0 .. $#{ $info->{inputs} } },
        extra    => [grep { $in_call{$_} } @{ $info->{options} }],
    };
    my $others = $other_inputs{ $info->{name} } // {};
    $core{$class}{place}{$_} = $core{$class}{place}{ $others->{$_} } for keys %$others;
    return;
}

sub _class {
    my ($class, $parent) = @_;
    no strict 'refs';
    @{"${class}::ISA"} = ($parent);
    ${"${class}::VERSION"} = $AI::MXLoss::Core::VERSION;
    (my $file = "$class.pm") =~ s{::}{/}g;
    $INC{$file} //= __FILE__;
    $class->register('AI::MXLoss::Gluon::Loss');
    return;
}

_make_class($_)
    for sort { $a->{number} <=> $b->{number} } values %{ AI::MXLoss::Core::losses() };
_class("AI::MXLoss::Gluon::$_", "AI::MXLoss::Gluon::$short_names{$_}") for sort keys %short_names;

# The core's row for an object's class or what that extends.
sub _core {
    my ($self) = @_;
    my $class = ref $self || $self;
    return $core{$class} //= do {
        my ($found) = grep { $core{$_} } AI::MXLoss::Gluon::Block::Attributes::_lineage($class);
        $core{ $found // '' } or fail("$class is none of the losses that the core has");
    };
}

# ---- Options ------------------------------------------------------------------------------------

sub _attribute_changed { delete $_[0]{_usual}; return }

# What the core has to be told: its number of the loss, the options as it takes them, a name for the
# tape, and the head gradient that is expected: the one number that came the last time. Kept until
# an attribute changes; with what a call gave, made anew.
sub _setting {
    my ($self, $extra) = @_;
    return $self->{_usual} // $self->_make_setting if !$extra || !%$extra;
    for my $name (sort keys %$extra) {
        my $value = $extra->{$name};
        fail("${\ $self->_class_name }: $name must be a finite number, got "
                . ($value // 'undef'))
            if !defined $value || ref $value || !looks_like_number($value) || $value - $value != 0;
    }
    return [$self->_core->{number}, $self->_make_options(%$extra), $self->_class_name, 1];
}

sub _make_setting {
    my ($self) = @_;
    my $setting = [$self->_core->{number}, $self->_make_options, $self->_class_name, 1];
    $self->{_usual} = $setting if !_is_custom(ref $self);    # which usual_call goes by
    return $setting;
}

sub _make_options {
    my ($self, @extra) = @_;
    my $core = $self->_core;
    my @options = @extra;
    my $settings = $core->{settings};
    for my $name (keys %$settings) {
        my ($kind, $value) = ($settings->{$name}, $self->{$name});
        if ($name eq 'weight')    { push @options, weight => $value if defined $value }
        elsif ($kind->{words})    { push @options, $kind->{flag} => $value eq $kind->{words}[1] }
        elsif ($kind->{flag})     { push @options, $kind->{flag} => $value ? 1 : 0 }
        else                      { push @options, $name => $value }
    }
    return AI::MXLoss::Core::options($core->{number}, @options);
}

sub batch_axis {    # of losses without this option
    my ($self, @value) = @_;
    my $label_layout = $self->{label_layout} // return 0;
    fail("${\ $self->_class_name }: label_layout decides the batch axis") if @value;
    return index $label_layout, 'N';
}

sub _own_arguments {
    my ($self) = @_;
    return ((grep { !$in_call{$_} } @{ $self->_core->{options} }), 'prefix', 'params');
}

# ---- Calling ------------------------------------------------------------------------------------

# The inputs in the core's order, and options given in the call.
sub _bind {
    my ($self, $arguments) = @_;
    my $core = $self->_core;
    my ($inputs, $place, $extra) = @$core{qw(inputs place extra)};
    my $most = @$inputs + @$extra;
    my (@bound, %extra);
    my $i = 0;
    for (; $i < @$arguments; $i++) {
        my $x = $arguments->[$i];
        last if defined $x && !ref $x && $x =~ /^[A-Za-z_]/ && !looks_like_number($x);
        fail("Too many arguments for ${\ $self->_class_name }: it takes at most $most ("
                . join(', ', @$inputs, @$extra) . '), got ' . scalar @$arguments)
            if $i >= $most;
        if ($i < @$inputs) { $bound[$i] = $x }
        else               { $extra{ $extra->[$i - @$inputs] } = $x }
    }
    if ($i < @$arguments) {
        my $name = $self->_class_name;
        fail("$name: Odd number of named inputs from '$arguments->[$i]' on; expected an NDArray, a "
                . 'PDL or a nested list for each input, or name => value')
            if (@$arguments - $i) % 2;
        my $positional = $i;
        for (; $i < @$arguments; $i += 2) {
            my ($key, $value) = @$arguments[$i, $i + 1];
            my $at = $place->{$key};
            my ($option) = grep { $_ eq $key } @$extra;
            fail("$name has no input '$key'; its inputs are " . join ', ', @$inputs, @$extra)
                if !defined $at && !defined $option;
            fail("$name got '$key' twice, by position and by name")
                if defined $at ? $at < $positional || exists $bound[$at] : exists $extra{$option};
            defined $at ? ($bound[$at] = $value) : ($extra{$option} = $value);
        }
    }
    return (\@bound, \%extra);
}

# What may be given for an input: NDArrays and PDLs as they are, lists as arrays.
sub _as_input {
    my ($self, $x, $i) = @_;
    return $x if !defined $x || (blessed $x && ($x->isa('AI::MXLoss::NDArray') || $x->isa('PDL')));
    my $name = $self->_core->{inputs}[$i];
    my $class = $self->_class_name;
    return AI::MXLoss::NDArray->array($x, dtype => $i ? 'float64' : 'float32') if ref $x eq 'ARRAY';
    fail("$class: HybridBlock requires the first argument to forward be an NDArray, but got [$x]; "
            . "$name may also be a PDL or a nested list")
        if !$i;
    fail(
        "$class: In method hybrid_forward: parameter ($name): Validation failed for 'GluonInput' "
            . "with value $x; expected an NDArray, a PDL or a nested list");
}

my %custom;    # class => whether it has a formula of its own

sub _is_custom {
    my ($class) = @_;
    return $custom{$class} //= $class->can('hybrid_forward') != \&hybrid_forward
        || $class->can('forward') != \&forward ? 1 : 0;
}

# What a block does when it is called; the usual call, of two arrays and no hooks, without detours.
sub call {
    if (@_ == 3) {
        my $value = &AI::MXLoss::Core::usual_call;
        return $value if defined $value;
    }
    my $self = shift;
    return $self->SUPER::call(@_);
}

sub _make_code {
    my ($self) = @_;
    return $self->SUPER::_make_code if $self->can('call') != \&call;
    weaken(my $block = $self);
    return sub {
        return (@_ == 2 ? AI::MXLoss::Core::usual_call($block, @_) : undef)
            // ($block // __PACKAGE__->_gone)->call(@_);
    };
}

sub forward {
    my $self = shift;
    return $self->SUPER::forward(@_) if $self->can('hybrid_forward') != \&hybrid_forward;
    return $self->_fused(\@_);
}

# The same, without hooks; F can only be mx->nd.
sub hybrid_forward {
    my ($self, $F, @inputs) = @_;
    fail("${\ $self->_class_name }: hybrid_forward: expected mx->nd and the inputs, got "
            . ($F // 'undef'))
        if !defined $F || ref $F || !$F->isa('AI::MXLoss::NDArray');
    return $self->_fused(\@inputs);
}

sub _fused {
    my ($self, $given) = @_;
    my ($inputs, $extra) = $self->_bind($given);
    $inputs->[$_] = $self->_as_input($inputs->[$_], $_) for 0 .. $#$inputs;
    my $setting = $self->_setting($extra);
    my ($number, $options, $name, $head) = @$setting;
    if ($AI::MXLoss::AutoGrad::RECORDING) {
        my @want = grep { _differentiable($inputs->[$_]) } 0 .. $#$inputs;
        if (@want) {
            my @sources = @$inputs[@want];
            my ($value, @ready) = AI::MXLoss::Core::run($number, $options, $inputs, $head, \@want,
                1, [map { delete $_->{spare} } @sources]);
            my $result = AI::MXLoss::NDArray->_wrap($value, _dtype_of($inputs->[0]));
            my $pullback = bless [$setting, $head, \@want, $inputs, @ready],
                'AI::MXLoss::Gluon::Loss::Pullback';
            AI::MXLoss::AutoGrad::record_loss($name, \@sources, $result, $pullback);
            return $result;
        }
    }
    my ($value) = AI::MXLoss::Core::run($number, $options, $inputs);
    return AI::MXLoss::NDArray->_wrap($value, _dtype_of($inputs->[0]));
}

sub _differentiable {
    my ($x) = @_;
    return defined $x && $x->isa('AI::MXLoss::NDArray')
        && AI::MXLoss::DType::is_float($x->{dtype})
        && AI::MXLoss::AutoGrad::needs_gradient($x);
}

my %dtypes = (float => 'float32', double => 'float64', ldouble => 'float64');

sub _dtype_of {
    my ($pred) = @_;
    return $pred->isa('PDL') ? $dtypes{ $pred->type } : $pred->{dtype};
}

package AI::MXLoss::Gluon::Loss::Pullback;

# The way back through a loss: a reference to an array of its setting, the head gradient that its
# gradients were computed for, the numbers of the inputs that have some, all inputs, and these
# gradients.

use overload
    '&{}' => sub {
        my ($state) = @_;
        sub { return $state->pull(@_) }
    },
    'bool' => sub {1};

# If the head gradient is what was expected, the gradients are there; else the core is called again,
# so that it makes no difference to any bit.
sub pull {
    my ($state, $head) = @_;
    my ($setting, $expected, $want, $inputs, @ready) = @$state;
    my $factor = defined $head ? AI::MXLoss::Core::constant_of($head) : 1;
    if (defined $factor) {
        return @ready if $factor == $expected;
        $setting->[3] = $factor;
    }
    return AI::MXLoss::Core::run(@$setting[0, 1], $inputs, $head, $want, 0);
}

package AI::MXLoss::Gluon::Loss::MeanPullback;

# The way back through the mean of a loss's values, which usual_mean records: a reference to an
# array of their number and its reciprocal, in their type.

our @ISA = ('AI::MXLoss::Gluon::Loss::Pullback');

sub pull {
    my ($state, $head) = @_;
    my $mean = defined $head ? $head / $state->[0] : PDL->pdl([$state->[1]]);
    return PDL->zeroes($state->[0]) + $mean;
}

1;
