package AI::MXLoss::Operators::Network;

# Operators of networks: products of matrices, dropout. Products are summed in double.

use strict;
use warnings;
use PDL::Lite;
use PDL::Primitive ();
use AI::MXLoss::AutoGrad;
use AI::MXLoss::Operators qw(operator fail shape_text axes_of one_at_least);
use AI::MXLoss::Operators::Reductions;

*as_dims = \&AI::MXLoss::Operators::Reductions::as_dims;

# Rows by columns: of PDLs (k, m) and (n, k) the (n, m), double.
sub _product {
    my ($x, $y) = map { $_->double } @_;
    return $x->matmult($y);
}

sub _count {
    my $count = 1;
    $count *= $_ for @_;
    return $count;
}

# The last axis of lhs (transpose_a: the first) by the first of rhs (transpose_b: the last)
operator(
    'dot',
    inputs  => ['lhs', 'rhs'],
    options => [[transpose_a => 0], [transpose_b => 0]],
    forward => sub {
        my ($o, $x, $y) = @_;
        my @left  = $x->dims;
        my @right = $y->dims;
        # as matrices: lhs (k, m), rhs (n, k)
        my $k = $o->{transpose_a} ? pop @left : shift @left;
        my $l = $o->{transpose_b} ? shift @right : pop @right;
        fail('lhs of shape ', shape_text($x), ' and rhs of shape ', shape_text($y),
            ": the axes to sum over have lengths $k and $l")
            if $k != $l;
        @$o{qw(k left right)} = ($k, \@left, \@right);
        my ($p, $q) = _matrices($o, $x, $y);
        _product($p, $q)->reshape(@right || @left ? (@right, @left) : 1);
    },
    gradient => sub {
        my ($o, $g, $value, $x, $y) = @_;
        my ($k, $left, $right) = @$o{qw(k left right)};
        my ($p, $q) = _matrices($o, $x, $y);
        my $h = $g->copy->reshape(_count(@$right), _count(@$left));
        my ($dx, $dy);
        if ($o->{wants}[0]) {
            $dx = _product($h, $q->xchg(0, 1));    # (k, m)
            $dx = $dx->xchg(0, 1)->copy if $o->{transpose_a};
            $dx = $dx->reshape($x->dims);
        }
        if ($o->{wants}[1]) {
            $dy = _product($p->xchg(0, 1), $h);    # (n, k)
            $dy = $dy->xchg(0, 1)->copy if $o->{transpose_b};
            $dy = $dy->reshape($y->dims);
        }
        return ($dx, $dy);
    },
);

sub _matrices {
    my ($o, $x, $y) = @_;
    my ($k, $m, $n) = ($o->{k}, _count(@{ $o->{left} }), _count(@{ $o->{right} }));
    my $p = $o->{transpose_a} ? as_dims($x, $m, $k)->xchg(0, 1) : as_dims($x, $k, $m);
    my $q = $o->{transpose_b} ? as_dims($y, $k, $n)->xchg(0, 1) : as_dims($y, $n, $k);
    return ($p, $q);
}

operator(
    'batch_dot',
    inputs  => ['lhs', 'rhs'],
    options => [[transpose_a => 0], [transpose_b => 0]],
    forward => sub {
        my ($o, $x, $y) = @_;
        for ($x, $y) {
            fail('arrays of shapes ', shape_text($x), ' and ', shape_text($y),
                '; expected three axes and one number of matrices')
                if $_->getndims != 3 || $_->getdim(2) != $x->getdim(2);
        }
        my ($p, $q)
            = ($o->{transpose_a} ? $x->xchg(0, 1) : $x, $o->{transpose_b} ? $y->xchg(0, 1) : $y);
        fail('rows of length ', $p->getdim(0), ' by columns of length ', $q->getdim(1))
            if $p->getdim(0) != $q->getdim(1);
        _product($p, $q);
    },
    gradient => sub {
        my ($o, $g, $value, $x, $y) = @_;
        my ($p, $q)
            = ($o->{transpose_a} ? $x->xchg(0, 1) : $x, $o->{transpose_b} ? $y->xchg(0, 1) : $y);
        my $dx = _product($g, $q->xchg(0, 1));
        my $dy = _product($p->xchg(0, 1), $g);
        return (
            $o->{transpose_a} ? $dx->xchg(0, 1)->copy : $dx,
            $o->{transpose_b} ? $dy->xchg(0, 1)->copy : $dy,
        );
    },
);

operator(
    'FullyConnected',
    inputs   => ['data', 'weight', 'bias'],
    optional => 1,
    options  => [[num_hidden => undef], [no_bias => 0], [flatten => 1]],
    forward  => sub {
        my ($o, $x, $weight, $bias) = @_;
        fail('weight has shape ', shape_text($weight), '; expected two axes')
            if $weight->getndims != 2;
        my ($features, $units) = $weight->dims;
        my $rows = $o->{flatten} ? $x->getdim(-1) : $x->nelem / $x->getdim(0);
        my $got = $x->nelem / $rows;
        fail('data has shape ', shape_text($x), ", that is $got features; expected $features, as "
                . 'weight has shape ', shape_text($weight))
            if $got != $features;
        fail("weight has $units rows; expected num_hidden, $o->{num_hidden}")
            if defined $o->{num_hidden} && $o->{num_hidden} != $units;
        my $with_bias = defined $bias && !$o->{no_bias};
        fail('bias has shape ', shape_text($bias), "; expected [$units]")
            if $with_bias && $bias->nelem != $units;
        @$o{qw(rows with_bias)} = ($rows, $with_bias);
        my $value = _product(as_dims($x, $features, $rows), $weight->xchg(0, 1));
        $value = $value + $bias->flat if $with_bias;
        my @dims = $x->dims;
        $o->{flatten} ? $value : $value->copy->reshape($units, @dims[1 .. $#dims]);
    },
    gradient => sub {
        my ($o, $g, $value, $x, $weight) = @_;
        my ($features, $units) = $weight->dims;
        my ($rows, $wants) = @$o{qw(rows wants)};
        my $h = as_dims($g, $units, $rows);
        my $in = as_dims($x, $features, $rows);
        return (
            $wants->[0] ? as_dims(_product($h, $weight), $x->dims) : undef,
            $wants->[1] ? _product($h->xchg(0, 1), $in) : undef,
            $wants->[2] && $o->{with_bias} ? $h->xchg(0, 1)->dsumover : undef,
        );
    },
);

# In training (mode always: ever), each element becomes 0 with probability p, or is divided by 1 -
# p. Along axes all elements share their fate.
operator(
    'Dropout',
    options => [[p => 0.5], [mode => 'training'], [axes => []]],
    strings => { mode => 1 },
    forward => sub {
        my ($o, $x) = @_;
        my $p = $o->{p};
        fail("p is '$p'; expected a probability from 0 to below 1") if !($p >= 0 && $p < 1);
        fail("mode is '$o->{mode}'; expected training or always")
            if $o->{mode} !~ /\A(?:training|always)\z/;
        my $on = $p > 0 && ($o->{mode} eq 'always' || AI::MXLoss::AutoGrad::is_training());
        return $x->copy if !$on;
        my @dims = $x->dims;
        @dims[axes_of($o->{axes}, scalar @dims)] = (1) x @dims if @{ $o->{axes} };
        require AI::MXLoss::Random;
        $o->{factor} = (AI::MXLoss::Random::fractions(@dims) >= $p) / (1 - $p);
        $x * $o->{factor};
    },
    gradient => sub { defined $_[0]{factor} ? $_[1] * $_[0]{factor} : $_[1] },
);

1;
