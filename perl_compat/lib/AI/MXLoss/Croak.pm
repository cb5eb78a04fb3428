package AI::MXLoss::Croak;

# croak(@parts): an error at the line of the script, joined of its parts. Internal.

use strict;
use warnings;
use AI::MXLoss::Core ();
use Exporter 'import';

our @EXPORT = qw(croak);

sub croak { return AI::MXLoss::Core::fail(join '', map { $_ // 'undef' } @_) }

1;
