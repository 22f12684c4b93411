import type { ReadContext } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { newMaterial } from './material.ts';
import { type AliasRecord, aliasArn, aliases, type KeyRecord, keyArn, partitionOf, putKey } from './records.ts';

interface ManagedKey {
  readonly description: string;
  readonly policy: (region: string, account: string) => object;
}

const METADATA = 'Allow direct access to key metadata to the account';

function metadataStatement(account: string): object {
  return {
    Sid: METADATA,
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
    Resource: '*',
  };
}

/** The policy that most services' keys have: everyone of the account, through that service alone. */
function standardPolicy(service: string, label: string, actions: readonly string[]): ManagedKey['policy'] {
  return (region, account) => ({
    Version: '2012-10-17',
    Id: `auto-${service}-1`,
    Statement: [
      {
        Sid: `Allow access through ${label} for all principals in the account that are authorized to use ${label}`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: actions,
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com`, 'kms:CallerAccount': account },
        },
      },
      metadataStatement(account),
    ],
  });
}

const USE = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'];

/**
 * Keys that AWS makes and manages for a service. Policies of ssm and secretsmanager as GetKeyPolicy shows them (observed;
 * also in the Secrets Manager User Guide, security-encryption); the others follow the same form. unverified: their texts
 */
const MANAGED: Readonly<Record<string, ManagedKey>> = {
  dynamodb: {
    description: 'Default key that protects my DynamoDB data when no other key is defined',
    policy: standardPolicy('dynamodb', 'Amazon DynamoDB', [...USE, 'kms:CreateGrant', 'kms:DescribeKey']),
  },
  ecr: {
    description: 'Default key that protects my ECR data when no other key is defined',
    policy: standardPolicy('ecr', 'Amazon ECR', [...USE, 'kms:CreateGrant', 'kms:DescribeKey']),
  },
  s3: {
    description: 'Default key that protects my S3 objects when no other key is defined',
    policy: standardPolicy('s3', 'S3', [...USE, 'kms:DescribeKey']),
  },
  sqs: {
    description: 'Default key that protects my SQS messages when no other key is defined',
    policy: standardPolicy('sqs', 'SQS', [...USE, 'kms:CreateGrant', 'kms:DescribeKey']),
  },
  ssm: {
    description: 'Default key that protects my SSM parameters when no other key is defined',
    policy: standardPolicy('ssm', 'SSM', [...USE, 'kms:CreateGrant', 'kms:DescribeKey']),
  },
  secretsmanager: {
    description: 'Default key that protects my Secrets Manager data when no other key is defined',
    policy: (region, account) => {
      const sid =
        'Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager';
      const principal = { AWS: '*' };
      return {
        Version: '2012-10-17',
        Id: 'auto-secretsmanager-2',
        Statement: [
          {
            Sid: sid,
            Effect: 'Allow',
            Principal: principal,
            Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:CreateGrant', 'kms:DescribeKey'],
            Resource: '*',
            Condition: {
              StringEquals: {
                'kms:CallerAccount': account,
                'kms:ViaService': `secretsmanager.${region}.amazonaws.com`,
              },
            },
          },
          {
            Sid: sid,
            Effect: 'Allow',
            Principal: principal,
            Action: 'kms:GenerateDataKey*',
            Resource: '*',
            Condition: {
              StringEquals: { 'kms:CallerAccount': account },
              StringLike: { 'kms:ViaService': 'secretsmanager.*.amazonaws.com' },
            },
          },
          metadataStatement(account),
        ],
      };
    },
  },
};

/** The policy of the key that AWS manages for a service, as its text. */
export function managedKeyPolicy(service: 'secretsmanager' | 'ssm', region: string, account: string): string {
  return JSON.stringify(MANAGED[service]!.policy(region, account), null, 2);
}

type NewKeyContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'now' | 'ids'>;

/**
 * The AWS managed key that `alias/aws/SERVICE` stands for, not stored yet: AWS makes it when it is first needed. It
 * enters the store with the call that needed it, and only when that call is allowed.
 */
export function newManagedKey(
  { account, region, now, ids }: NewKeyContext,
  alias: string,
): { key: KeyRecord; alias: AliasRecord } | undefined {
  const service = alias.startsWith('alias/aws/') ? alias.slice('alias/aws/'.length) : '';
  if (!Object.hasOwn(MANAGED, service)) return undefined;
  const managed = MANAGED[service]!;
  const keyId = ids.uuid();
  const material = newMaterial(ids, now);
  return {
    key: {
      keyId,
      arn: keyArn(region, account, keyId),
      account,
      region,
      createdAt: now,
      description: managed.description,
      state: 'Enabled',
      origin: 'AWS_KMS',
      manager: 'AWS',
      materials: [material],
      policy: JSON.stringify(managed.policy(region, account), null, 2),
      tags: {},
      // AWS managed keys rotate every year. Source: AWS KMS Developer Guide, rotate-keys.
      rotation: { periodInDays: 365, next: now + 365 * 86_400_000 },
    },
    alias: { name: alias, arn: aliasArn(region, account, alias), targetKeyId: keyId, createdAt: now, updatedAt: now },
  };
}

/** Stores the managed key that a call brought into being, if it did. */
export function keepFreshKey(
  tx: Tx,
  { fresh }: { readonly fresh?: { readonly key: KeyRecord; readonly alias: AliasRecord } },
): void {
  if (fresh === undefined) return;
  putKey(tx, fresh.key);
  tx.put(aliases, partitionOf(fresh.key.account, fresh.key.region), fresh.alias.name, fresh.alias);
}
