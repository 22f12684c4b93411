import type { Service } from '../gateway/service.ts';
import type { Trail } from '../gateway/trail.ts';
import { createCloudTrailService } from './cloudtrail/index.ts';
import { dynamodbService } from './dynamodb/index.ts';
import { type BlobStore, createEcrService, ecrService } from './ecr/index.ts';
import { ecsService } from './ecs/index.ts';
import { iamService } from './iam/index.ts';
import { kmsService } from './kms/index.ts';
import { logsService } from './logs/index.ts';
import { s3Service } from './s3/index.ts';
import { secretsmanagerService } from './secretsmanager/index.ts';
import { sqsService } from './sqs/index.ts';
import { ssmService } from './ssm/index.ts';
import { stsService } from './sts/index.ts';

/**
 * The services that are served. `trail` is what LookupEvents reads; `blobs` is where ECR keeps layers (without it, layers
 * cannot be uploaded).
 */
export function servicesOver(trail: Trail, blobs?: BlobStore): readonly Service[] {
  return [
    createCloudTrailService(trail),
    dynamodbService,
    blobs === undefined ? ecrService : createEcrService(blobs),
    ecsService,
    iamService,
    kmsService,
    logsService,
    s3Service,
    secretsmanagerService,
    sqsService,
    ssmService,
    stsService,
  ];
}
