package AI::MXLoss::Core;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use PDL::Core ();
require XSLoader;
XSLoader::load('AI::MXLoss', $VERSION);

*shape_of = \&reverse_dims;    # the same under the name that says what it gives for an array

# " at FILE line N.": of the first caller that is not part of this distribution, nor of
# what it stands on.
sub _where {
    my $level = 0;
    while (my ($package, $file, $line) = caller $level++) {
        next if $package =~ /^(?:AI::MXLoss|PDL|Mouse)(?:::|$)/;
        return " at $file line $line.\n";
    }
    my (undef, $file, $line) = caller 1;
    return " at $file line $line.\n";
}

sub fail {
    my ($message) = @_;
    $message =~ s/\b(\w+)=False\b/$1 => 0/g;    # the core advises in Python's words
    die $message . _where();
}

sub caution { warn $_[0] . _where() }

# For import: gives package $to a function $name that returns the class, if it is asked for.
sub export_name {
    my ($to, $class, $name, @asked) = @_;
    $class =~ s/\AAI::MXNet\b/AI::MXLoss/;    # under AsMXNet; mx->nd and nd are to agree
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

# Any other method of a class that scripts ask for others dies: a format for its name.
our $AUTOLOAD;

sub refuse_others {
    my ($class, $format) = @_;
    no strict 'refs';
    *{"${class}::AUTOLOAD"} = sub { fail(sprintf $format, $AUTOLOAD =~ /([^:]+)\z/) };
    *{"${class}::DESTROY"}  = sub { };
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
    fail("set_isa: instruction set '"
            . ($name // 'undef')
            . "' cannot be used here; expected one of "
            . join ', ', 'auto', isa_names())
        unless defined $name && _set_isa($name);
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Core - the C core of AI::MXLoss: PDLs in, PDLs out

=head1 SYNOPSIS

    use PDL;
    use AI::MXLoss::Core;

    my $huber   = AI::MXLoss::Core::losses()->{HuberLoss}{number};
    my $options = AI::MXLoss::Core::options($huber, rho => 0.5);
    my ($value, $gradient)
        = AI::MXLoss::Core::run($huber, $options, [float([1, 2]), float([0, 2])], undef, [0]);

=head1 DESCRIPTION

What the classes are made of, for those who want a loss and its gradient of PDLs without anything
around them. Functions, not methods; none is exported. They know tensors, options and errors, but
no loss: names, inputs and options come from the core's own table.

An I<array> is a PDL of real numbers, or an L<AI::MXLoss::NDArray>. A PDL that is a view is read
where it is, without a copy; C<ldouble> is converted to C<double> first. A PDL with bad values is
refused. Shapes in messages are row by row, the reverse of PDL's dims.

=head1 FUNCTIONS

=head2 losses

    my $info = losses()->{HuberLoss};

A reference to a hash of all losses by name, of what L</info> gives.

=head2 info

    my $info = info(7);

A reference to a hash: C<number>, C<name>, C<inputs> (names in order), C<n_required> (how many of
these are needed), C<options>, C<flags> (names of the core's options and flags that the loss
reads). undef if no loss has this number.

=head2 loss_end

One more than the largest number of a loss.

=head2 defaults

    my %options = defaults($number);

The options of the core and the values that they have for a loss, and the flags, 0 or 1.

=head2 options

    my $options = options($number, weight => 2, FROM_LOGITS => 1);

The options of a loss, as L</run> takes them: a string of bytes. Dies for names that the core does
not have; whether the loss reads them, and likes the values, is checked by C<run>.

=head2 run

    my ($value, @gradients)
        = run($number, $options, \@inputs, $head, \@numbers, $with_value, \@spare);

The value of a loss and gradients with respect to the inputs of these numbers, in one pass.

=over

=item inputs

arrays in the order of C<< info->{inputs} >>; undef for one that is absent

=item head

the gradient to begin with: an array of the value's shape; a number for all of it, if the value is
wanted, too; undef (the default) for ones

=item numbers

which inputs to differentiate with respect to; the default is none

=item with_value

whether the value is wanted, and the first thing returned; the default is 1

=item spare

PDLs that gradients may be written to, one for each of the numbers, or undef: used if nobody else
refers to them and they are of the right kind

=back

Results are new PDLs: the value of the type of the first input, each gradient of the type and dims
of its input. Dies with the core's sentence; nothing has been written then.

=head2 reverse_dims, shape_of

    my $shape = reverse_dims($array);
    my @dims  = reverse_dims(@$shape);

The shape of an array, as a reference to an array; lengths in the other order, and so from a shape
to dims and back. C<shape_of> is another name for the first.

=head2 round_half

    round_half($pdl);

Rounds the elements of a float PDL to numbers that half precision has, in place, to the nearest
and of two to the even one; returns the PDL.

=head2 half_bytes, half_from_bytes

    my $bytes = half_bytes($pdl);
    half_from_bytes($bytes, $pdl);

The elements of a float PDL as halves of two bytes each, in the machine's order, and back.

=head2 constant_of

The number that all elements of a float or double PDL are equal to; undef if there is none.

=head2 exchange

    exchange($gradient, $pdl, $array)

Makes C<$pdl> the memory of the NDArray C<$gradient> if nobody else refers to either, and leaves
the former memory as C<< $array->{spare} >>; returns whether it did. For L<AI::MXLoss::AutoGrad>.

=head2 usual_call, usual_mean, usual_backward

    usual_call($loss, $pred, $label);
    usual_mean($value);
    usual_backward($value);

What C<< $loss->($pred, $label) >>, C<< $value->mean >> and C<< $value->backward >> do for two
NDArrays, a loss without hooks or a formula of its own, its values while recording, and gradients
that can be handed over, without detours through Perl. undef and 0 if that is not so; then nothing
has been done.

=head2 set_num_threads, get_num_threads

The most threads that a call may use, in the whole process; 0 is the automatic number.

=head2 set_isa, get_isa, isa_names

The instruction set in use, by name; C<isa_names> are those that this machine has, C<auto> the
best one. For tests and measurements.

=head2 core_version, build_info

Version of the C core; compiler and flags that it was built with.

=head2 fail, caution

    fail("HuberLoss: rho must be above 0, got $rho");

Dies, or warns, with a sentence and the line of the first caller outside this distribution.

=head2 export_name, global_name

For the C<import> of the classes: gives a package a function that returns a class; makes a name
the class's other name everywhere.

=head2 refuse_others

    refuse_others('AI::MXLoss::IO', "io has no '%s'; AI::MXLoss has NDArrayIter");

Lets methods that a class does not have die with a sentence of your own.

=head2 has_memory

Whether so many bytes can be had: PDL ends the process if they cannot.

=cut
