package AI::MXLoss::Gluon::Block::Summary;

# The table that a block's summary prints. Internal.

use 5.016;
use strict;
use warnings;
use List::Util qw(sum0 product);
use Scalar::Util qw(blessed refaddr);
use AI::MXLoss::Core ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# A shape as Python writes it: (2, 3), (2,)
sub _text {
    my ($value) = @_;
    return join ', ', map { _text($_) } @$value if ref $value eq 'ARRAY';
    return 'None' if !(blessed $value && $value->can('shape'));
    my @shape = @{ $value->shape };
    return '(' . join(', ', @shape) . (@shape == 1 ? ',' : '') . ')';
}

sub _count { return sum0(map { product(@{ $_->shape }) } @_) }

sub print_table {
    my ($block, @inputs) = @_;
    my @rows = ['Input', _text(\@inputs), 0];
    my (@met, @handles);
    my $watch = sub {
        my ($inner) = @_;
        return if !$inner->_in_summary;
        fail("\"${\ $inner->name}\" must not be hybridized to print summary; call hybridize(0)")
            if $inner->{_active};
        push @handles, $inner->register_forward_hook(
            sub {
                my ($called, undef, $out) = @_;
                my @own = $called->params->values;
                push @met, @own;
                push @rows,
                    [$called->_class_name . '-' . scalar @rows,
                    _text(@$out == 1 ? $out->[0] : $out), _count(@own)];
            }
        );
    };
    my $done = eval { $block->apply($watch); $block->call(@inputs); 1 };
    my $error = $@;
    $_->detach for @handles;
    die $error if !$done;
    my %unique = map { refaddr($_) => $_ } @met;
    my $total = _count(@met);
    my $trainable = _count(grep { $_->grad_req ne 'null' } @met);
    my $unique = _count(values %unique);
    print '-' x 80, "\n", _row('Layer (type)', 'Output Shape', 'Param #'), '=' x 80, "\n";
    print _row(@$_) for @rows;
    print '=' x 80, "\n",
        "Parameters in forward computation graph, duplicate included\n",
        "   Total params: $total\n",
        "   Trainable params: $trainable\n",
        "   Non-trainable params: ${\ ($total - $trainable)}\n",
        "Shared params in forward computation graph: ${\ ($total - $unique)}\n",
        "Unique parameters in model: $unique\n", '-' x 80, "\n";
    return;
}

sub _row { return sprintf "%20s  %42s %15s\n", @_ }

1;
