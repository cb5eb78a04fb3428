# The same bits as the Python package: all losses and dtypes, value and gradients, for head
# gradients that are one, a number, and vary.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use JSON::PP   ();
use MXLossTest;
use Test::More;
use AI::MXLoss qw(mx);

my ($root)   = repository();
my ($python) = grep { defined && -x } $ENV{MXLOSS_PYTHON}, $root && "$root/.venv/bin/python";
plan skip_all =>
    'needs the Python package mxloss: MXLOSS_PYTHON, the path of a python that has it, is '
    . 'not set, and there is no .venv as `make test` makes it'
    if !$python;

my $json = JSON::PP->new->canonical;
my (@calls, @answers);

sub add_call {
    my ($loss, $options, $inputs, $head, $mean) = @_;
    my @wanted  = map { defined $_ && $_->dtype =~ /^float/ ? 1 : 0 } @$inputs;
    my $as_text = sub { my ($nd) = @_; [$nd->dtype, $nd->shape, bits($nd)] };
    my %plain   = %$options;
    push @calls, $json->encode(
        {   loss    => $loss,
            options => \%plain,
            mean    => $mean ? JSON::PP::true() : JSON::PP::false(),
            inputs  => [
                map {
                    defined $inputs->[$_]
                        ? [
                        @{ $as_text->($inputs->[$_]) },
                        $wanted[$_] ? JSON::PP::true() : JSON::PP::false()
                        ]
                        : undef
                } 0 .. $#$inputs
            ],
            head => $head && $as_text->($head),
        }
    );
    my @sources = map { $inputs->[$_] } grep { $wanted[$_] } 0 .. $#$inputs;
    $_->attach_grad for @sources;
    my ($value, $begin);
    mx->autograd->record(
        sub {
            $value = mx->gluon->loss->$loss(%$options)->(@$inputs);
            $begin = $mean ? $value->mean : $value;
        }
    );
    $begin->backward(defined $head ? (out_grad => $head) : ());
    push @answers,
        [$loss, $json->encode($options), [bits($value), map { bits($_->grad) } @sources]];
    return;
}

for my $loss (@LOSSES) {
    for my $dtype (qw(float32 float64 float16)) {
        for my $size ([5, 7], [64, 10], [33, 70]) {
            my @inputs = random_call($loss, $dtype, @$size);
            my @shape  = @{ mx->gluon->loss->$loss->(@inputs)->shape };
            add_call($loss, {},                 \@inputs);
            add_call($loss, {},                 \@inputs, undef, 1);
            add_call($loss, { weight => 0.37 }, \@inputs, array_of($dtype, \@shape, 0.5));
            add_call($loss, {},                 \@inputs, random_array($dtype, \@shape, -1, 1));
        }
    }
}

# Weights, options, dense labels, and labels of other dtypes
for my $dtype (qw(float32 float64 float16)) {
    my ($pred, $label) = map { random_array($dtype, [6, 9], 0.1, 0.9) } 1, 2;
    my $rows = random_array('float32', [6, 1], 0, 2);
    add_call('L2Loss',    { batch_axis => 1 }, [$pred, $label, $rows]);
    add_call('L1Loss',    {},                  [$pred, random_array('float64', [6, 9], 0, 1)]);
    add_call('HuberLoss', { rho => 0.2 }, [$pred, random_array('float32', [9, 6], 0, 1), $rows]);
    add_call('SigmoidBinaryCrossEntropyLoss',
        {}, [$pred, $label, undef, random_array($dtype, [9], 1, 3)]);
    add_call('SigmoidBinaryCrossEntropyLoss', { from_sigmoid => 1 }, [$pred, $label, $rows]);
    add_call('SoftmaxCrossEntropyLoss', { sparse_label => 0 }, [$pred, $label]);
    add_call(
        'SoftmaxCrossEntropyLoss',
        { axis => 0, batch_axis => 1 },
        [$pred, array_of('int32', [9], map { $_ % 6 } 1 .. 9)]
    );
    add_call('KLDivLoss', { from_logits => 0, axis => 0, reduction => 'sum' }, [$pred, $label]);
    add_call('PoissonNLLLoss', { from_logits => 0, compute_full => 1 }, [$pred, $label, $rows]);
    add_call(
        'CTCLoss',
        { layout => 'TNC', label_layout => 'TN' },
        [   random_array($dtype, [9, 3, 4], -1, 1),
            array_of('int32', [2, 3], 0, 1, 2, 2, 1, 0),
            array_of('int32', [3], 9, 7, 5),
            array_of('int32', [3], 2, 1, 2)
        ]
    );
}

my $file = File::Temp->new;
print $file map {"$_\n"} @calls;
close $file;
my @theirs = `'$python' t/lib/bits.py < '$file'`;
is($?,             0,             'Python ran');
is(scalar @theirs, scalar @calls, 'and answered every call');
my $different = 0;
for my $i (0 .. $#theirs) {
    my ($loss, $options, $ours) = @{ $answers[$i] };
    next if $json->encode($ours) eq $json->encode($json->decode($theirs[$i]));
    $different++;
    my @parts = @{ $json->decode($theirs[$i]) };
    fail("$loss $options: the same bits");
    diag('in part ' . join ' ', grep { $parts[$_] ne $ours->[$_] } 0 .. $#parts);
    diag($calls[$i] =~ s/"[0-9a-f]{20,}"/.../gr);
}
is($different, 0, scalar @calls . ' calls give the same bits');
done_testing;
