# Every operator of the table: values against numpy's, gradients against finite differences.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use JSON::PP;
use PDL;
use AI::MXLoss::NDArray qw(nd);
use AI::MXLoss::AutoGrad qw(autograd);
use FiniteDifferences qw(differences);

open my $file, '<', "$FindBin::Bin/data/operators.json" or die $!;
my $cases = decode_json(do { local $/; <$file> });
my $table = \%AI::MXLoss::Operators::TABLE;

sub nd_of {
    my ($packed, $dtype) = @_;
    return undef if !defined $packed;
    my @data = map { $_ eq 'nan' ? 'nan' + 0 : $_ } @{ $packed->{data} };
    return nd->array(\@data, dtype => $dtype)->reshape($packed->{shape})->copy;
}

sub call {
    my ($case, @inputs) = @_;
    my %option = %{ $case->{options} };
    my @arrays = grep {defined} @inputs;
    return AI::MXLoss::Operators::invoke(
        $table->{ $case->{op} }, \@inputs,
        { %{ $table->{ $case->{op} }{defaults} }, %option }
    ) if $case->{op} =~ /^_/ || grep { !defined } @inputs;
    return nd->can($case->{op})->('AI::MXLoss::NDArray', @inputs, %option);
}

sub text {
    return "$_[0]{op}("
        . join(', ',
        map { defined $_ ? '[' . join(',', @{ $_->{shape} }) . ']' : 'undef' } @{ $_[0]{inputs} })
        . join('',
        map { ", $_ => " . encode_json([$_[0]{options}{$_}]) } sort keys %{ $_[0]{options} })
        . ')';
}

# Largest difference, relative to the larger of 1 and the expected number; NaN is equal to NaN.
sub error {
    my ($got, $want) = map { $_->double->flat } @_;
    my $both = ($got != $got) * ($want != $want);
    my $d = abs($got - $want) / (1 + abs($want));
    $d->where($both) .= 0 if $both->sum;
    my $worst = 0;
    for ($d->list) { $worst = $_ if !($_ <= $worst) }
    return $worst;
}

my %covered;
for my $case (@$cases) {
    my $name = text($case);
    $covered{ $table->{ $case->{op} }{name} } = 1;
    my %limit = (float64 => 1e-11, float32 => 2e-5);
    for my $dtype (qw(float64 float32)) {
        my @inputs = map { nd_of($_, $dtype) } @{ $case->{inputs} };
        my $result = eval { call($case, @inputs) };
        if (!defined $result) { fail("$name: $@"); last }
        my @results = ref $result eq 'ARRAY' ? @$result : $result;
        my @want = @{ $case->{results} };
        my $shapes = join ' ', map { '[' . join(',', @{ $_->shape }) . ']' } @results;
        my $wanted = join ' ', map { '[' . join(',', @{ $_->{shape} }) . ']' } @want;
        is($shapes, $wanted, "$name, shape") if $dtype eq 'float64';
        last if $shapes ne $wanted;
        my $worst = 0;
        for my $i (0 .. $#want) {
            my $e = error($results[$i]{pdl}, nd_of($want[$i], 'float64')->{pdl});
            $worst = $e if !($e <= $worst);
        }
        cmp_ok($worst, '<=', $limit{$dtype}, "$name, $dtype");
    }
    next if !@{ $case->{wrt} };

    # the sum of all results, weighted at random, is what is differentiated
    my @inputs = map { nd_of($_, 'float64') } @{ $case->{inputs} };
    my @weights;
    my $scalar = sub {
        my $result = call($case, @_);
        my @results = grep { $_->{dtype} =~ /float/ } ref $result eq 'ARRAY' ? @$result : $result;
        @results = $results[0] if $case->{op} eq 'topk';    # the places are constant
        my $sum;
        for my $i (0 .. $#results) {
            $weights[$i]
                //= nd->array(random(double, $results[$i]{pdl}->dims) + 0.5, dtype => 'float64');
            my $part = ($results[$i] * $weights[$i])->sum;
            $sum = defined $sum ? $sum + $part : $part;
        }
        return $sum;
    };
    $inputs[$_]->attach_grad for @{ $case->{wrt} };
    my $total;
    autograd->record(sub { $total = $scalar->(@inputs) }, train_mode => 0);
    $total->backward;
    for my $i (@{ $case->{wrt} }) {
        my $want = differences(sub { $scalar->(@_)->asscalar }, \@inputs, $i);
        cmp_ok(error($inputs[$i]->grad->{pdl}, $want), '<=', 2e-8, "$name, gradient of input $i")
            or diag $inputs[$i]->grad->{pdl}, $want;
    }
}

my %missing = map { $_->{name} => 1 } values %$table;
delete @missing{ keys %covered, '_view' };    # _view: in the tests of slices
is_deeply([sort keys %missing], [], 'every operator is in the file');

done_testing;
