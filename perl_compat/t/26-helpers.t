# Small functions that scripts use: Base, TestUtils, Context.
use strict;
use warnings;
use Test::More;
use PDL ();
use AI::MXLoss qw(mx);
use AI::MXLoss::Base qw(:DEFAULT pones);
use AI::MXLoss::TestUtils qw(same reldiff almost_equal allclose pdl_maximum rand_ndarray
    rand_shape_2d randint dies_ok dies_like random_arrays);

is_deeply([zip([1, 2, 3], ['a', 'b'])], [[1, 'a'], [2, 'b']], 'zip ends with the shortest');
my @seen;
zip(sub { push @seen, "@_" }, [1, 2], [3, 4]);
is_deeply(\@seen, ['1 3', '2 4'], 'zip with a sub');
is_deeply([enumerate(['a', 'b'])], [[0, 'a'], [1, 'b']], 'enumerate');
is_deeply([map { $_->[1]->asscalar } enumerate(mx->nd->array([5, 6]))],
    [5, 6], 'enumerate of an NDArray');
is(product(2, 3, 4), 24, 'product');
ok(!eval { assert(0, 'so it is'); 1 }, 'assert');
like($@, qr/so it is at \Q$0\E line/, '... with its message and line');
is(pdl([1, 2])->nelem, 2, 'pdl');
cmp_ok(\&pdl, '==', \&PDL::Core::pdl, "... is PDL's own");
is_deeply([cat(pdl(1, 2), pdl(3, 4))->dims], [2, 2], 'cat');
is_deeply([cat(0, pdl(1, 2), pdl(3))->list], [1, 2, 3], 'cat along a dimension');
is_deeply([pdl_shuffle(pdl([[1, 2], [3, 4]]), [1, 0])->list], [3, 4, 1, 2], 'pdl_shuffle');
is_deeply(as_array(3), [3], 'as_array');
is(bisect_left([1, 3, 5], 3), 1, 'bisect_left');
is_deeply(digitize([0, 3, 9], [1, 3, 5]), [0, 2, 3], 'digitize');
is(DTYPE_MX_TO_STR->{ DTYPE_STR_TO_MX->{int64} }, 'int64', 'numbers of dtypes');
is(pones(3)->sum, 3, 'pones');
ok(!PDL->can('len') && !PDL->can('dtype'), 'PDL is left as it is');

my ($x, $y) = (pdl(1, 2, 3), pdl(1, 2, 3.00001));
ok(same($x, $x) && !same($x, $y), 'same');
ok(!same($x, pdl([1, 2, 3], [1, 2, 3])), '... not of other dimensions');
ok(same(PDL->pdl('nan'), PDL->pdl('nan')), '... NaN');
cmp_ok(abs(reldiff($x, $y) - 1e-5 / 12), '<', 1e-9, 'reldiff');
ok(almost_equal($x, $y) && !almost_equal($x, $y, 1e-7), 'almost_equal');
ok(!almost_equal($x, PDL->pdl('nan')), '... NaN is not');
ok(allclose($x, $y, 1e-5) && !allclose($x, $y, 1e-7), 'allclose');
is_deeply([pdl_maximum($x, 2)->list], [2, 2, 3], 'pdl_maximum');
is_deeply(rand_ndarray([2, 3])->shape, [2, 3], 'rand_ndarray');
ok(!(grep { $_ < 1 || $_ > 10 } map {@$_} map { rand_shape_2d() } 1 .. 50), 'rand_shape_2d');
ok(!(grep { $_ < 2 || $_ > 3 } map { randint(2, 4) } 1 .. 50), 'randint');
is_deeply([random_arrays([2, 3])->dims], [3, 2], 'random_arrays');
dies_ok(sub { die 'x' });
dies_like(sub { die 'a message' }, qr/message/);

is(mx->cpu . '', 'cpu(0)', 'a context as a string');
ok(mx->cpu(1) == mx->context('cpu', 1), 'contexts compare');
ok(mx->cpu != mx->gpu, '... and differ');
is_deeply([mx->gpu(2)->device_type, mx->gpu(2)->device_id], ['gpu', 2], 'a GPU can be named');
ok(!eval { mx->nd->zeros([1], ctx => mx->gpu); 1 }, '... but not used');
ok(!eval { AI::MXLoss::Context->new('tpu'); 1 }, 'no other devices');
is(AI::MXLoss::Context->num_gpus, 0, 'num_gpus');

done_testing;
