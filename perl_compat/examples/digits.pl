#!/usr/bin/perl
# Learns to read handwritten digits: softmax regression, the way a Gluon script does it.
#
# One layer, 64 pixels -> 10 scores, is trained on two thirds of the images in optdigits.csv.gz and
# judged on the third it never saw: the data and the split of docs/examples/digits.py.
#
#     perl examples/digits.pl
#     perl examples/digits.pl --epochs 40 --seed 7 --data path/to/optdigits.csv.gz
use strict;
use warnings;
use File::Basename qw(dirname);
use Getopt::Long qw(GetOptions);
use IO::Uncompress::Gunzip qw($GunzipError);
use AI::MXLoss qw(mx);
use AI::MXLoss::Gluon qw(gluon);
use AI::MXLoss::Gluon::NN qw(nn);
use AI::MXLoss::AutoGrad qw(autograd);

my $HERE = dirname(__FILE__);
my $REQUIRED_ACCURACY = 0.93;    # of one layer; the network of digits.py reaches 0.97
my $BATCH             = 32;
my $LEARNING_RATE     = 0.1;

sub data_file {
    my ($file) = grep { -f } "$HERE/optdigits.csv.gz", "$HERE/../../docs/examples/optdigits.csv.gz";
    return $file // die "optdigits.csv.gz is not here; give its path with --data\n";
}

# Images and labels to train on, then images and labels held out. digits_held_out.txt has a bit for
# each line of the file: 1 for those held out.
sub load_digits {
    my ($path) = @_;
    open my $split, '<', "$HERE/digits_held_out.txt" or die "$HERE/digits_held_out.txt: $!\n";
    my $bits = unpack 'B*', pack 'H*', join '', map { /([0-9a-f]+)/ } <$split>;
    my $file = IO::Uncompress::Gunzip->new($path) or die "$path: $GunzipError\n";
    my @parts = ([[], []], [[], []]);
    my $i = 0;
    while (defined(my $line = <$file>)) {
        my @numbers = split /,/, $line;
        my $label = pop @numbers;
        my $part = $parts[substr $bits, $i++, 1];
        push @{ $part->[0] }, [map { $_ / 16 } @numbers];
        push @{ $part->[1] }, $label + 0;
    }
    return map { (mx->nd->array($_->[0]), mx->nd->array($_->[1], dtype => 'int32')) } @parts;
}

# Mean loss and share of correct answers.
sub evaluate {
    my ($net, $loss, $images, $labels) = @_;
    my $scores = $net->($images);
    my $accuracy = mx->metric->Accuracy();
    $accuracy->update([$labels], [$scores]);
    return ($loss->($scores, $labels)->mean->asscalar, ($accuracy->get)[1]);
}

sub main {
    my %option = (epochs => 20, seed => 0);
    GetOptions(\%option, 'epochs=i', 'seed=i', 'data=s') or exit 2;
    die "--epochs must be at least 1\n" if $option{epochs} < 1;
    my ($images, $labels, $test_images, $test_labels) = load_digits($option{data} // data_file());

    mx->random->seed($option{seed});
    my $net = nn->Dense(10);
    $net->initialize(mx->init->Xavier());
    my $loss = gluon->loss->SoftmaxCELoss();
    my $trainer = gluon->Trainer($net->collect_params(), 'sgd',
        { learning_rate => $LEARNING_RATE, momentum => 0.9 });
    my $batches = gluon->data->DataLoader(
        gluon->data->ArrayDataset(data => $images, label => $labels),
        batch_size => $BATCH, shuffle => 1);

    printf "%d images to learn from, %d held out\n", $images->len, $test_images->len;
    print "epoch  train loss  held-out loss  held-out accuracy\n";
    my $accuracy;
    for my $epoch (1 .. $option{epochs}) {
        # long steps at first, ever shorter ones later, so that training settles
        $trainer->set_learning_rate($LEARNING_RATE * (1 - ($epoch - 1) / $option{epochs}));
        while (defined(my $batch = <$batches>)) {
            my ($x, $y) = @$batch;
            my $l;
            autograd->record(sub { $l = $loss->($net->($x), $y) });
            $l->backward;
            $trainer->step($x->len);
        }
        my ($train_loss) = evaluate($net, $loss, $images, $labels);
        (my $test_loss, $accuracy) = evaluate($net, $loss, $test_images, $test_labels);
        printf "%5d  %10.4f  %13.4f  %16.2f%%\n", $epoch, $train_loss, $test_loss, 100 * $accuracy;
    }
    printf "final accuracy on the held-out third: %.2f%%\n", 100 * $accuracy;
    die sprintf "too low: %.2f%% correct, %.0f%% required\n", 100 * $accuracy,
        100 * $REQUIRED_ACCURACY
        if $accuracy < $REQUIRED_ACCURACY;
    return;
}

main() if !caller;

1;
