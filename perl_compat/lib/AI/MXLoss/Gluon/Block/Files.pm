package AI::MXLoss::Gluon::Block::Files;

# Saving and loading the parameters of a block, in MXNet's own form. Internal.

use 5.016;
use strict;
use warnings;
use AI::MXLoss::Core ();
use Scalar::Util ();
use AI::MXLoss::NDArray ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# Pairs of names and arrays to a file, in that order.
sub write_named {
    my ($filename, @named) = @_;
    my (@names, @arrays);
    while (my ($name, $array) = splice @named, 0, 2) {
        push @names, $name;
        push @arrays, $array;
    }
    AI::MXLoss::NDArray->save($filename, \@arrays, @names);
    return;
}

# What a file has, by name; nothing for an empty one.
sub read_named {
    my ($filename) = @_;
    my $loaded = AI::MXLoss::NDArray->load($filename);
    return $loaded if ref $loaded eq 'HASH';
    fail("$filename has arrays without names; expected those of parameters") if @$loaded;
    return {};
}

# Parameters under the names of the attributes that lead to them: 'hidden.weight'.
sub _named_parameters {
    my ($block, $prefix) = @_;
    my @found = map { [$prefix . $_->[0], $_->[1]] } @{ $block->{_reg_params} };
    push @found, _named_parameters($_->[1], "$prefix$_->[0].") for @{ $block->{_children} };
    return @found;
}

sub save_parameters {
    my ($block, $filename) = @_;
    write_named($filename, map { $_->[0] => $_->[1]->data } _named_parameters($block, ''));
    return;
}

sub save_params {
    my ($block, $filename) = @_;
    $block->collect_params->save($filename, $block->prefix);
    return;
}

# What may follow the name of a file; the context also without its name.
sub options_of_load {
    my ($who, $names, @given) = @_;
    unshift @given, 'ctx' if @given % 2;
    my %option = @given;
    for my $name (sort keys %option) {
        fail("$who: no such named parameter '$name'; expected some of " . join ', ', @$names)
            if !grep { $_ eq $name } @$names;
    }
    AI::MXLoss::Context->check($option{ctx}, $who);
    return %option;
}

our @OPTIONS = qw(ctx allow_missing ignore_extra cast_dtype dtype_source);

sub load_parameters {
    my ($block, $filename, @given) = @_;
    my %option = options_of_load('load_parameters', \@OPTIONS, @given);
    my $values = read_named($filename);
    my @parameters = _named_parameters($block, '');
    return if !%$values && !@parameters;
    my %by = map { @$_ } @parameters;

    # names as collect_params has them, in files of ParameterDict->save and of MXNet's export
    if (!(grep {/\./} keys %$values) && grep { !exists $by{$_} } keys %$values) {
        my $prefix = $block->prefix;
        my $whole = grep { /\Aarg:/ || index($_, $prefix) == 0 } keys %$values;
        $block->collect_params->_load_from($values, "file: $filename", %option,
            restore_prefix => $whole ? '' : $prefix);
        return;
    }
    my %loaded = map { Scalar::Util::refaddr($by{$_}) => 1 } grep { exists $by{$_} } keys %$values;
    for my $pair (@parameters) {
        fail("Parameter '$pair->[0]' is missing in file '$filename', which contains parameters: "
                . join(', ', sort keys %$values) . '. Set allow_missing => 1 to leave it as it is')
            if !$loaded{ Scalar::Util::refaddr($pair->[1]) } && !$option{allow_missing};
    }
    for my $name (sort keys %$values) {
        fail(
            "Parameter '$name' loaded from file '$filename' is not present in Block, which "
                . 'contains parameters '
                . join(', ', map { $_->[0] } @parameters)
                . '. Set ignore_extra => 1 to ignore it')
            if !exists $by{$name} && !$option{ignore_extra};
    }
    exists $by{$_} and $by{$_}->_load($values->{$_}, %option) for sort keys %$values;
    return;
}

1;
