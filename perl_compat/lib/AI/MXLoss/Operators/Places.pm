package AI::MXLoss::Operators::Places;

# Operators that take elements by number.

use strict;
use warnings;
use PDL::Lite;
use AI::MXLoss::Operators qw(operator fail axis_of shape_text one_at_least room);
use AI::MXLoss::Operators::Functions qw(trunc_of choose one_hot_of);
use AI::MXLoss::Operators::Reductions;

*as_dims = \&AI::MXLoss::Operators::Reductions::as_dims;

# Numbers as places along an axis: truncated, then clipped or wrapped around.
sub places_of {
    my ($index, $length, $mode) = @_;
    fail("mode is '$mode'; expected clip or wrap") if $mode !~ /\A(?:clip|wrap)\z/;
    fail('an index is NaN or infinite; expected whole numbers')
        if $index->nelem && (($index - $index) != 0)->max;
    my $whole = trunc_of($index->double);
    $whole = $mode eq 'clip'
        ? PDL::hclip(PDL::lclip($whole, 0), $length - 1)
        : $whole - $length * PDL::floor($whole / $length);
    return $whole->convert(PDL::indx());
}

# One element along the axis for each place of the rest
operator(
    'pick',
    inputs  => ['data', 'index'],
    loose   => { 1 => 1 },
    options => [[axis => -1], [keepdims => 0], [mode => 'clip']],
    strings => { mode => 1 },
    forward => sub {
        my ($o, $x, $index) = @_;
        my $at = axis_of($o->{axis}, $x->getndims);
        my @rest = $x->dims;
        my $n = splice @rest, $at, 1;
        my $count = 1;
        $count *= $_ for @rest;
        fail('index has shape ', shape_text($index), '; expected [',
            join(',', AI::MXLoss::Core::reverse_dims(@rest)), ']')
            if $index->nelem != $count;
        my $places = places_of($index, $n, $o->{mode})->copy->reshape(@rest ? @rest : 1);
        my $value = $x->mv($at, 0)->index(@rest ? $places : $places->slice('(0)'))->sever;
        @$o{qw(at hit)} = ($at, one_hot_of($places, $n));
        return one_at_least($value) if !$o->{keepdims};
        splice @rest, $at, 0, 1;
        as_dims($value, @rest);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my @rest = $x->dims;
        splice @rest, $o->{at}, 1;
        $g = as_dims($g, @rest ? @rest : 1)->dummy(0);
        my $d = choose($o->{hit}, $g, PDL->pdl($g->type, 0));
        $d = @rest ? $d->mv(0, $o->{at})->copy : $d->clump(2);
        return ($d, undef);
    },
);
$AI::MXLoss::Operators::TABLE{batch_take} = {
    %{ $AI::MXLoss::Operators::TABLE{pick} },
    name     => 'batch_take',
    inputs   => ['a', 'indices'],
    defaults => { axis => 1, keepdims => 0, mode => 'clip' },
};

# Sums of the rows of $g (its second dimension) by the place each belongs to.
sub _added_up {
    my ($g, $places, $length) = @_;
    my $sum = PDL->zeroes(PDL::double(), $length, $g->getdim(0));
    PDL::indadd($g->double->xchg(0, 1), $places->flat, $sum);
    return $sum->xchg(0, 1);
}

# Slices along the axis: the index's dimensions come in the axis's place
operator(
    'take',
    inputs  => ['a', 'indices'],
    loose   => { 1 => 1 },
    options => [[axis => 0], [mode => 'clip']],
    strings => { mode => 1 },
    forward => sub {
        my ($o, $x, $index) = @_;
        my $at = $o->{at} = axis_of($o->{axis}, $x->getndims);
        my @dims = $x->dims;
        my $places = $o->{places} = places_of($index, $dims[$at], $o->{mode});
        splice @dims, $at, 1, $index->dims;
        # (n, 1, rest) by places (k): the others stay where they are
        my $moved = $x->mv($at, 0)->dummy(1)->index($places->flat->sever);
        $moved->mv(0, $at)->copy->reshape(@dims);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my @dims = $x->dims;
        my $k = $o->{places}->nelem;
        my @with = @dims;
        $with[$o->{at}] = $k;
        my $rows = $g->copy->reshape(@with)->mv($o->{at}, -1);    # (rest, k)
        $rows = @dims > 1 ? $rows->clump(@dims - 1) : $rows->dummy(0);
        my $d = _added_up($rows, $o->{places}, $dims[$o->{at}]);    # (rest, n)
        my @rest = @dims;
        my $n = splice @rest, $o->{at}, 1;
        return ($d->copy->reshape(@rest, $n)->mv(-1, $o->{at})->copy, undef);
    },
);

# Rows of the weight; a number out of range counts as the next one within
operator(
    'Embedding',
    inputs  => ['data', 'weight'],
    loose   => { 0 => 1 },
    options => [[input_dim => undef], [output_dim => undef], [dtype => 'float32']],
    strings => { dtype => 1 },
    forward => sub {
        my ($o, $index, $weight) = @_;
        fail('weight has shape ', shape_text($weight), '; expected two axes')
            if $weight->getndims != 2;
        $o->{places} = places_of($index, $weight->getdim(1), 'clip');
        my $rows = $weight->xchg(0, 1)->dummy(1)->index($o->{places}->flat->sever);    # (k, d)
        $rows->xchg(0, 1)->copy->reshape($weight->getdim(0), $index->dims);
    },
    gradient => sub {
        my ($o, $g, $value, $index, $weight) = @_;
        my $rows = $g->copy->reshape($weight->getdim(0), $o->{places}->nelem);
        return (undef, _added_up($rows, $o->{places}, $weight->getdim(1))->copy);
    },
);

# Elements by coordinates, which lie along the first axis of the indices
operator(
    'gather_nd',
    inputs  => ['data', 'indices'],
    loose   => { 1 => 1 },
    forward => sub {
        my ($o, $x, $index) = @_;
        my @dims = $x->dims;
        my @coordinates = map { $_->sever } $index->convert(PDL::indx())->dog;
        fail('indices has ', scalar @coordinates, ' coordinates; expected at most ', scalar @dims)
            if @coordinates > @dims;
        my $flat = 0;
        for my $i (0 .. $#coordinates) {
            my $n = $dims[-1 - $i];
            fail("a coordinate of axis $i is out of range; expected 0 to ", $n - 1)
                if ($coordinates[$i] < 0)->max || ($coordinates[$i] >= $n)->max;
            $flat = $flat * $n + $coordinates[$i];
        }
        splice @dims, -@coordinates;
        my $each = 1;
        $each *= $_ for @dims;
        @$o{qw(places each)} = ($flat->flat->sever, $each);
        my $rows = $x->copy->reshape($each, $x->nelem / $each);
        $rows->xchg(0, 1)->dummy(1)->index($o->{places})->xchg(0, 1)
            ->copy->reshape(@dims,
            $index->getndims > 1 ? ($index->dims)[0 .. $index->getndims - 2] : @dims ? () : 1);
    },
    gradient => sub {
        my ($o, $g, $value, $x) = @_;
        my $each = $o->{each};
        my $rows = $g->copy->reshape($each, $o->{places}->nelem);
        return (_added_up($rows, $o->{places}, $x->nelem / $each)->copy->reshape($x->dims), undef);
    },
);

# Rows of off_value where a number is out of range
operator(
    'one_hot',
    inputs  => ['indices'],
    loose   => { 0 => 1 },
    options => ['depth', [on_value => 1], [off_value => 0], [dtype => 'float32']],
    strings => { dtype => 1 },
    forward => sub {
        my ($o, $index) = @_;
        fail("depth is '$o->{depth}'; expected an integer from 1 on")
            if $o->{depth} !~ /\A[1-9][0-9]*\z/;
        AI::MXLoss::DType::type_of($o->{dtype}, 'one_hot');
        $o->{result_dtype} = $o->{dtype};
        room($o->{depth}, $index->dims);
        my $hit = one_hot_of(trunc_of($index->double), $o->{depth});
        $hit * ($o->{on_value} - $o->{off_value}) + $o->{off_value};
    },
);

1;
