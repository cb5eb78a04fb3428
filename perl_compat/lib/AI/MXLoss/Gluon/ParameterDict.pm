package AI::MXLoss::Gluon::ParameterDict;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed refaddr);
use AI::MXLoss::Core ();
use AI::MXLoss::NDArray ();
use AI::MXLoss::Context ();
use AI::MXLoss::Gluon::Parameter ();
use AI::MXLoss::Gluon::Constant ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# An object is a reference to an array, as %{} and @{} of it are overloaded: a reference to a hash
# { prefix, shared, names in order, parameters by name }.
use overload
    '""'   => sub { $_[0]->_string },
    '%{}'  => sub { my %all = $_[0]->items; \%all },
    '@{}'  => sub { [$_[0]->items] },
    'bool' => sub {1},
    '=='   => sub { (refaddr $_[0] // 0) == (refaddr $_[1] // 0) };

sub new {
    my ($class, @arguments) = @_;
    unshift @arguments, 'prefix' if @arguments % 2;
    my %given = @arguments;
    my ($unknown) = grep { !/\A(?:prefix|shared)\z/ } sort keys %given;
    fail("ParameterDict: no such named parameter '$unknown'; expected prefix or shared")
        if defined $unknown;
    my $inside
        = { prefix => $given{prefix} // '', shared => $given{shared}, names => [], by => {} };
    return bless \$inside, $class;
}

sub _string {
    my ($self) = @_;
    my $prefix = $self->prefix;
    my $lines = join "\n", map {"  $_"} $self->values;
    return ($prefix eq '' ? '' : "$prefix ") . "(\n$lines\n)";
}

sub prefix  { return ${ $_[0] }->{prefix} }
sub _shared { return ${ $_[0] }->{shared} }
sub keys    { return @{ ${ $_[0] }->{names} } }
sub values  { my $in = ${ $_[0] }; return @{ $in->{by} }{ @{ $in->{names} } } }
sub items   { my $in = ${ $_[0] }; return map { $_ => $in->{by}{$_} } @{ $in->{names} } }
sub exists  { return exists ${ $_[0] }->{by}{ $_[1] } }

sub _set {
    my ($self, $name, $parameter) = @_;
    my $inside = $$self;
    push @{ $inside->{names} }, $name if !exists $inside->{by}{$name};
    return $inside->{by}{$name} = $parameter;
}

# The parameter of that full name here or in what is shared; undef if there is none.
sub _find {
    my ($self, $name) = @_;
    my $inside = $$self;
    return $inside->{by}{$name} if exists $inside->{by}{$name};
    my $found = $inside->{shared} ? $inside->{shared}->_find($name) : undef;
    return defined $found ? $self->_set($name, $found) : undef;
}

sub _full_name {
    my ($self, $name) = @_;
    fail('ParameterDict: name is ' . ($name // 'undef') . '; expected a string')
        if !defined $name || ref $name;
    return $self->prefix . $name;
}

sub get {
    my ($self, $name, %wanted) = @_;
    $name = $self->_full_name($name);
    my $found = $self->_find($name)
        // return $self->_set($name, AI::MXLoss::Gluon::Parameter->new($name, %wanted));
    for my $key (sort { $a cmp $b } CORE::keys %wanted) {
        my $value = $wanted{$key} // next;
        fail("Parameter '$name': no such named parameter '$key'")
            if !exists $found->{$key} && !$found->can($key);
        my $has = $found->{$key};
        if (!defined $has) {
            $found->can($key) ? $found->$key($value) : ($found->{$key} = $value);
        }
        elsif ($key eq 'shape') {
            my @new = @{ AI::MXLoss::Gluon::Parameter::_lengths($name, $value) };
            $self->_conflict($name, $key, "[@new]", "[@$has]")
                if @new != @$has
                || grep { $new[$_] != $has->[$_] && $new[$_] > 0 && $has->[$_] > 0 } 0 .. $#new;
            $found->{shape} = [map { $new[$_] > $has->[$_] ? $new[$_] : $has->[$_] } 0 .. $#new];
        }
        elsif ("$value" ne "$has") {
            $self->_conflict($name, $key, $value, $has);
        }
    }
    return $found;
}

sub _conflict {
    my ($self, $name, $key, $wanted, $has) = @_;
    fail(
        "Cannot retrieve Parameter '$name' because desired attribute does not match with stored "
            . "for attribute '$key': desired '$wanted' vs stored '$has'");
}

sub get_constant {
    my ($self, $name, $value) = @_;
    $name = $self->_full_name($name);
    my $found = $self->_find($name);
    if (!defined $found) {
        fail("No constant named '$name'; give its value to make one") if !defined $value;
        return $self->_set($name, AI::MXLoss::Gluon::Constant->new($name, $value));
    }
    fail("Parameter '$name' exists and is not a Constant")
        if !$found->isa('AI::MXLoss::Gluon::Constant');
    return $found;
}

sub _take {
    my ($self, $parameter) = @_;
    my $name = $parameter->name;
    my $has = ${$self}->{by}{$name};
    fail('Cannot update self with other because they have different Parameters with the same name '
            . "'$name'")
        if defined $has && refaddr $has != refaddr $parameter;
    $self->_set($name, $parameter);
    return;
}

sub update {
    my ($self, $other) = @_;
    fail('update: other is ' . ($other // 'undef') . '; expected a ParameterDict')
        if !(blessed $other && $other->isa(__PACKAGE__));
    $self->_take($_) for $other->values;
    return;
}

# The arguments of initialize by name; a first one without a name is init.
sub _initialization {
    my ($who, @arguments) = @_;
    unshift @arguments, 'init' if @arguments % 2;
    my %option = @arguments;
    my ($unknown)
        = grep { !/\A(?:init|ctx|verbose|force_reinit)\z/ } sort { $a cmp $b } CORE::keys %option;
    fail("$who: no such named parameter '$unknown'; expected init, ctx, verbose or force_reinit")
        if defined $unknown;
    return %option;
}

sub initialize {
    my ($self, @arguments) = @_;
    my %option = _initialization('initialize', @arguments);
    $_->initialize(ctx => $option{ctx}, default_init => $option{init},
        force_reinit => $option{force_reinit})
        for $self->values;
    return;
}

sub zero_grad { $_->zero_grad for $_[0]->values; return }
sub reset_ctx { return }
sub list_ctx  { return $_[0]->keys ? [AI::MXLoss::Context->cpu] : [] }

sub setattr {
    my ($self, $name, $value) = @_;
    for my $parameter ($self->values) {
        fail("setattr: a Parameter has no attribute '$name'")
            if $name !~ /\A(?:grad_req|lr_mult|wd_mult|init|dtype|shape)\z/;
        $parameter->$name($value);
    }
    return;
}

# ---- Files --------------------------------------------------------------------------------------

sub save {
    my ($self, $filename, @arguments) = @_;
    my $strip = @arguments == 2 ? $arguments[1] : $arguments[0] // '';
    my @named;
    for my $name ($self->keys) {
        fail(
            "Prefix '$strip' is to be striped before saving, but Parameter's name '$name' does not "
                . "start with '$strip'")
            if index($name, $strip) != 0;
        push @named, substr($name, length $strip), ${$self}->{by}{$name}->data;
    }
    AI::MXLoss::Gluon::Block::Files::write_named($filename, @named);
    return;
}

sub load {
    my ($self, $filename, @given) = @_;
    my %option = AI::MXLoss::Gluon::Block::Files::options_of_load('load',
        [@AI::MXLoss::Gluon::Block::Files::OPTIONS, 'restore_prefix'], @given);
    my $values = AI::MXLoss::Gluon::Block::Files::read_named($filename);
    return $self->_load_from($values, "file: $filename", %option);
}

# Takes values from { name => NDArray }.
sub _load_from {
    my ($self, $given, $where, %option) = @_;
    my $restore = $option{restore_prefix} // '';
    my %values;
    for my $name (CORE::keys %$given) {
        (my $bare = $name) =~ s/\A(?:arg|aux)://;
        $values{ $restore . $bare } = $given->{$name};
    }
    my $by = ${$self}->{by};
    for my $name ($self->keys) {
        fail("Parameter '$name' is missing in $where, which contains parameters: "
                . join(', ', sort { $a cmp $b } CORE::keys %values)
                . '. Set allow_missing => 1 to leave it as it is')
            if !exists $values{$name} && !$option{allow_missing};
    }
    for my $name (sort { $a cmp $b } CORE::keys %values) {
        fail("Parameter '$name' loaded from $where is not present in ParameterDict, choices are: "
                . join(', ', $self->keys) . '. Set ignore_extra => 1 to ignore it')
            if !exists $by->{$name} && !$option{ignore_extra};
    }
    exists $by->{$_} and $by->{$_}->_load($values{$_}, %option)
        for sort { $a cmp $b } CORE::keys %values;
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::ParameterDict - parameters by name, in order

=head1 SYNOPSIS

    my $params = $net->collect_params;
    print "$params\n";
    my %by_name = %$params;
    $params->setattr(lr_mult => 0.1);
    $params->save('net.params');

=head1 DESCRIPTION

What L<AI::MXLoss::Gluon::Block/params> and C<collect_params> return. As a hash it is a copy by
name, as an array pairs of name and L<parameter|AI::MXLoss::Gluon::Parameter>.

=head1 METHODS

=head2 new

    AI::MXLoss::Gluon::ParameterDict->new(prefix => '', shared => undef)

=head2 prefix

What goes in front of the names that C<get> is asked for.

=head2 keys, values, items

Names; parameters; both in turn. Lists, in order.

=head2 exists

Whether there is a parameter of that full name.

=head2 get

    my $weight = $params->get('weight', shape => [10, 64], init => 'zeros');

The parameter of that name after the prefix: one that is here, or shared with another block, or a
new one. An old one must agree with what is asked for; lengths that were unknown are filled in.

=head2 get_constant

    my $constant = $params->get_constant('table', $value);

The constant of that name, made of the value if it is new.

=head2 update

Takes over the parameters of another ParameterDict; two of the same name must be one.

=head2 initialize

    $params->initialize(init => mx->init->Normal(0.1), force_reinit => 1);

As L<AI::MXLoss::Gluon::Block/initialize>.

=head2 setattr

    $params->setattr(grad_req => 'null');

Sets grad_req, lr_mult, wd_mult, init, dtype or shape of all parameters.

=head2 zero_grad

Sets all gradients to 0.

=head2 save, load

    $params->save($file, $strip_prefix);
    $params->load($file, restore_prefix => '', allow_missing => 0, ignore_extra => 0);

All values to a file in MXNet's form under full names, less C<$strip_prefix>; and back, with the
options of L<AI::MXLoss::Gluon::Block/load_parameters>.

=head2 list_ctx, reset_ctx

C<[cpu(0)]>, or C<[]> without parameters; nothing.

=cut
