package AI::MXLoss::Operators::Shapes;

# Operators that give elements another shape or order, or repeat them.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::Operators
    qw(operator fail axis_of axes_of unbroadcast shape_text one_at_least room);
use AI::MXLoss::Operators::Reductions;

*as_dims = \&AI::MXLoss::Operators::Reductions::as_dims;

# A view of the elements with other dimensions: writing to it writes to the array.
sub view_with_dims {
    my ($pdl, @dims) = @_;
    my $view = $pdl->getndims == 1 ? $pdl->slice([]) : $pdl->clump(-1);
    for my $i (0 .. $#dims - 1) {
        $view = $view->splitdim($i, $dims[$i]);
    }
    return $view;
}

# MXNet's shape codes: 0 keeps a length, -1 is what is left over, -2 keeps all that remain, -3
# merges two, -4 splits one into the two lengths that follow. Shapes in MXNet's order.
sub resolve_shape {
    my ($old, $codes, $reverse) = @_;
    my @old = $reverse ? reverse @$old : @$old;
    my @codes = $reverse ? reverse @$codes : @$codes;
    if ($reverse) {    # a -4 and its two lengths come in their order
        for my $i (2 .. $#codes) {
            @codes[$i - 2 .. $i] = @codes[$i, $i - 1, $i - 2] if $codes[$i] == -4;
        }
    }
    my $text = '[' . join(',', @$codes) . ']';
    my ($at, @new) = (0);
    my $next = sub {
        fail("shape $text asks for more axes than [", join(',', @$old), '] has')
            if $at >= @old;
        return $old[$at++];
    };
    while (@codes) {
        my $n = shift @codes;
        if    ($n == 0)  { push @new, $next->() }
        elsif ($n == -2) { push @new, @old[$at .. $#old]; $at = @old }
        elsif ($n == -3) { push @new, $next->() * $next->() }
        elsif ($n == -4) {
            my $whole = $next->();
            fail("shape $text: -4 needs two lengths after it") if @codes < 2;
            my ($p, $q) = splice @codes, 0, 2;
            $p = int($whole / $q) if $p == -1;
            $q = int($whole / $p) if $q == -1;
            fail("shape $text: a length of $whole cannot be split into $p and $q")
                if $p * $q != $whole;
            push @new, $p, $q;
        }
        elsif ($n >= -1) { push @new, $n; $at++ }
        else { fail("shape $text: $n means nothing; expected a length or 0 to -4") }
    }
    my ($size, $known) = (1, 1);
    $size *= $_ for @old;
    $known *= $_ for grep { $_ >= 0 } @new;
    my @open = grep { $new[$_] == -1 } 0 .. $#new;
    fail("shape $text has -1 twice") if @open > 1;
    $new[$open[0]] = $known ? int($size / $known) : 0 if @open;
    my $count = 1;
    $count *= $_ for @new;
    fail("cannot reshape an array of shape [", join(',', @$old), "] into $text: $size elements")
        if $count != $size;
    return $reverse ? reverse @new : @new;
}

sub _codes {
    my ($shape) = @_;
    my @codes = ref $shape eq 'ARRAY' ? @$shape : $shape;
    for (@codes) {
        fail('shape is ', _text(@codes), '; expected integers')
            if !defined $_ || !/\A-?[0-9]+\z/;
    }
    fail('shape is []; expected at least one length') if !@codes;
    return \@codes;
}

sub _text { return '[' . join(',', map { $_ // 'undef' } @_) . ']' }

my %reshape = (
    view     => 1,
    options  => ['shape', [reverse => 0]],
    forward  => sub {
        my ($o, $x) = @_;
        my @old = AI::MXLoss::Core::reverse_dims($x->dims);
        my @new = resolve_shape(\@old, _codes($o->{shape}), $o->{reverse});
        view_with_dims($x, AI::MXLoss::Core::reverse_dims(@new));
    },
    gradient => sub { my ($o, $g, $value, $x) = @_; as_dims($g, $x->dims) },
);
operator(['_reshape', 'Reshape'], %reshape);

# For operators that keep the elements in their order: the new dimensions from option and PDLs.
sub _reshaping {
    my ($names, $dims, %more) = @_;
    operator(
        $names, %more,
        forward => sub {
            my ($o, $x, @more) = @_;
            my @dims = $dims->($o, $x, @more);
            my $count = 1;
            $count *= $_ for @dims;
            fail('an array of shape ', shape_text($x), ' has not the elements of shape [',
                join(',', AI::MXLoss::Core::reverse_dims(@dims)), ']')
                if $count != $x->nelem;
            $x->copy->reshape(@dims);
        },
        gradient => sub { my ($o, $g, $value, $x) = @_; as_dims($g, $x->dims) },
    );
    return;
}

_reshaping(
    'reshape_like', sub { $_[2]->dims },
    inputs => ['lhs', 'rhs'],
    loose  => { 1 => 1 },
);
_reshaping(
    ['flatten', 'Flatten'],
    sub { my ($o, $x) = @_; my $n = $x->getdim(-1); ($n ? $x->nelem / $n : 1, $n) },
);
_reshaping(
    'expand_dims',
    sub {
        my ($o, $x) = @_;
        my @dims = $x->dims;
        splice @dims, axis_of($o->{axis}, @dims + 1), 0, 1;
        @dims;
    },
    options => ['axis'],
);
_reshaping(
    'squeeze',
    sub {
        my ($o, $x) = @_;
        my @dims = $x->dims;
        my @axes = defined $o->{axis} ? axes_of($o->{axis}, scalar @dims) : grep { $dims[$_] == 1 }
            0 .. $#dims;
        for (@axes) {
            fail("cannot squeeze an axis of length $dims[$_]") if $dims[$_] != 1;
        }
        my %gone = map { $_ => 1 } @axes;
        my @left = @dims[grep { !$gone{$_} } 0 .. $#dims];
        @left ? @left : 1;
    },
    options => [[axis => undef]],
);

# ---- Orders -------------------------------------------------------------------------------------

# axes in MXNet's order as the order of PDL's dimensions.
sub _permutation {
    my ($axes, $ndim) = @_;
    my @axes = map { $ndim - 1 - axis_of($_, $ndim, 'axes') } @$axes;
    fail('axes are ', _text(@$axes), "; expected each of the $ndim axes once")
        if join(' ', sort { $a <=> $b } @axes) ne join ' ', 0 .. $ndim - 1;
    return reverse map { $ndim - 1 - $_ } @axes;
}

operator(
    '_transpose',
    options => [[axes => undef]],
    forward => sub {
        my ($o, $x) = @_;
        my $ndim = $x->getndims;
        my @order = $o->{axes} && @{ $o->{axes} }
            ? _permutation($o->{axes}, $ndim)
            : reverse 0 .. $ndim - 1;
        $o->{order} = \@order;
        $x->reorder(@order)->copy;
    },
    gradient => sub {
        my ($o, $g) = @_;
        my @back;
        @back[@{ $o->{order} }] = 0 .. $#{ $o->{order} };
        $g->reorder(@back)->copy;
    },
);

operator(
    ['swapaxes', 'SwapAxis'],
    options => [[dim1 => 0], [dim2 => 0]],
    forward => sub {
        my ($o, $x) = @_;
        $o->{two} = [map { axis_of($o->{$_}, $x->getndims, $_) } qw(dim1 dim2)];
        $x->xchg(@{ $o->{two} })->copy;
    },
    gradient => sub { $_[1]->xchg(@{ $_[0]{two} })->copy },
);

sub _flipped {
    my ($o, $x) = @_;
    my @axes = axes_of($o->{axis}, $x->getndims);
    my %flip = map { $_ => 1 } @axes;
    return $x->slice(map { $flip{$_} ? [-1, 0] : [] } 0 .. $x->getndims - 1)->copy;
}
operator(['flip', 'reverse'], options => ['axis'], forward => \&_flipped, gradient => \&_flipped);

operator('zeros_like', forward => sub { PDL::zeroes($_[1]) });
operator('ones_like', forward => sub { PDL::zeroes($_[1]) + 1 });

operator(
    'shape_array',
    forward => sub {
        my ($o, $x) = @_;
        $o->{result_dtype} = 'int64';
        PDL->pdl(PDL::longlong(), [AI::MXLoss::Core::reverse_dims($x->dims)]);
    },
);
operator(
    'size_array',
    forward => sub {
        my ($o, $x) = @_;
        $o->{result_dtype} = 'int64';
        PDL->pdl(PDL::longlong(), [$x->nelem]);
    },
);
operator(
    ['arange_like', '_contrib_arange_like'],
    options => [[start => 0], [step => 1], [repeat => 1], [axis => undef]],
    forward => sub {
        my ($o, $x) = @_;
        my @dims = defined $o->{axis} ? $x->getdim(axis_of($o->{axis}, $x->getndims)) : $x->dims;
        my $values = PDL->sequence(@dims);
        $values = PDL::floor($values / $o->{repeat}) if $o->{repeat} != 1;
        $values * $o->{step} + $o->{start};
    },
);

operator(
    'cumsum',
    inputs  => ['a'],
    options => [[axis => undef], [dtype => undef]],
    strings => { dtype => 1 },
    forward => sub {
        my ($o, $x) = @_;
        $o->{result_dtype} = $o->{dtype} // $o->{dtype_of_inputs};
        my $flat = defined $o->{axis} ? $x : $x->flat;
        my $at = $o->{at} = defined $o->{axis} ? axis_of($o->{axis}, $x->getndims) : 0;
        $flat->double->mv($at, 0)->cumusumover->mv(0, $at)->copy;
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $back = $g->double->mv($o->{at}, 0)->slice([-1, 0])->cumusumover->slice([-1, 0]);
        as_dims($back->mv(0, $o->{at}), $x->dims);
    },
);

# ---- Repetition ---------------------------------------------------------------------------------

sub _broadcasting {
    my ($names, $dims, %more) = @_;
    operator(
        $names, %more,
        forward => sub {
            my ($o, $x, @more) = @_;
            my @dims = $dims->($o, $x, @more);
            my @have = $x->dims;
            fail('an array of shape ', shape_text($x), ' does not broadcast to [',
                join(',', AI::MXLoss::Core::reverse_dims(@dims)), ']')
                if @have > @dims || grep { $have[$_] != 1 && $have[$_] != $dims[$_] } 0 .. $#have;
            room(@dims);
            PDL->zeroes($x->type, @dims) + $x;
        },
        gradient => sub { my ($o, $g, $value, $x) = @_; unbroadcast($g, $x->dims) },
    );
    return;
}

_broadcasting(
    'broadcast_to',
    sub {    # a 0 keeps the length
        my ($o, $x) = @_;
        my @dims = AI::MXLoss::Core::reverse_dims(@{ _codes($o->{shape}) });
        map { $dims[$_] || ($_ < $x->getndims ? $x->getdim($_) : 0) } 0 .. $#dims;
    },
    options => ['shape'],
);
_broadcasting(
    'broadcast_like', sub { $_[2]->dims },
    inputs => ['lhs', 'rhs'],
    loose  => { 1 => 1 },
);
_broadcasting(
    ['broadcast_axis', 'broadcast_axes'],
    sub {
        my ($o, $x) = @_;
        my ($axes, $sizes) = map { ref $_ ? $_ : [$_] } @$o{qw(axis size)};
        my @dims = $x->dims;
        $dims[axis_of($axes->[$_], scalar @dims)] = $sizes->[$_] for 0 .. $#$axes;
        @dims;
    },
    options => [[axis => []], [size => []]],
);

# Blocks of n x dims, one dimension after another: (d0, r0, d1, r1, ...)
operator(
    'tile',
    options => ['reps'],
    forward => sub {
        my ($o, $x) = @_;
        my @reps = AI::MXLoss::Core::reverse_dims(@{ _codes($o->{reps}) });
        my @dims = $x->dims;
        push @reps, 1 while @reps < @dims;
        push @dims, 1 while @dims < @reps;
        room(map { $dims[$_] * $reps[$_] } 0 .. $#dims);
        my $view = $x->copy->reshape(map { ($_, 1) } @dims);
        my $all = PDL->zeroes($x->type, map { ($dims[$_], $reps[$_]) } 0 .. $#dims) + $view;
        $o->{pairs} = [map { ($dims[$_], $reps[$_]) } 0 .. $#dims];
        $all->reshape(map { $dims[$_] * $reps[$_] } 0 .. $#dims);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my @pairs = @{ $o->{pairs} };
        my @ones = map { $_ % 2 ? 1 : $pairs[$_] } 0 .. $#pairs;
        as_dims(unbroadcast($g->copy->reshape(@pairs), @ones), $x->dims);
    },
);

operator(
    'repeat',
    options => ['repeats', [axis => undef]],
    forward => sub {
        my ($o, $x) = @_;
        fail("repeats is '$o->{repeats}'; expected an integer from 1 on")
            if $o->{repeats} !~ /\A[1-9][0-9]*\z/;
        my $flat = defined $o->{axis} ? $x : $x->flat;
        my $at = $o->{at} = defined $o->{axis} ? axis_of($o->{axis}, $x->getndims) : 0;
        my @dims = $flat->dims;
        $dims[$at] *= $o->{repeats};
        room(@dims);
        $flat->dummy($at, $o->{repeats})->copy->reshape(@dims);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        as_dims(_folded($g, $o->{at}, $o->{repeats})->mv($o->{at}, 0)->dsumover, $x->dims);
    },
);

# The dimension split into (count, rest).
sub _folded {
    my ($g, $at, $count) = @_;
    my @dims = $g->dims;
    splice @dims, $at, 1, $count, $dims[$at] / $count;
    return $g->copy->reshape(@dims);
}

1;
