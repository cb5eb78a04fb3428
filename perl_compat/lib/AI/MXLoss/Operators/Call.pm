package AI::MXLoss::Operators;

# Operators as scripts call them: arguments by position, by name, in a hash ref.

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed looks_like_number);

our (%TABLE, %MIXED);

# ---- Operators of two arrays, or of an array and a number ---------------------------------------

# The stem is that of the table's names: broadcast_<stem>, _<stem>_scalar, _r<stem>_scalar.
sub mixed {
    my ($stem, $x, $y) = @_;
    my ($first, $second) = map { _is_array($_) } $x, $y;
    return invoke($TABLE{"broadcast_$stem"}, [$x, $y], {}) if $first && $second;
    my ($number, $nd) = $first ? ($y, $x) : ($x, $y);
    $number = _number($stem, $number);
    return invoke($TABLE{ '_' . ($first ? '' : 'r') . $stem . '_scalar' }, [$nd],
        { scalar => $number });
}

sub _is_array { return blessed($_[0]) && $_[0]->isa('AI::MXLoss::NDArray') }

sub _number {
    my ($stem, $number) = @_;
    return $number if !ref $number && looks_like_number($number);
    return $number->sclr
        if blessed $number && $number->isa('PDL') && !$number->getndims && $number->nelem == 1;
    croak("$stem: an operand is ", defined $number ? "'$number'" : 'undef',
        '; expected an NDArray or a number');
}

# Calls the entry with the arguments after the class or array of a method call.
sub call {
    my ($entry, $class, @arguments) = @_;
    unshift @arguments, $class if ref $class;
    my $many = $entry->{inputs}[0] eq '*';
    my (@inputs, %option, %out);
    if ($many) {
        @arguments = (@{ shift @arguments }, @arguments)
            if @arguments && ref $arguments[0] eq 'ARRAY';
        push @inputs, shift @arguments while @arguments && _is_array($arguments[0]);
    }
    else {
        while (@arguments && @inputs < @{ $entry->{inputs} }) {
            last if !_is_array($arguments[0]) && !_stands_for_nothing($entry, \@inputs, @arguments);
            push @inputs, shift @arguments;
        }
    }
    my $position = 0;
    my $least = $many ? 1 : @{ $entry->{inputs} } - $entry->{optional};
    if (@arguments && @inputs < $least && ref $arguments[0] ne 'HASH') {
        croak("$entry->{name}: ${\ _input_name($entry, scalar @inputs) } is ",
            $arguments[0], '; expected an NDArray')
            if !defined $arguments[0] || ref $arguments[0] || looks_like_number($arguments[0]);
    }
    while (@arguments) {
        my $next = shift @arguments;
        if (ref $next eq 'HASH') {
            _take($entry, \%option, \@inputs, \%out, %$next);
        }
        elsif (_is_name($entry, $next, $position)) {
            croak("$entry->{name}: '$next' comes without a value") if !@arguments;
            _take($entry, \%option, \@inputs, \%out, $next, shift @arguments);
        }
        else {
            my $name = $entry->{options}[ $position++ ] // croak(
                "$entry->{name}: an argument too many, ", $next // 'undef',
                '; it takes ', _signature($entry));
            _take($entry, \%option, \@inputs, \%out, $name, $next);
        }
    }
    %option = (%{ $entry->{defaults} }, %option);
    for my $name (@{ $entry->{options} }) {
        croak("$entry->{name}: $name is missing; it takes ", _signature($entry))
            if !exists $option{$name};
    }
    _check_numbers($entry, \%option) if @{ $entry->{numbers} };
    for my $i (0 .. ($many ? $#inputs : $#{ $entry->{inputs} })) {
        my $name = _input_name($entry, $i);
        next if _is_array($inputs[$i]) || $i >= $least && !defined $inputs[$i];
        croak("$entry->{name}: Too few arguments: $name is missing; it takes ",
            _signature($entry))
            if !defined $inputs[$i];
        croak("$entry->{name}: $name is $inputs[$i]; expected an NDArray");
    }
    croak("$entry->{name}: Too few arguments: expected at least one array")
        if $many && !@inputs;
    my $result = invoke($entry, \@inputs, \%option);
    return $result if !$out{out};
    croak("$entry->{name}: out is for operators with one result") if ref $result eq 'ARRAY';
    return $out{out}->_assign($result);
}

# undef is a number only where it is the default.
sub _check_numbers {
    my ($entry, $option) = @_;
    for my $name (@{ $entry->{numbers} }) {
        my $value = $option->{$name};
        next if defined $value && !ref $value && looks_like_number($value);
        next if !defined $value && exists $entry->{defaults}{$name}
            && !defined $entry->{defaults}{$name};
        croak("$entry->{name}: $name is ", defined $value ? "'$value'" : 'undef',
            '; expected a number');
    }
    return;
}

sub _input_name {
    my ($entry, $i) = @_;
    return $entry->{inputs}[0] eq '*' ? "input $i" : $entry->{inputs}[$i];
}

# undef in place of an optional array.
sub _stands_for_nothing {
    my ($entry, $inputs, $first) = @_;
    return !defined $first && @$inputs >= @{ $entry->{inputs} } - $entry->{optional};
}

# Whether an argument is the name of one, not a value by position.
sub _is_name {
    my ($entry, $value, $position) = @_;
    return 0 if !defined $value || ref $value || looks_like_number($value);
    return 1 if $value =~ /\A(?:out|ctx|name|num_args)\z/;
    return 1 if grep { $_ eq $value } @{ $entry->{options} }, @{ $entry->{inputs} };
    return 0 if $entry->{strings}{ $entry->{options}[$position] // '' };
    croak("$entry->{name}: Cannot find argument '$value', Possible Arguments: ",
        _signature($entry));
}

sub _signature {
    my ($entry) = @_;
    return join ', ', (map { $_ eq '*' ? 'arrays' : $_ } @{ $entry->{inputs} }),
        @{ $entry->{options} }, 'out';
}

sub _take {
    my ($entry, $option, $inputs, $out, %given) = @_;
    for my $name (keys %given) {
        my $value = $given{$name};
        if ($name eq 'out') {
            croak("$entry->{name}: out is ", $value, '; expected an NDArray')
                if defined $value && !_is_array($value);
            $out->{out} = $value;
        }
        elsif (grep { $_ eq $name } @{ $entry->{options} }) {
            croak("$entry->{name}: $name is given twice") if exists $option->{$name};
            $option->{$name} = $value;
        }
        elsif (my ($i) = grep { $entry->{inputs}[$_] eq $name } 0 .. $#{ $entry->{inputs} }) {
            croak("$entry->{name}: $name is given twice") if defined $inputs->[$i];
            $inputs->[$i] = $value;
        }
        elsif ($name !~ /\A(?:ctx|name|num_args)\z/) {
            croak("$entry->{name}: Cannot find argument '$name', Possible Arguments: ",
                _signature($entry));
        }
    }
    return;
}

# Every operator as a class function and a method of NDArray, by $enter->(name, sub); those that
# begin with an underscore are for this package.
sub install {
    my ($enter) = @_;
    for my $name (keys %TABLE) {
        my $entry = $TABLE{$name};
        next if $name =~ /\A_/ || AI::MXLoss::NDArray->can($name);
        $enter->($name, $entry->{quick} ? _quick($entry) : sub { return call($entry, @_) });
    }
    for my $name (keys %MIXED) {
        my $stem = $MIXED{$name};
        $enter->($name, sub { return _call_mixed($name, $stem, @_) });
    }
    return;
}

# A call with an array and nothing else first asks the entry's quick sub, which may decline.
sub _quick {
    my ($entry) = @_;
    my $quick = $entry->{quick};
    return sub {
        my $alone = @_ == 1 ? $_[0] : @_ == 2 && !ref $_[0] ? $_[1] : undef;
        return (defined $alone ? $quick->($alone) : undef) // call($entry, @_);
    };
}

sub _call_mixed {
    my ($name, $stem, $class, @arguments) = @_;
    unshift @arguments, $class if ref $class;
    my @two = splice @arguments, 0, 2;
    croak("$name: Too few arguments: expected two operands, NDArrays or numbers") if @two != 2;
    croak("$name: at least one operand must be an NDArray") if !grep { _is_array($_) } @two;
    @arguments = %{ $arguments[0] } if ref $arguments[0] eq 'HASH';
    croak("$name: an argument too many; it takes lhs, rhs, out") if @arguments % 2;
    my %option = @arguments;
    my ($unknown) = grep { !/\A(?:out|ctx|name)\z/ } keys %option;
    croak("$name: Cannot find argument '$unknown', Possible Arguments: lhs, rhs, out")
        if defined $unknown;
    my $result = mixed($stem, @two);
    return $option{out} ? $option{out}->_assign($result) : $result;
}

1;
