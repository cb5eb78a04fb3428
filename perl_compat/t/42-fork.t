# fork, before and after the core has used threads: the child computes the same.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use POSIX ();
use Test::More;
use AI::MXLoss qw(mx);

sub in_child {
    my ($code) = @_;
    pipe my $read, my $write or die "pipe: $!";
    my $pid = fork // plan skip_all => "cannot fork: $!";
    if (!$pid) {
        close $read;
        print {$write} eval { $code->() } // "died: $@";
        close $write;
        POSIX::_exit(0);
    }
    close $write;
    my $answer = do { local $/; <$read> };
    waitpid $pid, 0;
    return $answer;
}

sub work {    # large enough for several threads
    my ($x, $y) = map { array_of('float32', [600, 500]) } 1, 2;
    $x += 3;
    $x->attach_grad;
    my $value;
    mx->autograd->record(sub { $value = mx->gluon->loss->HuberLoss->($x, $y) });
    $value->backward;
    return unpack('%32C*', bits($value)) . ' ' . unpack '%32C*', bits($x->grad);
}

AI::MXLoss::Core::set_num_threads(4);
my $before = in_child(\&work);
my $here = work();
is($before, $here, 'a child from before');
is(in_child(\&work), $here, 'a child from after');
is(in_child(sub { in_child(\&work) }), $here, 'and its child');
is(work(), $here, 'and here again');
done_testing;
