package AI::MXLoss::AsMXNet;

use 5.016;
use strict;
use warnings;
use AI::MXLoss::Core ();
use AI::MXLoss ();

BEGIN { *fail = \&AI::MXLoss::Core::fail }

my $done;

# Classes of AI::MXNet that there are no counterparts of.
my @FOREIGN = qw(Symbol Module Executor KVStore RNN Image Monitor Callback Visualization RecordIO
    CachedOp Profiler Gluon::RNN Gluon::ModelZoo);

sub _not_part {
    my ($name) = @_;
    return "AI::MXNet::$name is not part of AI::MXLoss, which stands in for AI::MXNet here: it "
        . "carries the losses of MXNet's Gluon and what small training scripts need around them";
}

sub import {
    my ($class, @arguments) = @_;
    my ($unknown) = grep { $_ ne 'force' } @arguments;
    fail("AI::MXLoss::AsMXNet: no such argument '$unknown'; expected 'force' or none")
        if defined $unknown;
    return if $done++;
    my ($real) = grep { !ref && -f "$_/AI/MXNet.pm" } @INC;
    if (($INC{'AI/MXNet.pm'} || $real) && !@arguments) {
        $done = 0;
        fail('AI::MXLoss::AsMXNet: the real AI::MXNet is installed in '
                . ($INC{'AI/MXNet.pm'} || $real)
                . ", and would be hidden. Write `use AI::MXLoss::AsMXNet 'force'` to have it so");
    }
    fail('AI::MXLoss::AsMXNet: AI::MXNet has been loaded already') if $INC{'AI/MXNet.pm'};

    # one stash under both names, with all that is in it now and later
    no warnings 'once';
    *{AI::MXNet::} = *{AI::MXLoss::};
    unshift @INC, \&_require;
    $INC{'AI/MXNet.pm'} = __FILE__;

    # what scripts may ask for without a `use` of its own
    AI::MXLoss::Core::refuse_others("AI::MXLoss::$_", "%s: " . _not_part($_))
        for @FOREIGN;

    # use AI::MXNet 1.5 asks for a version of MXNet's
    *AI::MXLoss::VERSION = sub {
        my ($name, @wanted) = @_;
        return $name->UNIVERSAL::VERSION(@wanted) if $name ne 'AI::MXNet';
        fail("AI::MXNet version $wanted[0] required; AI::MXLoss stands in for 1.9.1")
            if @wanted && $wanted[0] > 1.91;
        return '1.91';
    };

    # where AI::MXLoss would refuse what AI::MXNet takes, and its scripts and tests give
    AI::MXLoss::Gluon::SoftmaxCrossEntropyLoss->_redeclare(out_of_range => default => 'clip');
    AI::MXLoss::Gluon::CTCLoss->_redeclare(blank_in_label => default => 'allow');
    return;
}

# For @INC: AI::MXNet::X is AI::MXLoss::X.
sub _require {
    my (undef, $file) = @_;
    my ($rest) = $file =~ m{\AAI/MXNet(/.*\.pm)\z} or return;
    my $ours = "AI/MXLoss$rest";
    if (!$INC{$ours} && !grep { !ref && -f "$_/$ours" } @INC) {
        (my $name = $rest) =~ s{/}{::}g;
        $name =~ s/\.pm\z//;
        $name =~ s/\A:://;
        fail(_not_part($name));
    }
    require $ours;
    my $source = "1;\n";
    return \$source;
}

1;

__END__

=head1 NAME

AI::MXLoss::AsMXNet - run scripts that were written for AI::MXNet

=head1 SYNOPSIS

    perl -MAI::MXLoss::AsMXNet train.pl

or, in the script, before anything of AI::MXNet:

    use AI::MXLoss::AsMXNet;
    use AI::MXNet qw(mx);
    use AI::MXNet::Gluon::NN qw(nn);

=head1 DESCRIPTION

Makes AI::MXNet and everything under it another name of AI::MXLoss: C<use AI::MXNet::X> loads
AI::MXLoss::X, and the packages are the same, so that C<< $x->isa('AI::MXNet::NDArray') >>,
methods that a script adds to C<AI::MXNet::NDArray>, and C<extends 'AI::MXNet::Gluon::Loss'> work.
C<ref $x> and C<< mx->nd >> give the names under AI::MXLoss, of one another.

Modules that AI::MXLoss has no counterpart of, such as AI::MXNet::Symbol, die when they are loaded
and say why.

If the real AI::MXNet is installed, it is not hidden without being asked for: this module dies,
unless loaded as

    use AI::MXLoss::AsMXNet 'force';      # or: perl -MAI::MXLoss::AsMXNet=force

There is no way back within a process.

=head1 DIFFERENCES

Two defaults change for the whole process, to what AI::MXNet does: SoftmaxCrossEntropyLoss has
C<< out_of_range => 'clip' >>, CTCLoss C<< blank_in_label => 'allow' >>. Other differences that
L<AI::MXLoss/"DIFFERENCES FROM AI::MXNet"> lists remain.

=cut
