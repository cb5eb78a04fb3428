package AI::MXLoss::Arguments;

# Arguments in the way of AI::MXNet: the first ones by position, the others by name, or all in a
# hash ref. Internal.

use strict;
use warnings;
use Exporter 'import';
use Scalar::Util qw(looks_like_number);
use AI::MXLoss::Croak;

our @EXPORT_OK = qw(arguments number integer);

# arguments($who, \@positions, \%defaults, @given): a reference to a hash of all names in %defaults.
# An argument is the name of the next one if a string that is in %defaults, with a value after it.
sub arguments {
    my ($who, $positions, $defaults, @given) = @_;
    my %value;
    @given = %{ $given[0] } if @given == 1 && ref $given[0] eq 'HASH' && !@$positions;
    for my $name (@$positions) {
        last if !@given;
        last
            if @given % 2 == 0
            && defined $given[0]
            && !ref $given[0]
            && exists $defaults->{ $given[0] };
        $value{$name} = shift @given;
    }
    croak("$who: Odd number of arguments; expected name => value after ",
        @$positions ? join ', ', @$positions : 'the name')
        if @given % 2;
    while (@given) {
        my ($name, $value) = splice @given, 0, 2;
        croak("$who: no such named parameter '", $name, "'; expected some of ",
            join ', ', sort keys %$defaults)
            if !defined $name || !exists $defaults->{$name};
        croak("$who: $name is given twice") if exists $value{$name};
        $value{$name} = $value;
    }
    return { %$defaults, %value };
}

sub number {
    my ($who, $name, $value) = @_;
    croak("$who: $name must be a number, got ", defined $value ? "'$value'" : undef)
        if ref $value || !looks_like_number($value);
    return $value;
}

sub integer {
    my ($who, $name, $value, $least) = @_;
    croak("$who: $name is ", defined $value ? "'$value'" : undef,
        "; expected an integer from $least on")
        if !defined $value || ref $value || $value !~ /\A-?[0-9]{1,15}\z/ || $value < $least;
    return $value;
}

1;
