package AI::MXLoss::Gluon::Constant;

use 5.016;
use strict;
use warnings;
use Scalar::Util qw(blessed);
use AI::MXLoss::NDArray ();
use AI::MXLoss::Gluon::Parameter ();
use parent -norequire, 'AI::MXLoss::Gluon::Parameter';

sub new {
    my ($class, $name, $value) = @_;
    $value = AI::MXLoss::NDArray->array($value)
        if !(blessed $value && $value->isa('AI::MXLoss::NDArray'));
    my $self = $class->SUPER::new(
        $name,
        grad_req => 'null', differentiable => 0, shape => $value->shape, dtype => $value->dtype
    );
    my $constant = $self->{value} = $value->copy->detach;
    $self->{init} = sub { my (undef, $array) = @_; $array .= $constant };
    return $self;
}

sub value { return $_[0]{value} }

1;

__END__

=head1 NAME

AI::MXLoss::Gluon::Constant - a parameter that training leaves alone

=head1 SYNOPSIS

    my $table = AI::MXLoss::Gluon::Constant->new('table', [[1, 2], [3, 4]]);

=head1 DESCRIPTION

An L<AI::MXLoss::Gluon::Parameter> with a value and no gradient. As a rule made by
L<AI::MXLoss::Gluon::ParameterDict/get_constant>.

=head2 new

    AI::MXLoss::Gluon::Constant->new($name, $value)

C<$value> is an NDArray, a PDL or a nested list.

=head2 value

What it was made with, an NDArray.

=cut
