# Nothing is left of what a script lets go: no cycles between arrays and the tape.
use strict;
use warnings;
use Test::More;
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::NDArray qw(nd);
use AI::MXLoss::AutoGrad qw(autograd);

BEGIN {
    eval { require Test::LeakTrace; Test::LeakTrace->import(qw(leaked_count)); 1 }
        or plan skip_all => 'Test::LeakTrace is not installed';
}

my $x = nd->array([[1, 2, 3], [4, 5, 6]]);
my $w = nd->array([[1, 2, 3], [4, 5, 6]]);
$w->attach_grad;

# Caches of numbers and classes fill up at the first call.
sub no_leaks {
    my ($name, $code) = @_;
    $code->() for 1 .. 2;
    is(&leaked_count($code), 0, $name);
}

no_leaks('making arrays', sub { nd->array([1, 2]); nd->ones([2, 2]); nd->array(pdl(1, 2)) });
no_leaks('operators',
    sub { my $y = ($x + 1) * $x - $x / 2; $y = $y->sum(axis => 1); $y = $y > 2 });
no_leaks(
    'parts',
    sub {
        my $y = $x->slice(1)->reshape([3, 1]);
        ($y = $x->at(0)) .= 1;
        my @rows = @$x;
    }
);
no_leaks(
    'record, not gone back',
    sub {
        my $y;
        autograd->record(sub { $y = ($w * $w)->sum + 1 });
    }
);
no_leaks(
    'record and backward',
    sub {
        my $y;
        autograd->record(sub { $y = (nd->dot($w, $x, transpose_b => 1)**2)->mean });
        $y->backward;
    }
);
no_leaks(
    'retain_graph',
    sub {
        my $y;
        autograd->record(sub { $y = $w->slice(0) * 2; $y = $y->exp->sum });
        $y->backward(retain_graph => 1);
        $y->backward;
    }
);
no_leaks(
    'autograd->grad',
    sub {
        my $y;
        autograd->record(sub { $y = $w * $w });
        autograd->grad($y, $w);
    }
);
no_leaks(
    'attach_grad',
    sub {
        my $v = $x->copy;
        $v->attach_grad;
        autograd->record(sub { $v * 2 });
    }
);
no_leaks(
    'an error while recording',
    sub {
        eval {
            autograd->record(sub { $w += 1 });
        }
    }
);
no_leaks(
    'an error of an operator',
    sub {
        eval {
            autograd->record(sub { $w->dot($w) });
        }
    }
);
no_leaks(
    'an error while going back',
    sub {
        my $y;
        autograd->record(sub { $y = $w * 2 });
        eval { $y->backward(out_grad => nd->ones([7])) };
    }
);
no_leaks(
    'a result assigned while recording',
    sub {
        my $y = nd->zeros([2, 3]);
        autograd->record(sub { $y .= $w * 2; $y = $y->sum });
        $y->backward;
    }
);

# The process does not grow either.
SKIP: {
    my $size = sub {
        open my $file, '<', '/proc/self/statm' or return;
        return (split ' ', scalar <$file>)[1] * 4096;
    };
    skip '/proc is not there', 1 if !$size->();
    my $step = sub {
        my $y;
        autograd->record(sub { $y = (($w * 2 - $x)**2)->mean });
        $y->backward;
        $w -= 1e-3 * $w->grad;
    };
    $step->() for 1 .. 1000;
    my $before = $size->();
    $step->() for 1 .. 10_000;
    cmp_ok($size->() - $before, '<', 1 << 20, '10000 steps of training take no more memory');
}

done_testing;
