package AI::MXLoss::Operators;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use PDL::Lite;
use AI::MXLoss::AutoGrad;
use AI::MXLoss::DType qw(is_float ones_of typed);

our @EXPORT_OK = qw(operator fail shape_text axis_of axes_of unbroadcast reduced_back one_at_least
    room);

# Every operator by each of its names. An entry has
#   name      the first of its names
#   inputs    names of its arrays; ['*'] for any number of them
#   optional  how many of these, the last ones, may be left out
#   loose     number of an input => 1: its dtype is its own; others agree with the first
#   options   names of what else it takes, in order;  defaults: of those that have one
#   forward   sub ($option, @pdls) -> PDL, or a reference to an array of PDLs
#   gradient  sub ($option, $g, $value, @pdls) -> PDLs as @pdls, undef where there is no slope;
#             absent where there is none at all. With several results $g and $value are lists.
#   quick     sub ($array) -> NDArray, on the tape, or undef to decline: for the array alone
#   view      the result may share memory with its input
# PDLs have their axes in reverse order. $option is a hash of the options, the operator's own in
# each call: forward may leave there what gradient needs, and finds there dtype_of_inputs, and
# wants (which inputs need a gradient). Either may set $option->{result_dtype}, or return another
# type of PDL: what comes out is converted.
our %TABLE;

# Functions of arrays and numbers in any mix, by name: the stem of the operators that do the work.
our %MIXED;

# Operators with a gradient of their own, whatever comes back to them.
our %REGARDLESS = map { $_ => 1 } qw(make_loss SoftmaxOutput);

# Options that are numbers, in any operator.
my $NUMBER = qr/\A(?:a_min|a_max|alpha|beta[12]?|clip_gradient|eps(?:ilon)?|grad_scale|k|lr|momentum
    |o(?:n|ff)_value|p|rescale_grad|scalar|slope|temperature|wd)\z/x;

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
    $entry{numbers} = [grep {/$NUMBER/} @{ $entry{options} }];
    $entry{name} = $names[0];
    for my $name (@names) {
        die "two operators are called $name" if $TABLE{$name};
        $TABLE{$name} = \%entry;
    }
    return \%entry;
}

# ---- Applying operators -------------------------------------------------------------------------

sub shape_text {
    return '[' . join(',', AI::MXLoss::Core::reverse_dims($_[0]->dims)) . ']';
}

# An error within an operator; invoke puts the operator's name before it.
sub fail { die bless [join '', @_], 'AI::MXLoss::Operators::Error' }

sub _refuse {
    my ($name, $error, @pdls) = @_;
    $name =~ s/\A(backward of )?_/$1 \/\/ ''/e;    # as scripts call it
    croak("$name: ", $error->[0]) if ref $error eq 'AI::MXLoss::Operators::Error';
    die $error if ref $error;
    my $shapes = join ' ', map { shape_text($_) } grep {defined} @pdls;
    croak("$name: operands could not be broadcast together with shapes $shapes")
        if $error =~ /mismatch|broadcast/i;
    $error =~ s/ at \S+ line \d+\.?.*//s;
    croak("$name: $error (inputs of shape $shapes)");
}

# What a sub returns for the arguments, or an error that names the operator; $@ stays the script's.
sub _tried {
    my ($name, $pdls, $code, @arguments) = @_;
    my ($error, @results);
    {
        local $@;
        eval { @results = $code->(@arguments); 1 } or $error = $@ || 'it failed';
    }
    _refuse($name, $error, @$pdls) if defined $error;
    return wantarray ? @results : $results[0];
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
    my $value = _tried($entry->{name}, \@pdls, $entry->{forward}, $option, @pdls);
    my $result_dtype = $option->{result_dtype} // $dtype;
    my $several = ref $value eq 'ARRAY';
    my @values = map { $entry->{view} ? $_ : typed($_, $result_dtype) } $several ? @$value : $value;
    my @results
        = map { bless { pdl => $_, dtype => $result_dtype }, 'AI::MXLoss::NDArray' } @values;
    if ($option->{result_dtypes}) {    # results of several dtypes
        @$_{qw(pdl dtype)}
            = (typed($_->{pdl}, $option->{result_dtypes}[0]), shift @{ $option->{result_dtypes} })
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
    my ($value, $dims, $dtype)
        = ($several ? \@values : $values[0], [$values[0]->dims], $results->[0]{dtype});
    my $pullback = sub {
        my @g = @_;
        $g[0] //= ones_of($dtype, @$dims);
        local $option->{wants} = \@wants;
        my @back = _tried("backward of $entry->{name}", [$g[0], @$pdls], $entry->{gradient},
            $option, $several ? \@g : $g[0], $value, @$pdls);
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
    my $name = _input_name($entry, $i);
    croak("$entry->{name}: $name is $got; expected $expected, got $got: the arrays must have "
            . 'one dtype (see astype)');
}

require "AI/MXLoss/Operators/$_.pm"
    for qw(Call Axes Elements Special Pairs Reductions Softmax Shapes Joins Places Network Updates);

1;

__END__

=head1 NAME

AI::MXLoss::Operators - what can be computed with NDArrays

=head1 SYNOPSIS

    my $p = nd->softmax($scores, axis => 1);
    my $s = $x->sum(axis => [0, 2], keepdims => 1);
    my $z = $x->dot($w, transpose_b => 1);
    nd->clip($x, { a_min => 0, a_max => 1, out => $x });

=head1 DESCRIPTION

Each operator is a class function of NDArray and a method of arrays. Arrays come first, then
options by position, by name, or in a hash ref; arrays may be given by name, too. C<< out =>
$array >> writes the result there. An unknown name dies with those that exist. (In AI::MXNet a
second array in a method call takes the first one's place, and unknown names are taken for values;
neither is so here.)

Axes count from 0, or from the end if negative. Options in brackets show their defaults. All
arrays of a call have one dtype, which the result has, unless said otherwise. Operators have
gradients wherever MXNet's do; those in the section "Without gradient" pass on none. Sums and
products of matrices are accumulated in double.

=head1 ELEMENT BY ELEMENT

C<square abs exp log log1p expm1 log2 log10 sqrt rsqrt reciprocal cbrt rcbrt sin cos tan arcsin
arccos arctan sinh cosh tanh arcsinh arccosh arctanh degrees radians erf gamma gammaln negative
identity>; C<relu sigmoid softrelu softsign hard_sigmoid(alpha [0.2], beta [0.5])>.

=over

=item Activation(data, act_type)

C<relu>, C<sigmoid>, C<tanh>, C<softrelu> or C<softsign>. The slope of relu at 0 is 0.

=item LeakyReLU(data, act_type [leaky], slope [0.25])

x where it is positive; below, slope times x, or with C<elu> slope times (e^x - 1).

=item clip(data, a_min, a_max), smooth_l1(data, scalar [1]), cast(data, dtype), Cast

C<smooth_l1> is 0.5 (s x)^2 for |x| < 1 / s^2, else |x| - 0.5 / s^2.

=item make_loss(data, grad_scale [1]), MakeLoss, BlockGrad, stop_gradient

The data, with grad_scale as its gradient whatever comes back; the data as a constant.

=back

=head1 TWO ARRAYS

=over

=item broadcast_add, broadcast_sub, broadcast_mul, broadcast_div, broadcast_mod, broadcast_power,
broadcast_maximum, broadcast_minimum, broadcast_hypot, broadcast_arctan2, broadcast_plus,
broadcast_minus

Of two arrays, which broadcast. C<elemwise_add elemwise_sub elemwise_mul elemwise_div> are for
equal shapes. A tie of maximum or minimum goes to the first; NaN in either is NaN.

=item broadcast_equal, broadcast_not_equal, broadcast_greater, broadcast_greater_equal,
broadcast_lesser, broadcast_lesser_equal, broadcast_logical_and, broadcast_logical_or,
broadcast_logical_xor

1 where it is so, else 0.

=item add, subtract, multiply, divide, true_divide, modulo, power, pow, maximum, minimum, hypot,
arctan2, equal, not_equal, greater, greater_equal, lesser, lesser_equal, logical_and, logical_or,
logical_xor

The same of two arrays, or of an array and a number in either order.

=item where(condition, x, y)

x where the condition, of any dtype, is not 0, else y; a condition of one axis may be one per row.

=item add_n(arrays), ElementWiseSum(arrays)

=back

=head1 REDUCTIONS

=over

=item sum, mean, prod, max, min, nansum (data, axis [all], keepdims [0], exclude [0]), sum_axis,
max_axis, min_axis

Over an axis or a list of these; C<exclude>: over all others. Every one of several largest
elements has the full gradient. The mean of integers is cut off.

=item norm(data, ord [2], axis [all], keepdims [0])

ord is 1 or 2. At zero the gradient is 0, where MXNet has NaN.

=item L2Normalization(data, eps [1e-10], mode [instance])

Or C<channel> or C<spatial>.

=item softmax, log_softmax, softmin (data, axis [-1], temperature [1])

=item softmax_cross_entropy(data, label)

Summed over the rows; labels are class numbers.

=item SoftmaxOutput(data, label, grad_scale [1], ignore_label [-1], multi_output [0], use_ignore
[0], preserve_shape [0], normalization [null])

softmax with the gradient of the cross entropy, whatever comes back.

=item cumsum(a, axis [all], dtype)

=back

=head1 SHAPES

=over

=item Reshape(data, shape, reverse [0]), reshape_like(lhs, rhs), flatten(data), Flatten,
expand_dims(data, axis), squeeze(data, axis [all of length 1])

=item swapaxes(data, dim1, dim2), SwapAxis, flip(data, axis), reverse

=item broadcast_to(data, shape), broadcast_like(lhs, rhs), broadcast_axis(data, axis, size),
broadcast_axes

0 in the shape of C<broadcast_to> keeps a length.

=item tile(data, reps), repeat(data, repeats, axis [all])

=item concat(arrays, dim [1]), Concat, stack(arrays, axis [0]), split(data, num_outputs, axis [1],
squeeze_axis [0]), SliceChannel

C<split> gives a reference to an array of NDArrays.

=item slice_axis(data, axis, begin, end), crop(data, begin, end, step), slice_like(data,
shape_like, axes)

The end is not included, and undef is that of the axis.

=item SequenceMask(data, sequence_length, use_sequence_length [0], value [0], axis [0]),
sequence_mask

=back

=head1 PLACES

Indices may be of any dtype and have no gradient.

=over

=item pick(data, index, axis [-1], keepdims [0], mode [clip]), batch_take(a, indices)

One element along the axis for each place; an index out of range is clipped, or with C<wrap> goes
round.

=item take(a, indices, axis [0], mode [clip]), gather_nd(data, indices), Embedding(data, weight)

=item sort(data, axis [-1], is_ascend [1]), topk(data, axis [-1], k [1], ret_typ [indices],
is_ascend [0], dtype [float32])

C<ret_typ> is C<indices>, C<value> or C<both>; the first of equals comes first.

=back

=head1 NETWORKS

=over

=item dot(lhs, rhs, transpose_a [0], transpose_b [0]), batch_dot

The last axis of lhs by the first of rhs.

=item FullyConnected(data, weight, bias, num_hidden, no_bias [0], flatten [1])

data W^T + b; weight is (num_hidden, features).

=item Dropout(data, p [0.5], mode [training], axes)

=item CTCLoss(data, label, data_lengths, label_lengths, use_data_lengths [0], use_label_lengths
[0], blank_label [first]), ctc_loss

The cost of each sample; data is (T, N, C). C<first>: class 0 is the blank, and ends a label;
C<last>: class C-1 is, and -1 does. Also C<< nd->contrib->CTCLoss >>.

=back

=head1 WITHOUT GRADIENT

=over

=item sign, floor, ceil, trunc, fix, round, rint, logical_not

C<round> goes away from 0 at a half, C<rint> down.

=item argmax, argmin (data, axis [all], keepdims [0]), argsort(data, axis [-1], is_ascend [1],
dtype [float32])

In the data's dtype; the first of equals.

=item one_hot(indices, depth, on_value [1], off_value [0], dtype [float32])

=item zeros_like, ones_like, shape_array, size_array, arange_like(data, start [0], step [1],
repeat [1], axis)

=item sgd_update(weight, grad, lr, wd [0], rescale_grad [1], clip_gradient [none]),
sgd_mom_update(weight, grad, mom, lr, momentum [0], ...), adam_update(weight, grad, mean, var, lr,
beta1 [0.9], beta2 [0.999], epsilon [1e-8], ...)

The new weight (C<< out => $weight >> to have it there); the state is changed.

=back

=head1 FOR OTHER MODULES

=head2 operator(NAMES, ...)

Enters an operator; the comment on C<%TABLE> says what it has.

=head2 invoke(NAME, INPUTS, OPTIONS), call(ENTRY, ...), mixed(STEM, X, Y)

Apply one: to a reference to an array of NDArrays, with a hash of all options; to arguments as a
script writes them; to two operands, one of which may be a number.

=head2 install(SUB), fail(TEXT), shape_text(PDL), room(DIMS), axis_of(AXIS, NDIM),
axes_of(AXES, NDIM, EXCLUDE), unbroadcast(PDL, DIMS), reduced_back(PDL, AXES), one_at_least(PDL)

What entries are made with.

=cut
