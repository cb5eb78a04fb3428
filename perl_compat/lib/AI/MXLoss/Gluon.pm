package AI::MXLoss::Gluon;

use 5.016;
use strict;
use warnings;
use AI::MXLoss::Core ();
use AI::MXLoss::Gluon::Block ();
use AI::MXLoss::Gluon::HybridBlock ();
use AI::MXLoss::Gluon::Loss ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

sub import {
    my ($class, @names) = @_;
    AI::MXLoss::Core::export_name(scalar caller, $class, 'gluon', @names);
    return;
}

sub loss { return 'AI::MXLoss::Gluon::Loss' }

# What lives in modules of its own, loaded when it is first asked for.
my %modules = (
    nn      => 'AI::MXLoss::Gluon::NN',
    Trainer => 'AI::MXLoss::Gluon::Trainer',
    data    => 'AI::MXLoss::Gluon::Data',
);

sub nn    { return _loaded('nn') }
sub data  { return _loaded('data') }

sub Trainer { my $class = shift; return _loaded('Trainer')->new(@_) }

sub _loaded {
    my ($name) = @_;
    (my $file = "$modules{$name}.pm") =~ s{::}{/}g;
    require $file;
    return $modules{$name};
}

sub Block         { my $class = shift; return AI::MXLoss::Gluon::Block->new(@_) }
sub HybridBlock   { my $class = shift; return AI::MXLoss::Gluon::HybridBlock->new(@_) }
sub Parameter     { my $class = shift; return AI::MXLoss::Gluon::Parameter->new(@_) }
sub Constant      { my $class = shift; return AI::MXLoss::Gluon::Constant->new(@_) }
sub ParameterDict { my $class = shift; return AI::MXLoss::Gluon::ParameterDict->new(@_) }

our $AUTOLOAD;

sub AUTOLOAD {
    my ($class) = @_;
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    fail("gluon has no '$name'"
            . (AI::MXLoss::Gluon::Loss->_registered($name)
            ? "; losses are in gluon->loss, as in gluon->loss->$name"
            : ": AI::MXLoss has gluon->loss, nn, data, Trainer, Parameter and ParameterDict, not "
                . 'all of MXNet'));
}

sub DESTROY { }

1;

__END__

=head1 NAME

AI::MXLoss::Gluon - blocks, losses and what is needed to train them

=head1 SYNOPSIS

    use AI::MXLoss qw(mx);
    use AI::MXLoss::Gluon qw(gluon);

    my $loss    = gluon->loss->HuberLoss(rho => 2);
    my $trainer = gluon->Trainer($net->collect_params, 'sgd', { learning_rate => 0.1 });

=head1 DESCRIPTION

Imports the function C<gluon>, which returns the name of this class; all methods are class
methods. What is not part of AI::MXLoss dies and says what is.

=head2 loss

L<AI::MXLoss::Gluon::Loss>: C<< gluon->loss->NAME(option => value, ...) >> makes one of the
L<losses|AI::MXLoss::Gluon::Losses>.

=head2 nn

L<AI::MXLoss::Gluon::NN>, the layers.

=head2 data

L<AI::MXLoss::Gluon::Data>: data sets and loaders.

=head2 Trainer

    gluon->Trainer($parameters, $optimizer, \%optimizer_parameters)

A new L<AI::MXLoss::Gluon::Trainer>.

=head2 Block, HybridBlock

A new L<AI::MXLoss::Gluon::Block> or L<AI::MXLoss::Gluon::HybridBlock>. As a rule one extends
these classes.

=head2 Parameter, Constant, ParameterDict

A new L<AI::MXLoss::Gluon::Parameter>, one that training leaves alone, or a new
L<AI::MXLoss::Gluon::ParameterDict>.

=cut
