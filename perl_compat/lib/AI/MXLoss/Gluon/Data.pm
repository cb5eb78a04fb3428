package AI::MXLoss::Gluon::Data;

use strict;
use warnings;
use AI::MXLoss::Core ();

AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "gluon->data has no '%s'; AI::MXLoss has ArrayDataset and DataLoader, not all of MXNet");

sub ArrayDataset { my $class = shift; return 'AI::MXLoss::Gluon::Data::ArraySet'->new(@_) }
sub DataLoader   { my $class = shift; return 'AI::MXLoss::Gluon::Data::Loader'->new(@_) }

package AI::MXLoss::Gluon::Data::Set;

use AI::MXLoss::Croak;

sub new { my ($class, %fields) = @_; return bless {%fields}, $class }
sub at  { my ($self) = @_; croak(ref $self, ' does not override at') }
sub len { my ($self) = @_; croak(ref $self, ' does not override len') }

package AI::MXLoss::Gluon::Data::ArraySet;

our @ISA = ('AI::MXLoss::Gluon::Data::Set');

use Scalar::Util qw(blessed);
use AI::MXLoss::Croak;
use AI::MXLoss::NDArray ();
use AI::MXLoss::IO      ();

# new(data => ..., label => ...), or any number of arrays by position.
sub new {
    my ($class, @arguments) = @_;
    my @arrays = @arguments;
    if (@arguments && !ref $arguments[0]) {
        croak('ArrayDataset: Odd number of arguments; expected data => and label =>')
            if @arguments % 2;
        my %given = @arguments;
        my ($unknown) = grep { !/\A(?:data|label)\z/ } sort keys %given;
        croak("ArrayDataset: no such named parameter '$unknown'; expected data or label")
            if defined $unknown;
        croak('ArrayDataset: data is missing') if !defined $given{data};
        @arrays = grep {defined} @given{qw(data label)};
    }
    croak('ArrayDataset: expected at least one array') if !@arrays;
    for my $i (0 .. $#arrays) {
        $arrays[$i] = AI::MXLoss::NDArray->array($arrays[$i])
            if ref $arrays[$i] eq 'ARRAY' || blessed $arrays[$i] && $arrays[$i]->isa('PDL');
        croak("ArrayDataset: array $i is ", $arrays[$i],
            '; expected an NDArray, a PDL or an array ref')
            if !(blessed $arrays[$i] && $arrays[$i]->isa('AI::MXLoss::NDArray'));
        croak('All arrays must have the same length; array 0 has length ', $arrays[0]->len,
            " while array $i has ", $arrays[$i]->len)
            if $arrays[$i]->len != $arrays[0]->len;
    }
    return bless { arrays => \@arrays }, $class;
}

sub data  { return $_[0]{arrays}[0] }
sub label { return $_[0]{arrays}[1] }
sub len   { return $_[0]{arrays}[0]->len }

# Sample i: what all arrays have there, numbers as such.
sub at {
    my ($self, $i) = @_;
    my @parts = map { my $part = $_->at($i); $_->ndim == 1 ? $part->asscalar : $part->copy }
        @{ $self->{arrays} };
    return @parts == 1 ? $parts[0] : \@parts;
}

sub _batch {
    my ($self, $places) = @_;
    my @parts = map { AI::MXLoss::NDArrayIter::rows($_, $places) } @{ $self->{arrays} };
    return @parts == 1 ? $parts[0] : \@parts;
}

package AI::MXLoss::Gluon::Data::Loader;

use Scalar::Util qw(blessed);
use AI::MXLoss::Croak;
use AI::MXLoss::Arguments qw(arguments integer);
use AI::MXLoss::Random ();
use overload
    '<>'   => sub { $_[0]->next },
    '@{}'  => sub { $_[0]->list },
    'bool' => sub {1},
    '""'   => sub {'<DataLoader>'};

sub new {
    my ($class, @arguments) = @_;
    my $self = arguments(
        'DataLoader',
        ['dataset', 'batch_size'],
        {
            dataset => undef, batch_size => undef, shuffle => 0, last_batch => 'keep',
            batchify_fn => undef,
            num_workers => 0
        },
        @arguments
    );
    my $dataset = $self->{dataset};
    $dataset = AI::MXLoss::Gluon::Data::ArraySet->new($dataset)
        if ref $dataset eq 'ARRAY'
        || blessed $dataset && ($dataset->isa('PDL') || $dataset->isa('AI::MXLoss::NDArray'));
    croak('DataLoader: dataset is ', $dataset, '; expected a dataset, an NDArray or a PDL')
        if !(blessed $dataset && $dataset->can('at') && $dataset->can('len'));
    $self->{dataset} = $dataset;
    croak('batch_size must be specified') if !defined $self->{batch_size};
    integer('DataLoader', 'batch_size', $self->{batch_size}, 1);
    croak("last_batch must be one of 'keep', 'discard', or 'rollover', but got '",
        $self->{last_batch}, "'")
        if ($self->{last_batch} // '') !~ /\A(?:keep|discard|rollover)\z/;
    croak("DataLoader: batchify_fn is $self->{batchify_fn}; expected a sub")
        if defined $self->{batchify_fn} && ref $self->{batchify_fn} ne 'CODE';
    $self->{left} = [];
    return bless $self, $class;
}

sub len {
    my ($self) = @_;
    my $count = $self->{dataset}->len + @{ $self->{left} };
    my $whole = int($count / $self->{batch_size});
    return $whole + ($self->{last_batch} eq 'keep' && $count % $self->{batch_size} ? 1 : 0);
}

# The next batch; undef at the end, after which it begins anew.
sub next {
    my ($self) = @_;
    $self->{order} //= [
        @{ $self->{left} },
        $self->{shuffle}
        ? @{ AI::MXLoss::Random::permutation($self->{dataset}->len) }
        : 0 .. $self->{dataset}->len - 1
    ];
    my @places = splice @{ $self->{order} }, 0, $self->{batch_size};
    if (@places == $self->{batch_size} || @places && $self->{last_batch} eq 'keep') {
        return $self->_made(\@places);
    }
    $self->{left} = $self->{last_batch} eq 'rollover' ? \@places : [];
    delete $self->{order};
    return undef;
}

sub _made {
    my ($self, $places) = @_;
    my ($dataset, $batchify) = @$self{qw(dataset batchify_fn)};
    return $dataset->_batch($places) if !$batchify && $dataset->can('_batch');
    return ($batchify // \&_stacked)->([map { $dataset->at($_) } @$places]);
}

# Samples as one batch: arrays stacked, numbers as an array, lists of these one by one.
sub _stacked {
    my ($samples) = @_;
    my $first = $samples->[0];
    return AI::MXLoss::NDArray->stack(@$samples)
        if blessed $first && $first->isa('AI::MXLoss::NDArray');
    return AI::MXLoss::NDArray->array($samples) if !ref $first;
    croak("DataLoader: cannot stack samples such as $first; give the loader a batchify_fn")
        if ref $first ne 'ARRAY';
    return [map { my $i = $_; _stacked([map { $_->[$i] } @$samples]) } 0 .. $#$first];
}

sub list {
    my ($self) = @_;
    my @batches;
    while (defined(my $batch = $self->next)) { push @batches, $batch }
    return \@batches;
}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Data - datasets and batches, in their simple forms

=head1 SYNOPSIS

    my $dataset = gluon->data->ArrayDataset(data => $x, label => $y);
    my $loader = gluon->data->DataLoader($dataset, batch_size => 32, shuffle => 1);
    for my $epoch (1 .. 10) {
        while (defined(my $batch = <$loader>)) {
            my ($images, $labels) = @$batch;
            ...
        }
    }

=head1 FUNCTIONS

=head2 ArrayDataset(data => ARRAY, label => ARRAY), ArrayDataset(ARRAYS)

Samples taken from several arrays (NDArrays, PDLs, array refs) of one length at once. C<<
$set->at(i) >> is a reference to an array of what they have there, C<< $set->len >> how many there
are; C<data> and C<label> are the first two arrays.

=head2 DataLoader(dataset, batch_size, ...)

Batches of a dataset: an ArrayDataset, an array, or an object with C<at> and C<len>. Arguments by
position or name:

=over

=item batch_size

Must be given.

=item shuffle

Whether to take samples in random order; default 0. L<AI::MXLoss::Random>'s C<seed> decides which.

=item last_batch

If what is left is not a whole batch: C<keep> it (the default), C<discard> it, or let it
C<rollover> to the beginning of the next time.

=item batchify_fn

A sub that makes a batch of a reference to an array of samples. By default arrays are stacked, and
numbers become an array; labels keep the dtype that they have in the dataset (in AI::MXNet they
may be int32).

=item num_workers

For scripts that give it; batches are made when asked for.

=back

C<< <$loader> >> is the next batch, a reference to an array of NDArrays (of one array: the
NDArray), undef at the end, after which it begins anew; C<@$loader> is the batches that are left,
all of them at the beginning; C<< $loader->len >> how many there are.

=cut
