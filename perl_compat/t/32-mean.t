# The mean of a loss's values while recording, and backward from it, which have a short way of their
# own: the same as the operator's, and gradients that are those of the head 1/n to the bit.
use strict;
use warnings;
use lib 't/lib';
use MXLossTest;
use Test::More;
use AI::MXLoss qw(mx);

sub recorded {
    my ($code) = @_;
    my $result;
    autograd->record(sub { $result = $code->() });
    return $result;
}

for my $name (@LOSSES) {
    for my $dtype (qw(float32 float64 float16)) {
        my @inputs  = random_call($name, $dtype, 7, 5);
        my @sources = grep { $_->dtype =~ /^float/ } @inputs;
        my $loss    = gluon->loss->$name;
        my $mean    = $loss->(@inputs)->mean;
        $_->attach_grad for @sources;
        my $values = recorded(sub { $loss->(@inputs) });
        my $head = mx->nd->full($values->shape, 1 / $values->size, dtype => $dtype);
        $values->backward(out_grad => $head);
        my @want = map { bits($_->grad) } @sources;
        my @how = (
            sub { $loss->(@inputs)->mean },
            sub { mx->nd->mean($loss->(@inputs)) },
            sub { my $values = $loss->(@inputs); $values->mean },
        );
        my $same = 0;
        for my $round (1, 2) {    # the second one finds the head gradient that it expects
            for my $code (@how) {
                my $result = recorded($code);
                $result->backward;
                $same++
                    if "@{ $result->shape }" eq '1'
                    && bits($result) eq bits($mean)
                    && join('', map { bits($_->grad) } @sources) eq join('', @want);
            }
        }
        is($same, 6, "$name $dtype");
    }
}

# Where the short way ends
my $loss = gluon->loss->L2Loss;
my $y    = mx->nd->zeros([2, 2]);
my $x    = mx->nd->array([[1, 2], [3, 4]]);
$x->attach_grad;
my @gradient = (0.25, 0.5, 0.75, 1);
for (1 .. 2) {
    my $kept = recorded(sub { $loss->($x, $y)->mean });
    $kept->backward(retain_graph => 1);
    is_deeply([numbers($x->grad)], \@gradient, 'retained');
    $kept->backward(out_grad => mx->nd->array([4]));
    is_deeply([numbers($x->grad)], [1 .. 4], 'with a head gradient');
    dies_at(sub { $kept->backward }, qr/computational graph of mean has been used/, 'a third time',
        __LINE__);
}
my ($values, $mean);
autograd->record(sub { $values = $loss->($x, $y); $mean = $values->mean });
$mean->backward;
dies_at(sub { $values->backward }, qr/has been used/, 'the loss is used up', __LINE__);
ok(!eval { recorded(sub { $values->mean })->backward; 1 }, 'and its mean is a constant');
$mean = recorded(sub { my $m = $loss->($x * 2, $y)->mean; $m * $m });
$mean->backward;
my $at = 0.25 * (4 + 16 + 36 + 64) / 2;
is_deeply([numbers($x->grad)], [map { 2 * $at * 4 * $_ } @gradient], 'as a part of more');
$mean = recorded(sub { my $m = $loss->($x, $y)->mean; autograd->is_recording ? $m + $m : 0 });
$mean->backward;
is_deeply([numbers($x->grad)], [map { 2 * $_ } @gradient], 'twice');
is_deeply([numbers(autograd->grad(recorded(sub { $loss->($x, $y)->mean }), $x))], \@gradient,
    'autograd->grad');
$mean = recorded(sub { $loss->($x, $x)->mean });
$mean->backward;
is_deeply([numbers($x->grad)], [0, 0, 0, 0], 'one array twice');
$mean = recorded(sub { my $l = $loss->($x, $y); $l->attach_grad; $values = $l; $l->mean });
$mean->backward;
is_deeply([numbers($values->grad)], [0.5, 0.5], 'values with a gradient of their own');
is_deeply([numbers(recorded(sub { $loss->($x, $y)->mean(axis => 0, keepdims => 1) }))],
    [3.75], 'with options');
is_deeply([numbers(recorded(sub { $loss->($x, $y)->mean(exclude => 1, axis => 0) }))],
    [1.25, 6.25], 'and others');
$x->attach_grad(grad_req => 'add');
recorded(sub { $loss->($x, $y)->mean })->backward for 1 .. 3;
is_deeply([numbers($x->grad)], [map { 3 * $_ } @gradient], 'added');
done_testing;
