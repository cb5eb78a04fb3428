# Every operator is in the documentation, and what is there exists.
use strict;
use warnings;
use Test::More;
use AI::MXLoss::NDArray;

my $file = $INC{'AI/MXLoss/Operators.pm'};
open my $handle, '<', $file or die $!;
my ($pod) = do { local $/; <$handle> } =~ /^=head1 ELEMENT(.*)^=head1 FOR OTHER/ms;
my %named = map { $_ => 1 } $pod =~ /(\w+)/g;
my $table = \%AI::MXLoss::Operators::TABLE;
my @operators = grep { !/\A_/ } keys %$table, keys %AI::MXLoss::Operators::MIXED;
is_deeply([sort grep { !$named{$_} } @operators],
    [], scalar(@operators) . ' operators are documented');
my %exists = map { $_ => 1 } @operators;
my ($lists) = join ' ', $pod =~ /^=item (.*?)\n\n/msg;
$lists =~ s/\(.*?\)//gs;
is_deeply([sort grep { !$exists{$_} } $lists =~ /(\w+)/g], [], 'what is documented exists');
my %options = map { $_ => 1 } map { @{ $_->{options} } } @$table{ grep { !/^_/ } keys %$table };
delete @options{qw(lazy_update ignore_label dim1 dim2 input_dim output_dim)};
is_deeply([sort grep { !$named{$_} } keys %options], [], 'options as well');

done_testing;
