# What happens seldom: forks, no memory, programs without an end. MXLOSS_STRESS is how much of this is
# done, 1 for all of it; 0.01 unless it is set.
use strict;
use warnings;
use lib 't/lib';
use Config;
use File::Temp ();
use MXLossTest;
use POSIX ();
use Test::More;
use AI::MXLoss qw(mx);

my $part = $ENV{MXLOSS_STRESS} // 0.01;
sub some { my $n = int($_[0] * $part); return $n > 4 ? $n : 4 }

# The bits of value and gradient of a recorded step.
sub step {
    my ($loss, $x, @others) = @_;
    my $value;
    mx->autograd->record(sub { $value = $loss->($x, @others) });
    $value->backward;
    return bits($value) . bits($x->grad);
}

sub problem {
    my ($name, $rows, $columns) = @_;
    my @inputs = random_call($name, 'float32', $rows, $columns);
    $inputs[0]->attach_grad;
    return [mx->gluon->loss->$name, @inputs];
}

# ---- Without memory: a program that this test starts once for each malloc of the core ------------

if (($ARGV[0] // '') eq 'without memory') {
    my $failed = 0;
    for my $i (0 .. 3 * @LOSSES - 1) {    # ever longer rows, which need more memory than is kept
        my $name = $LOSSES[$i % @LOSSES];
        my $problem = problem($name, 9, (7, 300, 2000)[$i / @LOSSES]);
        my $bits = eval { step(@$problem) };
        if (!defined $bits) {
            die $@ if $@ !~ /\A\Q$name\E: working memory could not be allocated at .* line \d+\.$/m;
            $failed++;
            $bits = step(@$problem);
        }
        die "$name: other bits\n" if $bits ne step(@$problem);
    }
    print "failed $failed\n";
    exit 0;
}

SKIP: {
    my ($root) = repository();
    my $folder = File::Temp->newdir;
    skip 'not a checkout, where the malloc is that fails', 1
        if !$root || !-f "$root/tests/c/fail_malloc.c";
    skip 'another malloc can be put first on Linux only', 1 if $^O ne 'linux';
    system("$Config{cc} -shared -fPIC -fno-builtin -o $folder/fail.so $root/tests/c/fail_malloc.c -ldl")
        == 0 or die "fail_malloc.c does not compile\n";
    my ($n, @answers) = 0;
    do {
        $n++;
        local @ENV{qw(LD_PRELOAD FAIL_IN FAIL_AT)} = ("$folder/fail.so", 'MXLoss.so', $n);
        push @answers, scalar `$^X -Mblib -It/lib $0 'without memory' 2>&1`;
    } while ($answers[-1] eq "failed 1\n" && $n < 100);
    is(pop @answers, "failed 0\n", 'with all memory');
    cmp_ok(scalar @answers, '>=', 5, 'calls that failed once, and then did not: ' . @answers);
}

# ---- Forks --------------------------------------------------------------------------------------

my @problems = map { problem($_, 80, 40) } @LOSSES;
my @large    = (problem('L2Loss', 400, 400), problem('SoftmaxCrossEntropyLoss', 500, 200));
AI::MXLoss::Core::set_num_threads(1);
my @wanted       = map { step(@$_) } @problems;
my @wanted_large = map { step(@$_) } @large;
AI::MXLoss::Core::set_num_threads(4);

sub wrong_children {
    my ($n) = @_;
    my $wrong = 0;
    for my $i (1 .. $n) {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            alarm 60;    # ends it if it hangs
            my $k = $i % @problems;
            my $right = step(@{ $large[$i % 2] }) eq $wanted_large[$i % 2]
                && step(@{ $problems[$k] }) eq $wanted[$k];
            POSIX::_exit($right ? 0 : 9);
        }
        waitpid $pid, 0;
        $wrong++ if $?;
        step(@{ $large[0] }) if $i % 3 == 0 && $_[1];    # threads awake, and asleep
    }
    return $wrong;
}
is(wrong_children(some(500), 0), 0, 'children from before a call with threads');
is(step(@{ $large[0] }), $wanted_large[0], 'such a call');
is(wrong_children(some(500), 1), 0, 'children from after it');

# ---- Without an end -----------------------------------------------------------------------------

sub kilobytes {
    open my $file, '<', '/proc/self/statm' or return;
    return (split ' ', scalar <$file>)[1] * POSIX::sysconf(POSIX::_SC_PAGESIZE()) / 1024;
}

my $refused = mx->nd->ones([3, 2, 2]);
my %endless = (
    values  => sub { my ($loss, @inputs) = @{ $_[0] }; $loss->(@inputs) },
    records => sub { step(@{ $_[0] }) },
    errors  => sub {
        my ($loss, @inputs) = @{ $_[0] };
        die "was not refused\n" if eval { $loss->($refused); 1 };
    },
);
my @small = map { problem($_, 6, 5) } @LOSSES;
for my $what (sort keys %endless) {
    my ($n, $before) = some(100_000);
    for my $i (1 .. $n) {
        $before = kilobytes() if $i == int($n / 5) + 1;
        $endless{$what}->($small[$i % @small]);
    }
SKIP: {
        skip '/proc is not there', 1 if !defined $before;
        cmp_ok(kilobytes() - $before, '<=', 512, "$n $what take no more memory");
    }
}
done_testing;
