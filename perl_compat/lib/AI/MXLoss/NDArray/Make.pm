package AI::MXLoss::NDArray;

# Making arrays: of lists, PDLs and other arrays, of one number, of ranges.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed looks_like_number);
use PDL::Lite;
use AI::MXLoss::DType qw(type_of typed is_float check_memory);

# Named arguments after the positional ones, with the names that are known and their defaults.
sub _named {
    my ($who, $known, @options) = @_;
    @options = %{ $options[0] } if @options == 1 && ref $options[0] eq 'HASH';
    croak("$who: Odd number of named arguments; expected name => value") if @options % 2;
    my %option = (%$known, @options);
    for my $name (keys %option) {
        croak("$who: no such named parameter '$name'; expected some of ",
            join ', ', sort keys %$known)
            if !exists $known->{$name};
    }
    AI::MXLoss::Context->check($option{ctx}, $who);
    return \%option;
}

sub array {
    my ($class, $source, @options) = @_;
    my $option = _named('array', { dtype => undef, ctx => undef }, @options);
    my $dtype = $option->{dtype} // 'float32';
    my $type = type_of($dtype, 'array');
    my $pdl;
    if (ref $source eq 'ARRAY') {
        $source = _defined_list($source) if _check_list($source);
        # halves and small integers are cut from doubles, as from any other source
        my $via = $dtype eq 'int64' ? $type : is_float($dtype) ? $type : PDL::double();
        $pdl = AI::MXLoss::DType::cast(PDL->pdl($via, $source), $dtype);
    }
    elsif (blessed $source && $source->isa('AI::MXLoss::NDArray')) {
        $pdl = AI::MXLoss::DType::cast($source->{pdl}, $dtype);
        $pdl = $pdl->copy if $$pdl == ${ $source->{pdl} };
    }
    elsif (blessed $source && $source->isa('PDL')) {
        $source = $source->copy;
        $source->badflag(0);
        $pdl = AI::MXLoss::DType::cast($source, $dtype);
    }
    else {
        croak('array: got ', defined $source ? "'$source'" : 'undef',
            '; expected a reference to a (nested) array of numbers, a PDL or an NDArray');
    }
    return _wrap(undef, typed(AI::MXLoss::DType::one_at_least($pdl), $dtype), $dtype);
}

# Nested lists of plain numbers only; strings that are none are 0, with Perl's warning. Returns
# whether there is an undef among them, which some versions of PDL refuse.
sub _check_list {
    my ($list) = @_;
    my @level = ($list);
    my ($undefined, $depth);
    while (@level) {
        croak('array: the list is nested more than 16 deep') if ++$depth > 16;
        my @next;
        for my $element (map {@$_} @level) {
            if (!ref $element) { $undefined ||= !defined $element; next }
            croak("array: an element is $element; expected numbers, or references to arrays of "
                    . 'these')
                if ref $element ne 'ARRAY';
            push @next, $element;
        }
        @level = @next;
    }
    return $undefined;
}

# The same with 0 for undef.
sub _defined_list {
    my ($list) = @_;
    return [map { ref $_ ? _defined_list($_) : $_ // 0 } @$list];
}

# A shape as a list of lengths.
sub _lengths {
    my ($who, $shape) = @_;
    $shape = [$shape] if defined $shape && !ref $shape && $who =~ /^random/;
    croak("$who: shape is ", $shape // 'undef', '; expected a reference to an array of lengths')
        if ref $shape ne 'ARRAY';
    croak("$who: shape is []; expected at least one axis") if !@$shape;
    for my $n (@$shape) {
        croak("$who: shape is [", join(',', map { $_ // 'undef' } @$shape),
            ']; expected integers from 1 on')
            if !defined $n || $n !~ /\A[0-9]+\z/ || $n == 0;
    }
    check_memory($who, @$shape);
    return @$shape;
}

sub _filled {
    my ($who, $shape, $value, @options) = @_;
    my $option
        = _named($who, { dtype => undef, ctx => undef, stype => undef, out => undef }, @options);
    my $out = $option->{out};
    my $dtype = $option->{dtype} // ($out ? $out->dtype : 'float32');
    my $type = type_of($dtype, $who);
    my $pdl = PDL->zeroes($type, AI::MXLoss::Core::reverse_dims(_lengths($who, $shape)));
    $pdl .= AI::MXLoss::DType::scalar_of($value, $dtype) if $value;
    my $nd = _wrap(undef, $pdl, $dtype);
    return $out ? $out->_assign($nd) : $nd;
}

sub zeros { my ($class, $shape, @options) = @_; return _filled('zeros', $shape, 0, @options) }
sub ones  { my ($class, $shape, @options) = @_; return _filled('ones',  $shape, 1, @options) }
sub empty { my ($class, $shape, @options) = @_; return _filled('empty', $shape, 0, @options) }

sub full {
    my ($class, $shape, $value, @options) = @_;
    croak('full: the value is ', $value // 'undef', '; expected a number')
        if !looks_like_number($value);
    return _filled('full', $shape, $value, @options);
}

sub arange {
    my ($class, @options) = @_;
    my $option = _named(
        'arange',
        {   start => 0, stop => undef, step => 1, repeat => 1,
            infer_range => 0, dtype => undef, ctx => undef
        },
        @options
    );
    my ($start, $stop, $step, $repeat) = @$option{qw(start stop step repeat)};
    for my $name (qw(start stop step repeat)) {
        my $value = $option->{$name} // next;
        croak("arange: $name is '$value'; expected a number") if !looks_like_number($value);
    }
    ($start, $stop) = (0, $start) if !defined $stop;
    croak('arange: step is 0') if $step == 0;
    croak("arange: repeat is $repeat; expected an integer from 1 on")
        if $repeat < 1 || $repeat != int $repeat;
    my $count = ($stop - $start) / $step;
    $count = int($count) + (int($count) < $count ? 1 : 0);
    check_memory('arange', $count * $repeat);
    croak("arange: no number lies between $start and $stop in steps of $step") if $count < 1;
    my $dtype = $option->{dtype} // 'float32';
    type_of($dtype, 'arange');
    my $values = PDL->sequence(PDL::double(), $count) * $step + $start;
    $values = $values->dummy(0, $repeat)->flat->sever if $repeat > 1;
    return _wrap(undef, typed(AI::MXLoss::DType::cast($values, $dtype), $dtype), $dtype);
}

sub concatenate {
    my ($class, $arrays, @options) = @_;
    my $option = _named('concatenate', { axis => 0, always_copy => 1 }, @options);
    croak('concatenate: expected a reference to an array of NDArrays, got ', $arrays)
        if ref $arrays ne 'ARRAY';
    return AI::MXLoss::NDArray->concat(@$arrays, { dim => $option->{axis} });
}

sub eye {
    my ($class, $rows, @options) = @_;
    my $columns = @options % 2 && !ref $options[0] ? shift @options : 0;
    my $option = _named('eye', { M => $columns, k => 0, dtype => undef, ctx => undef }, @options);
    my $dtype = $option->{dtype} // 'float32';
    my $m = $option->{M} || $rows;
    _lengths('eye', [$rows, $m]);
    my $type = type_of($dtype, 'eye');
    my $pdl = PDL->zeroes($type, $m, $rows);
    $pdl .= $pdl->xvals == $pdl->yvals + $option->{k};
    return _wrap(undef, $pdl, $dtype);
}

# ---- Random ones --------------------------------------------------------------------------------

sub random { require AI::MXLoss::Random; return 'AI::MXLoss::Random' }

sub random_uniform { my $class = shift; return $class->random->uniform(@_) }
sub random_normal  { my $class = shift; return $class->random->normal(@_) }
*uniform = \&random_uniform;
*normal  = \&random_normal;

1;
