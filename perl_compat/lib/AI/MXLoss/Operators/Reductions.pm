package AI::MXLoss::Operators::Reductions;

# Operators that reduce axes: sums, extremes, norms, places of extremes.

use strict;
use warnings;
use PDL::Lite;
use PDL::Ufunc ();
use AI::MXLoss::Operators qw(operator fail axis_of axes_of one_at_least);
use AI::MXLoss::Operators::Functions qw(choose with_nan any_nan is_nan total);

# The array with the axes to reduce as its one first dimension.
sub front {
    my ($x, @axes) = @_;
    return $x->dummy(0) if !@axes;
    return $x if @axes == 1 && $axes[0] == 0;
    return $x->clump(-1) if @axes == $x->getndims;
    my %reduced = map { $_ => 1 } @axes;
    return $x->reorder(@axes, grep { !$reduced{$_} } 0 .. $x->getndims - 1)->clump(scalar @axes);
}

# The same elements with these dimensions.
sub as_dims {
    my ($pdl, @dims) = @_;
    return "@{[$pdl->dims]}" eq "@dims" ? $pdl : $pdl->copy->reshape(@dims);
}

# For functions of (option, front, axes) that return the result; slope: of the gradient and the
# value, both with their axes kept, and the data, to the data's gradient.
sub reduction {
    my ($names, $function, $slope, %more) = @_;
    operator(
        $names, %more,
        options => [[axis => undef], [keepdims => 0], [exclude => 0]],
        forward => sub {
            my ($o, $x) = @_;
            my $ndim = $x->getndims;
            my $all = !defined $o->{axis};
            my @axes = $all ? 0 .. $ndim - 1 : axes_of($o->{axis}, $ndim, $o->{exclude});
            $o->{axes} = \@axes;
            if ($all && !$o->{keepdims}) {
                $o->{count} = $x->nelem;
                my $value = $function->($o, $ndim == 1 ? $x : $x->clump(-1));
                $value->setdims([1]);
                return $value;
            }
            my @kept = _kept($o, $x);
            $o->{count} = $x->nelem ? $x->nelem / _product(@kept) : 1;
            my $value = $function->($o, front($x, @axes));
            return as_dims($value, @kept) if $o->{keepdims};
            return one_at_least($value);
        },
        gradient => sub {
            my ($o, $g, $value, $x) = @_;
            my @kept = _kept($o, $x);
            return $slope->($o, as_dims($g, @kept), as_dims($value, @kept), $x);
        },
    );
    return;
}

# The dimensions with those reduced to 1; a single one if that is all of them.
sub _kept {
    my ($o, $x) = @_;
    my @axes = @{ $o->{axes} };
    return 1 if @axes == $x->getndims && !$o->{keepdims};
    my @kept = $x->dims;
    @kept[@axes] = (1) x @axes;
    return @kept;
}

sub _product {
    my $product = 1;
    $product *= $_ for @_;
    return $product;
}

sub _is_integer { return $_[0]->type->enum < PDL::float()->enum }

sub _everywhere {
    my ($g, $x) = @_;
    return PDL::zeroes($x) + $g;
}

# Floats are added up in double, integers in their own kind
reduction(
    ['sum', 'sum_axis'],
    sub { _is_integer($_[1]) ? $_[1]->sumover : $_[1]->dsumover },
    sub { my ($o, $g, $value, $x) = @_; _everywhere($g, $x) },
);

reduction(
    'mean',
    sub { $_[1]->dsumover / $_[0]{count} },
    sub { my ($o, $g, $value, $x) = @_; _everywhere($g / $o->{count}, $x) },
    quick => \&AI::MXLoss::Core::usual_mean,
);

reduction(
    'nansum',
    sub { choose(is_nan($_[1]), PDL->pdl(0), $_[1])->dsumover },
    sub { my ($o, $g, $value, $x) = @_; choose(is_nan($x), PDL->pdl(0), _everywhere($g, $x)) },
);

reduction(
    'prod',
    sub { _is_integer($_[1]) ? $_[1]->prodover : $_[1]->dprodover },
    sub {
        my ($o, $g, $value, $x) = @_;
        my @axes = @{ $o->{axes} };
        my @kept = _kept($o, $x);
        my $zero = $x == 0;
        my $rest = choose($zero, PDL->pdl(1), $x);
        my $all  = as_dims(front($rest, @axes)->dprodover, @kept);    # without the zeros
        my $zeros = as_dims(front($zero, @axes)->dsumover, @kept);
        $g * choose($zeros == 0, $all / $rest, $all * ($zeros == 1) * $zero);
    },
);

# A tie: every one of the largest has the full gradient
sub _largest {
    my ($front) = @_;
    fail('there are no elements, and so no largest or smallest one') if !$front->nelem;
    my $value = $front->maximum;
    return $value if !any_nan($front);
    return choose(is_nan($front)->maximum, PDL->pdl(9**9**9 / 9**9**9), $value);
}
my $of_largest = sub { my ($o, $g, $value, $x) = @_; $g * ($x == $value) };
reduction(['max', 'max_axis'], sub { _largest($_[1]) }, $of_largest);
reduction(['min', 'min_axis'], sub { -_largest(-$_[1]) }, $of_largest);

# Of vectors; at zero the gradient is 0, where MXNet has NaN.
operator(
    'norm',
    options => [[ord => 2], [axis => undef], [keepdims => 0]],
    forward => sub {
        my ($o, $x) = @_;
        fail('ord is ', $o->{ord} // 'undef', '; expected 1 or 2')
            if ($o->{ord} // '') !~ /\A[12]\z/;
        my @axes = axes_of($o->{axis}, $x->getndims);
        my @kept = $x->dims;
        @kept[@axes] = (1) x @axes;
        $o->{kept} = \@kept;
        my $front = front($x, @axes);
        my $value = $o->{ord} == 1
            ? PDL::abs($front)->dsumover
            : PDL::sqrt(($front->double**2)->dsumover);
        $o->{keepdims} ? as_dims($value, @kept) : one_at_least($value);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        ($g, $value) = map { as_dims($_, @{ $o->{kept} }) } $g, $value;
        return $g * (($x > 0) - ($x < 0)) if $o->{ord} == 1;
        $g * $x / choose($value == 0, PDL->pdl(9**9**9), $value);
    },
);

my %NORMALIZED = (
    instance => sub { 0 .. $_[0] - 2 },
    channel  => sub { $_[0] - 2 },
    spatial  => sub { 0 .. $_[0] - 3 },
);

operator(
    'L2Normalization',
    options => [[eps => 1e-10], [mode => 'instance']],
    strings => { mode => 1 },
    forward => sub {
        my ($o, $x) = @_;
        my $axes = $NORMALIZED{ $o->{mode} // '' }
            // fail('mode is ', $o->{mode}, '; expected instance, channel or spatial');
        $o->{axes} = [$axes->($x->getndims)];
        $o->{size} = PDL::sqrt(_kept_sum($x->double**2, @{ $o->{axes} }) + $o->{eps});
        $x / $o->{size};
    },
    gradient => sub {
        my ($o, $g, $value) = @_;
        ($g - $value * _kept_sum($g * $value, @{ $o->{axes} })) / $o->{size};
    },
);

sub _kept_sum {
    my ($x, @axes) = @_;
    my @kept = $x->dims;
    @kept[@axes] = (1) x @axes;
    return as_dims(front($x, @axes)->dsumover, @kept);
}

# ---- Places -------------------------------------------------------------------------------------

sub _place {
    my ($name, $function) = @_;
    operator(
        $name,
        options => [[axis => undef], [keepdims => 0]],
        forward => sub {
            my ($o, $x) = @_;
            my $ndim = $x->getndims;
            my @axes = defined $o->{axis} ? axis_of($o->{axis}, $ndim) : 0 .. $ndim - 1;
            my @kept = $x->dims;
            @kept[@axes] = (1) x @axes;
            my $value = $function->(front($x, @axes));
            $o->{keepdims} ? as_dims($value, @kept) : one_at_least($value);
        },
    );
    return;
}
_place(argmax => sub { $_[0]->maximum_ind });
_place(argmin => sub { $_[0]->minimum_ind });

# The order of each row (the first dimension): of equals the first one first.
sub order_of {
    my ($x, $ascending) = @_;
    my $keys = $ascending ? $x->double : -$x->double;
    my $pairs = PDL->zeroes(PDL::double(), 2, $x->dims);
    (my $first  = $pairs->slice('(0)')) .= $keys;
    (my $second = $pairs->slice('(1)')) .= $keys->xvals;
    return $pairs->qsortveci;
}

# Places along the first dimension as places among all elements.
sub _flat_places {
    my ($order, @dims) = @_;
    my $rows = $order->slice('(0)');
    my $start = PDL->sequence(PDL::indx(), $rows->nelem)->reshape($rows->dims) * $dims[0];
    return ($order + $start->dummy(0))->flat;
}

sub _gather {
    my ($x, $order) = @_;
    my $from = $x->copy;
    return $from->flat->index(_flat_places($order, $from->dims))->sever->reshape($order->dims);
}

sub _scatter {
    my ($g, $order, @dims) = @_;
    my $d = PDL->zeroes($g->type, @dims);
    my $flat = $d->flat;
    (my $part = $flat->index(_flat_places($order, @dims))) .= $g->flat;
    return $d;
}

operator(
    'argsort',
    options => [[axis => -1], [is_ascend => 1], [dtype => 'float32']],
    strings => { dtype => 1 },
    forward => sub {
        my ($o, $x) = @_;
        my $at = axis_of($o->{axis}, $x->getndims);
        $o->{result_dtype} = $o->{dtype};
        order_of($x->mv($at, 0), $o->{is_ascend})->mv(0, $at)->copy;
    },
);

operator(
    'sort',
    options => [[axis => -1], [is_ascend => 1]],
    forward => sub {
        my ($o, $x) = @_;
        my $at = $o->{at} = axis_of($o->{axis}, $x->getndims);
        my $order = $o->{order} = order_of($x->mv($at, 0), $o->{is_ascend});
        _gather($x->mv($at, 0), $order)->mv(0, $at)->copy;
    },
    gradient => sub {
        my ($o, $g) = @_;
        $g = $g->mv($o->{at}, 0);
        _scatter($g->copy, $o->{order}, $g->dims)->mv(0, $o->{at});
    },
);

# Places and values of the k largest (is_ascend: smallest), the first of equals first
operator(
    'topk',
    options =>
        [[axis => -1], [k => 1], [ret_typ => 'indices'], [is_ascend => 0], [dtype => 'float32']],
    strings => { ret_typ => 1, dtype => 1 },
    forward => sub {
        my ($o, $data) = @_;
        fail("ret_typ is '$o->{ret_typ}'; expected indices, value or both")
            if $o->{ret_typ} !~ /\A(?:indices|value|both)\z/;
        my $x = defined $o->{axis} ? $data : $data->flat;
        my $at = $o->{at} = defined $o->{axis} ? axis_of($o->{axis}, $x->getndims) : 0;
        $x = $x->mv($at, 0);
        my $n = $x->getdim(0);
        fail("k is $o->{k}; expected at most $n, the axis's length") if $o->{k} > $n;
        my $order = order_of($x, $o->{is_ascend});
        $order = $order->slice([0, $o->{k} - 1])->sever if $o->{k} >= 1;
        @$o{qw(order front)} = ($order, [$x->dims]);
        my $places = $order->mv(0, $at)->copy;
        $o->{result_dtype} = $o->{dtype} if $o->{ret_typ} eq 'indices';
        return $places if $o->{ret_typ} eq 'indices';
        my $value = _gather($x, $order)->mv(0, $at)->copy;
        return $value if $o->{ret_typ} eq 'value';
        $o->{result_dtypes} = [$o->{dtype_of_inputs}, $o->{dtype}];
        [$value, $places];
    },
    gradient => sub {
        my ($o, $g, $value, $data) = @_;
        return undef if $o->{ret_typ} eq 'indices';
        $g = $g->[0] if ref $g eq 'ARRAY';
        my $d = _scatter($g->mv($o->{at}, 0)->copy, $o->{order}, @{ $o->{front} });
        as_dims($d->mv(0, $o->{at}), $data->dims);
    },
);

1;
