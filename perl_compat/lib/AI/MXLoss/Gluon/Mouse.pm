package AI::MXLoss::Gluon::Mouse;

use 5.016;
use strict;
use warnings;
use Carp ();
use Scalar::Util ();
use AI::MXLoss::Core ();
use AI::MXLoss::Gluon ();

BEGIN {
    *fail = \&AI::MXLoss::Core::fail;
    eval { require Mouse; require Mouse::Exporter; 1 }
        or fail(
        'AI::MXLoss::Gluon::Mouse needs Mouse, which did not load: install the Debian package '
            . "libmouse-perl, or Mouse from CPAN. Losses and blocks can be written without it, "
            . "with `use base 'AI::MXLoss::Gluon::Loss'` ($@)" =~ s/\s+\z//r);
}

Mouse::Exporter->setup_import_methods(
    as_is => [
        qw(has extends),
        \&Mouse::with, \&Mouse::before, \&Mouse::after, \&Mouse::around, \&Mouse::override,
        \&Mouse::super, \&Mouse::augment, \&Mouse::inner, \&Scalar::Util::blessed, \&Carp::confess,
    ],
);

# Mouse::Exporter goes by the name that it is called with, which may be AsMXNet's.
for my $name (qw(import unimport)) {
    no strict 'refs';
    no warnings 'redefine';
    my $original = \&$name;
    *$name = sub { shift; unshift @_, __PACKAGE__; goto &$original };
}

sub init_meta {
    my ($class, %arguments) = @_;
    return Mouse->init_meta(%arguments, metaclass => 'AI::MXLoss::Gluon::Mouse::Class');
}

sub extends {
    my $meta = Mouse::Util::get_metaclass_by_name(scalar caller);
    $meta->superclasses(@_);
    return;
}

# As Mouse's, for blocks: a Block or Parameter that is set becomes a child or a parameter; a name
# with a plus changes an attribute of what is extended.
sub has {
    my ($names, @options) = @_;
    my $caller = caller;
    fail(q{Usage: has 'name' => ( key => value, ... )}) if @options % 2;
    my $meta = Mouse::Util::get_metaclass_by_name($caller);
    for my $name (ref $names ? @$names : $names) {
        my %options = @options;
        my ($inherited) = $name =~ /\A\+(.*)/s;
        if (defined $inherited
            && $caller->can('_attributes')
            && $caller->_attributes->{$inherited})
        {
            my %change;
            $change{$_} = delete $options{$_} for grep { exists $options{$_} } qw(default is);
            my ($other) = sort keys %options;
            fail("has '$name': $other cannot be changed; default and is can") if defined $other;
            $caller->_redeclare($inherited, %change);
            next;
        }
        my $own = $options{trigger};
        $options{trigger} = sub {
            my ($self, $value, @before) = @_;
            $self->_register_attribute($name, $value, @before) if $self->can('_register_attribute');
            $own->(@_) if $own;
        };
        $options{is} //= 'rw';
        $meta->add_attribute($name, %options);
    }
    return;
}

package AI::MXLoss::Gluon::Mouse::Class;

our @ISA = ('Mouse::Meta::Class');

# Blocks are made by their own new, which a class that Mouse has closed would not call.
sub make_immutable { return $_[0] }

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Mouse - write blocks and losses as Mouse classes

=head1 SYNOPSIS

    package My::LogCosh;
    use AI::MXLoss::Gluon::Mouse;
    use AI::MXLoss::Function::Parameters;
    extends 'AI::MXLoss::Gluon::Loss';

    has 'scale'   => (is => 'ro', isa => 'Num', default => 1);
    has '+weight' => (default => 2);

    method hybrid_forward(GluonClass $F, GluonInput $pred, GluonInput $label,
        Maybe[GluonInput] $sample_weight=)
    {
        my $z    = $F->abs(($pred - $label) / $self->scale);
        my $loss = $z + $F->Activation($z * -2, act_type => 'softrelu') - log 2;
        return $self->_apply_weighting($F, $loss, $self->weight, $sample_weight);
    }

=head1 DESCRIPTION

Needs L<Mouse> (Debian: libmouse-perl), and says so if it is not there; nothing else of AI::MXLoss
does.

Turns on strict and warnings and exports what Mouse does: C<extends>, C<has>, C<with>, C<before>,
C<after>, C<around>, C<override>, C<super>, C<augment>, C<inner>, C<blessed>, C<confess>. Objects
are made by the C<new> of L<AI::MXLoss::Gluon::Block>, so that C<make_immutable> does nothing.

=head2 has

As Mouse's, with C<< is => 'rw' >> by default. A block or a parameter that is assigned to the
attribute becomes a child or a parameter of the block. C<< has '+weight' => (default => 2) >>
changes C<default> or C<is> of an attribute that AI::MXLoss's classes declare.

=head2 extends

    extends 'AI::MXLoss::Gluon::Block';

=head2 init_meta

For Mouse.

=cut
