package AI::MXLoss::Core;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use PDL::Core ();
require XSLoader;
XSLoader::load('AI::MXLoss', $VERSION);

*shape_of = \&reverse_dims;    # the same under the name that says what it gives for an array

# " at FILE line N.": of the first caller that is not part of this distribution.
sub _where {
    my $level = 0;
    while (my ($package, $file, $line) = caller $level++) {
        next if $package =~ /^AI::MXLoss(?:::|$)/ || $package =~ /^PDL(?:::|$)/;
        return " at $file line $line.\n";
    }
    my (undef, $file, $line) = caller 1;
    return " at $file line $line.\n";
}

sub fail    { die $_[0] . _where() }
sub caution { warn $_[0] . _where() }

# For import: gives package $to a function $name that returns the class, if it is asked for.
sub export_name {
    my ($to, $class, $name, @asked) = @_;
    global_name($name, $class);
    for my $asked (@asked) {
        fail("$class exports '$name' only, not '$asked'") if $asked ne $name;
        my $value = $class;
        no strict 'refs';
        no warnings 'redefine';
        *{"${to}::$name"} = sub () {$value};
    }
    return;
}

# Makes $name another name of the class, everywhere, unless a package of that name exists.
sub global_name {
    my ($name, $class) = @_;
    no strict 'refs';
    *{"main::${name}::"} = *{"main::${class}::"} if !%{"main::${name}::"};
    return;
}

my %losses;
for my $number (0 .. loss_end() - 1) {
    my $info = info($number) or next;
    $losses{ $info->{name} } = $info;
}

# The core's table: { name => info } of all losses.
sub losses { return \%losses }

sub set_num_threads {
    my ($n) = @_;
    fail("set_num_threads: expected a whole number of at least 0, got "
            . (defined $n ? "'$n'" : 'undef'))
        unless defined $n && $n =~ /^[0-9]{1,9}\z/ && _set_num_threads($n);
    return;
}

sub set_isa {
    my ($name) = @_;
    fail("set_isa: instruction set '" . ($name // 'undef') . "' cannot be used here; expected one of "
            . join ', ', 'auto', isa_names())
        unless defined $name && _set_isa($name);
    return;
}

1;
