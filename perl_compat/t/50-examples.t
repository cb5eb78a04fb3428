# The examples run; softmax regression goes the way of the Python package, step by step.
use strict;
use warnings;
use lib 't/lib';
use Config;
use JSON::PP;
use Test::More;
use MXLossTest;
use PDL;
use AI::MXLoss qw(mx);
use AI::MXLoss::Gluon qw(gluon);
use AI::MXLoss::Gluon::NN qw(nn);
use AI::MXLoss::AutoGrad qw(autograd);
use AI::MXLoss::IO;

require './examples/digits.pl';
my $path = eval { main::data_file() };
plan skip_all => 'optdigits.csv.gz is not here: it is in docs/examples of the repository' if !$path;

my ($images, $labels, $test_images, $test_labels) = main::load_digits($path);
is_deeply([map { $_->len } $images, $labels, $test_images, $test_labels], [1198, 1198, 599, 599],
    'the split');

sub bytes { my $pdl = $_[0]->aspdl; return unpack 'H*', ${ $pdl->get_dataref } }

sub from_bytes {
    my ($hex, @shape) = @_;
    my $pdl = PDL->zeroes(float, AI::MXLoss::Core::reverse_dims(@shape));
    ${ $pdl->get_dataref } = pack 'H*', $hex;
    $pdl->upd_data;
    return AI::MXLoss::NDArray->_wrap($pdl, 'float32');
}

# A run as t/tools/digits.py makes it: the same weights, the same order of samples.
sub compare {
    my ($run, $where) = @_;
    my $name = "$run->{optimizer}, $where";
    my $net = nn->Dense(10, in_units => 64);
    $net->initialize;
    $net->weight->set_data(
        mx->nd->array([map { (($_ * 7919) % 201 - 100) / 1024 } 0 .. 639])->reshape([10, 64]));
    my $first = $run->{first};
    is(bytes($net->weight->data), $first->{weight}, "$name: the weights to begin with");

    my $loss = gluon->loss->SoftmaxCELoss();
    my @batch = map { ($_ * 1009) % 1198 } 0 .. 31;
    my $logits = from_bytes($first->{logits}, 32, 10);
    my $y = AI::MXLoss::NDArrayIter::rows($labels, \@batch);
    $logits->attach_grad;
    my $value;
    autograd->record(sub { $value = $loss->($logits, $y) });
    $value->backward;
    is(bytes($value), $first->{losses}, "$name: for equal logits the losses, bit by bit");
    is(bytes($logits->grad), $first->{gradient}, "$name: ... and the gradient");

    my $trainer = gluon->Trainer($net->collect_params, $run->{optimizer}, $run->{options});
    my ($worst, $at, $step) = (0, 0, 0);
    for my $epoch (0 .. $run->{epochs} - 1) {
        my @order = map { ($_ * (1009 + 2 * $epoch)) % 1198 } 0 .. 1197;
        while (my @places = splice @order, 0, 32) {
            my ($x, $y) = map { AI::MXLoss::NDArrayIter::rows($_, \@places) } $images, $labels;
            my $l;
            autograd->record(sub { $l = $loss->($net->($x), $y) });
            $l->backward;
            $trainer->step(scalar @places);
            my $far = abs($l->mean->asscalar - $run->{steps}[$step]);
            ($worst, $at) = ($far, $step) if !($far <= $worst);
            $step++;
        }
    }
    is($step, scalar @{ $run->{steps} }, "$name: steps");
    cmp_ok($worst, '<', 1e-5, "$name: the mean loss of all $step steps");
    note "largest difference $worst, at step $at";
    return;
}

open my $file, '<', 't/data/digits_run.json' or die $!;
compare($_, 'recorded') for @{ decode_json(do { local $/; <$file> }) };

SKIP: {
    my ($root) = repository();
    my ($python) = grep { defined && -x } $ENV{MXLOSS_PYTHON}, $root && "$root/.venv/bin/python";
    skip 'the Python package is not here: MXLOSS_PYTHON is not set and there is no .venv', 1
        if !$python;
    my $answer = `'$python' t/tools/digits.py run`;
    is($?, 0, 'Python ran');
    compare($_, 'run now') for @{ decode_json($answer) };
}

for (['digits.pl', qr/final accuracy on the held-out third: 9[3-9]/, '--epochs', 6],
    ['linear_regression.pl', qr/mean square error 0\.04\d+; the least possible is/])
{
    my ($example, $like, @arguments) = @$_;
    my $output = do {
        local $ENV{PERL5LIB} = join $Config{path_sep}, @INC;
        open my $run, '-|', $^X, "examples/$example", @arguments or die $!;
        local $/;
        <$run>;
    };
    like($output, $like, "examples/$example: the result");
    like($output, qr/^epoch.*\n\s+1 .*\n\s+2 /m, '... and progress');
}

done_testing;
