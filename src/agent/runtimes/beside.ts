import type { Server, Socket } from 'node:net';
import { perlBinder, systemPerl } from './perl-binder.ts';
import type { Caller } from './runtime.ts';
import { bindInside, type HandedOver, type NamespaceAddress } from './socket-handover.ts';

/** Source: ECS Developer Guide, task IAM roles and task metadata; EC2 User Guide, instance metadata. */
export const AGENT_ADDRESS = '169.254.170.2';
export const METADATA_ADDRESS = '169.254.169.254';
/** The task's end of the cable. Source: agent, ECS CNI plugins: link-local addresses for what leads to the endpoint. */
const TASK_END = '169.254.172.2';
/** The cable's name in the task. */
const CABLE = 'aws';
/** Its number in the task: programs that look for their own address take the first interface that leads out. */
const CABLE_INDEX = 1_000_000;

/** A line for `ip -batch` in the task: the cable, with its other end where the process of that number is. */
function cableFrom(pid: string): string {
  return `link add name ${CABLE} index ${CABLE_INDEX} type veth peer name task netns ${pid}`;
}

/** Somebody who answers by sockets of its own. */
export interface Answering {
  readonly listeners: readonly NamespaceAddress[];
  readonly datagrams: readonly NamespaceAddress[];
  /** Takes the sockets over. What is answered lets all of them go. */
  answer(sockets: HandedOver): () => void;
}

/** What is to listen for a task. */
export interface BesideRequest {
  /** Command that runs what follows it in the task's network, with the right to change it. */
  readonly enter: readonly string[];
  /** Files below /proc/sys/net and what to write there before anything listens. Default: none. */
  readonly settings?: ReadonlyMap<string, string>;
  /** What the task reaches by the cable; their addresses lead there. */
  readonly listeners: readonly NamespaceAddress[];
  /** What listens in the task's own network. */
  readonly own: readonly NamespaceAddress[];
  /** Lines for `ip -batch`, carried out in the task's own network once the cable is there. */
  readonly network: readonly string[];
  /** Who answers there, too. */
  readonly also: Answering | undefined;
}

/** Sockets in the order in which they were asked for. */
export interface Beside {
  readonly listeners: readonly Server[];
  readonly own: readonly Server[];
  /** Lets go what the other one has. */
  readonly close: () => void;
}

/**
 * Run in the task's network: makes a second one beside it, with a cable between the two, and runs what follows in there.
 * It has no process: it lives as long as a socket in it is open, and the cable with it. In the task's own network these
 * sockets would take their ports away from its programs, which mostly listen on all addresses. Nothing else is in there,
 * and its only way leads to the task's end of the cable.
 *
 * `$1`, `$2`: lines for `ip -batch` there and in the task. The cable of a dead agent may still be there. 9: the task's
 * network, whatever becomes of the process that has entered it.
 */
const BESIDE = `
while read -r name rest; do
  if [ "$name" = ${CABLE}: ]; then ip link delete ${CABLE} 2>&-; fi
done </proc/net/dev
exec 9</proc/self/ns/net
exec unshare --net -- sh -c '
  printf "${cableFrom('%s')}\\n%s\\n" "$$" "$2" |
    nsenter --net=/proc/self/fd/9 -- ip -batch - &&
  printf "%s\\n" "$1" | ip -batch - || exit 1
  shift 2
  exec "$@" 9<&-' sh "$@"`;

/**
 * Listens for a task beside its network, and in it. Throws Error with what `ip` or the system said; then nothing is open.
 * `perl`: its path, where the system has it; without it Node is started a second time.
 */
export async function bindBeside(request: BesideRequest, perl: string | false = systemPerl()): Promise<Beside> {
  const { enter, own, also, settings = new Map() } = request;
  const listeners = [...request.listeners, ...(also?.listeners ?? [])];
  const datagrams = also?.datagrams ?? [];
  const addresses = [...new Set([...listeners, ...datagrams].map(({ host }) => host))];
  const there = [
    'link set lo up',
    'link set task up',
    ...addresses.map((address) => `address add ${address}/32 dev task`),
    `route add ${TASK_END}/32 dev task`,
  ];
  const inTask = [
    'link set lo up',
    `link set ${CABLE} up`,
    `address add ${TASK_END}/32 dev ${CABLE}`,
    ...addresses.map(wayTo),
    ...request.network,
  ];
  const program =
    datagrams.length > 0
      ? undefined
      : perlBinder(own, perl, {
          cable: CABLE,
          there,
          here: [cableFrom('PID'), ...inTask],
          listeners,
          settings,
        });
  const beside = ['sh', '-c', BESIDE, 'sh', there.join('\n'), inTask.join('\n')];
  const made = await (program !== undefined
    ? bindInside({ enter, network: [], listeners: [...own, ...listeners], program })
    : bothOrNone(
        bindInside({ enter: [...enter, ...writing(settings)], network: ['link set lo up'], listeners: own, perl }),
        bindInside({ enter: [...enter, ...beside], network: [], listeners, datagrams, perl }),
      ));
  const besides = made.servers.slice(own.length);
  return {
    own: made.servers.slice(0, own.length),
    listeners: besides.slice(0, request.listeners.length),
    close: also?.answer({ servers: besides.slice(request.listeners.length), datagrams: made.datagrams }) ?? (() => {}),
  };
}

/** Command that writes files below /proc/sys/net, then becomes what follows it: the kernel shows its own network's there. */
export function writing(settings: ReadonlyMap<string, string>): readonly string[] {
  if (settings.size === 0) return [];
  const script = [...settings].map(([file, value]) => `printf %s '${value}' > /proc/sys/net/${file} && `).join('');
  return ['sh', '-c', `${script}exec "$@"`, 'sh'];
}

/** Where one of them fails, what the other one has opened is closed again. */
async function bothOrNone(...both: readonly Promise<HandedOver>[]): Promise<HandedOver> {
  const settled = await Promise.allSettled(both);
  const made = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const servers = made.flatMap((each) => each.servers);
  const datagrams = made.flatMap((each) => each.datagrams);
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed === undefined) return { servers, datagrams };
  for (const each of [...servers, ...datagrams]) each.close();
  throw failed.reason;
}

/** A line for `ip -batch`: in the task the address leads to the cable. */
export function wayTo(address: string): string {
  return `route replace ${address}/32 dev ${CABLE} src ${TASK_END}`;
}

/**
 * Whether a connection beside a task is the task's own. Linux passes on what a neighbour sends through the task: nothing
 * gets back to it, for nothing else than the task's end has a way there, and nobody else is answered. It cannot come
 * from that address, for Linux drops what arrives from elsewhere under an address of its own.
 */
export function isTask(address: string | undefined): boolean {
  return address === TASK_END;
}

/** Who opened a connection beside a task. */
export function callerBeside({ remoteAddress }: Socket): Caller {
  if (isTask(remoteAddress)) return { belongs: true };
  return { belongs: false, who: `${remoteAddress ?? 'somebody'}, from outside of the task’s network` };
}
