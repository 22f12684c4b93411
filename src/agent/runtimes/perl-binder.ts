import { isIPv4 } from 'node:net';
import { findProgram } from './find-program.ts';
import type { NamespaceAddress } from './socket-handover.ts';
import { TOOL_ENVIRONMENT } from './tool-environment.ts';

/** System calls that Perl knows by their numbers alone. Source: Linux, syscall tables of x86-64 and of arm64. */
const SYSTEM_CALLS: Partial<Record<NodeJS.Architecture, { readonly sendmsg: number; readonly unshare: number }>> = {
  x64: { sendmsg: 46, unshare: 272 },
  arm64: { sendmsg: 211, unshare: 97 },
};

/**
 * Listens and hands the sockets over as Node's child processes do (`process.send(message, server)`): a line of JSON with
 * the descriptor beside it, the next one when the line that acknowledges it has come. Without modules it starts ten times
 * as quickly as Node, and every task needs one. Sockets are non-blocking: the server's loop accepts until none is left.
 *
 * Between the two lists of addresses it may go into a network of its own beside the one that it began in. The child that
 * stays behind makes the cable between them.
 *
 * Arguments: numbers of sendmsg and unshare; name of the cable, or nothing for no network beside; lines for `ip -batch`
 * there and where it began (`PID`: its own number); lines with a file below /proc/sys/net and what to write there, where
 * it begins; addresses to listen at where it begins; `--`; addresses there.
 * Numbers are Linux's: SOCK_STREAM with SOCK_NONBLOCK, SO_REUSEADDR, IP_FREEBIND (the address need not be there yet),
 * SCM_RIGHTS, CLONE_NEWNET.
 */
const BIND_AND_SEND = `
open(my $channel, "+<&=", $ENV{NODE_CHANNEL_FD}) or die "no channel: $!\\n";
my ($sendmsg, $unshare, $cable, $there, $here, $settings) = splice @ARGV, 0, 6;
my $over = sub {
  my $line = q({"cmd":"NODE_HANDLE","type":"net.Server","msg":{"listening":true}}) . "\\n";
  my $text = pack("P Q", $line, length $line);
  my $rights = pack("Q l l l x4", 20, 1, 1, fileno $_[0]);
  my $message = pack("Q L x4 P Q P Q l x4", 0, 0, $text, 1, $rights, length $rights, 0);
  syscall($sendmsg, fileno($channel), $message, 0) == length $line or die "sendmsg: $!\\n";
  my $answer = "";
  while ($answer !~ /\\n/) {
    # Whoever asked is gone.
    sysread($channel, $answer, 1024, length $answer) or exit 1;
  }
};
my $say = sub { syswrite($channel, $_[0] . "\\n") };
my $bind = sub {
  my ($host, $port) = split /:/, $_[0];
  my $socket;
  socket($socket, 2, 2049, 0) && setsockopt($socket, 1, 2, 1) && (!$_[1] || setsockopt($socket, 0, 15, 1)) &&
    bind($socket, pack("S n C4 x8", 2, $port, split(/[.]/, $host))) && listen($socket, 511) or die "listen $_[0]: $!\\n";
  return $socket;
};
# What ip has to say, it says itself.
my $ip = sub {
  open(my $lines, "|-", "ip", "-batch", "-") or die "ip: $!\\n";
  print $lines @_;
  close($lines) or exit 1;
};
my $beside = sub {
  open(my $devices, "<", "/proc/net/dev");
  system("ip", "link", "delete", $cable) if grep { /^ *$cable:/ } <$devices>;
  my $self = $$;
  pipe(my $begin, my $ready) or die "pipe: $!\\n";
  defined(my $child = fork) or die "fork: $!\\n";
  if ($child == 0) {
    close $ready;
    sysread($begin, my $go, 1) or exit 1;
    $here =~ s/PID/$self/;
    $ip->($here);
    exit 0;
  }
  syscall($unshare, 0x40000000) == 0 or die "unshare: $!\\n";
  syswrite($ready, "1");
  waitpid($child, 0);
  exit 1 if $?;
  $ip->($there);
};
eval {
  for (split /\\n/, $settings) {
    my ($file, $value) = split / /, $_, 2;
    my $out;
    open($out, ">", "/proc/sys/net/$file") && syswrite($out, $value) or die "/proc/sys/net/$file: $!\\n";
  }
  my @sockets;
  while (@ARGV && (my $to = shift @ARGV) ne "--") { push @sockets, $bind->($to, $cable ne ""); }
  $beside->() if $cable ne "";
  push @sockets, $bind->($_, 0) for @ARGV;
  $over->($_) for @sockets;
  $say->(q({"done":true}));
  1;
} or do {
  my $why = $@;
  $why =~ s/[^ -~]|["\\\\]/ /g;
  $why =~ s/ +$//;
  $say->(q({"error":") . $why . q("}));
  exit 1;
};`;

/** A network beside the one that a program begins in. */
export interface NetworkBeside {
  /** Name of the cable's end where it begins. */
  readonly cable: string;
  /** Lines for `ip -batch` there, and where it begins; `PID` is who is there. */
  readonly there: readonly string[];
  readonly here: readonly string[];
  readonly listeners: readonly NamespaceAddress[];
  /** Files below /proc/sys/net and what to write there, where it begins. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The command line of a program that binds and sends, in this order; undefined where Perl cannot do it. */
export function perlBinder(
  listeners: readonly NamespaceAddress[],
  perl: string | false,
  beside?: NetworkBeside,
): readonly string[] | undefined {
  const calls = SYSTEM_CALLS[process.arch];
  const all = [...listeners, ...(beside?.listeners ?? [])];
  if (perl === false || calls === undefined || !all.every(({ host }) => isIPv4(host))) return undefined;
  const texts = (addresses: readonly NamespaceAddress[]) => addresses.map(({ host, port }) => `${host}:${port}`);
  const settings = [...(beside?.settings ?? [])].map(([file, value]) => `${file} ${value}`);
  const lines = (of: readonly string[] = []) => of.map((line) => `${line}\n`).join('');
  return [
    ...[perl, '-e', BIND_AND_SEND, '--', String(calls.sendmsg), String(calls.unshare)],
    ...[beside?.cable ?? '', lines(beside?.there), lines(beside?.here), lines(settings)],
    ...[...texts(listeners), '--', ...texts(beside?.listeners ?? [])],
  ];
}

let found: string | false | undefined;

/** The system's own Perl, as all programs that enter a task's network are; false where it has none. */
export function systemPerl(): string | false {
  found ??= findProgram('perl', (TOOL_ENVIRONMENT.PATH ?? '').split(':')) ?? false;
  return found;
}
