import { parseArn } from '../../core/arn.ts';
import type { Explanation } from '../../policy/explanation.ts';
import type { OtherRole } from '../diagnose.ts';
import type { JudgedDuty } from '../model/task.ts';
import { hasToken } from '../model/tokens.ts';
import type { World } from '../model/world.ts';
import type { RuleInfo } from './rule.ts';

/** A kind of refusal: what one would look up. The first of the list that fits is the kind. */
export interface RefusalKind extends RuleInfo {
  readonly fits: (refused: Refused) => boolean;
  /** What is worth knowing beside the diagnosis. */
  readonly also?: string;
}

interface Refused {
  readonly duty: JudgedDuty;
  readonly explanation: Explanation;
  readonly others: readonly OtherRole[];
  readonly world: World;
  /** The service of the action. */
  readonly service: string;
  /** What of the evaluation refuses: `identity`, `boundary`, … */
  readonly by: string;
}

const action =
  (...names: string[]): RefusalKind['fits'] =>
  ({ duty }) =>
    names.includes(duty.action);

const refused = { severity: 'error', verdict: 'refused' } as const;

export const REFUSAL_KINDS: readonly RefusalKind[] = [
  {
    ...refused,
    id: 'RC119',
    title: 'Explicitly denied',
    fits: ({ explanation }) => explanation.decision.effect === 'ExplicitlyDenied',
  },
  { ...refused, id: 'RC120', title: 'Permissions boundary does not allow it', fits: ({ by }) => by === 'boundary' },
  {
    ...refused,
    id: 'RC121',
    title: 'Organization policy does not allow it',
    fits: ({ by }) => by === 'scp' || by === 'rcp',
  },
  {
    ...refused,
    id: 'RC109',
    title: 'Repository policy of another account does not allow the pull',
    fits: ({ by, service }) => by === 'resource' && service === 'ecr',
    also: 'Across accounts both sides must allow the pull: the role’s policy and the repository’s.',
  },
  {
    ...refused,
    id: 'RC106',
    title: 'Key policy or kms:ViaService does not allow decryption',
    fits: ({ by, service, explanation, world, duty }) =>
      service === 'kms' &&
      (by === 'key' || explanation.missing?.kind === 'meet-condition' || world.resources.isManagedKey(duty.resource)),
  },
  { ...refused, id: 'RC126', title: 'Resource policy does not allow it', fits: ({ by }) => by === 'resource' },
  {
    severity: 'note',
    verdict: 'advice',
    id: 'RC124',
    title: 'Instance role is narrower than the agent’s optional calls',
    fits: ({ duty }) => duty.call.stage === 'instance' && duty.call.occurs === 'if-needed',
    also: 'The agent makes this call only in some settings (tasks with network interfaces of their own, draining, tags).',
  },
  {
    ...refused,
    id: 'RC123',
    title: 'Container instance cannot register or poll',
    fits: ({ duty }) => duty.call.stage === 'instance',
  },
  {
    ...refused,
    id: 'RC107',
    title: 'Secret ARN and policy differ in the six characters at the end',
    fits: (one) => one.duty.action === 'secretsmanager:GetSecretValue' && partialArn(one),
    also: 'A secret’s full ARN ends in a hyphen and six characters of Secrets Manager’s choice; naming it in valueFrom is the surest cure.',
  },
  {
    ...refused,
    id: 'RC102',
    title: 'Permission granted to the wrong role',
    fits: ({ others, duty }) => duty.call.stage !== 'running' && others.some(({ grants }) => grants !== undefined),
  },
  {
    ...refused,
    id: 'RC103',
    title: 'ssm:GetParameter granted, ssm:GetParameters needed',
    fits: ({ duty, explanation }) =>
      duty.action === 'ssm:GetParameters' &&
      explanation.missing?.kind === 'change-action' &&
      /^ssm:getparameter$/i.test(explanation.missing.from),
  },
  {
    ...refused,
    id: 'RC127',
    title: 'Condition of a statement is not met',
    fits: ({ explanation }) => explanation.missing?.kind === 'meet-condition',
  },
  {
    ...refused,
    id: 'RC118',
    title: 'Secret of a private registry not granted',
    fits: ({ duty }) => duty.call.stage === 'registry-auth' && duty.call.service === 'secretsmanager',
  },
  {
    ...refused,
    id: 'RC116',
    title: 'ECS Exec cannot write its logs',
    fits: ({ duty }) => duty.call.stage === 'exec' && duty.call.service !== 'ssmmessages',
    also: 'AWS then says that encryption is not set up on the log group, whatever the cause.',
  },
  {
    ...refused,
    id: 'RC115',
    title: 'ECS Exec cannot open its channels',
    fits: ({ duty }) => duty.call.stage === 'exec',
  },
  {
    ...refused,
    id: 'RC101',
    title: 'Secret not granted to the execution role',
    fits: action('secretsmanager:GetSecretValue'),
  },
  {
    ...refused,
    id: 'RC104',
    title: 'Parameter not granted to the execution role',
    fits: action('ssm:GetParameters'),
  },
  { ...refused, id: 'RC105', title: 'Customer key not granted', fits: action('kms:Decrypt') },
  {
    severity: 'warning',
    verdict: 'refused',
    id: 'RC110',
    title: 'First pull through a cache is refused',
    fits: action('ecr:BatchImportUpstreamImage', 'ecr:CreateRepository'),
    also: 'Pulls of an image that the cache already has go through.',
  },
  { ...refused, id: 'RC108', title: 'Image cannot be pulled from ECR', fits: ({ service }) => service === 'ecr' },
  {
    severity: 'warning',
    verdict: 'refused',
    id: 'RC112',
    title: 'Log group cannot be made',
    fits: action('logs:CreateLogGroup'),
    also: 'It is needed only where the group does not exist yet; AmazonECSTaskExecutionRolePolicy does not have it.',
  },
  {
    ...refused,
    id: 'RC117',
    title: 'Log router’s destination not granted to the task role',
    fits: ({ duty }) => duty.call.stage === 'running',
    also: 'A FireLens router sends with the task role, not with the execution role.',
  },
  { ...refused, id: 'RC111', title: 'Log stream cannot be written', fits: ({ service }) => service === 'logs' },
  {
    ...refused,
    id: 'RC113',
    title: 'Environment or configuration file cannot be read',
    fits: ({ service }) => service === 's3',
  },
  {
    ...refused,
    id: 'RC114',
    title: 'File system cannot be mounted',
    fits: () => true, // elasticfilesystem: the last service of the plan
    also: 'A file system without a policy of its own lets every client mount.',
  },
];

/** The kind of a refused duty. */
export function kindOf(
  duty: JudgedDuty,
  explanation: Explanation,
  others: readonly OtherRole[],
  world: World,
): RefusalKind {
  const service = duty.action.slice(0, duty.action.indexOf(':'));
  const { missing, decision } = explanation;
  const by = missing?.kind === 'not-by-identity' ? missing.because : (decision.deniedBy ?? 'identity');
  const one: Refused = { duty, explanation, others, world, service, by };
  return REFUSAL_KINDS.find(({ fits }) => fits(one))!;
}

/** The task definition names the secret without the six characters and the policy with them, or the other way round. */
function partialArn({ duty, explanation }: Refused): boolean {
  const near = explanation.missing;
  if (near?.kind !== 'change-resource') return false;
  const asked = parseArn(duty.resource)?.resource ?? '';
  const granted = parseArn(near.from)?.resource ?? '';
  const without = (text: string) => text.replace(/-(\?{6}|[A-Za-z0-9]{6})$/u, '');
  if (hasToken(asked) || asked === granted) return false;
  return without(granted) === asked || without(asked) === granted;
}
