package AI::MXLoss::IO;

use strict;
use warnings;
use AI::MXLoss::Core ();

AI::MXLoss::Core::refuse_others(__PACKAGE__,
    "io has no '%s'; AI::MXLoss has NDArrayIter, DataBatch and DataDesc, not all of MXNet");

sub NDArrayIter { my $class = shift; return 'AI::MXLoss::NDArrayIter'->new(@_) }
sub DataBatch   { my $class = shift; return 'AI::MXLoss::DataBatch'->new(@_) }
sub DataDesc    { my $class = shift; return 'AI::MXLoss::DataDesc'->new(@_) }

package AI::MXLoss::DataDesc;

use AI::MXLoss::Arguments ();
use overload
    '""'   => sub {
    my $d = $_[0];
    "DataDesc[$d->{name}," . join('x', @{ $d->{shape} }) . ",$d->{dtype},$d->{layout}]";
    },
    '@{}'  => sub { [$_[0]{name}, $_[0]{shape}] },
    'bool' => sub {1};

sub new {
    my ($class, @arguments) = @_;
    return bless AI::MXLoss::Arguments::arguments(
        'DataDesc', [qw(name shape dtype layout)],
        { name => undef, shape => undef, dtype => 'float32', layout => 'NCHW' }, @arguments
    ), $class;
}

sub name   { return $_[0]{name} }
sub shape  { return $_[0]{shape} }
sub dtype  { return $_[0]{dtype} }
sub layout { return $_[0]{layout} }

package AI::MXLoss::DataBatch;

use AI::MXLoss::Croak;

my @FIELDS = qw(data label pad index bucket_key provide_data provide_label);

sub new {
    my ($class, @arguments) = @_;
    my $self
        = AI::MXLoss::Arguments::arguments('DataBatch', \@FIELDS, { map { $_ => undef } @FIELDS },
        @arguments);
    for my $name (qw(data label)) {
        croak("DataBatch: $name is $self->{$name}; expected a reference to an array")
            if defined $self->{$name} && ref $self->{$name} ne 'ARRAY';
    }
    return bless $self, $class;
}

for my $name (@FIELDS) {
    no strict 'refs';
    *$name = sub { my $self = shift; $self->{$name} = shift if @_; return $self->{$name} };
}

package AI::MXLoss::DataIter;

use AI::MXLoss::Croak;
use overload
    '<>'   => sub { $_[0]->next },
    '@{}'  => sub { $_[0]->list },
    'bool' => sub {1},
    '""'   => sub { my ($name) = ref($_[0]) =~ /([^:]+)\z/; "<$name>" };

sub new { my ($class, %fields) = @_; return bless { batch_size => 0, %fields }, $class }
sub batch_size { return $_[0]{batch_size} }
sub reset      { return }

sub next {
    my ($self) = @_;
    croak(ref $self, ' does not override next');
}

# The batches that are left.
sub list {
    my ($self) = @_;
    my @batches;
    while (defined(my $batch = $self->next)) { push @batches, $batch }
    return \@batches;
}

package AI::MXLoss::NDArrayIter;

our @ISA = ('AI::MXLoss::DataIter');

use Scalar::Util qw(blessed);
use AI::MXLoss::Croak;
use AI::MXLoss::NDArray ();
use AI::MXLoss::Random  ();

sub new {
    my ($class, @arguments) = @_;
    my $self = AI::MXLoss::Arguments::arguments(
        'NDArrayIter',
        [qw(data label)],
        {
            data => undef, label => undef, batch_size => 1, shuffle => 0,
            last_batch_handle => 'pad',
            data_name => 'data', label_name => 'softmax_label', dtype => undef, layout => 'NCHW',
        },
        @arguments
    );
    croak("NDArrayIter: last_batch_handle is '", $self->{last_batch_handle},
        "'; expected pad, discard or roll_over")
        if ($self->{last_batch_handle} // '') !~ /\A(?:pad|discard|roll_over)\z/;
    AI::MXLoss::Arguments::integer('NDArrayIter', 'batch_size', $self->{batch_size}, 1);
    croak('NDArrayIter: data is undef; expected arrays') if !defined $self->{data};
    $self->{data}  = _named($self->{data},  $self->{data_name});
    $self->{label} = _named($self->{label}, $self->{label_name});
    croak('NDArrayIter: data is empty; expected at least one array') if !@{ $self->{data} };
    my $count = $self->{num_data} = $self->{data}[0][1]->len;
    for (@{ $self->{data} }, @{ $self->{label} }) {
        my ($name, $nd) = @$_;
        croak("NDArrayIter: $name has ", $nd->len, " samples; expected $count")
            if $nd->len != $count;
    }
    bless $self, $class;
    $self->hard_reset;
    return $self;
}

# Arrays with names: pairs in order.
sub _named {
    my ($source, $default) = @_;
    my @pairs;
    if (!defined $source) { }
    elsif (blessed $source && $source->isa('Hash::Ordered')) {
        @pairs = map { [$_, $source->get($_)] } $source->keys;
    }
    elsif (ref $source eq 'HASH') { @pairs = map { [$_, $source->{$_}] } sort keys %$source }
    else {
        my $several = ref $source eq 'ARRAY' && !(grep { !blessed $_ } @$source);
        my @arrays = $several ? @$source : $source;
        @pairs = map { [@arrays == 1 ? $default : "_${_}_$default", $arrays[$_]] } 0 .. $#arrays;
    }
    for my $pair (@pairs) {
        my ($name, $array) = @$pair;
        $pair->[1] = AI::MXLoss::NDArray->array($array)
            if ref $array eq 'ARRAY' || blessed $array && $array->isa('PDL');
        croak("NDArrayIter: $name is ", $array,
            '; expected an NDArray, a PDL, or a list or hash of these')
            if !(blessed $pair->[1] && $pair->[1]->isa('AI::MXLoss::NDArray'));
    }
    return \@pairs;
}

sub num_data { return $_[0]{num_data} }

sub _describe {
    my ($self, $pairs) = @_;
    return [map {
        my ($name, $nd) = @$_;
        my @shape = @{ $nd->shape };
        'AI::MXLoss::DataDesc'->new($name, [$self->{batch_size}, @shape[1 .. $#shape]], $nd->dtype,
            $self->{layout});
    } @$pairs];
}
sub provide_data  { return $_[0]->_describe($_[0]{data}) }
sub provide_label { return $_[0]->_describe($_[0]{label}) }

sub hard_reset {
    my ($self) = @_;
    $self->{left} = [];
    return $self->reset;
}

sub reset {
    my ($self) = @_;
    my @samples = $self->{shuffle}
        ? @{ AI::MXLoss::Random::permutation($self->{num_data}) }
        : 0 .. $self->{num_data} - 1;
    my @left = @{ $self->{left} };
    $self->{rolled} = @left;
    @$self{qw(order left cursor)} = ([@left, @samples], [], 0);
    return;
}

sub next {
    my ($self) = @_;
    my ($order, $cursor, $size) = @$self{qw(order cursor batch_size)};
    my $end = $cursor + $size > @$order ? @$order : $cursor + $size;
    my @places = @$order[$cursor .. $end - 1];
    my $pad = $size - @places;
    if ($pad && ($pad == $size || $self->{last_batch_handle} ne 'pad')) {
        $self->{left} = \@places if $self->{last_batch_handle} eq 'roll_over';
        $self->{cursor} = @$order;
        return undef;
    }
    push @places, map { $order->[$_ % @$order] } 0 .. $pad - 1;
    $pad = $self->{rolled}
        if $self->{rolled} && !$cursor;    # MXNet counts so what comes from before
    $self->{cursor} += $size;
    return 'AI::MXLoss::DataBatch'->new(
        data => [map { rows($_->[1], \@places) } @{ $self->{data} }],
        label => [map { rows($_->[1], \@places) } @{ $self->{label} }],
        pad => $pad, index => [@places],
        provide_data => $self->provide_data, provide_label => $self->provide_label,
    );
}

# A copy of the parts along the first axis with these numbers.
sub rows {
    my ($nd, $places) = @_;
    my $last = $nd->{pdl}->getndims - 1;
    my $rows = $nd->{pdl}->mv($last, 0)->dice($places)->mv(0, $last)->copy;
    return AI::MXLoss::NDArray->_wrap($rows, $nd->{dtype});
}

1;

__END__

=head1 NAME

AI::MXLoss::IO - batches of arrays

=head1 SYNOPSIS

    my $it = mx->io->NDArrayIter(data => $x, label => $y, batch_size => 32, shuffle => 1);
    for my $epoch (1 .. 10) {
        $it->reset;
        while (my $batch = <$it>) {
            my ($images, $labels) = ($batch->data->[0], $batch->label->[0]);
            ...
        }
    }

=head1 FUNCTIONS

=head2 NDArrayIter(data, label, ...)

An iterator; C<data> and C<label> also by position, all others by name.

=over

=item data, label

An NDArray, a PDL, or a reference to an array or a hash of these (a Hash::Ordered keeps the order
of its names; that of other hashes is alphabetic). All have the same first length. C<label> may be
left out.

=item batch_size

Default 1.

=item shuffle

Whether to take samples in random order, another one after each C<reset>; L<AI::MXLoss::Random>'s
C<seed> decides which. Default 0.

=item last_batch_handle

If what is left is not a whole batch: C<pad>, the default, fills it with the first samples,
C<discard> leaves it out, C<roll_over> begins with it after the next reset.

=item data_name, label_name

Names of arrays that come without: C<data> and C<softmax_label>.

=back

C<< <$it> >> and C<< $it->next >> are the next batch, undef at the end; C<@$it> and C<< $it->list
>> those that are left; C<< $it->reset >> goes back to the beginning, C<hard_reset> also forgets
what was to roll over. C<batch_size>, C<num_data>, and C<provide_data> and C<provide_label>,
references to arrays of DataDesc, say what it has.

=head2 DataBatch(data => [...], label => [...], pad => N, ...)

A batch: references to arrays C<data> and C<label> of NDArrays, C<pad>, how many samples at its
end only fill it, C<index>, the numbers of its samples.

=head2 DataDesc(name, shape, dtype, layout)

The name and shape of an array in a batch; C<@$desc> is (name, shape).

=cut
