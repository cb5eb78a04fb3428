# Documentation: correct, complete, and of all losses, inputs and options.
use strict;
use warnings;
use File::Find ();
use Pod::Checker ();
use Test::More;
use AI::MXLoss;

my ($lib) = grep { !ref && -f "$_/AI/MXLoss.pm" } @INC;
my @files;
File::Find::find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.(?:pm|pod)\z/ } }, $lib);
@files = grep {m{/AI/MXLoss}} sort @files;

# Modules that users do not load: what is in them is documented where users meet it
my $internal = qr/\AAI::MXLoss::(?:Arguments|Croak|DType
    |(?:AutoGrad|Gluon::Block|Gluon::Loss|NDArray|Operators)::\w+)\z/x;

my @documented;
for my $file (@files) {
    (my $module = substr $file, length($lib) + 1) =~ s{/}{::}g;
    $module =~ s/\.p(?:m|od)\z//;
    open my $out, '>', \my $said;
    my $errors = Pod::Checker::podchecker($file, $out, -warnings => 1);
    my $none = $errors == -1;
    is($none ? 0 : $errors, 0, "$module: pod") || diag($said);
    ok(!$none, "$module is documented") if $module !~ $internal;
    push @documented, $module if $module !~ $internal && $file =~ /\.pm\z/;
}
cmp_ok(scalar @documented, '>', 20, 'modules were found');

SKIP: {
    skip 'Test::Pod::Coverage (Debian: libtest-pod-coverage-perl) is not installed', 1
        if !eval { require Test::Pod::Coverage; 1 };
    # operators, which t/25-operators-documented.t looks after, are methods of arrays as well
    my $operator = join '|', map {quotemeta} keys %AI::MXLoss::Operators::TABLE,
        keys %AI::MXLoss::Operators::MIXED;
    my $private = qr/^(?:BUILD|STORABLE_\w+|fail)$/;
    my $options = { also_private => [$private], trustme => [qr/^(?:$operator)$/] };
    for my $module (@documented) {
        Test::Pod::Coverage::pod_coverage_ok($module, $options, "$module: every function");
    }
}

# The losses, against the core's own table
open my $in, '<', "$lib/AI/MXLoss/Gluon/Losses.pod" or die "Losses.pod: $!";
my %section = do { local $/; (undef, my @parts) = split /^=head2 (\w+)\n/m, <$in>; @parts };
for my $info (values %{ AI::MXLoss::Core::losses() }) {
    my $text = $section{ $info->{name} } // '';
    my @missing = grep { $text !~ /C<$_>/ && $text !~ /C<< $_ / }
        @{ $info->{inputs} }, @{ $info->{options} };
    is("@missing", '', "$info->{name}: inputs and options");
}
done_testing;
