import { ManualClock } from '../core/clock.ts';
import { AwsError } from '../core/errors.ts';
import { randomIds } from '../core/ids.ts';
import type { CompiledPolicy } from '../policy/compiled.ts';
import { parsePolicy } from '../policy/parse.ts';
import { type PreparedPolicies, preparePolicies } from '../policy/prepare.ts';
import type { NamedPolicy } from '../policy/types.ts';
import type { Read } from '../store/collections.ts';
import { Store } from '../store/store.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import { Gateway, type InternalCall } from './gateway.ts';
import type { Input, OperationName, Output } from './operation.ts';
import type { Identities } from './ports.ts';
import type { Principal, RoleSessionPrincipal, RootPrincipal } from './principals.ts';
import type { Service } from './service.ts';
import type { TrailEntry } from './trail.ts';

/** A gateway over some services with a real store and engine; only the clock stands still. For unit tests of services. */
export interface TestBench {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly root: RootPrincipal;
  /** Calls as the account's root user, or as the principal named. */
  call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
    options?: Partial<InternalCall>,
  ): Promise<Output<S, O>>;
  /** A role session whose identity policies are these documents (objects or JSON texts). */
  roleSession(
    roleName: string,
    documents: readonly (object | string)[],
    options?: { account?: string; sessionName?: string },
  ): RoleSessionPrincipal;
  /** The AwsError that a call ends with; fails when it does not. */
  refused(call: Promise<unknown>): Promise<AwsError>;
  trail(): TrailEntry[];
}

export const TEST_ACCOUNT = '000000000000';
export const TEST_REGION = 'eu-west-1';

/** `identities` replaces the built-in ones (sessions made by `roleSession`) where a test needs real IAM. */
export function createTestBench(services: readonly Service[], options: { identities?: Identities } = {}): TestBench {
  const store = Store.inMemory();
  const clock = new ManualClock();
  const sessions = new Map<string, { principal: Principal; prepared: PreparedPolicies }>();
  const none = preparePolicies({ identity: [] });
  const own: Identities = {
    credential: (read, accessKeyId) => {
      const session = sessions.get(accessKeyId);
      if (session === undefined) return options.identities?.credential(read, accessKeyId);
      return { secretAccessKey: 'secret', principal: session.principal };
    },
    policies: (read: Read, principal: Principal) => {
      const key = 'accessKeyId' in principal ? principal.accessKeyId : undefined;
      const session = key === undefined ? undefined : sessions.get(key);
      return session?.prepared ?? options.identities?.policies(read, principal) ?? none;
    },
  };
  const bugs: unknown[] = [];
  const gateway = new Gateway({
    store,
    clock,
    ids: randomIds,
    services,
    identities: own,
    region: TEST_REGION,
    endpoint: () => 'http://127.0.0.1:4566',
    logBug: (_requestId, error) => bugs.push(error),
  });
  const root: RootPrincipal = { type: 'root', account: TEST_ACCOUNT };
  return {
    gateway,
    store,
    clock,
    root,
    call: async (service, operation, input, call = {}) => {
      try {
        return await gateway.call(service, operation, input, { as: root, ...call });
      } catch (error) {
        // A bug shows its own stack in the test, not AWS's InternalFailure.
        if (error instanceof AwsError && error.code === 'InternalFailure') throw bugs.at(-1) ?? error;
        throw error;
      }
    },
    roleSession: (roleName, documents, { account = TEST_ACCOUNT, sessionName = 'session' } = {}) => {
      const accessKeyId = randomIds.iam('ASIA');
      const principal: RoleSessionPrincipal = {
        type: 'role-session',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`,
        roleArn: `arn:aws:iam::${account}:role/${roleName}`,
        roleName,
        roleId: randomIds.iam('AROA'),
        sessionName,
        accessKeyId,
        serviceLinked: false,
        tags: {},
        chained: false,
        issuedAt: clock.now(),
      };
      const identity = documents.map(
        (document, index): NamedPolicy<CompiledPolicy> => ({
          name: `policy-${index}`,
          source: 'inline',
          policy: parsePolicy(typeof document === 'string' ? document : JSON.stringify(document), 'identity'),
        }),
      );
      sessions.set(accessKeyId, { principal, prepared: preparePolicies({ identity }) });
      return principal;
    },
    refused: async (call) => {
      try {
        await call;
      } catch (error) {
        if (error instanceof AwsError) return error;
        throw error;
      }
      throw new Error('the call was not refused');
    },
    trail: () => gateway.trail.read(store).map((entry) => entry.value),
  };
}
