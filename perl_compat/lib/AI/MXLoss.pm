package AI::MXLoss;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use AI::MXLoss::Core ();

1;

__END__

=head1 NAME

AI::MXLoss - the losses of MXNet Gluon, with gradients, over PDL

=cut
