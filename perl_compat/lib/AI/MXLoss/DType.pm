package AI::MXLoss::DType;

# Which PDL type stands for which dtype, and going from one to another. Internal.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Exporter 'import';
use PDL::Lite;
use PDL::Types ();
use AI::MXLoss::Core;

our @EXPORT_OK = qw(type_of is_float scalar_of ones_of cast typed one_at_least fits_memory
    check_memory
    @DTYPES %PDL_TYPE);

our @DTYPES = qw(float32 float64 float16 uint8 int8 int32 int64);

# float16 lives in a float PDL whose values are rounded to halves after each operation
our %PDL_TYPE = (
    float32 => PDL::float(),
    float64 => PDL::double(),
    float16 => PDL::float(),
    uint8   => PDL::byte(),
    int8    => PDL::sbyte(),
    int32   => PDL::long(),
    int64   => PDL::longlong(),
);
my %NUMBER = map { $_ => $PDL_TYPE{$_}->enum } keys %PDL_TYPE;
my %FLOAT  = map { $_ => 1 } qw(float16 float32 float64);

# The PDL type of a dtype, or an error that names the caller's function.
sub type_of {
    my ($dtype, $who) = @_;
    return $PDL_TYPE{ $dtype // '' } || croak(
        "$who: dtype is ",
        defined $dtype ? "'$dtype'" : 'undef',
        '; expected one of ', join ', ', @DTYPES
    );
}

sub is_float { $FLOAT{ $_[0] } }

# Values of any type as a PDL of the dtype's type: the same PDL if nothing has to be done. Floats
# become integers as in C, by way of 64 bits, so that what does not fit wraps around everywhere.
sub cast {
    my ($pdl, $dtype) = @_;
    my $from = $pdl->get_datatype;
    if ($from != $NUMBER{$dtype}) {
        $pdl = $pdl->convert(PDL::longlong())
            if !$FLOAT{$dtype} && $from >= $NUMBER{float32} && $dtype ne 'int64';
        $pdl = $pdl->convert($PDL_TYPE{$dtype});
    }
    return $pdl;
}

# Whether there is memory for doubles of these dimensions. If there is not, PDL ends the process.
sub fits_memory {
    my $bytes = 8;
    $bytes *= $_ for @_;
    return $bytes <= 2**27 || AI::MXLoss::Core::has_memory($bytes);
}

sub check_memory {
    my ($who, @shape) = @_;
    croak("$who: there is no memory for shape [", join(',', @shape), ']') if !fits_memory(@shape);
    return;
}

# The result of an operation as one of the dtype: its type, rounded to halves if need be. The PDL
# must be the caller's own, as rounding is in place.
sub typed {
    my ($pdl, $dtype) = @_;
    $pdl = cast($pdl, $dtype) if $pdl->get_datatype != $NUMBER{$dtype};
    return $dtype eq 'float16' ? AI::MXLoss::Core::round_half($pdl) : $pdl;
}

# A number as a PDL without axes, of the dtype. Those made are kept: never write to one.
my %made;

sub scalar_of {
    my ($number, $dtype) = @_;

    # by all bits of the number, which may have more digits than its string
    my $key = $dtype . ($dtype eq 'int64' ? $number : pack 'd', $number);
    return $made{$key} // do {
        %made = () if keys %made >= 1000;
        my $double = PDL->pdl(PDL::double(), $number);
        $double = PDL->pdl(PDL::longlong(), $number) if $dtype eq 'int64' && $number =~ /^-?\d+$/;
        my $pdl = cast($double, $dtype);
        $made{$key} = $dtype eq 'float16' ? AI::MXLoss::Core::round_half($pdl->copy) : $pdl;
    };
}

# Ones of the dtype and these dimensions, to begin with when going back; never write to them.
my %one;

sub ones_of {
    my ($dtype, @dims) = @_;
    return $one{$dtype} //= PDL->ones($PDL_TYPE{$dtype}, 1) if @dims == 1 && $dims[0] == 1;
    return PDL->ones($PDL_TYPE{$dtype}, @dims);
}

# There are no arrays without axes: a single number has shape [1].
sub one_at_least {
    my ($pdl) = @_;
    return $pdl->getndims ? $pdl : $pdl->dummy(0)->sever;
}

sub CLONE {    # PDLs do not survive the making of a thread
    %made = %one = ();
}

1;
