# Every operator in float16 and in integers, next to itself in float64.
use strict;
use warnings;
use FindBin;
use Test::More;
use JSON::PP;
use PDL;
use AI::MXLoss::NDArray qw(nd);
use AI::MXLoss::AutoGrad qw(autograd);

open my $file, '<', "$FindBin::Bin/data/operators.json" or die $!;
my $cases = decode_json(do { local $/; <$file> });
my $table = \%AI::MXLoss::Operators::TABLE;

sub call {
    my ($case, @inputs) = @_;
    my $entry = $table->{ $case->{op} };
    my %option = %{ $case->{options} };
    delete $option{dtype};
    $option{dtype} = $inputs[0]->dtype if $case->{op} eq 'cast';
    my $result
        = AI::MXLoss::Operators::invoke($entry, \@inputs, { %{ $entry->{defaults} }, %option });
    return ref $result eq 'ARRAY' ? @$result : $result;
}

sub inputs_as {
    my ($case, $dtype, $change) = @_;
    return map {
        my $packed = $_;
        defined $packed
            ? nd->array(
            $change->(pdl(double, [map { $_ eq 'nan' ? 'nan' + 0 : $_ } @{ $packed->{data} }])),
            dtype => $dtype
            )->reshape($packed->{shape})->copy
            : undef;
    } @{ $case->{inputs} };
}

# Whether each value is one that float16 has.
sub are_halves {
    my ($pdl) = @_;
    my $float = $pdl->float;
    my $rounded = AI::MXLoss::Core::round_half($float->copy);
    return all(($rounded == $float) | ($float != $float));
}

my $halves = sub { AI::MXLoss::Core::round_half($_[0]->float)->double };
my (%seen, $whole);
my @far;
for my $case (@$cases) {
    my $name = "$case->{op} " . encode_json($case->{options});
    my @wide = eval { call($case, inputs_as($case, 'float64', $halves)) };
    my @half = eval { call($case, inputs_as($case, 'float16', $halves)) };
    push @far, "$name: $@" if !@half;
    for my $i (0 .. $#half) {
        my ($got, $want) = map { $_->{pdl}->double } $half[$i], $wide[$i];
        push @far, "$name: dtype " . $half[$i]->dtype
            if $half[$i]->dtype ne ($wide[$i]->dtype eq 'float64' ? 'float16' : $wide[$i]->dtype);
        push @far, "$name: a value that float16 has not" if !are_halves($got);
        my $far = abs($got - $want) / (1e-3 * (1 + abs($want)));
        push @far, "$name: $got, wanted $want"
            if any(($far > ($case->{op} eq 'adam_update' ? 4 : 1.5)) & ($want == $want));
    }
    next if $seen{ $case->{op} }++ || !@{ $case->{wrt} };
    my @inputs = inputs_as($case, 'float16', $halves);
    $inputs[$_]->attach_grad for @{ $case->{wrt} };
    my $sum;
    autograd->record(
        sub {
            ($sum) = map { $_->sum } grep { $_->dtype eq 'float16' } call($case, @inputs);
        }
    );
    $sum->backward;
    for my $i (@{ $case->{wrt} }) {
        my $grad = $inputs[$i]->grad;
        push @far, "$name: gradient of " . $grad->dtype if $grad->dtype ne 'float16';
        push @far, "$name: a gradient that float16 has not" if !are_halves($grad->{pdl});
    }
}
is_deeply(\@far, [], scalar(@$cases) . ' calls in float16');

# Integers where the same call in float64 gives integers
my @wrong;
for my $case (@$cases) {
    next if $case->{op} =~ /_update\z|CTCLoss|one_hot/;
    my $round = sub { rint($_[0] * 2) };
    my @wide = eval { call($case, inputs_as($case, 'float64', $round)) } or next;
    next if grep { any(($_->{pdl} != rint($_->{pdl})) | (abs($_->{pdl}) > 1e9)) } @wide;
    my @int = eval { call($case, inputs_as($case, 'int32', $round)) };
    my $name = "$case->{op} " . encode_json($case->{options});
    push @wrong, "$name: $@" if !@int;
    for my $i (0 .. $#int) {
        next
            if $case->{op} eq '_div_scalar'
            || $case->{options}{scalar} && $case->{options}{scalar} =~ /\./;
        push @wrong, "$name: $int[$i]{pdl}, wanted $wide[$i]{pdl}"
            if any($int[$i]{pdl}->double != $wide[$i]{pdl});
        push @wrong, "$name: dtype " . $int[$i]->dtype
            if $wide[$i]->dtype eq 'float64' && $int[$i]->dtype ne 'int32';
    }
    $whole++;
}
is_deeply(\@wrong, [], ($whole // 0) . ' calls with integers');
cmp_ok($whole, '>', 100, '... these are many');
is(nd->array([7, -7], dtype => 'int64')->mean(axis => 0)->asscalar, 0,
    'a mean of integers is one');
is(nd->array([9007199254740993, 1], dtype => 'int64')->sum->asscalar, 9007199254740994,
    'int64 sums are exact');

# Numbers are taken with all their bits, whatever was used before
my $one = nd->ones([1], dtype => 'float64');
my @products = map { ($one * $_)->asscalar } 0.3, 0.1 + 0.2;
cmp_ok($products[0], '==', 0.3,       'one number');
cmp_ok($products[1], '==', 0.1 + 0.2, 'and its neighbour');
my $right = grep { ($one * $_ + -$_ / 2)->asscalar == $_ / 2 } 1 .. 3000;
is($right, 3000, 'however many there are');
done_testing;
