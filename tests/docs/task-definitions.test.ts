import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { unsupportedByDocker } from '../../src/agent/runtimes/docker/unsupported.ts';
import { unsupportedByNamespaces } from '../../src/agent/runtimes/namespace/unsupported.ts';
import { unsupportedByProcesses } from '../../src/agent/runtimes/process-unsupported.ts';
import type { Unsupported } from '../../src/agent/runtimes/runtime.ts';
import type * as Ecs from '../../src/wire/generated/types/ecs.ts';
import { MEMBERS, type Member, type RuntimeColumn } from './definition-members.ts';

const root = new URL('../../', import.meta.url);

interface Model {
  readonly shapes: Readonly<Record<string, { readonly members?: Readonly<Record<string, unknown>> }>>;
}
const { shapes } = JSON.parse(readFileSync(new URL('src/wire/generated/models/ecs.json', root), 'utf8')) as Model;

/** A machine that can do what machines can. */
const UNSUPPORTED: Readonly<Record<RuntimeColumn, (definition: Ecs.TaskDefinition) => readonly Unsupported[]>> = {
  docker: (definition) =>
    unsupportedByDocker(definition, {
      architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
      closed: [],
      engineSocket: '/var/run/docker.sock',
      withoutTaskLimits: undefined,
      swappiness: true,
      swapLimit: true,
    }),
  namespace: (definition) =>
    unsupportedByNamespaces(definition, { by: 'kernel', version: 1, swap: true, swappiness: true }),
  process: (definition) => unsupportedByProcesses(definition),
};

const COLUMNS: readonly RuntimeColumn[] = ['docker', 'namespace', 'process'];

type Verdict = { readonly kind: 'honoured' | 'refused' | 'no effect'; readonly text: string };

/** What becomes of a member: what the runtime says of the sample decides, then what the member's nature is. */
function verdict(member: Member, runtime: RuntimeColumn): Verdict {
  if (member.sample === undefined) return { kind: 'no effect', text: member.nature ?? '' };
  const said = UNSUPPORTED[runtime](member.sample);
  const of = (effect: Unsupported['effect']) => said.find((each) => each.effect === effect)?.reason;
  const refused = of('refused');
  if (refused !== undefined) return { kind: 'refused', text: refused };
  const announced = of('announced');
  if (announced !== undefined) return { kind: 'no effect', text: announced };
  const nature = member.natureOf?.[runtime];
  if (nature !== undefined) return { kind: 'no effect', text: nature };
  const warned = of('warned');
  return { kind: 'honoured', text: warned === undefined ? '' : `with a warning: ${warned}` };
}

function sources(directory: string, wanted: (name: string) => boolean): string {
  return readdirSync(new URL(directory, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && wanted(name))
    .map((name) => readFileSync(new URL(`${directory}/${name}`, root), 'utf8'))
    .join('\n');
}

const notRefusal = (name: string) => !name.includes('unsupported');
const CODE = {
  server:
    sources('src/agent', (name) => !name.startsWith('runtimes/')) +
    sources('src/services/ecs', (name) => !name.startsWith('registration/')) +
    sources('src/roles', () => true),
  docker: sources('src/agent/runtimes/docker', notRefusal),
  namespace: sources('src/agent/runtimes/namespace', notRefusal),
  process: sources('src/agent/runtimes', (name) => !name.includes('/') && notRefusal(name)),
};

const mentions = (code: string, names: readonly string[]) =>
  names.some((name) => new RegExp(`\\b${name}\\b`).test(code));

const rows = Object.entries(MEMBERS).flatMap(([shape, members]) =>
  Object.entries(members).map(([name, member]) => ({ shape, name, member })),
);

describe('every member of a task definition', () => {
  it.each(Object.keys(MEMBERS))('of %s is in the table, and nothing else is', (shape) => {
    expect(Object.keys(MEMBERS[shape] ?? {})).toEqual(Object.keys(shapes[shape]?.members ?? {}));
  });

  it.each(rows.map((row) => [`${row.shape}.${row.name}`, row] as const))(
    '%s is honoured, refused, or without effect for a reason',
    (_, { name, member }) => {
      if (member.sample === undefined) {
        expect(member.nature).toBeTruthy();
        return;
      }
      expect(member.nature).toBeUndefined();
      for (const runtime of COLUMNS) {
        const { kind, text } = verdict(member, runtime);
        if (kind !== 'honoured') expect(text, runtime).not.toBe('');
        // A reason that nobody needs any more hides what is done.
        const nature = member.natureOf?.[runtime];
        if (nature !== undefined) expect({ kind, text }).toEqual({ kind: 'no effect', text: nature });
        if (kind !== 'honoured') continue;
        const code = member.by === 'server' ? CODE.server : CODE[runtime];
        expect(mentions(code, member.known ?? [name]), `${name} in the sources of ${runtime}`).toBe(true);
      }
    },
  );

  it('is honoured by Docker unless it is one of these', () => {
    const others = rows.filter(
      ({ member }) => member.sample !== undefined && verdict(member, 'docker').kind !== 'honoured',
    );
    expect(others.map(({ shape, name, member }) => `${shape}.${name} ${verdict(member, 'docker').kind}`)).toEqual([
      'TaskDefinition.inferenceAccelerators refused',
      'TaskDefinition.proxyConfiguration refused',
      'TaskDefinition.ephemeralStorage no effect',
      'TaskDefinition.enableFaultInjection no effect',
      'RuntimePlatform.operatingSystemFamily refused',
      'Volume.efsVolumeConfiguration refused',
      'Volume.s3filesVolumeConfiguration refused',
      'Volume.fsxWindowsFileServerVolumeConfiguration refused',
      'Volume.configuredAtLaunch refused',
      'ContainerDefinition.resourceRequirements refused',
      'ContainerDefinition.firelensConfiguration refused',
      'ContainerDefinition.credentialSpecs refused',
    ]);
  });
});

const ABOUT = `# Task definitions

What becomes of each member of a task definition on each runtime. *Refused*: the task does not start, and its stopped reason
names the member. *No effect*: the task starts without it; what an application could miss is said when it starts. The table
shows a Linux machine that can do everything asked of it (control groups that count swap, a native image); on another one
\`rolecall doctor\` and the notes at a task's start say what is less. What ECS itself refuses is refused at registration, before
any runtime is asked.

On Docker the CPU and the memory of a task are limits of all its containers together (a control group above theirs), and each
container has its own besides.
`;

function cell(member: Member, runtime: RuntimeColumn): string {
  const { kind, text } = verdict(member, runtime);
  if (kind === 'honoured') return text === '' ? 'yes' : `yes, ${text}`;
  return `${kind}: ${text}`;
}

function page(): string {
  const lines = [ABOUT];
  for (const [shape, members] of Object.entries(MEMBERS)) {
    lines.push(`## ${shape}`, '', '| member | docker | namespace | process | |', '|---|---|---|---|---|');
    for (const [name, member] of Object.entries(members)) {
      const cells =
        member.sample === undefined
          ? ['no effect', 'no effect', 'no effect']
          : COLUMNS.map((each) => cell(member, each));
      lines.push(`| \`${name}\` | ${[...cells, member.nature ?? member.note ?? ''].join(' | ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

// `UPDATE_DOCS=1 npx vitest run tests/docs` writes the page anew.
it('docs/task-definitions.md says so', () => {
  const file = new URL('docs/task-definitions.md', root);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, page());
  expect(readFileSync(file, 'utf8')).toBe(page());
});
