package AI::MXLoss::Gluon::HookHandle;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(reftype);
use AI::MXLoss::Core ();

sub new {
    my ($class, $hooks, $hook) = @_;
    AI::MXLoss::Core::fail('the hook is ' . ($hook // 'undef') . '; expected a sub')
        if (reftype($hook) // '') ne 'CODE';
    my $entry = [$hook];
    push @$hooks, $entry;
    return bless [$hooks, $entry], $class;
}

sub detach {
    my ($self) = @_;
    my ($hooks, $entry) = @$self;
    @$hooks = grep { $_ != $entry } @$hooks;
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::HookHandle - what registering a hook of a block returns

=head1 SYNOPSIS

    my $handle = $block->register_forward_hook(sub { my ($block, $inputs, $out) = @_; ... });
    $handle->detach;

=head2 new

For L<AI::MXLoss::Gluon::Block>.

=head2 detach

Takes the hook off again. Once is enough, more does no harm.

=cut
