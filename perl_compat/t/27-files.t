# Files, copies and random numbers.
use strict;
use warnings;
use Test::More;
use lib 't/lib';
use MXLossTest;
use File::Temp qw(tempdir);
use Storable qw(dclone);
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::NDArray qw(nd);

my @DTYPES = qw(float16 float32 float64 int32 int64 int8 uint8);
my ($x, $y) = (nd->array([[0.5, 1], [1.5, 2]]), nd->array([4, 5, 6]));

# ---- Files and copies
my $dir = tempdir(CLEANUP => 1);
my %all = map { $_ => nd->array([[1, 2, 3], [4, 5, 6]], dtype => $_) } @DTYPES;
nd->save("$dir/all", \%all);
my $loaded = nd->load("$dir/all");
is_deeply([sort keys %$loaded], [sort keys %all], 'names');
is_deeply([$loaded->{$_}->dtype, $loaded->{$_}->asarray], [$_, [[1, 2, 3], [4, 5, 6]]],
    "$_ in a file")
    for @DTYPES;
nd->save("$dir/list", [$x, $y]);
is_deeply([map { $_->asarray } @{ nd->load("$dir/list") }], [$x->asarray, $y->asarray], 'a list');
dies(sub { nd->load("$dir/none") }, qr/^Open ".*none": /, 'no such file');
my $bytes = do { local (@ARGV, $/) = "$dir/all"; <> };
for my $length (0, 7, 30, length($bytes) - 1) {
    dies(
        sub { nd->load_frombuffer(substr $bytes, 0, $length) },
        qr/is not a file of arrays: it ends within|more than fit/,
        "cut off at $length"
    );
}
dies(sub { nd->load_frombuffer("x$bytes") }, qr/it begins with/, 'something else');
dies(sub { nd->load_frombuffer("${bytes}x") }, qr/1 bytes are left over/, 'too long');
{
    my @wrong;
    for (1 .. 2000) {
        my $damaged = $bytes;
        substr $damaged, rand length $damaged, 1, chr rand 256 for 1 .. 1 + rand 3;
        substr $damaged, rand length $damaged, length $damaged, '' if rand() < 0.2;
        my $got = eval { nd->load_frombuffer($damaged) };
        push @wrong, $@
            if !ref $got && $@ !~ /^the buffer is not a file of arrays: .* at \Q$0\E line/;
    }
    is_deeply(\@wrong, [], 'damaged files: each is read or refused with a sentence');
}
$x->attach_grad(grad_req => 'add');
my $clone = dclone({ x => $x })->{x};
is_deeply($clone->asarray, $x->asarray, 'dclone');
$clone += 1;
isnt($clone->asarray->[0][0], $x->asarray->[0][0], '... shares no memory');
is($clone->grad->asarray->[0][0], 0, '... has a gradient of its own');

# ---- Random numbers
mx->random->seed(5);
my $u = mx->random->uniform(-1, 3, shape => [100, 100]);
mx->random->seed(5);
is_deeply(nd->random->uniform(-1, 3, shape => [100, 100])->asarray, $u->asarray, 'the same seed');
ok($u->min->asscalar >= -1 && $u->max->asscalar < 3, 'uniform: the range');
cmp_ok(abs($u->mean->asscalar - 1), '<', 0.05, 'uniform: the mean');
my $n = nd->random_normal(2, 0.5, shape => [100, 100]);
cmp_ok(abs($n->mean->asscalar - 2), '<', 0.02, 'normal: the mean');
cmp_ok(abs((($n - 2)**2)->mean->sqrt->asscalar - 0.5), '<', 0.02, 'normal: the deviation');
is_deeply(nd->random->randn(2, 3)->shape, [2, 3], 'randn');
is(mx->random->normal(0, 1, shape => [2], dtype => 'float64')->dtype, 'float64', 'dtype');
is_deeply(
    [sort { $a <=> $b } map { $_->asscalar } @{ mx->random->shuffle(nd->arange(stop => 5)) }],
    [0 .. 4], 'shuffle');

for my $mean (0.5, 4, 300) {
    my $counts = mx->random->poisson(lam => $mean, shape => [100, 100], dtype => 'float64');
    cmp_ok(abs($counts->mean->asscalar - $mean), '<', 0.06 * sqrt $mean,
        "poisson, $mean: the mean");
    cmp_ok(abs((($counts - $mean)**2)->mean->asscalar / $mean - 1), '<', 0.08,
        '... and the variance');
}
my $e = mx->random->exponential(3, shape => [100, 100]);
cmp_ok(abs($e->mean->asscalar - 3), '<', 0.15, 'exponential: the mean');
my $i = mx->random->randint(-2, 3, shape => [1000]);
is_deeply([$i->dtype, $i->min->asscalar, $i->max->asscalar], ['int32', -2, 2], 'randint');
dies(sub { mx->random->seed('x') }, qr/'x' is no seed/, 'no seed');
dies(sub { mx->random->uniform(0, 1, size => [2]) }, qr/no such named parameter 'size'/,
    'a wrong name');

done_testing;
