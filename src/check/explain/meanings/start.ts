import { EXECUTION, INSTANCE, type Meaning, says, TASK } from './meaning.ts';

/** What keeps containers from starting: images, network, secrets, files, volumes; and ECS Exec. */
export const START_MEANINGS: readonly Meaning[] = [
  {
    key: 'exec-logging',
    kind: 'role',
    role: TASK,
    stage: 'ECS Exec, logging of sessions',
    cause: 'The task role may not describe the log group; the text about encryption is misleading.',
    fix: 'Allow logs:DescribeLogGroups, DescribeLogStreams, CreateLogStream and PutLogEvents on the task role, and kms:Decrypt where a key is set.',
    rules: ['RC116'],
    fits: says(/encryption is not set up on the selected CloudWatch Logs log group/i),
  },
  {
    key: 'exec-not-connected',
    kind: 'role',
    role: `${TASK} (${INSTANCE} where the task has none)`,
    stage: 'ECS Exec',
    cause:
      'The SSM agent in the container could not open its channel: mostly the task role lacks the ssmmessages actions; a blocked network says the same.',
    fix: 'Allow ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel on the task role.',
    rules: ['RC115'],
    fits: says(/TargetNotConnected|execute command (agent|failed)|ssmmessages:/i),
  },
  {
    key: 'guardduty-sidecar',
    kind: 'role',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'AWS added a sidecar (GuardDuty Runtime Monitoring) and pulls it from a repository of its own with the execution role, which is narrowed to your repositories.',
    fix: 'Allow the pull from AWS’s repository too.',
    rules: ['RC125', 'RC108'],
    fits: says(/guardduty|733349766148/i),
  },
  {
    key: 'new-registry-host',
    kind: 'not-a-role-problem',
    role: 'none',
    stage: 'pull',
    cause: 'ECS asked for no token: it does not take a host ….dkr-ecr.REGION.on.aws for ECR.',
    fix: 'Name the image at ACCOUNT.dkr.ecr.REGION.amazonaws.com.',
    rules: ['RC403'],
    fits: says(/no basic auth credentials|dkr-ecr/i),
  },
  {
    key: 'repository-policy',
    kind: 'role',
    role: `${EXECUTION} and the repository’s policy`,
    stage: 'pull',
    cause:
      'The repository is another account’s, and its policy does not allow the pull. ECR often says “not found” instead.',
    fix: 'Allow the pull on both sides: in the role’s policy and in the repository’s.',
    rules: ['RC109'],
    fits: says(/no resource-based policy allows the ecr:/i),
  },
  {
    key: 'pull-through-cache',
    kind: 'role',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'The first pull through a cache imports the image, and makes its repository, with the permissions of who pulls.',
    fix: 'Allow ecr:BatchImportUpstreamImage, and ecr:CreateRepository for images that are new to the cache.',
    rules: ['RC110'],
    fits: says(/pull.through|through the cache|BatchImportUpstreamImage/i),
  },
  {
    key: 'cached-credentials',
    kind: 'not-a-role-problem',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'The role was deleted and made again under its name; the agent keeps credentials by role ARN, and those of the old role are void.',
    fix: 'Restart the agent, or let CloudFormation choose the role’s name.',
    rules: [],
    fits: says(/(pull|CannotPull).*(recreated|deleted and (re)?created|re-created)/i),
  },
  {
    key: 'network',
    kind: 'not-a-role-problem',
    role: 'none: the network',
    stage: 'before the containers start',
    cause:
      'The call never reached AWS: no public IP, NAT gateway or VPC endpoint, or a security group in between. A refusal would say AccessDenied.',
    fix: 'Look at the subnet’s route, the public IP, the endpoints and the security groups.',
    rules: [],
    fits: says(
      /i\/o timeout|RequestError: send request failed|context deadline exceeded|connection issue between the task|check your (task )?network configuration|StatusCode: 0\b/i,
    ),
  },
  {
    key: 'secret-not-json',
    kind: 'not-a-role-problem',
    role: 'none: the secret’s value',
    stage: 'secrets',
    cause: 'A JSON key is asked of a secret whose value is no JSON object.',
    fix: 'Keep a JSON object in the secret, or name it without a key.',
    rules: ['RC404'],
    fits: says(/looking for beginning of value|did not contain json key|cannot unmarshal/i),
  },
  {
    key: 'invalid-secret-arn',
    kind: 'not-a-role-problem',
    role: 'none: the task definition',
    stage: 'secrets',
    cause: 'What stands in valueFrom is no ARN of a secret in a form that ECS reads.',
    fix: 'arn:…:secret:NAME-abcdef, and behind it nothing or :json-key:version-stage:version-id.',
    rules: ['RC402'],
    fits: says(/invalid ARN format for the AWS Secrets Manager secret/i),
  },
  {
    key: 'environment-file',
    kind: 'role',
    role: EXECUTION,
    stage: 'environment-files',
    cause: 'The execution role may not read the environment file (or an old version of it is all it may read).',
    fix: 'Allow s3:GetObject on the file and s3:GetBucketLocation on its bucket; kms:Decrypt where the bucket has a key.',
    rules: ['RC113'],
    fits: says(/env(ironment)? ?files?/i),
  },
  {
    key: 'file-system',
    kind: 'role',
    role: `${TASK} and the file system’s policy`,
    stage: 'volumes',
    cause:
      'EFS refuses the mount: with IAM authorization the task role needs elasticfilesystem:ClientMount, not the execution role.',
    fix: 'Allow elasticfilesystem:ClientMount (and ClientWrite) on the task role and in the file system’s policy.',
    rules: ['RC114', 'RC102'],
    fits: says(/mount\.nfs4|EFS utils|elasticfilesystem:/i),
  },
  {
    key: 'kms-through-service',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      'Secrets Manager was refused by KMS on the role’s behalf: the key’s policy or the role’s does not allow kms:Decrypt, or a condition (kms:ViaService) does not hold.',
    fix: 'Allow kms:Decrypt on the key with kms:ViaService secretsmanager.REGION.amazonaws.com; across accounts in the key policy too.',
    rules: ['RC105', 'RC106'],
    fits: says(/Access to KMS is not allowed/i),
  },
  {
    key: 'customer-key',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause: 'The value is encrypted with a customer key, and the role has no kms:Decrypt on it.',
    fix: 'Allow kms:Decrypt on the key, in the role’s policy or the key’s; in both across accounts.',
    rules: ['RC105', 'RC106'],
    fits: says(/ciphertext refers to a customer master key|kms:Decrypt/i),
  },
  {
    key: 'partial-secret-arn',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      'valueFrom names the secret without the six characters at the end of its ARN, and the policy with them (or the other way round).',
    fix: 'Name the full ARN in valueFrom, or let the policy’s Resource fit what is asked.',
    rules: ['RC107'],
    fits: ({ text, action, resource }) =>
      /PARTIAL_ARN/.test(text) ||
      (action === 'secretsmanager:GetSecretValue' &&
        resource !== undefined &&
        /:secret:[^:]+$/.test(resource) &&
        !/-[A-Za-z0-9?]{6}$/.test(resource) &&
        /no identity-based policy/.test(text)),
  },
];
