package AI::MXLoss;

use 5.016;
use strict;
use warnings;

our $VERSION = '0.001000';

use AI::MXLoss::Core ();
use AI::MXLoss::Context ();
use AI::MXLoss::NDArray ();
use AI::MXLoss::AutoGrad ();
use AI::MXLoss::Gluon ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

# Names that are classes everywhere once this module is loaded, as scripts for AI::MXNet expect.
my %classes = (
    mx       => 'AI::MXLoss',
    nd       => 'AI::MXLoss::NDArray',
    autograd => 'AI::MXLoss::AutoGrad',
    gluon    => 'AI::MXLoss::Gluon',
);

AI::MXLoss::Core::global_name($_, $classes{$_}) for keys %classes;

sub import {
    my ($class, @names) = @_;
    my $caller = caller;
    for my $name (@names) {
        my $for = $classes{$name}
            // fail("AI::MXLoss exports " . join(', ', sort keys %classes) . ", not '$name'");
        no strict 'refs';
        no warnings 'redefine';
        *{"${caller}::$name"} = sub () {$for};
    }
    return;
}

# mx->NAME: classes, loaded when they are first asked for.
my %modules = (
    nd        => 'AI::MXLoss::NDArray',
    ndarray   => 'AI::MXLoss::NDArray',
    autograd  => 'AI::MXLoss::AutoGrad',
    ag        => 'AI::MXLoss::AutoGrad',
    gluon     => 'AI::MXLoss::Gluon',
    random    => 'AI::MXLoss::Random',
    rnd       => 'AI::MXLoss::Random',
    init      => 'AI::MXLoss::Initializer',
    initializer => 'AI::MXLoss::Initializer',
    metric    => 'AI::MXLoss::Metric',
    io        => 'AI::MXLoss::IO',
    optimizer => 'AI::MXLoss::Optimizer',
    opt       => 'AI::MXLoss::Optimizer',
);

for my $name (keys %modules) {
    my $module = $modules{$name};
    (my $file = "$module.pm") =~ s{::}{/}g;
    no strict 'refs';
    *$name = sub { require $file if !$INC{$file}; return $module };
}

sub cpu        { return AI::MXLoss::Context->cpu(@_ > 1 ? $_[1] : ()) }
sub cpu_pinned { return AI::MXLoss::Context->cpu }
sub gpu        { return AI::MXLoss::Context->gpu(@_ > 1 ? $_[1] : ()) }
sub context    { my $class = shift; return @_ ? AI::MXLoss::Context->new(@_) : 'AI::MXLoss::Context' }

sub current_context { return AI::MXLoss::Context->cpu }
sub waitall         { return }

sub set_num_threads { return AI::MXLoss::Core::set_num_threads($_[1]) }
sub get_num_threads { return AI::MXLoss::Core::get_num_threads() }

our $AUTOLOAD;

sub AUTOLOAD {
    my ($name) = $AUTOLOAD =~ /([^:]+)\z/;
    fail("mx has no '$name': AI::MXLoss carries the losses of MXNet's Gluon, with what small training "
            . 'scripts need around them: nd, autograd, gluon, random, init, metric, io, optimizer. '
            . 'Symbols, modules, executors, key-value stores and GPUs are not part of it');
}

sub DESTROY { }

1;

__END__

=head1 NAME

AI::MXLoss - the losses of MXNet Gluon, with gradients, over PDL

=cut
