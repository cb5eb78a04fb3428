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
    utils   => 'AI::MXLoss::Gluon::Utils',
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
            : ": AI::MXLoss has gluon->loss, nn, data, Trainer, Parameter and ParameterDict, not all of "
                . 'MXNet'));
}

sub DESTROY { }

1;
