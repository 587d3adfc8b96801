# Costs of file operations as a program sees them, in nanoseconds: `probe.pl SCRATCH ROUNDS TREE FILE...` prints a line "NAME CLOCK PROCESSOR" for each. SCRATCH is
# an empty directory, FILEs are shared where files are shared, TREE is a tar archive.
use strict;
my ($scratch, $rounds, $tree, @files) = @ARGV;
my ($clock, $usage) = ("\0" x 16, "\0" x 144);
# Nanoseconds by the clock, and of processor time, with that of children that have ended. clock_gettime(2), getrusage(2)
sub now {
  syscall(228, 1, $clock);
  my ($s, $n) = unpack "qq", $clock;
  my $busy = 0;
  for my $whom (0, -1) {
    syscall(98, $whom, $usage);
    my ($us, $u, $ss, $m) = unpack "qqqq", $usage;
    $busy += ($us + $ss) * 1e9 + ($u + $m) * 1e3;
  }
  ($s * 1e9 + $n, $busy)
}
sub median { my @sorted = sort { $a <=> $b } @_; $sorted[@sorted / 2] }
my @nothing = (0, 0);
sub timed {
  my ($times, $body) = @_;
  my @since = now();
  $body->();
  my @until = now();
  map { ($until[$_] - $since[$_]) / $times } 0, 1
}
sub show { my ($name, @took) = @_; printf "%s %.1f %.1f\n", $name, map { my $which = $_; median(map { $_->[$which] } @took) - $nothing[$which] } 0, 1 }
sub measure { my ($name, $times, $body) = @_; show($name, map { [timed($times, $body)] } 1 .. $rounds) }
my @names = map { "$_\0" } @files;
my $many = @names * int(1 + 2000 / @names);
my $laps = $many / @names;
# What perl itself takes for a call, with a call that does nothing.
{
  my @took = map { [timed($many, sub { for (1 .. $laps) { syscall(110) for @names } })] } 1 .. $rounds;
  @nothing = map { my $which = $_; median(map { $_->[$which] } @took) } 0, 1;
}
my $stat = "\0" x 144;
my $data = "\0" x 131072;
measure "stat", $many, sub { for (1 .. $laps) { syscall(4, $_, $stat) for @names } };
measure "open", $many, sub { for (1 .. $laps) { for (@names) { my $fd = syscall(2, $_, 0); syscall(3, $fd) } } };
measure "read-small", $many, sub { for (1 .. $laps) { for (@names) { my $fd = syscall(2, $_, 0); syscall(0, $fd, $data, 4096); syscall(3, $fd) } } };
@nothing = (0, 0);
measure "read-all", 1, sub { for (@names) { my $fd = syscall(2, $_, 0); 1 while syscall(0, $fd, $data, 131072) > 0; syscall(3, $fd) } };
my ($large) = sort { -s $b <=> -s $a } @files;
measure "read-large", 1, sub { for (1 .. 20) { my $fd = syscall(2, "$large\0", 0); 1 while syscall(0, $fd, $data, 131072) > 0; syscall(3, $fd) } };
measure "create", 1000, sub { for (1 .. 1000) { my $fd = syscall(2, "$scratch/f$_\0", 0102, 0644); syscall(1, $fd, $data, 4096); syscall(3, $fd) } unlink map { "$scratch/f$_" } 1 .. 1000 };
measure "write-large", 1, sub { my $fd = syscall(2, "$scratch/large\0", 0102, 0644); syscall(1, $fd, $data, 131072) for 1 .. 512; syscall(3, $fd) };
measure "overwrite", 1, sub { my $fd = syscall(2, "$scratch/large\0", 1, 0); syscall(1, $fd, $data, 131072) for 1 .. 512; syscall(3, $fd) };
measure "read-private", 1, sub { my $fd = syscall(2, "$scratch/large\0", 0); 1 while syscall(0, $fd, $data, 131072) > 0; syscall(3, $fd) };
unlink "$scratch/large";
measure "exec", 100, sub { for (1 .. 100) { system { "/bin/true" } "true" } };
measure "walk", 1, sub { system "find /usr /etc /var/lib -xdev -size +1 >/dev/null" };
measure "find-names", 1, sub { system "find /usr /etc /var/lib -xdev >/dev/null" };
my (@untar, @grep, @remove);
for (1 .. ($rounds + 1) / 2) {
  push @untar, [timed(1, sub { system("tar", "-C", $scratch, "-xf", $tree) == 0 or die })];
  push @grep, [timed(1, sub { system "grep -r 'not there' $scratch >/dev/null" })];
  push @remove, [timed(1, sub { system("rm", "-r", "$scratch/tree") == 0 or die })];
}
show("untar", @untar);
show("grep", @grep);
show("remove", @remove);
