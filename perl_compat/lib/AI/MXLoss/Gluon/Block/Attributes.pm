package AI::MXLoss::Gluon::Block::Attributes;

# How blocks are made: new, with attributes that classes declare. Internal; Block inherits from it.

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed looks_like_number);
use mro ();
use AI::MXLoss::Core ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

my %declared;    # class => { attribute => { is, isa, default, clear } }
my %all;         # class => the same with those it inherits, once asked for

# The classes of an object, its own first, by the names of their packages: AsMXNet gives them
# others.
sub _lineage {
    my ($class) = @_;
    return map {s/\AAI::MXNet::/AI::MXLoss::/r} @{ mro::get_linear_isa($class) };
}

my %types = (
    Num  => sub { defined $_[0] && !ref $_[0] && looks_like_number($_[0]) },
    Int  => sub { defined $_[0] && !ref $_[0] && $_[0] =~ /^-?[0-9]{1,10}\z/ && abs $_[0] < 2**31 },
    Bool => sub { !defined $_[0] || (!ref $_[0] && $_[0] =~ /^[01]?\z/) },
    Any  => sub {1},
);
$types{'Maybe[Num]'} = sub { !defined $_[0] || $types{Num}->($_[0]) };
my %meaning = (
    Num          => 'a number',
    'Maybe[Num]' => 'a number or undef',
    Int          => 'an integer',
    Bool         => '1 or 0',
);

# Class->_declare(name => { is => 'rw' or 'ro', isa => type, check => sub that returns what is
# wrong, default => value }, ...): attributes, with their accessors.
sub _declare {
    my ($class, %attributes) = @_;
    for my $name (keys %attributes) {
        my $attribute = $declared{$class}{$name}
            = { is => 'rw', isa => 'Any', %{ $attributes{$name} } };
        no strict 'refs';
        *{"${class}::$name"} = $attribute->{is} eq 'ro'
            ? sub {
                fail("Cannot assign a value to a read-only accessor of $name") if @_ > 1;
                return $_[0]{$name};
            }
            : sub {
                return $_[0]{$name} if @_ == 1;
                fail("$name takes one value") if @_ > 2;
                $_[0]->_check_attribute($name, $_[1]);
                $_[0]{$name} = $_[1];
                $_[0]->_attribute_changed($name);
                return $_[1];
            };
    }
    %all = ();
    return;
}

# Another default for an attribute that the class inherits.
sub _redeclare {
    my ($class, $name, %change) = @_;
    my $inherited = $class->_attributes->{$name}
        or fail("$class: there is no attribute '$name' to change in what it extends");
    $declared{$class}{$name} = { %$inherited, %change };
    %all = ();
    return;
}

# No such attribute, though a class that is extended has one.
sub _undeclare {
    my ($class, $name) = @_;
    $declared{$class}{$name} = undef;
    %all = ();
    return;
}

sub _attributes {
    my ($self) = @_;
    my $class = ref $self || $self;
    return $all{$class} //= do {
        my %found = map { %{ $declared{$_} // {} } } reverse _lineage($class);
        delete @found{ grep { !$found{$_} } keys %found };
        \%found;
    };
}

sub _gone { fail('the block that this was the function of does not exist any more') }

sub _attribute_changed { }

sub _check_attribute {
    my ($self, $name, $value) = @_;
    my $attribute = $self->_attributes->{$name};
    my $isa = $attribute->{isa};
    my $shown = defined $value ? $value : 'undef';
    my ($type) = $isa =~ /(\w+)\]?\z/;
    fail("Attribute ($name) does not pass the type constraint because: Validation failed for "
            . "'$type' with value $shown; ${\ $self->_class_name }: $name must be $meaning{$isa}")
        if !$types{$isa}->($value);
    if (my $check = $attribute->{check}) {
        my $wrong = $check->($value, $name);
        fail("${\ $self->_class_name }: $wrong") if defined $wrong;
    }
    return;
}

sub _class_name {
    my ($self) = @_;
    my ($name) = (ref $self || $self) =~ /([^:]+)\z/;
    return $name;
}

# The arguments of new as a reference to a hash; a class may change it with `around`. (Mouse
# crashes if it inherits an AUTOLOAD without this method.)
sub BUILDARGS {
    my ($class, @arguments) = @_;
    my $name = $class->_class_name;
    if (@arguments == 1) {
        fail("$name: Single parameters to new() must be a HASH ref, as in $name({weight => 1})")
            if ref $arguments[0] ne 'HASH';
        return { %{ $arguments[0] } };
    }
    fail("$name: Odd number of arguments; expected pairs, as in $name(weight => 1)")
        if @arguments % 2;
    return {@arguments};
}

sub new {
    my ($class, @arguments) = @_;
    $class = ref $class if ref $class;
    my %given = %{ $class->BUILDARGS(@arguments) };
    my $self = bless {}, $class;
    my $attributes = $self->_attributes;
    for my $name (sort keys %$attributes) {
        my $attribute = $attributes->{$name};
        if (exists $given{$name}) {
            $self->{$name} = delete $given{$name};
            $self->_check_attribute($name, $self->{$name});
        }
        elsif (exists $attribute->{default}) {
            my $default = $attribute->{default};
            $self->{$name} = ref $default eq 'CODE' ? $default->($self) : $default;
        }
    }
    $self->_begin(\%given);
    my $meta = $INC{'Mouse/Util.pm'} && Mouse::Util::get_metaclass_by_name($class);
    $self->_begin_mouse($meta, \%given) if $meta;
    if (%given) {
        my ($unknown) = sort keys %given;
        my @known = sort grep { !/^_/ } keys %$attributes,
            $meta ? map { $_->init_arg // () } $meta->get_all_attributes : ();
        my $name = $class->_class_name;
        fail("$name: no such named parameter '$unknown'; $name takes "
                . join(', ', $self->_own_arguments(@known)));
    }
    for my $part (reverse _lineage($class)) {
        no strict 'refs';
        my $build = defined &{"${part}::BUILD"} ? \&{"${part}::BUILD"} : next;
        $self->$build;
    }
    return $self;
}

sub _own_arguments { my ($self, @known) = @_; return (@known, 'prefix', 'params') }

# Attributes that a class has declared with Mouse's `has`.
sub _begin_mouse {
    my ($self, $meta, $given) = @_;
    for my $attribute ($meta->get_all_attributes) {
        my $key = $attribute->init_arg;
        my $name = $attribute->name;
        if (defined $key && exists $given->{$key}) {
            $attribute->set_value($self, delete $given->{$key});
        }
        elsif (!$attribute->is_lazy && ($attribute->has_default || $attribute->has_builder)) {
            my $default
                = $attribute->has_builder ? $attribute->builder : $attribute->default($self);
            $default = $self->$default if $attribute->has_builder;
            $attribute->set_value($self, $default);
        }
        elsif ($attribute->is_required) {
            fail("Attribute ($name) is required; ${\ $self->_class_name } was made without it");
        }
    }
    return;
}

1;
