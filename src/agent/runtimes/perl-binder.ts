import { accessSync, constants } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { NamespaceAddress } from './socket-handover.ts';
import { TOOL_ENVIRONMENT } from './tool-environment.ts';

/** The system call that sends a descriptor. Source: Linux, syscall tables of x86-64 and of arm64. */
const SENDMSG: Partial<Record<NodeJS.Architecture, number>> = { x64: 46, arm64: 211 };

/**
 * Listens and hands the sockets over as Node's child processes do (`process.send(message, server)`): a line of JSON with
 * the descriptor beside it, the next one when the line that acknowledges it has come. Without modules it starts ten times
 * as quickly as Node, and every task needs one. Sockets are non-blocking: the server's loop accepts until none is left.
 *
 * Arguments: the number of sendmsg; descriptors to hand over; `--`; addresses to listen at. Numbers of socket options
 * are Linux's: SOCK_STREAM with SOCK_NONBLOCK, SO_REUSEADDR, SCM_RIGHTS.
 */
const BIND_AND_SEND = `
open(my $channel, "+<&=", $ENV{NODE_CHANNEL_FD}) or die "no channel: $!\\n";
my $sendmsg = shift @ARGV;
my $over = sub {
  my ($line, $fd) = @_;
  my $text = pack("P Q", $line, length $line);
  my $rights = pack("Q l l l x4", 20, 1, 1, $fd);
  my $message = pack("Q L x4 P Q P Q l x4", 0, 0, $text, 1, $rights, length $rights, 0);
  syscall($sendmsg, fileno($channel), $message, 0) == length $line or die "sendmsg: $!\\n";
  my $answer = "";
  while ($answer !~ /\\n/) {
    # Whoever asked is gone.
    sysread($channel, $answer, 1024, length $answer) or exit 1;
  }
};
my $say = sub { syswrite($channel, $_[0] . "\\n") };
eval {
  my $line = "{\\"cmd\\":\\"NODE_HANDLE\\",\\"type\\":\\"net.Server\\",\\"msg\\":{\\"listening\\":true}}\\n";
  while (@ARGV && (my $fd = shift @ARGV) ne "--") { $over->($line, $fd); }
  my @sockets;
  for my $to (@ARGV) {
    my ($host, $port) = split /:/, $to;
    my $socket;
    socket($socket, 2, 2049, 0) && setsockopt($socket, 1, 2, 1) &&
      bind($socket, pack("S n C4 x8", 2, $port, split(/[.]/, $host))) && listen($socket, 511) or die "listen $to: $!\\n";
    push @sockets, $socket;
    $over->($line, fileno($socket));
  }
  $say->("{\\"done\\":true}");
  1;
} or do {
  my $why = $@;
  $why =~ s/[^ -~]|["\\\\]/ /g;
  $why =~ s/ +$//;
  $say->("{\\"error\\":\\"$why\\"}");
  exit 1;
};`;

/** What is to be bound, or was inherited. */
interface Binding {
  readonly inherited: readonly number[];
  readonly listeners: readonly NamespaceAddress[];
}

/** The command line of a program that binds and sends; undefined where Perl cannot do it. */
export function perlBinder({ inherited, listeners }: Binding, perl: string | false): readonly string[] | undefined {
  const sendmsg = SENDMSG[process.arch];
  if (perl === false || sendmsg === undefined || !listeners.every(({ host }) => isIPv4(host))) return undefined;
  const addresses = listeners.map(({ host, port }) => `${host}:${port}`);
  return [perl, '-e', BIND_AND_SEND, '--', String(sendmsg), ...inherited.map(String), '--', ...addresses];
}

let found: string | false | undefined;

/** The system's own Perl, as all programs that enter a task's network are; false where it has none. */
export function systemPerl(): string | false {
  const candidates = (TOOL_ENVIRONMENT.PATH ?? '').split(':').map((directory) => join(directory, 'perl'));
  found ??= candidates.find(isProgram) ?? false;
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
