package AI::MXLoss::Base;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use Scalar::Util qw(blessed reftype);
use PDL ();
use AI::MXLoss::DType ();

our @EXPORT = qw(zip enumerate product assert check_call pdl cat pdl_shuffle as_array bisect_left
    digitize DTYPE_STR_TO_MX DTYPE_MX_TO_STR DTYPE_MX_TO_PDL DTYPE_PDL_TO_MX);
our @EXPORT_OK = (@EXPORT, qw(pzeros pones pinf));

# MXNet's numbers of dtypes.
my @NAMES;
BEGIN { @NAMES = qw(float32 float64 float16 uint8 int32 int8 int64) }

use constant DTYPE_STR_TO_MX => { map { $NAMES[$_] => $_ } 0 .. $#NAMES };
use constant DTYPE_MX_TO_STR => { map { $_ => $NAMES[$_] } 0 .. $#NAMES };
use constant DTYPE_MX_TO_PDL => {
    map { $_ => $AI::MXLoss::DType::PDL_TYPE{ $NAMES[$_] }->enum } 0 .. $#NAMES,
};
use constant DTYPE_PDL_TO_MX => {
    map { $AI::MXLoss::DType::PDL_TYPE{ $NAMES[$_] }->enum => $_ } reverse 0 .. $#NAMES,
};

# A reference to an array, or what can be used as one.
sub _list {
    my ($who, $list) = @_;
    return [@$list] if ref $list eq 'ARRAY';
    return [@$list] if blessed $list && overload::Method($list, '@{}');
    croak("$who: got ", $list, '; expected a reference to an array');
}

sub zip {
    my ($code) = (reftype($_[0]) // '') eq 'CODE' ? shift : ();
    my @lists = map { _list('zip', $_) } @_;
    croak('zip: expected at least one reference to an array') if !@lists;
    my $shortest = (sort { $a <=> $b } map { scalar @$_ } @lists)[0];
    my @rows = map { my $i = $_; [map { $_->[$i] } @lists] } 0 .. $shortest - 1;
    return @rows if !$code;
    $code->(@$_) for @rows;
    return;
}

sub enumerate {
    my ($code) = (reftype($_[0]) // '') eq 'CODE' ? shift : ();
    my @lists = map { _list('enumerate', $_) } @_;
    croak('enumerate: expected at least one reference to an array') if !@lists;
    return zip($code // (), [0 .. $#{ $lists[0] }], @lists);
}

sub process_arguments {
    my ($original, $class, @arguments) = @_;
    return $class->$original(@arguments) if !$class->can('python_constructor_arguments');
    my %known = map { $_ => 1 } qw(prefix params), keys %{ $class->_attributes },
        map { $_->init_arg // () } Mouse::Util::get_metaclass_by_name($class)->get_all_attributes;
    my @named;
    unshift @named, splice @arguments, -2
        while @arguments > 1 && defined $arguments[-2] && $known{ $arguments[-2] };
    my @names = @{ $class->python_constructor_arguments };
    croak("$class: at most ", scalar @names, " arguments (@names) go without a name, got ",
        scalar @arguments)
        if @arguments > @names;
    return $class->$original((map { $names[$_] => $arguments[$_] } 0 .. $#arguments), @named);
}

sub product {
    my $product = 1;
    $product *= $_ for @_;
    return $product;
}

sub assert {
    my ($truth, $message) = @_;
    croak('AssertionError: ', $message // 'the assertion does not hold') if !$truth;
    return;
}

sub check_call { return wantarray ? @_ : $_[0] }

*pdl = \&PDL::Core::pdl;    # the same sub, so that `use PDL` as well redefines nothing

# PDL's zeroes and ones under names that do not clash
sub pzeros { return PDL->zeroes(@_) }
sub pones  { return PDL->ones(@_) }
sub pinf   { return 9**9**9 }

sub cat {
    my ($axis, @pdls) = ref $_[0] ? (-1, @_) : @_;
    croak('cat: expected PDLs') if !@pdls || grep { !blessed $_ || !$_->isa('PDL') } @pdls;
    return PDL::cat(@pdls) if $axis == -1;
    return shift(@pdls)->glue($axis, @pdls);
}

sub pdl_shuffle {
    my ($pdl, $order) = @_;
    require AI::MXLoss::Random;
    $order //= AI::MXLoss::Random::permutation($pdl->getdim(-1));
    return $pdl->mv(-1, 0)->dice($order)->mv(0, -1)->copy;
}

sub as_array { return ref $_[0] eq 'ARRAY' ? $_[0] : [$_[0]] }

sub bisect_left {
    my ($list, $x) = @_;
    my ($low, $high) = (0, scalar @$list);
    while ($low < $high) {
        my $middle = int(($low + $high) / 2);
        if   ($list->[$middle] < $x) { $low = $middle + 1 }
        else                         { $high = $middle }
    }
    return $low;
}

sub digitize {
    my ($values, $bins) = @_;
    return [map { my $v = $_; scalar grep { $_ <= $v } @$bins } @$values];
}

1;

__END__

=head1 NAME

AI::MXLoss::Base - small functions that scripts for AI::MXNet use

=head1 SYNOPSIS

    use AI::MXLoss::Base;
    for (enumerate([qw(a b)])) { my ($i, $x) = @$_; ... }
    zip(sub { my ($x, $y) = @_; ... }, \@xs, \@ys);

=head1 DESCRIPTION

All but C<pzeros>, C<pones> and C<pinf> are exported. Unlike AI::MXNet::Base, this module changes
nothing in PDL.

=head1 FUNCTIONS

=head2 zip(SUB, ARRAY REFS), zip(ARRAY REFS)

Calls SUB with the first elements of all arrays, then with the second ones, until the shortest
ends; without SUB, returns the list of references to these rows.

=head2 enumerate(SUB, ARRAY REFS), enumerate(ARRAY REFS)

C<zip> with 0, 1, 2 ... before.

=head2 product(LIST)

The product of numbers; 1 of none.

=head2 assert(TRUTH, MESSAGE)

Dies with the message if the first argument is false.

=head2 check_call(LIST)

Its arguments.

=head2 pdl(...)

C<PDL::pdl>.

=head2 pzeros(DIMS), pones(DIMS), pinf

PDLs of zeros and ones, and infinity; exported if asked for.

=head2 cat(PDLS), cat(AXIS, PDLS)

PDLs stacked along a new last dimension, or joined along dimension AXIS.

=head2 pdl_shuffle(PDL, ORDER)

A copy with the parts along the last dimension in the order of a reference to an array of numbers,
a random one by default.

=head2 as_array(X)

X if it is a reference to an array, else a reference to an array of X.

=head2 bisect_left(ARRAY REF, X)

How many elements of the sorted array are below X.

=head2 digitize(ARRAY REF, BINS)

For each value how many of the bins are not above it.

=head2 process_arguments

    around BUILDARGS => \&AI::MXLoss::Base::process_arguments;
    method python_constructor_arguments() { ['units', 'scale'] }

For classes of L<AI::MXLoss::Gluon::Mouse>, of which C<new> is to take its first arguments without
names. Not exported.

=head2 DTYPE_STR_TO_MX, DTYPE_MX_TO_STR, DTYPE_MX_TO_PDL, DTYPE_PDL_TO_MX

References to hashes: dtypes by name, MXNet's numbers and PDL's numbers of types.

=cut
