package AI::MXLoss::NDArray;

# Arrays in files of MXNet's own form (.params), as MXNet 1.9.1 writes them; read with every length
# checked against what is really there.
#
# A file is: 0x112, 0, the number of arrays; the arrays; the number of names, 0 or that of arrays;
# the names. An array is: 0xF993FAC9, storage type 0, number of axes, lengths, device type and
# number, number of the dtype; elements. All little-endian.

use strict;
use warnings;
use AI::MXLoss::Croak;
use PDL::Lite;
use AI::MXLoss::DType qw(type_of);

use constant { FILE => 0x112, V1 => 0xF993FAC8, V2 => 0xF993FAC9, V3 => 0xF993FACA };
use constant BIG_ENDIAN => unpack('C', pack 'S', 1) == 0;

my @DTYPES = qw(float32 float64 float16 uint8 int32 int8 int64);
my %NUMBER = map { $DTYPES[$_] => $_ } 0 .. $#DTYPES;
my %SIZE
    = (float32 => 4, float64 => 8, float16 => 2, uint8 => 1, int32 => 4, int8 => 1, int64 => 8);

# The elements of a physical PDL as little-endian bytes, and back.
sub _bytes_of {
    my ($pdl, $dtype) = @_;
    my $bytes = $dtype eq 'float16' ? AI::MXLoss::Core::half_bytes($pdl) : ${ $pdl->get_dataref };
    return _little_endian($bytes, $SIZE{$dtype});
}

sub _little_endian {
    my ($bytes, $size) = @_;
    return $bytes if !BIG_ENDIAN || $size == 1;
    return join '', map { scalar CORE::reverse($_) } unpack "(a$size)*", $bytes;
}

sub _from_bytes {
    my ($bytes, $dtype, @dims) = @_;
    $bytes = _little_endian($bytes, $SIZE{$dtype});
    my $pdl = PDL->zeroes(type_of($dtype, 'load'), @dims);
    if ($dtype eq 'float16') { AI::MXLoss::Core::half_from_bytes($bytes, $pdl) }
    else {
        ${ $pdl->get_dataref } = $bytes;
        $pdl->upd_data;
    }
    return $pdl;
}

sub save {
    my ($class, $file, $data, @names) = @_;    # names in order, for blocks; scripts give a hash
    croak('save: the name of the file is ', ref $file || $file, '; expected a string')
        if !defined $file || ref $file;
    $data = [$data] if _is_nd($data);
    if (ref $data eq 'HASH') {
        @names = sort keys %$data;
        $data = [@$data{@names}];
    }
    croak('save: data is ', $data, '; expected an NDArray, or a reference to an array or a hash of '
            . 'these')
        if ref $data ne 'ARRAY';
    my $bytes = pack 'Q<Q<Q<', FILE, 0, scalar @$data;
    for my $i (0 .. $#$data) {
        my $nd = $data->[$i];
        croak('save: entry ', $names[$i] // $i, ' is ', $nd, '; expected an NDArray')
            if !_is_nd($nd);
        my @shape = @{ $nd->shape };
        my $magic = $nd->size ? V2 : V3;    # V2 cannot tell an empty array from an unknown one
        $bytes .= pack 'L<l<L<q<*', $magic, 0, scalar @shape, @shape;
        $bytes .= pack 'l<l<l<', 1, 0, $NUMBER{ $nd->dtype };
        $bytes .= _bytes_of($nd->{pdl}->copy, $nd->dtype);
    }
    $bytes .= pack 'Q<', scalar @names;
    for my $name (@names) {
        my $text = $name;
        utf8::encode($text);
        $bytes .= pack 'Q</a*', $text;
    }
    open my $handle, '>:raw', $file or croak("Open \"$file\": $!");
    my $written = print {$handle} $bytes;
    close $handle and $written or croak("Write \"$file\": $!");
    return;
}

sub load {
    my ($class, $file) = @_;
    croak('load: the name of the file is ', ref $file || $file, '; expected a string')
        if !defined $file || ref $file;
    open my $handle, '<:raw', $file or croak("Open \"$file\": $!");
    my $bytes = do { local $/; <$handle> };
    croak("Read \"$file\": $!") if !close $handle;
    return $class->load_frombuffer($bytes // '', $file);
}

sub load_frombuffer {
    my ($class, $bytes, $where) = @_;
    my $reader = { bytes => \$bytes, at => 0, where => $where // 'the buffer' };
    my ($magic) = _unpack($reader, 'Q<Q<', 16, 'the head');
    _bad($reader, sprintf 'it begins with %#x; expected %#x', $magic, FILE) if $magic != FILE;
    my $count = _length($reader, 'the number of arrays', 8);
    my @arrays = map { _read_array($reader) } 1 .. $count;
    my @names;
    for (1 .. _length($reader, 'the number of names', 8)) {
        my $name = _take($reader, _length($reader, 'the length of a name', 1), 'a name');
        utf8::decode($name) or _bad($reader, 'a name is not UTF-8');
        push @names, $name;
    }
    _bad($reader, 'it has ' . @arrays . ' arrays but ' . @names . ' names')
        if @names && @names != @arrays;
    my $left = length($bytes) - $reader->{at};
    _bad($reader, "$left bytes are left over") if $left;
    return \@arrays if !@names;
    my %named;
    @named{@names} = @arrays;
    return \%named;
}

sub _bad {
    my ($reader, $what) = @_;
    croak("$reader->{where} is not a file of arrays: $what (at byte $reader->{at})");
}

sub _take {
    my ($reader, $count, $what) = @_;
    my $left = length(${ $reader->{bytes} }) - $reader->{at};
    _bad($reader, "it ends within $what: $count bytes expected, $left there") if $count > $left;
    my $part = substr ${ $reader->{bytes} }, $reader->{at}, $count;
    $reader->{at} += $count;
    return $part;
}

sub _unpack {
    my ($reader, $form, $size, $what) = @_;
    return unpack $form, _take($reader, $size, $what);
}

# A number of things that take at least $size bytes each.
sub _length {
    my ($reader, $what, $size) = @_;
    my ($count) = _unpack($reader, 'Q<', 8, $what);
    my $left = length(${ $reader->{bytes} }) - $reader->{at};
    _bad($reader, "$what is $count, more than fit into what is left") if $count > $left / $size;
    return $count;
}

sub _read_array {
    my ($reader) = @_;
    my ($magic) = _unpack($reader, 'L<', 4, 'the head of an array');
    if ($magic == V2 || $magic == V3) {
        my ($storage) = _unpack($reader, 'l<', 4, 'a storage type');
        _bad($reader, "an array is sparse (storage type $storage); AI::MXLoss has dense ones")
            if $storage != 0;
    }
    # the oldest form begins with the number of axes, and has lengths of 32 bits
    my $old = $magic != V1 && $magic != V2 && $magic != V3;
    my ($axes) = $old ? $magic : _unpack($reader, 'L<', 4, 'a number of axes');
    _bad($reader, "an array has $axes axes, or does not begin as arrays do") if $axes > 32;
    my @shape = $old
        ? _unpack($reader, "L<$axes", 4 * $axes, 'a shape')
        : _unpack($reader, "q<$axes", 8 * $axes, 'a shape');
    _bad($reader, 'an array has the shape [' . join(',', @shape) . ']')
        if grep { $_ < 0 || $_ > 2**47 } @shape;    # also beside a length of 0
    my $count = 1;
    $count *= $_ for @shape;
    return undef if $magic != V3 && !(@shape && $count);    # never filled: nothing follows
    _unpack($reader, 'l<l<', 8, 'a device');
    my ($number) = _unpack($reader, 'l<', 4, 'a dtype');
    my $dtype = $number >= 0 && $DTYPES[$number]
        or _bad($reader, "an array has the unknown dtype number $number");
    my $bytes = _take($reader, $count * $SIZE{$dtype},
        'an array of shape [' . join(',', @shape) . ']');
    @shape = (1) if !@shape;    # there are no arrays without axes here
    my @dims = AI::MXLoss::Core::reverse_dims(@shape);
    return __PACKAGE__->_wrap(_from_bytes($bytes, $dtype, @dims), $dtype);
}

# ---- Storable -----------------------------------------------------------------------------------

sub STORABLE_freeze {
    my ($self, $cloning) = @_;
    my $pdl = $self->{pdl}->copy;
    return (
        join(' ', $self->{dtype}, $self->{grad_req} // '-', @{ $self->shape }),
        \(my $bytes = ${ $pdl->get_dataref })
    );
}

sub STORABLE_thaw {
    my ($self, $cloning, $head, $bytes) = @_;
    my ($dtype, $request, @shape) = split / /, $head;
    my $pdl = PDL->zeroes(type_of($dtype, 'thaw'), AI::MXLoss::Core::reverse_dims(@shape));
    ${ $pdl->get_dataref } = $$bytes;
    $pdl->upd_data;
    @$self{qw(pdl dtype)} = ($pdl, $dtype);
    $self->attach_grad(grad_req => $request) if $request ne '-';
    return;
}

1;
