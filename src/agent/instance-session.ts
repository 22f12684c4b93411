import { arn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { Principal } from '../gateway/principals.ts';
import { collection } from '../store/collections.ts';
import type { InstanceCredentials, RoleDelivery } from './endpoints/imds.ts';
import { instanceService } from './instance-role.ts';
import type { Surroundings } from './ports.ts';

/** Whose session it is. */
export interface SessionOwner {
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly account: string;
  readonly region: string;
  /** `i-…` or `mi-…`: the name of the session. */
  readonly instanceId: string;
  readonly roleArn: string;
}

/**
 * The instance role's sessions, as the metadata service hands them out. Partition: ''; key: instance id, and behind it
 * ` 1.0` for those that are given without a token.
 */
const sessions = collection<InstanceCredentials>('agent/instance-sessions');

/** Seconds. Source: observed: credentials from the metadata service last about six hours. */
const SESSION_SECONDS = 21_600;

/** The session that EC2 (external: Systems Manager) delivers to an instance. */
export class InstanceRoleSession {
  readonly #surroundings: Surroundings;
  readonly #owner: SessionOwner;

  constructor(surroundings: Surroundings, owner: SessionOwner) {
    this.#surroundings = surroundings;
    this.#owner = owner;
  }

  /** Undefined when the role cannot be assumed. */
  async principal(): Promise<Principal | undefined> {
    const credentials = await this.credentials();
    return credentials === undefined ? undefined : this.#surroundings.gateway.principalOf(credentials.accessKeyId);
  }

  /** Renewed when less than half of its life is left. A role that cannot be assumed any more leaves the old session. */
  async credentials(version: RoleDelivery = '2.0'): Promise<InstanceCredentials | undefined> {
    const { store, clock } = this.#surroundings;
    const known = store.get(sessions, '', this.#key(version));
    if (known !== undefined && known.expiresAt - clock.now() > (known.expiresAt - known.issuedAt) / 2) return known;
    try {
      return await this.assume(version);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return known;
    }
  }

  /** A new session. Throws AwsError when the role does not let the service in. */
  async assume(version: RoleDelivery = '2.0'): Promise<InstanceCredentials> {
    const { launchType, account, region, instanceId, roleArn } = this.#owner;
    const { gateway, store, clock } = this.#surroundings;
    const answer = await gateway.call(
      'sts',
      'AssumeRole',
      { RoleArn: roleArn, RoleSessionName: instanceId, DurationSeconds: SESSION_SECONDS },
      {
        as: { type: 'service', service: instanceService(launchType), account },
        stage: 'instance',
        region,
        context: {
          'rolecall:OriginRole': 'container-instance',
          // The machine's own ARN, as CloudTrail's inScopeOf has it: it is there before the registration.
          'rolecall:OriginContainerInstance': this.#machineArn,
          'rolecall:RoleDelivery': version,
        },
      },
    );
    const made = answer.Credentials;
    if (made === undefined) throw new AwsError('ServerException', 'AssumeRole was answered without credentials');
    const credentials: InstanceCredentials = {
      accessKeyId: made.AccessKeyId,
      secretAccessKey: made.SecretAccessKey,
      sessionToken: made.SessionToken,
      issuedAt: clock.now(),
      expiresAt: made.Expiration,
    };
    store.transact((tx) => tx.put(sessions, '', this.#key(version), credentials));
    return credentials;
  }

  forget(): void {
    this.#surroundings.store.transact((tx) => {
      for (const version of ['1.0', '2.0'] as const) tx.delete(sessions, '', this.#key(version));
    });
  }

  #key(version: RoleDelivery): string {
    return version === '2.0' ? this.#owner.instanceId : `${this.#owner.instanceId} ${version}`;
  }

  get #machineArn(): string {
    const { account, region, launchType, instanceId } = this.#owner;
    return launchType === 'EC2'
      ? arn('ec2', region, account, `instance/${instanceId}`)
      : arn('ssm', region, account, `managed-instance/${instanceId}`);
  }
}
