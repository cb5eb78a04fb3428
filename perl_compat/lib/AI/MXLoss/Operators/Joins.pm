package AI::MXLoss::Operators::Joins;

# Operators that join arrays, and that cut parts out.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::Operators qw(operator fail axis_of axes_of shape_text);
use AI::MXLoss::Operators::Functions qw(choose trunc_of);

# A slice of one dimension.
sub _part {
    my ($pdl, $at, $first, $last) = @_;
    return $pdl->slice(map { $_ == $at ? [$first, $last] : [] } 0 .. $pdl->getndims - 1);
}

operator(
    ['concat', 'Concat'],
    inputs  => ['*'],
    options => [[dim => 1]],
    forward => sub {
        my ($o, @x) = @_;
        my $at = $o->{at} = axis_of($o->{dim}, $x[0]->getndims, 'dim');
        my @dims = $x[0]->dims;
        my $total = 0;
        for my $x (@x) {
            my @other = $x->dims;
            $total += $other[$at] // 0;
            local $other[$at] = $dims[$at];
            fail('arrays of shapes ', join(' ', map { shape_text($_) } @x),
                ' cannot be joined: all axes but dim must agree')
                if "@other" ne "@dims";
        }
        $dims[$at] = $total;
        my $all = PDL->zeroes($x[0]->type, @dims);
        my $first = 0;
        for my $x (@x) {
            my $n = $x->getdim($at) or next;
            (my $place = _part($all, $at, $first, $first + $n - 1)) .= $x;
            $first += $n;
        }
        $all;
    },
    gradient => sub {
        my ($o, $g, $value, @x) = @_;
        my $first = 0;
        map {
            my $n = $_->getdim($o->{at});
            my $part = $n ? _part($g, $o->{at}, $first, $first + $n - 1)->copy : undef;
            $first += $n;
            $part;
        } @x;
    },
);

operator(
    'stack',
    inputs  => ['*'],
    options => [[axis => 0]],
    forward => sub {
        my ($o, @x) = @_;
        for my $x (@x) {
            fail('arrays of shapes ', join(' ', map { shape_text($_) } @x),
                ' cannot be stacked: they must agree')
                if "@{[$x->dims]}" ne "@{[$x[0]->dims]}";
        }
        my $at = $o->{at} = axis_of($o->{axis}, $x[0]->getndims + 1);
        my @dims = $x[0]->dims;
        splice @dims, $at, 0, scalar @x;
        my $all = PDL->zeroes($x[0]->type, @dims);
        (my $place = _part($all, $at, $_, $_)->mv($at, -1)->slice(('') x $x[0]->getndims, '(0)'))
            .= $x[$_]
            for 0 .. $#x;
        $all;
    },
    gradient => sub {
        my ($o, $g, $value, @x) = @_;
        my $moved = $g->mv($o->{at}, -1);
        map { $moved->slice(('') x $x[0]->getndims, "($_)")->copy } 0 .. $#x;
    },
);

operator(
    ['split', 'SliceChannel'],
    options => ['num_outputs', [axis => 1], [squeeze_axis => 0]],
    forward => sub {
        my ($o, $x) = @_;
        my $at = $o->{at} = axis_of($o->{axis}, $x->getndims);
        my ($n, $count) = ($x->getdim($at), $o->{num_outputs});
        fail("num_outputs is '$count'; expected a divisor of $n, the axis's length")
            if $count !~ /\A[1-9][0-9]*\z/ || $n % $count;
        my $each = $o->{each} = $n / $count;
        fail("squeeze_axis: the parts have length $each along the axis; expected 1")
            if $o->{squeeze_axis} && $each != 1;
        my @parts = map { _part($x, $at, $_ * $each, ($_ + 1) * $each - 1)->copy } 0 .. $count - 1;
        if ($o->{squeeze_axis} && $x->getndims > 1) {
            my @dims = $x->dims;
            splice @dims, $at, 1;
            $_ = $_->reshape(@dims) for @parts;
        }
        $count > 1 ? \@parts : $parts[0];
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $all = PDL::zeroes($x);
        my @g = ref $g eq 'ARRAY' ? @$g : $g;
        my $each = $o->{each};
        for my $i (0 .. $#g) {
            my $place = _part($all, $o->{at}, $i * $each, ($i + 1) * $each - 1);
            $place .= $g[$i]->copy->reshape($place->dims);
        }
        $all;
    },
);

# ---- Cutting ------------------------------------------------------------------------------------

# begin and end of Python's x[begin:end:step] as PDL's first, last, step.
sub range_of {
    my ($begin, $end, $step, $n) = @_;
    $step //= 1;
    fail('step is 0') if $step == 0;
    my ($low, $high) = $step > 0 ? (0, $n) : (-1, $n - 1);
    for ($begin, $end) {
        next if !defined $_;
        fail("'$_' is no place along an axis; expected an integer or undef") if !/\A-?[0-9]+\z/;
        $_ += $n if $_ < 0;
        $_ = $_ < $low ? $low : $_ > $high ? $high : $_;
    }
    $begin //= $step > 0 ? 0 : $n - 1;
    $end //= $step > 0 ? $n : -1;
    my $count = int(($end - $begin) / $step + 1 - 1e-9);
    fail('nothing is left between begin and end') if $count < 1 || ($end - $begin) * $step <= 0;
    return [$begin, $begin + ($count - 1) * $step, $step];
}

sub _cutting {
    my ($names, $ranges, %more) = @_;
    operator(
        $names, %more,
        forward => sub {
            my ($o, $x, @more) = @_;
            $o->{ranges} = [$ranges->($o, $x, @more)];
            $x->slice(@{ $o->{ranges} })->copy;
        },
        gradient => sub {
            my ($o, $g, $value, $x) = @_;
            my $all = PDL::zeroes($x);
            (my $place = $all->slice(@{ $o->{ranges} })) .= $g;
            $all;
        },
    );
    return;
}

_cutting(
    'slice_axis',
    sub {
        my ($o, $x) = @_;
        my $at = axis_of($o->{axis}, $x->getndims);
        map { $_ == $at ? range_of($o->{begin}, $o->{end}, 1, $x->getdim($at)) : [] }
            0 .. $x->getndims - 1;
    },
    options => ['axis', 'begin', 'end'],
);
_cutting(
    ['_crop', 'crop'],
    sub {
        my ($o, $x) = @_;
        my ($begin, $end, $step) = map { ref $_ ? $_ : [$_] } @$o{qw(begin end step)};
        my $ndim = $x->getndims;
        fail('begin has ', scalar @$begin, " places; expected at most $ndim") if @$begin > $ndim;
        my @ranges = map {
            $_ < @$begin
                ? range_of($begin->[$_], $end->[$_], $step->[$_], $x->getdim($ndim - 1 - $_))
                : []
        } 0 .. $ndim - 1;
        reverse @ranges;
    },
    options => ['begin', 'end', [step => []]],
);
_cutting(
    'slice_like',
    sub {
        my ($o, $x, $like) = @_;
        my $ndim = $x->getndims;
        my $given = ref $o->{axes} ? @{ $o->{axes} } : defined $o->{axes};
        my %chosen = map { $_ => 1 } axes_of($given ? $o->{axes} : undef, $ndim);
        my @like = reverse $like->dims;
        map {
            $chosen{$_} ? range_of(0, $like[$ndim - 1 - $_] // 0, 1, $x->getdim($_)) : []
        } 0 .. $ndim - 1;
    },
    inputs  => ['data', 'shape_like'],
    loose   => { 1 => 1 },
    options => [[axes => []]],
);

# What lies beyond each sample's length along axis 0 or 1 becomes value; samples are along the other
operator(
    ['SequenceMask', 'sequence_mask'],
    inputs   => ['data', 'sequence_length'],
    optional => 1,
    loose    => { 1 => 1 },
    options  => [[use_sequence_length => 0], [value => 0], [axis => 0]],
    forward  => sub {
        my ($o, $x, $length) = @_;
        return $x->copy if !$o->{use_sequence_length} || !defined $length;
        fail("axis is '$o->{axis}'; expected 0 or 1") if $o->{axis} !~ /\A[01]\z/;
        my $ndim = $x->getndims;
        my ($steps, $samples) = $o->{axis} ? ($ndim - 2, $ndim - 1) : ($ndim - 1, $ndim - 2);
        my @dims = (1) x $ndim;
        $dims[$steps] = $x->getdim($steps);
        my $place = PDL->sequence($dims[$steps])->reshape(@dims);
        @dims = (1) x $ndim;
        $dims[$samples] = $length->nelem;
        $o->{inside} = $place < trunc_of($length->double)->copy->reshape(@dims);
        choose($o->{inside}, $x, PDL->pdl($x->type, $o->{value}));
    },
    gradient => sub {
        my ($o, $g) = @_;
        return (defined $o->{inside} ? choose($o->{inside}, $g, PDL->pdl($g->type, 0)) : $g, undef);
    },
);

1;
