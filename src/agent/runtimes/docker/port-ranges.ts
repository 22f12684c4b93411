import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';

/** Ports of this machine that Linux and Docker give out by themselves. */
const FIRST = 49_153;
const LAST = 65_535;
const ATTEMPTS = 50;

/** `FIRST-LAST` of a mapping; undefined where it names none. */
export function portRange({ containerPortRange }: Ecs.PortMapping): readonly [number, number] | undefined {
  const [first, last] = (containerPortRange ?? '').split('-').map(Number);
  return first === undefined || last === undefined ? undefined : [first, last];
}

/**
 * For each range of a container's ports the first of as many free ports of this machine that follow each other, in the
 * order of the mappings. Source: ECS API, PortMapping.containerPortRange: the host ports are one range, too.
 */
export async function freeRanges({ portMappings = [] }: Ecs.ContainerDefinition): Promise<readonly number[]> {
  const starts: number[] = [];
  for (const mapping of portMappings) {
    const range = portRange(mapping);
    if (range === undefined) continue;
    starts.push(await freeRange(range[1] - range[0] + 1, mapping.protocol ?? 'tcp'));
  }
  return starts;
}

/** First of `count` free ports on loopback that follow each other. Throws Error when there are none. */
async function freeRange(count: number, protocol: Ecs.TransportProtocol): Promise<number> {
  const hold = protocol === 'udp' ? holdUdp : holdTcp;
  for (let attempt = 0; attempt < ATTEMPTS && count <= LAST - FIRST + 1; attempt++) {
    const start = FIRST + Math.floor(Math.random() * (LAST - FIRST + 2 - count));
    const held: (() => void)[] = [];
    try {
      for (let port = start; port < start + count; port++) held.push(await hold(port));
      return start;
    } catch {
      // somebody has one of them
    } finally {
      for (const release of held) release();
    }
  }
  throw new Error(`there are no ${count} free ports that follow each other`);
}

function holdTcp(port: number): Promise<() => void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => resolve(() => server.close()));
  });
}

function holdUdp(port: number): Promise<() => void> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(() => socket.close()));
  });
}

/** Bindings as ECS reports them: those of a range as one. */
export function joinRanges(
  bindings: readonly Ecs.NetworkBinding[],
  { portMappings = [] }: Ecs.ContainerDefinition,
): readonly Ecs.NetworkBinding[] {
  let left = bindings;
  const joined: Ecs.NetworkBinding[] = [];
  for (const mapping of portMappings) {
    const [first, last] = portRange(mapping) ?? [];
    if (first === undefined || last === undefined) continue;
    const protocol = mapping.protocol ?? 'tcp';
    const within = (binding: Ecs.NetworkBinding) =>
      binding.protocol === protocol &&
      binding.containerPort !== undefined &&
      binding.containerPort >= first &&
      binding.containerPort <= last;
    const own = left.filter(within);
    if (own.length === 0) continue;
    left = left.filter((binding) => !within(binding));
    const ports = own.map(({ hostPort = 0 }) => hostPort);
    joined.push({
      bindIP: own[0]?.bindIP ?? '',
      containerPortRange: `${first}-${last}`,
      hostPortRange: `${Math.min(...ports)}-${Math.max(...ports)}`,
      protocol,
    });
  }
  return [...left, ...joined];
}
