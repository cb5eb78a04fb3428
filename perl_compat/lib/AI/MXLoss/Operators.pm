package AI::MXLoss::Operators;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use Scalar::Util qw(blessed looks_like_number);
use PDL::Lite;
use AI::MXLoss::AutoGrad;
use AI::MXLoss::DType qw(is_float typed scalar_of);

our @EXPORT_OK = qw(operator fail shape_text axis_of axes_of unbroadcast reduced_back one_at_least);

# Every operator by each of its names. An entry has
#   name      the first of its names
#   inputs    names of its arrays; ['*'] for any number of them
#   optional  how many of these, the last ones, may be left out
#   loose     number of an input => 1: its dtype is its own; others agree with the first
#   options   names of what else it takes, in order;  defaults: of those that have one
#   forward   sub ($option, @pdls) -> PDL, or a reference to an array of PDLs
#   gradient  sub ($option, $g, $value, @pdls) -> PDLs as @pdls, undef where there is no slope;
#             absent where there is none at all. With several results $g and $value are lists.
#   view      the result may share memory with its input
# PDLs have their axes in reverse order. $option is a hash of the options, the operator's own in each
# call: forward may leave there what gradient needs, and finds there dtype_of_inputs, and wants (which
# inputs need a gradient). Either may set $option->{result_dtype}, or return another type of PDL: what
# comes out is converted.
our %TABLE;

# Functions of arrays and numbers in any mix, by name: the stem of the operators that do the work.
our %MIXED;

# Operators with a gradient of their own, whatever comes back to them.
our %REGARDLESS = map { $_ => 1 } qw(make_loss SoftmaxOutput);

sub operator {
    my ($names, %entry) = @_;
    my @names = ref $names ? @$names : $names;
    $entry{inputs} //= ['data'];
    $entry{$_} //= {} for qw(loose defaults);
    $entry{optional} //= 0;
    my @options = @{ $entry{options} // [] };
    $entry{options} = [];
    while (@options) {    # "name" alone has to be given; [name => default] may be left out
        my $option = shift @options;
        push @{ $entry{options} }, ref $option ? $option->[0] : $option;
        $entry{defaults}{ $option->[0] } = $option->[1] if ref $option;
    }
    $entry{name} = $names[0];
    for my $name (@names) {
        die "two operators are called $name" if $TABLE{$name};
        $TABLE{$name} = \%entry;
    }
    return \%entry;
}

# ---- Applying operators ---------------------------------------------------------------------------

sub shape_text {
    return '[' . join(',', AI::MXLoss::Core::reverse_dims($_[0]->dims)) . ']';
}

# An error within an operator; invoke puts the operator's name before it.
sub fail { die bless [join '', @_], 'AI::MXLoss::Operators::Error' }

sub _refuse {
    my ($name, $error, @pdls) = @_;
    croak("$name: ", $error->[0]) if blessed $error && ref $error ne 'PDL';
    my $shapes = join ' ', map { shape_text($_) } grep {defined} @pdls;
    croak("$name: operands could not be broadcast together with shapes $shapes")
        if $error =~ /mismatch|broadcast/i;
    $error =~ s/ at \S+ line \d+\.?.*//s;
    croak("$name: $error (inputs of shape $shapes)");
}

sub invoke {
    my ($name, $inputs, $option) = @_;
    my $entry = ref $name ? $name : $TABLE{$name};
    my (@pdls, $dtype);
    for my $i (0 .. $#$inputs) {
        my $nd = $inputs->[$i];
        if (!defined $nd) { push @pdls, undef; next }
        push @pdls, $nd->{pdl};
        next if $entry->{loose}{$i};
        $dtype //= $nd->{dtype};
        _mixed_dtypes($entry, $i, $dtype, $nd->{dtype}) if $dtype ne $nd->{dtype};
    }
    $dtype //= 'float32';
    $option->{dtype_of_inputs} = $dtype;
    my $value = eval { $entry->{forward}->($option, @pdls) };
    _refuse($entry->{name}, $@, @pdls) if !defined $value;
    my $result_dtype = $option->{result_dtype} // $dtype;
    my $several = ref $value eq 'ARRAY';
    my @values = map { $entry->{view} ? $_ : typed($_, $result_dtype) } $several ? @$value : $value;
    my @results
        = map { bless { pdl => $_, dtype => $result_dtype }, 'AI::MXLoss::NDArray' } @values;
    if ($option->{result_dtypes}) {    # results of several dtypes
        @$_{qw(pdl dtype)} = (typed($_->{pdl}, $option->{result_dtypes}[0]), shift @{ $option->{result_dtypes} })
            for @results;
    }
    _tape($entry, $inputs, $option, \@pdls, \@results)
        if $AI::MXLoss::AutoGrad::RECORDING && $entry->{gradient};
    return $several ? \@results : $results[0];
}

sub _tape {
    my ($entry, $inputs, $option, $pdls, $results) = @_;
    my @wants = map { defined && AI::MXLoss::AutoGrad::needs_gradient($_) ? 1 : 0 } @$inputs;
    return if !grep {$_} @wants;
    return if !is_float($results->[0]{dtype});
    my @dtypes = map { defined $_ ? $_->{dtype} : undef } @$inputs;
    my $several = @$results > 1;
    my @values = map { $_->{pdl} } @$results;
    my ($value, $dims, $dtype) = ($several ? \@values : $values[0], [$values[0]->dims], $results->[0]{dtype});
    my $pullback = sub {
        my @g = @_;
        $g[0] //= PDL->ones($AI::MXLoss::DType::PDL_TYPE{$dtype}, @$dims);
        local $option->{wants} = \@wants;
        my @back = eval { $entry->{gradient}->($option, $several ? \@g : $g[0], $value, @$pdls) };
        _refuse("backward of $entry->{name}", $@, $g[0], @$pdls) if $@;
        return map {
            my ($g, $of) = ($back[$_], $dtypes[$_]);
            if (!$wants[$_] || !defined $of || !is_float($of)) { $g = undef }
            elsif (defined $g) {
                $g = $of eq 'float16' ? typed($g->copy, $of) : AI::MXLoss::DType::cast($g, $of);
            }
            $g;
        } 0 .. $#dtypes;
    };
    AI::MXLoss::AutoGrad::record_node($entry->{name}, $inputs, $results, $pullback);
    return;
}

sub _mixed_dtypes {
    my ($entry, $i, $expected, $got) = @_;
    my $name = $entry->{inputs}[0] eq '*' ? "input $i" : $entry->{inputs}[$i];
    croak("$entry->{name}: $name is $got; expected $expected, got $got: the arrays must have "
            . 'one dtype (see astype)');
}

# ---- Operators of two arrays, or of an array and a number ------------------------------------------

# The stem is that of the table's names: broadcast_<stem>, _<stem>_scalar, _r<stem>_scalar.
sub mixed {
    my ($stem, $x, $y) = @_;
    my ($first, $second) = map { _is_array($_) } $x, $y;
    return invoke($TABLE{"broadcast_$stem"}, [$x, $y], {}) if $first && $second;
    my ($number, $nd) = $first ? ($y, $x) : ($x, $y);
    $number = _number($stem, $number);
    return invoke($TABLE{ '_' . ($first ? '' : 'r') . $stem . '_scalar' }, [$nd],
        { scalar => $number });
}

sub _is_array { return blessed($_[0]) && $_[0]->isa('AI::MXLoss::NDArray') }

sub _number {
    my ($stem, $number) = @_;
    return $number if !ref $number && looks_like_number($number);
    return $number->sclr
        if blessed $number && $number->isa('PDL') && !$number->getndims && $number->nelem == 1;
    croak("$stem: an operand is ", defined $number ? "'$number'" : 'undef',
        '; expected an NDArray or a number');
}

# ---- What a script writes: positions, names, a hash ref --------------------------------------------

# Calls the entry with the arguments after the class or array of a method call.
sub call {
    my ($entry, $class, @arguments) = @_;
    unshift @arguments, $class if ref $class;
    my $many = $entry->{inputs}[0] eq '*';
    my (@inputs, %option, %out);
    if ($many) {
        @arguments = (@{ shift @arguments }, @arguments)
            if @arguments && ref $arguments[0] eq 'ARRAY';
        push @inputs, shift @arguments while @arguments && _is_array($arguments[0]);
    }
    else {
        while (@arguments && @inputs < @{ $entry->{inputs} }) {
            last if !_is_array($arguments[0]) && !_stands_for_nothing($entry, \@inputs, @arguments);
            push @inputs, shift @arguments;
        }
    }
    my $position = 0;
    while (@arguments) {
        my $next = shift @arguments;
        if (ref $next eq 'HASH') {
            _take($entry, \%option, \@inputs, \%out, %$next);
        }
        elsif (_is_name($entry, $next, $position)) {
            croak("$entry->{name}: '$next' comes without a value") if !@arguments;
            _take($entry, \%option, \@inputs, \%out, $next, shift @arguments);
        }
        else {
            my $name = $entry->{options}[ $position++ ] // croak(
                "$entry->{name}: an argument too many, ", $next // 'undef',
                '; it takes ', _signature($entry));
            _take($entry, \%option, \@inputs, \%out, $name, $next);
        }
    }
    %option = (%{ $entry->{defaults} }, %option);
    for my $name (@{ $entry->{options} }) {
        croak("$entry->{name}: $name is missing; it takes ", _signature($entry))
            if !exists $option{$name};
    }
    my $least = $many ? 1 : @{ $entry->{inputs} } - $entry->{optional};
    for my $i (0 .. ($many ? $#inputs : $#{ $entry->{inputs} })) {
        my $name = $many ? "input $i" : $entry->{inputs}[$i];
        next if _is_array($inputs[$i]) || $i >= $least && !defined $inputs[$i];
        croak("$entry->{name}: Too few arguments: $name is missing; it takes ",
            _signature($entry))
            if !defined $inputs[$i];
        croak("$entry->{name}: $name is $inputs[$i]; expected an NDArray");
    }
    croak("$entry->{name}: Too few arguments: expected at least one array")
        if $many && !@inputs;
    my $result = invoke($entry, \@inputs, \%option);
    return $result if !$out{out};
    croak("$entry->{name}: out is for operators with one result") if ref $result eq 'ARRAY';
    return $out{out}->_assign($result);
}

# undef in place of an optional array.
sub _stands_for_nothing {
    my ($entry, $inputs, $first) = @_;
    return !defined $first && @$inputs >= @{ $entry->{inputs} } - $entry->{optional};
}

# Whether an argument is the name of one, not a value by position.
sub _is_name {
    my ($entry, $value, $position) = @_;
    return 0 if !defined $value || ref $value || looks_like_number($value);
    return 1 if $value =~ /\A(?:out|ctx|name|num_args)\z/;
    return 1 if grep { $_ eq $value } @{ $entry->{options} }, @{ $entry->{inputs} };
    return 0 if $entry->{strings}{ $entry->{options}[$position] // '' };
    croak("$entry->{name}: Cannot find argument '$value', Possible Arguments: ",
        _signature($entry));
}

sub _signature {
    my ($entry) = @_;
    return join ', ', @{ $entry->{inputs} }, @{ $entry->{options} }, 'out';
}

sub _take {
    my ($entry, $option, $inputs, $out, %given) = @_;
    for my $name (keys %given) {
        my $value = $given{$name};
        if ($name eq 'out') {
            croak("$entry->{name}: out is ", $value, '; expected an NDArray')
                if defined $value && !_is_array($value);
            $out->{out} = $value;
        }
        elsif (grep { $_ eq $name } @{ $entry->{options} }) {
            croak("$entry->{name}: $name is given twice") if exists $option->{$name};
            $option->{$name} = $value;
        }
        elsif (my ($i) = grep { $entry->{inputs}[$_] eq $name } 0 .. $#{ $entry->{inputs} }) {
            croak("$entry->{name}: $name is given twice") if defined $inputs->[$i];
            $inputs->[$i] = $value;
        }
        elsif ($name !~ /\A(?:ctx|name|num_args)\z/) {
            croak("$entry->{name}: Cannot find argument '$name', Possible Arguments: ",
                _signature($entry));
        }
    }
    return;
}

# Every operator as a class function and a method of NDArray, by $enter->(name, sub); those that begin
# with an underscore are for this package.
sub install {
    my ($enter) = @_;
    for my $name (keys %TABLE) {
        my $entry = $TABLE{$name};
        next if $name =~ /\A_/ || AI::MXLoss::NDArray->can($name);
        $enter->($name, sub { return call($entry, @_) });
    }
    for my $name (keys %MIXED) {
        my $stem = $MIXED{$name};
        $enter->($name, sub { return _call_mixed($name, $stem, @_) });
    }
    return;
}

sub _call_mixed {
    my ($name, $stem, $class, @arguments) = @_;
    unshift @arguments, $class if ref $class;
    my @two = splice @arguments, 0, 2;
    croak("$name: Too few arguments: expected two operands, NDArrays or numbers") if @two != 2;
    croak("$name: at least one operand must be an NDArray") if !grep { _is_array($_) } @two;
    @arguments = %{ $arguments[0] } if ref $arguments[0] eq 'HASH';
    croak("$name: an argument too many; it takes lhs, rhs, out") if @arguments % 2;
    my %option = @arguments;
    my ($unknown) = grep { !/\A(?:out|ctx|name)\z/ } keys %option;
    croak("$name: Cannot find argument '$unknown', Possible Arguments: lhs, rhs, out")
        if defined $unknown;
    my $result = mixed($stem, @two);
    return $option{out} ? $option{out}->_assign($result) : $result;
}

# ---- For the entries ------------------------------------------------------------------------------

# An axis as the number of a PDL's dimension, where the last axis comes first.
sub axis_of {
    my ($axis, $ndim, $what) = @_;
    $what //= 'axis';
    fail("$what is ", defined $axis ? "'$axis'" : 'undef', '; expected an integer')
        if !defined $axis || ref $axis || $axis !~ /\A\s*[-+]?[0-9]+\z/;
    fail("$what is $axis; expected ", -$ndim, ' to ', $ndim - 1)
        if $axis < -$ndim || $axis >= $ndim;
    return $ndim - 1 - ($axis < 0 ? $axis + $ndim : $axis);
}

# Axes to reduce over, one, several or undef for all (with exclude: all others), as dimensions of a
# PDL in ascending order.
sub axes_of {
    my ($axis, $ndim, $exclude) = @_;
    my @given = ref $axis eq 'ARRAY' ? @$axis : defined $axis && "$axis" ne '' ? $axis : ();
    my %chosen = map { $_ => 1 } @given ? map { axis_of($_, $ndim) } @given : 0 .. $ndim - 1;
    return grep { $exclude && @given ? !$chosen{$_} : $chosen{$_} } 0 .. $ndim - 1;
}

# The gradient of an input with these dimensions that was broadcast to those of $g.
sub unbroadcast {
    my ($g, @dims) = @_;
    my @have = $g->dims;
    return $g if "@have" eq "@dims";
    # what g itself lacks was constant along it
    $g = $g + PDL->zeroes($g->type, @dims)
        if grep { $dims[$_] != 1 && ($have[$_] // 1) == 1 } 0 .. $#dims;
    @have = $g->dims;
    return $g if "@have" eq "@dims";
    my $type = $g->type;
    for my $i (reverse 0 .. $#have) {
        next if $i < @dims && ($dims[$i] != 1 || $have[$i] == 1);
        $g = $g->mv($i, 0)->dsumover;
        $g = $g->dummy($i) if $i < @dims;
    }
    return $g->convert($type)->sever;
}

# What a reduction over these dimensions gave, with dimensions of length 1 in their places.
sub reduced_back {
    my ($pdl, @axes) = @_;
    $pdl = $pdl->dummy($_) for @axes;
    return $pdl;
}

sub one_at_least { return AI::MXLoss::DType::one_at_least($_[0]) }

require AI::MXLoss::Operators::Elements;
require AI::MXLoss::Operators::Special;
require AI::MXLoss::Operators::Pairs;
require AI::MXLoss::Operators::Reductions;
require AI::MXLoss::Operators::Softmax;
require AI::MXLoss::Operators::Shapes;
require AI::MXLoss::Operators::Joins;
require AI::MXLoss::Operators::Places;
require AI::MXLoss::Operators::Network;
require AI::MXLoss::Operators::Updates;

1;
