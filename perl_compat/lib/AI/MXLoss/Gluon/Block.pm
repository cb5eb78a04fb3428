package AI::MXLoss::Gluon::Block;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed reftype refaddr weaken);
use AI::MXLoss::Core ();
use AI::MXLoss::AutoGrad ();
use AI::MXLoss::Gluon::HookHandle ();
use AI::MXLoss::Gluon::ParameterDict ();
use parent -norequire, 'AI::MXLoss::Gluon::Block::Attributes';
use AI::MXLoss::Gluon::Block::Attributes ();
use AI::MXLoss::Gluon::Block::Files ();
use AI::MXLoss::Gluon::Block::Summary ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

use overload
    '&{}'  => sub { return $_[0]{_code} //= $_[0]->_make_code },
    '""'   => sub { $_[0]->_string },
    'bool' => sub {1},
    '=='   => sub { (refaddr $_[0] // 0) == (refaddr $_[1] // 0) },
    '!='   => sub { (refaddr $_[0] // 0) != (refaddr $_[1] // 0) };

# A block is a hash: the attributes that its class declares, and _prefix, _name, _params; _children
# and _reg_params, arrays of pairs [name, block or parameter]; _pre_hooks and _hooks, arrays of
# subs; _counts, how many of each sort have been made in its name_scope.

our $SCOPE;    # the block whose name_scope this is
my %counts;    # of blocks outside any name_scope

sub _begin {
    my ($self, $given) = @_;
    my ($prefix, $params) = delete @$given{qw(prefix params)};
    my $name = $self->_class_name;
    fail("$name: prefix is $prefix; expected a string") if ref $prefix;
    fail("$name: params is $params; expected a ParameterDict")
        if defined $params
        && !(blessed $params && $params->isa('AI::MXLoss::Gluon::ParameterDict'));
    $self->{_empty_prefix} = 1 if defined $prefix && $prefix eq '';
    if (!defined $prefix) {
        my $counts = defined $SCOPE ? $SCOPE->{_counts} : \%counts;
        my $alias = $self->_alias;
        $prefix = $alias . ($counts->{$alias}++ // 0) . '_';
    }
    my $outer = defined $SCOPE ? $SCOPE->{_prefix} : '';
    $self->{_params}
        = defined $params
        ? AI::MXLoss::Gluon::ParameterDict->new(prefix => $params->prefix, shared => $params)
        : AI::MXLoss::Gluon::ParameterDict->new(
        prefix => (defined $SCOPE ? $SCOPE->{_params}->prefix : '') . $prefix,
        shared => defined $SCOPE ? $SCOPE->{_params}->_shared : undef,
        );
    $self->{_prefix} = $outer . $prefix;
    ($self->{_name} = $self->{_prefix}) =~ s/_\z//;
    @$self{qw(_children _reg_params _pre_hooks _hooks)} = ([], [], [], []);
    $self->{_counts} = {};
    return;
}

# What its name begins with if it is given none.
sub _alias { return lc $_[0]->_class_name }

# ---- Names --------------------------------------------------------------------------------------

sub prefix { return $_[0]{_prefix} }
sub name   { return $_[0]{_name} }

sub name_scope {
    my ($self, $code) = @_;
    fail("name_scope: expected a sub, got " . ($code // 'undef'))
        if (reftype($code) // '') ne 'CODE';
    local $SCOPE = $self->{_empty_prefix} ? $SCOPE : $self;
    $code->($self);
    return;
}

sub _string {
    my ($self) = @_;
    my @lines;
    for my $child (@{ $self->{_children} }) {
        my ($name, $block) = @$child;
        (my $text = "$block") =~ s/\n/\n  /g;
        push @lines, "  ($name): $text";
    }
    return $self->_class_name . "(\n" . join("\n", @lines) . "\n)";
}

# ---- Parameters ---------------------------------------------------------------------------------

sub params { return $_[0]{_params} }

sub collect_params {
    my ($self, $select) = @_;
    my $found = AI::MXLoss::Gluon::ParameterDict->new(prefix => $self->{_params}->prefix);
    my $chosen = defined $select ? eval {qr/\A(?:$select)/} : qr//;
    fail("collect_params: select is '$select'; expected a regular expression") if !$chosen;
    $self->_collect($found, $chosen);
    return $found;
}

sub _collect {
    my ($self, $found, $chosen) = @_;
    $found->_take($_) for grep { $_->name =~ $chosen } $self->{_params}->values;
    $_->[1]->_collect($found, $chosen) for @{ $self->{_children} };
    return;
}

# initialize($init, ctx =>, verbose =>, force_reinit =>), init by name as well.
sub initialize {
    my ($self, @arguments) = @_;
    my %option = AI::MXLoss::Gluon::ParameterDict::_initialization('initialize', @arguments);
    $self->collect_params->initialize(%option);
    return;
}

sub cast {
    my ($self, $dtype) = @_;
    $_->[1]->cast($dtype) for @{ $self->{_children} };
    $_->cast($dtype) for $self->{_params}->values;
    return;
}

# ---- Children and attributes --------------------------------------------------------------------

sub register_child {
    my ($self, $block, $name) = @_;
    fail("${\ $self->_class_name }: a child is " . ($block // 'undef') . '; expected a Block')
        if !(blessed $block && $block->isa(__PACKAGE__));
    $self->_check_child($block);
    my $children = $self->{_children};
    $name //= scalar @$children;
    for my $child (@$children) {
        return $child->[1] = $block if $child->[0] eq $name;
    }
    push @$children, [$name, $block];
    return;
}

sub _check_child { }

sub children { return map { $_->[1] } @{ $_[0]{_children} } }

sub apply {
    my ($self, $code) = @_;
    fail('apply: expected a sub, got ' . ($code // 'undef')) if (reftype($code) // '') ne 'CODE';
    $_->[1]->apply($code) for @{ $self->{_children} };
    $code->($self);
    return $self;
}

# What becomes of blocks and parameters that are assigned to an attribute.
sub _register_attribute {
    my ($self, $name, $value, $before) = @_;
    if (blessed $before
        && ($before->isa(__PACKAGE__) || $before->isa('AI::MXLoss::Gluon::Parameter')))
    {
        fail(
            "Changing attribute type for $name from ${\ ref $before } to "
                . (
                ref $value || 'no ref'
                )
                . ' is not allowed.'
        ) if !(blessed $value && $value->isa(ref $before));
    }
    return if !blessed $value;
    if ($value->isa(__PACKAGE__)) {
        $self->register_child($value, $name);
    }
    elsif ($value->isa('AI::MXLoss::Gluon::Parameter')) {
        my ($other) = grep { $_->[0] eq $name } @{ $self->{_reg_params} };
        fail("Overriding Parameter attribute $name is not allowed. To share parameters between "
                . 'blocks, give params when the block is made')
            if $other && refaddr $other->[1] != refaddr $value;
        push @{ $self->{_reg_params} }, [$name, $value] if !$other;
    }
    return;
}

our $AUTOLOAD;

# A class of a user's may keep a block or a parameter as an attribute without declaring it; anything
# else that is not known is an error.
sub AUTOLOAD {
    my ($self, @value) = @_;
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    fail("$self has no method '$name'") if !ref $self;
    my $attributes = $self->{_attributes};
    if (@value == 1 && blessed $value[0]
        && ($value[0]->isa(__PACKAGE__) || $value[0]->isa('AI::MXLoss::Gluon::Parameter'))
        && ref($self) !~ /^AI::MXLoss::/)
    {
        $self->_register_attribute($name, $value[0], $attributes && $attributes->{$name});
        return $self->{_attributes}{$name} = $value[0];
    }
    return $attributes->{$name} if !@value && $attributes && exists $attributes->{$name};
    fail("${\ $self->_class_name } has no method or attribute '$name'; an attribute of a class of "
            . 'your own is declared with `has` of AI::MXLoss::Gluon::Mouse');
}

sub DESTROY { }

# ---- Calling ------------------------------------------------------------------------------------

sub register_forward_pre_hook {
    my ($self, $hook) = @_;
    return AI::MXLoss::Gluon::HookHandle->new($self->{_pre_hooks}, $hook);
}

sub register_forward_hook {
    my ($self, $hook) = @_;
    return AI::MXLoss::Gluon::HookHandle->new($self->{_hooks}, $hook);
}

sub call {
    my ($self, @arguments) = @_;
    return scalar $self->forward(@arguments) if !@{ $self->{_pre_hooks} } && !@{ $self->{_hooks} };
    $_->[0]->($self, \@arguments) for @{ [@{ $self->{_pre_hooks} }] };
    my @out = scalar $self->forward(@arguments);
    $_->[0]->($self, \@arguments, \@out) for @{ [@{ $self->{_hooks} }] };
    return $out[0];
}

# What the block is as a function; it does not keep the block alive.
sub _make_code {
    my ($self) = @_;
    weaken(my $block = $self);
    return sub { return ($block // __PACKAGE__->_gone)->call(@_) };
}

sub forward {
    my ($self) = @_;
    fail("${\ $self->_class_name } does not override forward");
}

sub hybridize {
    my ($self, $active, %options) = @_;
    $_->[1]->hybridize($active, %options) for @{ $self->{_children} };
    return;
}

sub summary {
    my ($self, @inputs) = @_;
    AI::MXLoss::Gluon::Block::Summary::print_table($self, @inputs);
    return;
}

sub _in_summary {1}

sub save_parameters { return AI::MXLoss::Gluon::Block::Files::save_parameters(@_) }
sub load_parameters { return AI::MXLoss::Gluon::Block::Files::load_parameters(@_) }
sub save_params     { return AI::MXLoss::Gluon::Block::Files::save_params(@_) }
sub load_params     { return AI::MXLoss::Gluon::Block::Files::load_parameters(@_) }

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Block - what losses, layers and networks have in common

=head1 SYNOPSIS

    package My::Net;
    use base 'AI::MXLoss::Gluon::Block';

    sub BUILD {
        my ($self) = @_;
        $self->name_scope(sub {
            $self->hidden(nn->Dense(4, activation => 'relu'));
            $self->out(nn->Dense(2));
        });
    }
    sub forward { my ($self, $x) = @_; return $self->out->($self->hidden->($x)) }

    package main;
    my $net = My::Net->new(prefix => 'net_');
    $net->initialize(mx->init->Xavier);
    my $scores = $net->($x);

=head1 DESCRIPTION

A block has a name, parameters, other blocks as children, and hooks around its calls. It is called
like a function: C<< $block->(@inputs) >> is C<< $block->call(@inputs) >>.

A subclass overrides C<forward>. Blocks and L<parameters|AI::MXLoss::Gluon::Parameter> that are
assigned to an attribute become children and parameters; a class of your own may have such
attributes without declaring them. Other attributes are declared with C<has> of
L<AI::MXLoss::Gluon::Mouse>, or kept in the object, a hash, under names without an underscore in
front. After C<new> every C<BUILD> of the classes is called, that of the base class first.

Differences from AI::MXNet: unknown methods and arguments of C<new> die, where AI::MXNet makes
attributes of the first and ignores the second. C<==> tells whether two blocks are one.

=head1 METHODS

=head2 new, BUILDARGS

    $class->new(prefix => $string, params => $parameter_dict)

C<prefix> goes in front of the names of parameters and children; by default it is the name of the
class in lower case and a count, as in C<l2loss0_>. C<params> are parameters to share with another
block. Arguments are pairs or one reference to a hash; C<BUILDARGS> makes a hash of them.

=head2 name, prefix

C<l2loss0> and C<l2loss0_>.

=head2 name_scope

    $block->name_scope(sub { ... });

Blocks that are made in the sub have this block's prefix in front of theirs, and are counted here.

=head2 params

The block's own parameters, an L<AI::MXLoss::Gluon::ParameterDict>.

=head2 collect_params

    my $all     = $block->collect_params;
    my $weights = $block->collect_params('.*weight');

The parameters of the block and all blocks inside; with a pattern those whose names match it from
the start.

=head2 initialize

    $block->initialize($initializer, ctx => mx->cpu, force_reinit => 0);

Gives all parameters first values, those without an C<init> of their own by the initializer (also
C<< init => ... >>), uniformly distributed by default. Values that are there stay, with a warning,
unless C<force_reinit>. C<verbose> is without effect.

=head2 cast

    $block->cast('float64');

Converts all parameters. A loss without parameters computes in the dtype of its first input.

=head2 register_child, children

    $block->register_child($child, $name);
    my @blocks = $block->children;

Makes a block a child, by default named by its number; the children, in order.

=head2 apply

    $block->apply(sub { my ($b) = @_; ... });

Calls the sub with all blocks inside and then this one, which is returned.

=head2 register_forward_pre_hook, register_forward_hook

    my $handle = $block->register_forward_hook(sub { my ($block, $inputs, $out) = @_; ... });
    $handle->detach;

Has a sub called before each call, with the block and a reference to its arguments, which it may
replace; or after it, with a reference to the result as well, of which it may replace
C<< $out->[0] >>. What the sub returns is ignored.

=head2 call

Computes: C<forward>, between the hooks.

=head2 forward

What the block computes, without hooks. To be overridden.

=head2 hybridize

Hybridizes the children, as far as they can be: without effect on results.

=head2 summary

    $block->summary(@inputs);

Prints a table of the blocks inside, with the shapes that come out and the numbers of parameters,
for a call with these inputs.

=head2 save_parameters, load_parameters

    $block->save_parameters($file);
    $block->load_parameters($file, ctx => mx->cpu, allow_missing => 0, ignore_extra => 0,
        cast_dtype => 0, dtype_source => 'current');

All parameters to a file in MXNet's own form, under the names of the attributes that lead to them,
and back: files of AI::MXLoss, of the Python package and of MXNet. Parameters may lack values with
C<allow_missing>, values parameters with C<ignore_extra>; dtypes may differ with C<cast_dtype>,
and C<dtype_source>, 'current' or 'saved', says which one wins.

=head2 save_params, load_params

The older forms: under names without the block's prefix.

=cut
