import type { RuntimeName } from '../../../src/agent/runtimes/runtime.ts';
import type { Box } from './box.ts';
import type { World } from './world.ts';

export type { RuntimeName };

export const RUNTIMES: readonly RuntimeName[] = ['process', 'namespace', 'docker'];

/** Network modes of the attacking task, and of its neighbour. */
export type Mode = 'awsvpc' | 'bridge' | 'host';
export const MODES: readonly Mode[] = ['awsvpc', 'bridge', 'host'];

/**
 * What task the attack is made from.
 * `ordinary`: Fargate in awsvpc mode, EC2 in the others; `instance`: EC2; `blocked`: EC2, awsvpc, with ECS_AWSVPC_BLOCK_IMDS;
 * `one-hop`: EC2, with a hop limit of 1 for instance metadata;
 * `strong`: EC2, with capabilities added: NET_ADMIN and NET_RAW in Docker, ALL in namespaces;
 * `user`: EC2, as user 1000; `own`: the attack starts the tasks that it needs.
 */
export type Situation = 'ordinary' | 'instance' | 'blocked' | 'one-hop' | 'strong' | 'user' | 'own';

/** One try: what it got, or how it was refused; `seen`: a text in which nothing secret may be found. */
export interface Attempt {
  readonly what: string;
  readonly got?: string;
  readonly refused?: string;
  readonly seen?: string;
}

export interface Verdict {
  readonly verdict: 'holds' | 'does not hold' | 'not applicable';
  /** One sentence without its full stop. */
  readonly why: string;
}

/** One verdict for all network modes, or one for each. */
export type Outcome = Verdict | Readonly<Partial<Record<Mode, Verdict>>>;

export const holds = (why: string): Verdict => ({ verdict: 'holds', why });
export const open = (why: string): Verdict => ({ verdict: 'does not hold', why });
export const none = (why: string): Verdict => ({ verdict: 'not applicable', why });

/** What the attacker is not to learn. */
export interface Secrets {
  /** In the neighbour's environment, by way of its `secrets`. */
  readonly neighbourSecret: string;
  /** In files that the neighbour wrote in /tmp. */
  readonly neighbourFile: string;
  /** Access key id, secret access key and session token. */
  readonly neighbourCredentials: readonly string[];
  readonly executionCredentials: readonly string[];
  readonly executionIds: readonly string[];
  /** In a file of the data directory. */
  readonly data: string;
  /** In a file of this machine, outside of all that Rolecall has. */
  readonly file: string;
  /** In the AWS credentials file of the user who started the server, and in the server's environment. */
  readonly developer: string;
  /** What services of this machine answer. */
  readonly service: string;
}

/** One attack: what is tried from inside of a task, and what comes of it where. */
export interface Attack {
  /** Kebab case. */
  readonly id: string;
  /** What is tried, as a noun phrase. */
  readonly title: string;
  /** What ECS does there, and where Rolecall is stronger or weaker; whole sentences. */
  readonly ecs: string;
  readonly from: Situation;
  /** Default: all that the situation has. */
  readonly modes?: readonly Mode[];
  readonly outcomes: Readonly<Record<RuntimeName, Outcome>>;
  /** Runs inside of the task. It is sent there as text: it knows its arguments and nothing else. */
  readonly program?: (box: Box, leaks: Leaks) => Promise<Attempt[]>;
  /** Runs beside the server, and starts tasks of its own. */
  readonly attempt?: (world: World, mode: Mode) => Promise<Attempt[]>;
  /** What a refusal may look like; anything else is no proof that something holds. */
  readonly refusal: RegExp;
  /** Texts of which one must be in what was obtained. Without: obtaining anything counts. */
  readonly proof?: (secrets: Secrets) => readonly string[] | Promise<readonly string[]>;
  /** Further facts, on this machine or in the trail. */
  readonly check?: (world: World, mode: Mode, attempts: readonly Attempt[]) => void | Promise<void>;
  /** It uses the task's allowance up: other programs come before it. */
  readonly last?: boolean;
  /** Why it cannot be tried here; undefined when it can. */
  readonly needs?: (world: World) => string | undefined;
}

/** Thrown by an attack that this machine does not let be tried. */
export class Untried extends Error {}

/** What an attacker may have learned of its neighbour and of the machine: everything but secrets. */
export interface Leaks {
  readonly runtime: RuntimeName;
  readonly mode: Mode;
  readonly server: { readonly port: number; readonly pid: number; readonly data: string; readonly home: string };
  readonly neighbour: {
    readonly taskArn: string;
    readonly address: string;
    readonly pid: number;
    /** Port on which its application serves. */
    readonly port: number;
    readonly credentialsId: string;
    /** Where processes find it: URL with its port, and its authorization token. */
    readonly credentialsUrl: string;
    readonly token: string;
    readonly metadataUrl: string;
    readonly agentUrl: string;
    readonly instanceMetadataUrl: string;
    readonly file: string;
  };
  /** Credential ids of execution roles: the neighbour's, then one of a task like the attacker's. */
  readonly executionIds: readonly string[];
  readonly roles: { readonly execution: string; readonly neighbour: string };
  readonly machine: {
    readonly addresses: readonly string[];
    /** Listens on the loopback addresses alone. */
    readonly loopbackPort: number;
    /** Listens on all addresses. */
    readonly anyPort: number;
    readonly socketFile: string;
    readonly abstractSocket: string;
    readonly engineSocket: string;
    readonly directory: string;
    /** Neither loopback nor an address of this machine, but to be reached from it. Empty: there is none here. */
    readonly outside: string;
  };
  /** Whether the network is the task’s own, so that whatever listens there may be tried. */
  readonly scan: boolean;
}

export const NO_HOST_MODE = none('a task in host mode is refused at its start');

/** The modes in which an attack is tried. */
export function modesOf({ modes, from }: Attack): readonly Mode[] {
  return modes ?? (from === 'blocked' ? ['awsvpc'] : from === 'own' || from === 'user' ? ['bridge'] : MODES);
}

/** What is expected; undefined where the attack is not tried in this mode. */
export function verdictOf(attack: Attack, runtime: RuntimeName, mode: Mode): Verdict | undefined {
  if (!modesOf(attack).includes(mode)) return undefined;
  const outcome = attack.outcomes[runtime];
  if ('verdict' in outcome) {
    return runtime === 'namespace' && mode === 'host' && attack.from !== 'own' ? NO_HOST_MODE : (outcome as Verdict);
  }
  return (
    (outcome as Partial<Record<Mode, Verdict>>)[mode] ??
    (runtime === 'namespace' && mode === 'host' ? NO_HOST_MODE : undefined)
  );
}
