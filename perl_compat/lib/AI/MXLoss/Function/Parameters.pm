package AI::MXLoss::Function::Parameters;

use 5.016;
use strict;
use warnings;
use AI::MXLoss::Core ();
use AI::MXLoss::NDArray ();

BEGIN {
    *fail = \&AI::MXLoss::Core::fail;
    eval { require Function::Parameters; require Mouse::Util::TypeConstraints; 1 }
        or fail(
        'AI::MXLoss::Function::Parameters needs Function::Parameters and Mouse, which did not '
            . 'load: install the Debian packages libfunction-parameters-perl and libmouse-perl, '
            . "or both from CPAN ($@)" =~ s/\s+\z//r);
}

# The type names that signatures of losses use, besides Mouse's own and the names of classes.
{
    my $define = sub {
        my ($name, $from, $check) = @_;
        return if Mouse::Util::TypeConstraints::find_type_constraint($name);
        Mouse::Util::TypeConstraints::subtype($name, { as => $from, where => $check });
    };
    $define->('GluonClass', 'Str', sub {/\AAI::(?:MXLoss|MXNet)::NDArray\z/});
    $define->('GluonInput', 'Object', sub { $_->isa('AI::MXLoss::NDArray') });
}

sub _type {
    my ($name) = @_;
    return Mouse::Util::TypeConstraints::find_or_create_isa_type_constraint($name);
}

sub import {
    Function::Parameters->import({
        func   => { defaults => 'function_strict', runtime => 1, reify_type => \&_type },
        method => { defaults => 'method_strict',   runtime => 1, reify_type => \&_type },
    });
    return;
}

sub unimport { Function::Parameters->unimport; return }

1;

__END__

=head1 NAME

AI::MXLoss::Function::Parameters - the keywords method and func, with the type names of losses

=head1 SYNOPSIS

    use AI::MXLoss::Function::Parameters;

    method forward(AI::MXLoss::NDArray $x, Maybe[Num] $scale=) { ... }
    func add(Num $x, Num :$y = 0) { return $x + $y }

=head1 DESCRIPTION

L<Function::Parameters> with types of L<Mouse>; needs both (Debian: libfunction-parameters-perl,
libmouse-perl), and says so if they are not there. Arguments are checked: too few, too many, and
those of another type die. Besides Mouse's types and the names of classes there are

=over

=item GluonClass

the class of arrays, C<< mx->nd >>: what C<hybrid_forward> is given as C<$F>

=item GluonInput

an NDArray

=back

=cut
