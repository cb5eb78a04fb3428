# Numbers of the real MXNet 1.9.1, recorded, or of our decision to differ: the file that the tests
# of C read. Values and gradients of all losses, and calls that are refused.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;
use AI::MXLoss qw(mx);

my @cases = vectors();
my %count;

for my $case (@cases) {
    my ($loss, $expect, $name) = @$case{qw(loss expect name)};
    my %option  = %{ $case->{option} // {} };
    my @in_call = exists $option{epsilon} ? (epsilon => delete $option{epsilon}) : ();
    my %input   = map {@$_} @{ $case->{inputs} };
    my $call    = sub {
        my $block = mx->gluon->loss->$loss(%option);
        return $block->((map {@$_} @{ $case->{inputs} }), @in_call);
    };
    $count{$expect}++;
    if ($expect eq 'refused') {
        ok(!eval { $call->(); 1 }, "$name is refused")
            && like($@, qr/ at \S+10-vectors\.t line/, $name);
        next;
    }
    if ($expect eq 'accepted') {
        my $value = $call->();
        ok(!(grep { $_ - $_ != 0 } numbers($value)), "$name is finite");
        next;
    }
    my @wrt = @{ $case->{grads} };
    $input{ $_->[0] }->attach_grad for @wrt;
    my $value;
    mx->autograd->record(sub { $value = $call->() });
    close_to($value, $case->{value}, @{ $case->{tolerance} }, $name);
    ok(same_bits($value, $call->()), "$name: the same without gradients");
    next if !@wrt;
    $value->backward(out_grad => $case->{head});
    close_to($input{ $_->[0] }->grad, $_->[1], @{ $case->{tolerance} }, "$name: $_->[0]") for @wrt;
}

is_deeply(\%count, { value => 126, refused => 46, accepted => 24 }, 'all cases were there');
done_testing;
