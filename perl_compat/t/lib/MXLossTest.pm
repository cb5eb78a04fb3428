package MXLossTest;

# What the tests share: recorded vectors, arrays from numbers, errors with the right line.

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Test::More;
use PDL::Lite;
use AI::MXLoss;

our @EXPORT = qw(vectors array_of numbers close_to dies_at dies has worst same_bits bits repository
    @LOSSES random_array random_call);

# The class names of all losses.
our @LOSSES = map { $_->{name} }
    sort { $a->{number} <=> $b->{number} } values %{ AI::MXLoss::Core::losses() };

my %types = (
    float16 => PDL::float(), float32 => PDL::float(), float64 => PDL::double(),
    int8 => PDL::sbyte(), int32 => PDL::long(), int64 => PDL::longlong(), uint8 => PDL::byte(),
);

# An NDArray of a dtype and shape, from numbers row by row.
sub array_of {
    my ($dtype, $shape, @numbers) = @_;
    my $pdl = PDL->zeroes($types{$dtype}, AI::MXLoss::Core::reverse_dims(@$shape));
    my $flat = $pdl->flat;
    $flat .= PDL->pdl($types{$dtype}, \@numbers) if @numbers;
    return AI::MXLoss::NDArray->_wrap($pdl, $dtype);
}

sub numbers { return $_[0]{pdl}->flat->list }

# The checkout that this distribution is part of; nothing for a release.
sub repository {
    for my $folder ($ENV{MXLOSS_REPOSITORY} // (), '..', '../..') {
        return $folder if -f "$folder/tests/golden/vectors.txt";
    }
    return;
}

# The recorded cases; tests/tools/golden_text.py of the checkout explains the format.
sub vectors {
    my ($root) = repository();
    my ($file) = grep { -f } 't/golden/vectors.txt', $root ? "$root/tests/golden/vectors.txt" : ();
    plan skip_all => 'vectors.txt is not here: releases have it, and checkouts in tests/golden'
        if !$file;
    open my $in, '<', $file or die "$file: $!\n";
    my (@cases, $case);
    while (my $line = <$in>) {
        my ($what, @words) = split ' ', $line;
        next if !defined $what || $what =~ /^#/;
        if    ($what eq 'case')      { $case = { name => $words[0], inputs => [], grads => [] } }
        elsif ($what eq 'loss')      { $case->{loss}      = $words[0] }
        elsif ($what eq 'expect')    { $case->{expect}    = $words[0] }
        elsif ($what eq 'option')    { $case->{option}{ $words[0] } = _number($words[1]) }
        elsif ($what eq 'tolerance') { $case->{tolerance} = [map { _number($_) } @words] }
        elsif ($what eq 'input')     { push @{ $case->{inputs} }, [shift @words, _array(@words)] }
        elsif ($what eq 'grad')      { push @{ $case->{grads} }, [shift @words, _array(@words)] }
        elsif ($what eq 'end')       { push @cases, $case }
        else                         { $case->{$what} = _array(@words) }
    }
    return @cases;
}

sub _number {
    my ($word) = @_;
    return $word + 0 if $word =~ /^-?[0-9]+\z/;
    return $word if $word !~ /^(?:-?0x|-?inf|nan)/;
    my ($number) = POSIX::strtod($word);
    return $number;
}

sub _array {
    my ($dtype, $axes, @words) = @_;
    return array_of($dtype, [splice @words, 0, $axes], map { _number($_) } @words);
}

# The largest difference of two arrays, in units of what a tolerance allows.
sub worst {
    my ($got, $want, $relative, $absolute) = @_;
    my @want  = numbers($want);
    my $worst = 0;
    for my $x (numbers($got)) {
        my $y = shift @want;
        next if $x == $y || ($x != $x && $y != $y);
        my $allowed = $absolute + $relative * abs $y;
        my $off = $allowed > 0 ? abs($x - $y) / $allowed : 9**9**9;
        $off = 9**9**9 if $off != $off;
        $worst = $off if $off > $worst;
    }
    return $worst;
}

sub close_to {
    my ($got, $want, $relative, $absolute, $name) = @_;
    my $like = join(',', @{ $got->shape }) eq join(',', @{ $want->shape })
        && $got->dtype eq $want->dtype;
    my $worst = $like ? worst($got, $want, $relative, $absolute) : undef;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($like && $worst <= 1, $name)
        || diag($like ? "off by $worst times what is allowed"
        : 'shape or dtype: ' . join ' ', map { @{ $_->shape }, $_->dtype } $got, $want);
}

# The bytes of the elements as hexadecimal digits.
sub bits {
    my ($nd) = @_;
    return unpack 'H*', AI::MXLoss::Core::half_bytes($nd->{pdl}) if $nd->dtype eq 'float16';
    return unpack 'H*', ${ $nd->{pdl}->copy->get_dataref };
}

sub same_bits { return bits($_[0]) eq bits($_[1]) }

# The code dies with such a message, at a line of the caller's file: the one it was given, if any.
sub dies_at {
    my ($code, $message, $name, $line) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my (undef, $file) = caller;
    my $lived = eval { $code->(); 1 };
    my $error = $@;
    return fail("$name: it did not die") if $lived;
    return like($error, $message, "$name: message") if $error !~ $message;
    my $at = defined $line ? join '|', $line - 4 .. $line : '[0-9]+';    # of one statement
    return like($error, qr/ at \Q$file\E line (?:$at)\.$/m, $name);
}

# The same at about the line of the call.
sub dies {
    my ($code, $message, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my (undef, $file, $line) = caller;
    return fail("$name lives") if eval { $code->(); 1 };
    like($@, $message, $name);
    my ($where) = $@ =~ / at \Q$file\E line (\d+)\.$/;    # the statement may take some lines
    return ok($where && abs($where - $line) < 4, '... with the line of the script') || diag $@;
}

# An NDArray has this shape and these numbers.
sub has {
    my ($nd, $shape, $numbers, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return fail("$name: undef") if !defined $nd;
    return is_deeply([$nd->shape, [$nd->aspdl->flat->list]], [$shape, $numbers], $name);
}

# ---- Random calls -------------------------------------------------------------------------------

my $state = 1;

# A number in [0, 1) of a small generator of our own, the same everywhere.
sub _random {
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    return $state / 0x80000000;
}

sub random_array {
    my ($dtype, $shape, $from, $to) = @_;
    my $n = 1;
    $n *= $_ for @$shape;
    my $nd = array_of($dtype, $shape, map { $from + ($to - $from) * _random() } 1 .. $n);
    AI::MXLoss::Core::round_half($nd->{pdl}) if $dtype eq 'float16';
    return $nd;
}

# Inputs that a loss takes, by its name: lists of NDArrays in the order of the call.
sub random_call {
    my ($loss, $dtype, $rows, $columns) = @_;
    my @shape = ($rows, $columns);
    my $pred = random_array($dtype, \@shape, 0.05, 0.95);
    my $like = sub { random_array($dtype, \@shape, 0.05, 0.95) };
    return ($pred, array_of('float32', [$rows], map { int(_random() * $columns) } 1 .. $rows))
        if $loss eq 'SoftmaxCrossEntropyLoss';
    return ($pred, $like->(), $like->()) if $loss eq 'TripletLoss';
    return ($pred, $like->(), array_of($dtype, [$rows], map { $_ % 2 ? 1 : -1 } 1 .. $rows))
        if $loss eq 'CosineEmbeddingLoss';
    return (random_array($dtype, [$rows, $columns, 5], -2, 2),
        array_of('float32', [$rows, 2], map { int(_random() * 4) } 1 .. 2 * $rows))
        if $loss eq 'CTCLoss';
    return ($pred, $like->());
}

1;
