# Nothing is left over: of any loss, forward and backward, of errors, of blocks; and a loop does not
# grow.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;
use PDL::Lite;
use AI::MXLoss qw(mx);

# The memory of this process in kilobytes; undef where there is no /proc.
sub memory {
    open my $in, '<', '/proc/self/status' or return;
    my ($line) = grep {/^VmRSS/} <$in>;
    return $line =~ /(\d+)/ ? $1 : undef;
}

my $trace = eval { require Test::LeakTrace; 1 };

sub leaks_nothing {
    my ($name, $code) = @_;
    $code->() for 1 .. 3;    # what is kept for the next time is no leak
    my $count = &Test::LeakTrace::leaked_count($code);
    return is($count, 0, "$name leaks nothing");
}

SKIP: {
    skip 'Test::LeakTrace (Debian: libtest-leaktrace-perl) is not installed', 1 if !$trace;
    for my $name (@LOSSES) {
        for my $dtype (qw(float32 float64 float16)) {
            my @inputs = random_call($name, $dtype, 4, 6);
            my $loss   = mx->gluon->loss->$name;
            leaks_nothing("$name $dtype forward", sub { my $value = $loss->(@inputs); return });
            my @sources = grep { $_->dtype =~ /^float/ } @inputs;
            $_->attach_grad for @sources;
            my $code = sub {
                my $value;
                mx->autograd->record(sub { $value = $loss->(@inputs) });
                $value->backward;
                return;
            };
            leaks_nothing("$name $dtype backward", $code);
            next if $dtype ne 'float32';
            leaks_nothing(
                "$name with a head gradient, retained",
                sub {
                    my $value;
                    mx->autograd->record(sub { $value = $loss->(@inputs) });
                    $value->backward(out_grad => $value, retain_graph => 1);
                    $value->backward(out_grad => $value * 0 + 2);
                    return;
                }
            );
            leaks_nothing(
                "$name and its mean",
                sub {
                    my ($values, $mean);
                    mx->autograd->record(sub { $mean = ($values = $loss->(@inputs))->mean });
                    $mean->backward(retain_graph => 1);
                    $mean->backward;
                    mx->autograd->record(sub { $mean = $loss->(@inputs)->mean });
                    $mean->backward;
                    mx->autograd->record(sub { $loss->(@inputs)->mean });
                    return;
                }
            );
            leaks_nothing(
                "$name recorded and dropped",
                sub {
                    mx->autograd->record(sub { my $value = $loss->(@inputs); return });
                    return;
                }
            );
            leaks_nothing("$name made",
                sub { my $block = mx->gluon->loss->$name(prefix => 'p_'); return });
        }
    }
    my ($x, $y) = random_call('L2Loss', 'float32', 4, 6);
    my $loss = mx->gluon->loss->L2Loss;
    $loss->($x, $y);
    leaks_nothing(
        'an error',
        sub {
            eval { $loss->($x, 5) };
            eval { $loss->($x) };
            return;
        }
    );
    leaks_nothing(
        'an error of the core',
        sub {
            eval { $loss->($x, [1, 2]) };
            return;
        }
    );
    leaks_nothing(
        'a bad constructor',
        sub {
            eval { mx->gluon->loss->L2Loss(foo => 1) };
            return;
        }
    );
    leaks_nothing(
        'a view',
        sub {
            my ($value) = AI::MXLoss::Core::run(
                1,
                AI::MXLoss::Core::options(1),
                [$x->{pdl}->slice('0:2'), $y->{pdl}->slice('-1:3')],
                undef, [0, 1]
            );
            return;
        }
    );
    leaks_nothing(
        'halves',
        sub {
            AI::MXLoss::Core::half_from_bytes(AI::MXLoss::Core::half_bytes($x->{pdl}), $y->{pdl});
            return;
        }
    );
    leaks_nothing(
        'hooks',
        sub {
            my $handle = $loss->register_forward_hook(sub { });
            $loss->($x, $y);
            $handle->detach;
            return;
        }
    );
    leaks_nothing(
        'children',
        sub {
            my $net = AI::MXLoss::Gluon::HybridBlock->new(prefix => 'net_');
            $net->name_scope(sub { $net->register_child(mx->gluon->loss->L1Loss(prefix => 'l_')) });
            my $name = $net->collect_params . "$net";
            return;
        }
    );
}

SKIP: {
    my $before = memory();
    skip 'there is no /proc/self/status to see memory in', 1 if !defined $before;
    my ($x, $y) = random_call('L2Loss', 'float32', 16, 10);
    $x->attach_grad;
    my $loss = mx->gluon->loss->L2Loss;
    my $step = sub {
        my $value;
        mx->autograd->record(sub { $value = $loss->($x, $y) });
        $value->backward;
        eval { $loss->($x, [1]) } if $_[0] % 100 == 0;
    };
    $step->($_) for 1 .. 5000;
    $before = memory();
    $step->($_) for 1 .. 100_000;
    my $grown = memory() - $before;
    cmp_ok($grown, '<', 1000, "100,000 calls with gradients take $grown kB more");
}
done_testing;
