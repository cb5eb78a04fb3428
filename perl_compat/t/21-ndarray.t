# NDArray as scripts use it: making, reading, parts, operators, assigning, errors.
use strict;
use warnings;
use Test::More;
use lib 't/lib';
use MXLossTest;
use Scalar::Util qw(refaddr);
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::NDArray qw(nd);
use AI::MXLoss::AutoGrad qw(autograd);

# ---- Making
has(nd->array([[1, 2, 3], [4, 5, 6]]), [2, 3], [1 .. 6], 'nested lists');
has(nd->array([5]), [1], [5], 'one number');
has(nd->array([[1, 2], [3]]), [2, 2], [1, 2, 3, 0], 'ragged lists are filled with 0');
has(nd->array([1, undef, '3']), [3], [1, 0, 3], 'undef is 0, strings are numbers');
{
    my @warnings;
    local $SIG{__WARN__} = sub { push @warnings, @_ };
    has(nd->array(['abc']), [1], [0], 'a string that is no number');
    like($warnings[0] // '', qr/numeric/, '... warns');
}
is_deeply(nd->array([])->shape, [0], 'an empty list');
is(nd->array([9**9**9])->asscalar, 9**9**9, 'inf');
has(nd->array(sequence(3, 2)), [2, 3], [0 .. 5], 'a PDL: the order of the axes is reversed');
has(nd->array(sequence(3, 2)->xchg(0, 1)), [3, 2], [0, 3, 1, 4, 2, 5], 'a view of a PDL');
has(nd->array(pdl(4)), [1], [4], 'a PDL without axes');
for my $source (pdl(double, 1), pdl(long, 1), nd->array([1], dtype => 'int32')) {
    is(nd->array($source)->dtype, 'float32', 'float32 from ' . (ref $source) . ', whatever it was');
}
{
    my $bad = pdl([1, 2])->setbadat(0);
    my $nd = nd->array($bad, dtype => 'float64');
    ok(!$nd->aspdl->badflag && $nd->aspdl->at(0) < -1e30, 'a bad value comes as its number');
}
my $x = nd->array([1, 2]);
my $y = nd->array($x);
$y += 1;
has($x, [2], [1, 2], 'an NDArray is copied');
is(nd->array([[1, 2, 3], [4, 5, 6]])->aspdl->at(2, 0), 3, 'aspdl has the axes reversed');
my %types = (
    float32 => 'float', float64 => 'double', float16 => 'float', uint8 => 'byte', int8 => 'sbyte',
    int32 => 'long', int64 => 'longlong'
);
for my $dtype (sort keys %types) {
    my $nd = nd->array([1, 2], dtype => $dtype);
    is($nd->dtype, $dtype, $dtype);
    is($nd->aspdl->type, $types{$dtype}, "... as a PDL is $types{$dtype}");
    has($nd->astype('float64'), [2], [1, 2], '... and back');
}
has(nd->array([1.7, -2.7, 300], dtype => 'int32'), [3], [1, -2, 300], 'to int32');
has(nd->array([1.7, -2.7, 300], dtype => 'uint8'), [3], [1, 254, 44],  'to uint8 wraps around');
has(nd->array([1.7, -2.7, 300], dtype => 'int8'),  [3], [1, -2, 44],   'to int8');
has(nd->array([1.7, -2.7, 300])->astype('int8'), [3], [1, -2, 44], 'the same by astype');
is(nd->array([9007199254740993], dtype => 'int64')->asscalar, 9007199254740993, 'int64 is exact');
has(nd->array([2049, 1e5, 0.1], dtype => 'float16'), [3], [2048, 9**9**9, 0.0999755859375],
    'float16 is rounded');
has(nd->zeros([2, 2]), [2, 2], [(0) x 4], 'zeros');
has(nd->ones([3], dtype => 'int32', ctx => mx->cpu), [3], [1, 1, 1], 'ones');
has(nd->full([2], 2.5), [2], [2.5, 2.5], 'full');
is_deeply(nd->empty([2, 5])->shape, [2, 5], 'empty');
has(nd->arange(start => 3), [3], [0, 1, 2], 'arange without stop');
has(nd->arange(start => 1, stop => 2, step => 0.5, repeat => 2), [4], [1, 1, 1.5, 1.5], 'arange');
has(nd->eye(2, 3), [2, 3], [1, 0, 0, 0, 1, 0], 'eye');
has(nd->zeros_like($x), [2], [0, 0], 'zeros_like');
is(nd->array([1], dtype => 'int8')->zeros_like->dtype, 'int8', '... of the same dtype');
has($x->ones_like, [2], [1, 1], 'ones_like, as a method');
{
    my $out = nd->zeros([2]);
    nd->full([2], 3, out => $out);
    has($out, [2], [3, 3], 'out');
    has(($out->copy += 1), [2], [4, 4], 'a copy, changed');
    has($out, [2], [3, 3], '... leaves the array');
}
dies(sub { nd->array(5) }, qr/^array: got '5'; expected a reference/, 'a plain number');
dies(sub { nd->array([$x]) }, qr/^array: an element is <.*>; expected numbers/, 'arrays in lists');
dies(sub { nd->array([1], dtype => 'float8') }, qr/dtype is 'float8'; expected one of float32/,
    'dtype');
dies(sub { nd->array([1], type => 'float32') }, qr/no such named parameter 'type'/,
    'a wrong name');
dies(sub { nd->array([1], ctx => mx->gpu(0)) }, qr/ctx is gpu\(0\)/, 'no GPU');
dies(sub { nd->zeros([]) },     qr/shape is \[\]; expected at least one axis/, 'no axes');
dies(sub { nd->zeros(3) },      qr/shape is 3; expected a reference/,
    'a shape as a number');
dies(sub { nd->ones([2, 0]) },  qr/shape is \[2,0\]; expected integers from 1/, 'a length of 0');
dies(sub { nd->full([2], 'a') }, qr/the value is a; expected a number/, 'a value that is none');

# ---- Facts
$x = nd->array([[1, 2, 3], [4, 5, 6]]);
is("$x", '<AI::MXLoss::NDArray 2x3 @cpu(0)>', 'as a string');
is('x: ' . $x, 'x: <AI::MXLoss::NDArray 2x3 @cpu(0)>', 'joined to one');
is_deeply([$x->size, $x->len, $x->ndim, $x->stype, $x->context . '', $x->writable],
    [6, 2, 2, 'default', 'cpu(0)', 1], 'facts');
ok({ $x => 1 }->{$x}, 'as a key of a hash');
ok(nd->zeros([1]), 'always true');
dies(sub { my $is = $x eq 'a' }, qr/eq and ne do not compare arrays/, 'eq');
is(nd->array([[2.5]])->asscalar, 2.5, 'asscalar');
ok(!ref nd->array([[2.5]])->asscalar, '... is a plain number for any shape');
dies(sub { $x->asscalar }, qr/size must be 1/, 'asscalar of more');
is_deeply($x->asarray, [[1, 2, 3], [4, 5, 6]], 'asarray');
{
    my $copy = $x->aspdl;
    $copy .= 0;
    has($x, [2, 3], [1 .. 6], 'aspdl is a copy');
}
is_deeply([$x->asmpdl->dims], [2, 3], 'asmpdl: rows, columns');
is(refaddr $x->as_in_context(mx->cpu), refaddr $x, 'as_in_context gives the array itself');
$x->wait_to_read;
nd->waitall;
has($x->copyto(nd->zeros([2, 3])), [2, 3], [1 .. 6], 'copyto');
dies(sub { $x->copyto(nd->zeros([3, 2])) }, qr/shape \[2,3\], the other one \[3,2\]/,
    'copyto elsewhere');
dies(sub { $x->asnumpy }, qr/^NDArray has no method 'asnumpy'/, 'an unknown method');
dies(sub { nd->Convolution($x) }, qr/^NDArray has no method 'Convolution'/, 'an unknown operator');
{ no warnings 'once'; *AI::MXLoss::NDArray::doubled = sub { $_[0] * 2 }; }
has($x->doubled, [2, 3], [2, 4, 6, 8, 10, 12], 'a method of the user');

# ---- Parts
$x = nd->array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
has($x->slice(1),         [1, 3], [4, 5, 6],    'slice(i) keeps the axis');
has($x->slice([1, 2]),    [2, 3], [4 .. 9],     'slice([a,b]) has both ends');
has($x->slice(-1),        [1, 3], [7, 8, 9],    'from the end');
has($x->slice([-2, -1]),  [2, 3], [4 .. 9],     'both from the end');
has($x->slice('X', 1),    [3, 1], [2, 5, 8],    'X is the whole axis');
has($x->slice([0, 1], [1, 2]), [2, 2], [2, 3, 5, 6], 'two axes');
has($x->slice([0, 1], [1, 2])->sever, [2, 2], [2, 3, 5, 6], 'sever');
has($x->at(1),    [3], [4, 5, 6], 'at drops the axis');
has($x->at(0, 1), [1, 1], [2], 'at with two places');
has($x->at(1)->at(-1), [1], [6], 'at of one axis');
has($x->[2], [3], [7, 8, 9], '$x->[i]');
is(scalar @$x, 3, 'length of @$x');
is_deeply([map { $_->sum->asscalar } @$x], [6, 15, 24], 'over @$x');
has($x->at(1)->[0], [1], [4], '@$x of one axis');
has($x->slice(begin => [1, 0], end => [3, 2]), [2, 2], [4, 5, 7, 8], 'slice by begin and end');
has(nd->slice($x, begin => [0], end => [1]), [1, 3], [1, 2, 3], 'as a class function');
has($x->reshape([-1]), [9], [1 .. 9], 'reshape');
has(nd->reshape($x, shape => [1, 9]), [1, 9], [1 .. 9], 'reshape as a class function');
has($x->reshape(9, 1), [9, 1], [1 .. 9], 'lengths as a list');
has($x->slice([1], [2, 2]), [1, 1], [6], 'a range of one place');
is_deeply(nd->ones([2, 3, 4])->moveaxis(0, 2)->shape, [3, 4, 2], 'moveaxis');
is_deeply(nd->moveaxis(nd->ones([2, 3, 4]), [0, 1], [-1, 0])->shape, [3, 4, 2], 'moveaxis of two');
has($x->T, [3, 3], [1, 4, 7, 2, 5, 8, 3, 6, 9], 'T');
has(
    nd->array(sequence(2, 3, 4))->transpose([2, 0, 1]),
    [2, 4, 3],
    [
        map {
            my $i = $_;
            map {
                my $j = $_;
                map { $_ * 2 + $j * 6 + $i } 0 .. 2
            } 0 .. 3
        } 0 .. 1
    ],
    'transpose'
);
has($x->transpose(axes => [1, 0]), [3, 3], [1, 4, 7, 2, 5, 8, 3, 6, 9], 'axes by name');
dies(sub { $x->slice(3) },      qr/Dimension 0 mismatch slice begin : 3 >= Dim Size: 3/,
    'out of range');
dies(sub { $x->slice([0, 7]) }, qr/Dimension 0 mismatch slice end : 7 >= Dim Size: 3/,
    'the end, too');
dies(sub { $x->slice(0, 0, 0) }, qr/expected one to 2 parts, got 3/, 'too many parts');
dies(sub { $x->slice([2, 1]) },  qr/is empty/,                        'an empty part');
dies(sub { $x->slice('a') },     qr/expected an integer, \[first, last\] or 'X'/, 'no place');
dies(sub { $x->at(3) },          qr/Dim Size: 3/, 'at out of range');
dies(
    sub { $x->reshape([4, 4]) },
    qr/^reshape: cannot reshape an array of shape \[3,3\] into \[4,4\]/,
    'reshape'
);
dies(sub { $x->transpose([0, 0]) }, qr/expected each of the 2 axes once/, 'transpose');

# ---- Views write through
my $base = nd->array([[1, 2, 3], [4, 5, 6]]);
($y = $base->slice(1)) .= 0;
has($base, [2, 3], [1, 2, 3, 0, 0, 0], 'slice .= number');
($y = $base->at(0)) += 10;
has($base, [2, 3], [11, 12, 13, 0, 0, 0], 'at += number');
($y = $base->slice('X', 1)) .= nd->array([[7], [8]]);
has($base, [2, 3], [11, 7, 13, 0, 8, 0], 'a part of the second axis');
($y = $base->reshape([3, 2])) .= [[1, 2], [3, 4], [5, 6]];
has($base, [2, 3], [1 .. 6], 'reshape is a view');
($y = $base->slice(1)->reshape([-1])->slice([0, 1])) *= 2;
has($base, [2, 3], [1, 2, 3, 8, 10, 6], 'a view of a view of a view');
$base->slice([0, 0]) .= 1;
$base->at(1) += 2;
has($base, [2, 3], [1, 1, 1, 10, 12, 8], 'slice and at on the left');
my $view = $base->slice(0);
$base .= 9;
has($view, [1, 3], [9, 9, 9], 'what is written to the array is seen in the view');
$base->[0] .= 5;
has($base, [2, 3], [(9) x 6], '$x->[0] is a copy');
($y = $base->T) .= 5;
has($base, [2, 3], [(9) x 6], 'T is a copy');
($y = $base->detach) .= 4;
has($base, [2, 3], [(4) x 6], 'detach shares memory');

my $line = nd->array([1, 2, 3]);
$line->slice([1, 2]) .= $line->slice([0, 1]);
has($line, [3], [1, 1, 2], 'from a view that overlaps');
$line->slice([0, 1]) .= $line->slice([1, 2]);
has($line, [3], [1, 2, 2], '... the other way');

# ---- Operators
$x = nd->array([1, 2, 3]);
$y = nd->array([4, 5, 6]);
has($x + $y, [3], [5, 7, 9], '+');
has($x + 1,  [3], [2, 3, 4], '+ number');
has(1 + $x,  [3], [2, 3, 4], 'number +');
has($x - 1,  [3], [0, 1, 2], '- number');
has(1 - $x,  [3], [0, -1, -2], 'number -');
has(6 / $x,  [3], [6, 3, 2], 'number /');
has($y / 2,  [3], [2, 2.5, 3], '/');
has($y % 4,  [3], [0, 1, 2], '%');
has(7 % $y,  [3], [3, 2, 1], 'number %');
has($x**2,   [3], [1, 4, 9], '**');
has(2**$x,   [3], [2, 4, 8], 'number **');
has(-$x,     [3], [-1, -2, -3], 'unary -');
has(nd->array([-5.5]) % 2, [1], [0.5], 'the sign of % is that of the divisor');
has(abs(-$x),          [3], [1, 2, 3], 'abs');
has(sqrt($x**2),       [3], [1, 2, 3], 'sqrt');
has(log(exp(nd->zeros([1]))), [1], [0], 'log and exp');
has(sin(nd->zeros([1])) + cos(nd->zeros([1])), [1], [1], 'sin and cos');
has(atan2(nd->zeros([1]), 1), [1], [0], 'atan2');
has($x == nd->array([1, 0, 3]), [3], [1, 0, 1], '==');
has($x != 2, [3], [1, 0, 1], '!=');
has($x > 1,  [3], [0, 1, 1], '>');
has(2 > $x,  [3], [1, 0, 0], 'number >');
has($x >= 2, [3], [0, 1, 1], '>=');
has($x < 2,  [3], [1, 0, 0], '<');
has($x <= $y, [3], [1, 1, 1], '<=');
is((nd->array([1], dtype => 'int32') == 1)->dtype, 'int32',
    'comparisons are of the operands\' dtype');
has(nd->array([[1], [2]]) * $x, [2, 3], [1, 2, 3, 2, 4, 6], 'broadcasting');
{
    my $alias = $x;
    $alias += 1;
    has($x, [3], [2, 3, 4], 'in place: both names have it');
    $x -= 1; $x *= 4; $x /= 2; $x **= 2; $x %= 7;
    has($x, [3], [4, 2, 1], '-= *= /= **= %=');
    my $before = $x;
    $x = $x + 1;
    has($before, [3], [4, 2, 1], 'x = x + 1 makes a new one');
}
$x .= [1, 2, 3];
has($x, [3], [1, 2, 3], '.= array ref');
$x .= pdl(7, 8, 9);
has($x, [3], [7, 8, 9], '.= PDL');
is($x->dtype, 'float32', '... keeps the dtype');
$x .= nd->array([3, 2, 1], dtype => 'int32');
has($x, [3], [3, 2, 1], '.= NDArray of another dtype');
$x .= $x->slice([1, 2])->sum;
has($x, [3], [3, 3, 3], '.= one element');
my $int = nd->array([7, -7, 1], dtype => 'int32');
has($int / 2,   [3], [3, -3, 0], 'int32 / 2 stays integer');
has($int + 0.5, [3], [7, -7, 1], 'int32 + 0.5 as well');
has($int / 0,   [3], [($int / 0)->aspdl->list], 'an integer by 0 ends nothing');
is(($int * 2)->dtype, 'int32', 'its dtype');
has(nd->array([200], dtype => 'uint8') + 100, [1], [44], 'uint8 wraps around');
my $half = nd->array([1, 2048], dtype => 'float16');
has($half + 1, [2], [2, 2048], 'float16 is rounded after each operation');
is(($half * 3)->dtype, 'float16', 'and stays float16');
dies(sub { $x + nd->array([1], dtype => 'float64') }, qr/expected float32, got float64/,
    'two dtypes');
dies(sub { $x + [1, 2, 3] }, qr/^plus: an operand is 'ARRAY/, 'an array ref');
dies(sub { $x * pdl(1, 2, 3) }, qr/^mul: an operand is '.*1 2 3.*expected an NDArray or a number/,
    'a PDL');
dies(sub { $x - 'a' }, qr/^minus: an operand is 'a'; expected an NDArray or a number/, 'a string');
dies(sub { $x + nd->ones([2]) }, qr/could not be broadcast together with shapes \[3\] \[2\]/,
    'shapes');
dies(sub { $x += nd->ones([2, 3]) },
    qr/cannot assign an array of shape \[2,3\] to one of shape \[3\]/, 'in place');
dies(sub { $x .= [1, 2] }, qr/cannot assign an array of shape \[2\]/, '.= of another length');
dies(sub { $x .= 'a' },    qr/assigning to an array: got 'a'/, '.= a string');
has($x, [3], [3, 3, 3], 'nothing was written');

# ---- Functions
$x = nd->array([[1, 2], [3, 4]]);
has($_, [2], [4, 6], 'sum along axis 0')
    for nd->sum($x, axis => 0), $x->sum(axis => 0), $x->sum(0), $x->sum({ axis => 0 }),
    nd->sum($x, 0), nd->sum(data => $x, axis => [0]), $x->sum(axis => -2),
    $x->sum(axis => 1, exclude => 1);
has($x->sum, [1], [10], 'all');
has($x->sum(axis => [0, 1]), [1], [10], 'a list of axes');
has($x->mean(axis => 1, keepdims => 1), [2, 1], [1.5, 3.5], 'keepdims');
my $out = nd->zeros([2]);
is(refaddr nd->sum($x, axis => 0, out => $out), refaddr $out, 'out');
has($out, [2], [4, 6], '... has the result');
has($x->dot($x),       [2, 2], [7, 10, 15, 22], 'dot as a method');
has(nd->dot($x, $x),   [2, 2], [7, 10, 15, 22], 'dot as a function');
has($x->dot($x, transpose_b => 1), [2, 2], [5, 11, 11, 25], 'with an option');
has($x->maximum(3),    [2, 2], [3, 3, 3, 4], 'maximum with a number');
has(nd->maximum($x, 3), [2, 2], [3, 3, 3, 4], 'as a function');
has(nd->maximum(3, $x), [2, 2], [3, 3, 3, 4], 'the number first');
has(nd->minimum($x, $x * 0 + 2), [2, 2], [1, 2, 2, 2], 'minimum of two');
has(nd->concat($x, $x, dim => 0), [4, 2], [1 .. 4, 1 .. 4], 'concat');
has(nd->concat([$x, $x], dim => 1), [2, 4], [1, 2, 1, 2, 3, 4, 3, 4], 'concat of a list');
has(nd->concatenate([$x, $x]), [4, 2], [1 .. 4, 1 .. 4], 'concatenate');
is_deeply(nd->stack($x, $x, $x)->shape, [3, 2, 2], 'stack');
has(nd->Activation($x - 2, act_type => 'relu'), [2, 2], [0, 0, 1, 2], 'Activation');
has($x->Activation('relu'), [2, 2], [1 .. 4], 'its kind by position');
has(nd->contrib->CTCLoss(nd->zeros([1, 1, 2]), nd->array([[1]])), [1],
    [nd->CTCLoss(nd->zeros([1, 1, 2]), nd->array([[1]]))->asscalar], 'contrib->CTCLoss');
has(nd->sgd_update($x, $x, lr => 0.5), [2, 2], [0.5, 1, 1.5, 2], 'sgd_update');
nd->sgd_update($x, $x, { lr => 0.5, out => $x });
has($x, [2, 2], [0.5, 1, 1.5, 2], 'in place');
my ($first, $second) = @{ nd->split($x, num_outputs => 2, axis => 0) };
has($second, [1, 2], [1.5, 2], 'split gives a reference to an array');
dies(sub { $x->sum({ axes => 0 }) },
    qr/Cannot find argument 'axes', Possible Arguments: data, axis/, 'hash ref');
dies(sub { $x->sum(axes => 0) }, qr/Cannot find argument 'axes'/, 'a list');
dies(sub { $x->sum(2) }, qr/^sum: axis is 2; expected -2 to 1/, 'an axis out of range');
dies(sub { $x->sum('x') }, qr/Cannot find argument 'x'/, 'no axis');
dies(sub { nd->dot($x) }, qr/^dot: Too few arguments: rhs is missing/, 'too few');
dies(sub { nd->dot($x, 3) }, qr/^dot: Too few arguments: rhs is missing|expected an NDArray/,
    'a number for an array');
dies(sub { $x->clip(0) }, qr/^clip: a_max is missing/, 'an option that has to be given');
dies(sub { $x->relu(1) }, qr/^relu: an argument too many/, 'too many');
dies(sub { $x->dot(nd->ones([3])) }, qr/^dot: lhs of shape \[2,2\] and rhs of shape \[3\]/, 'dot');
dies(sub { nd->concat($x, nd->ones([3, 3]), dim => 0) }, qr/cannot be joined/, 'concat');
dies(sub { nd->maximum(1, 2) }, qr/at least one operand must be an NDArray/, 'two numbers');

{
    eval { die "mine\n" };
    my $unused = $x + 1;
    is($@, "mine\n", 'what an operator does leaves $@ alone');
}

# ---- Edges of functions
my $inf = 9**9**9;
my $edge = nd->array([-$inf, -1, 0, 2, $inf]);
has($edge->relu, [5], [0, 0, 0, 2, $inf], 'relu at the ends');
has($edge->sigmoid->slice([0, 0]), [1], [0], 'sigmoid of -inf');
has($edge->Activation('softrelu')->slice([4, 4]), [1], [$inf], 'softrelu of inf');
has($edge->sign, [5], [-1, -1, 0, 1, 1], 'sign');
has(nd->array([2.5, -2.5, 0.5])->round, [3], [3, -3, 1], 'round goes away from 0');
is(nd->array([1, $inf - $inf, 3])->max->asscalar . '', $inf - $inf . '', 'max of NaN');
has(nd->array([-1000, 0, 1000])->log_softmax, [3], [-2000, -1000, 0],
    'log_softmax of large scores');

is(nd->array([])->sum->asscalar, 0, 'a sum of nothing');
dies(sub { nd->array([])->max }, qr/^max: there are no elements/, 'a maximum of nothing');

done_testing;
