/** What an instance type brings. */
export interface InstanceSize {
  readonly vcpus: number;
  /** MiB, as the agent sees it. */
  readonly memory: number;
}

/** vCPUs of the usual sizes. Source: EC2 instance types. */
const SIZES: Readonly<Record<string, number>> = {
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
  '8xlarge': 32,
  '12xlarge': 48,
  '16xlarge': 64,
  '24xlarge': 96,
};

type Row = readonly [vcpus: number, gibibytes: number];

/** A family with so many GiB for each vCPU, in the usual sizes but for those named. */
function usual(gibibytes: number, without: readonly string[] = []): Readonly<Record<string, Row>> {
  const sizes = Object.entries(SIZES).filter(([size]) => !without.includes(size));
  return Object.fromEntries(sizes.map(([size, vcpus]) => [size, [vcpus, vcpus * gibibytes]]));
}

const BURSTABLE: Readonly<Record<string, Row>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
};

/** Source: EC2 User Guide, instance types. Those with GPUs are not here: there are none to give. */
const FAMILIES: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  t2: { ...BURSTABLE, nano: [1, 0.5], micro: [1, 1], small: [1, 2] },
  t3: BURSTABLE,
  t3a: BURSTABLE,
  m4: {
    large: [2, 8],
    xlarge: [4, 16],
    '2xlarge': [8, 32],
    '4xlarge': [16, 64],
    '10xlarge': [40, 160],
    '16xlarge': [64, 256],
  },
  m5: usual(4),
  m5a: usual(4),
  m5d: usual(4),
  m5n: usual(4),
  m6i: usual(4),
  m6a: usual(4),
  m7i: usual(4),
  m7a: { medium: [1, 4], ...usual(4) },
  c4: { large: [2, 3.75], xlarge: [4, 7.5], '2xlarge': [8, 15], '4xlarge': [16, 30], '8xlarge': [36, 60] },
  c5: {
    ...usual(2, ['8xlarge', '16xlarge']),
    '9xlarge': [36, 72],
    '18xlarge': [72, 144],
  },
  c5a: usual(2),
  c6i: usual(2),
  c6a: usual(2),
  c7i: usual(2),
  c7a: { medium: [1, 2], ...usual(2) },
  r4: {
    large: [2, 15.25],
    xlarge: [4, 30.5],
    '2xlarge': [8, 61],
    '4xlarge': [16, 122],
    '8xlarge': [32, 244],
    '16xlarge': [64, 488],
  },
  r5: usual(8),
  r5a: usual(8),
  r6i: usual(8),
  r6a: usual(8),
  r7i: usual(8),
  r7a: { medium: [1, 8], ...usual(8) },
};

/** Families for this machine only when it is of the architecture: their attribute says what their tasks can run. */
const ARM_FAMILIES: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  t4g: BURSTABLE,
  m6g: { medium: [1, 4], ...usual(4, ['24xlarge']) },
  m7g: { medium: [1, 4], ...usual(4, ['24xlarge']) },
  c6g: { medium: [1, 2], ...usual(2, ['24xlarge']) },
  c7g: { medium: [1, 2], ...usual(2, ['24xlarge']) },
  r6g: { medium: [1, 8], ...usual(8, ['24xlarge']) },
  r7g: { medium: [1, 8], ...usual(8, ['24xlarge']) },
};

/** What the agent reports of these. */
const KNOWN_MEMORY: Readonly<Record<string, number>> = {
  't3.micro': 944,
  't3.small': 1910,
  't3.medium': 3843,
  't3.large': 7753,
  'm5.large': 7680,
  'm5.xlarge': 15_573,
  'm5.2xlarge': 31_358,
  'm5.4xlarge': 62_928,
};

/** Also those that only machines of another architecture give. */
const ALL: Readonly<Record<string, Readonly<Record<string, Row>>>> = { ...FAMILIES, ...ARM_FAMILIES };

const TYPES = typesOf(process.arch === 'arm64' ? ALL : FAMILIES);

function typesOf(families: typeof ALL): ReadonlyMap<string, InstanceSize> {
  return new Map(
    Object.entries(families).flatMap(([family, sizes]) =>
      Object.entries(sizes).map(([size, [vcpus, gibibytes]]): [string, InstanceSize] => {
        const type = `${family}.${size}`;
        return [type, { vcpus, memory: KNOWN_MEMORY[type] ?? seenByAgent(gibibytes * 1024) }];
      }),
    ),
  );
}

/** The kernel and the firmware keep a part. unverified: how much, of the types that are not among the known ones */
function seenByAgent(mebibytes: number): number {
  return Math.floor(mebibytes * 0.96) - (mebibytes > 1024 ? 64 : 32);
}

/** The size of an instance that nobody chose. */
export const DEFAULT_INSTANCE_TYPE = 'm5.xlarge';

/** Those that this machine gives. */
export const instanceTypes: readonly string[] = [...TYPES.keys()];

/** Those that machines of any architecture give. */
export const instanceTypesAnywhere: readonly string[] = [...typesOf(ALL).keys()];

/** Undefined for a type that is not known. */
export function sizeOf(instanceType: string): InstanceSize | undefined {
  return TYPES.get(instanceType);
}
