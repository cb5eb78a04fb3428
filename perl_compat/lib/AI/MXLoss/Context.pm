package AI::MXLoss::Context;

use strict;
use warnings;
use AI::MXLoss::Croak;
use Scalar::Util qw(blessed);
use overload
    '""' => sub { "$_[0]{type}($_[0]{id})" },
    '==' => sub { "$_[0]" eq "$_[1]" },
    '!=' => sub { "$_[0]" ne "$_[1]" },
    'eq' => sub { "$_[0]" eq "$_[1]" },
    'ne' => sub { "$_[0]" ne "$_[1]" },
    'bool' => sub {1};

my $default = bless { type => 'cpu', id => 0 }, __PACKAGE__;

sub new {
    my ($class, @arguments) = @_;
    my %given
        = @arguments == 1 && ref $arguments[0] eq 'HASH' ? %{ $arguments[0] }
        : @arguments % 2 == 0 && @arguments && $arguments[0] =~ /^device_/ ? @arguments
        :   (device_type => $arguments[0], device_id => $arguments[1]);
    my $type = $given{device_type} // 'cpu';
    croak("Context: there is no device '$type'; AI::MXLoss computes on the processor, 'cpu'")
        if $type !~ /\Acpu(?:_pinned)?\z/;
    return $class->cpu($given{device_id});
}

sub cpu {
    my ($class, $id) = @_;
    croak("cpu: the number of a device is $id; expected an integer from 0 on")
        if defined $id && $id !~ /\A[0-9]{1,9}\z/;
    return $id ? bless { type => 'cpu', id => $id }, __PACKAGE__ : $default;
}
sub cpu_pinned  { return $_[0]->cpu($_[1]) }
sub current_ctx { return $default }
sub current_context { return $default }
sub num_gpus { return 0 }

sub gpu { return bless { type => 'gpu', id => $_[1] // 0 }, __PACKAGE__ }

sub device_type { return $_[0]{type} }
sub device_id   { return $_[0]{id} }

# What a script gives as ctx: a context, several of them, or undef.
sub check {
    my ($class, $context, $who) = @_;
    for my $one (ref $context eq 'ARRAY' ? @$context : $context) {
        next if !defined $one;
        croak("$who: ctx is $one; expected a context such as mx->cpu")
            if !blessed $one || !$one->isa(__PACKAGE__);
        croak("$who: ctx is $one; AI::MXLoss computes on the processor, mx->cpu")
            if $one->{type} ne 'cpu';
    }
    return;
}

1;

__END__

=head1 NAME

AI::MXLoss::Context - where arrays are: on the processor

=head1 SYNOPSIS

    my $context = mx->cpu;
    print "$context\n";              # cpu(0)
    my $x = mx->nd->ones([2, 3], ctx => $context);

=head1 DESCRIPTION

Scripts name a device wherever they make an array. Here there is one, the processor.

=head1 METHODS

=head2 new(device_type => 'cpu', device_id => 0)

A context; also with both values by position. Other devices than C<cpu> and C<cpu_pinned> die.

=head2 cpu(ID = 0), cpu_pinned(ID = 0)

The processor. The number is for scripts that give one.

=head2 gpu(ID = 0)

A context that can be made and printed, but dies where an array should be made on it.

=head2 current_ctx, current_context

C<cpu(0)>.

=head2 num_gpus

0.

=head2 device_type, device_id

What it was made of.

=head2 check(CONTEXT, WHO)

Dies unless CONTEXT is undef, the processor, or a reference to an array of these; WHO begins the
sentence.

=cut
