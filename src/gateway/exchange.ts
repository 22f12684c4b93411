import type { Clock } from '../core/clock.ts';
import type { AwsError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { RequestContext } from '../policy/types.ts';
import type { Stage } from '../roles/duty.ts';
import type { Store } from '../store/store.ts';
import type { AnyOperation } from './operation.ts';
import type { Identities } from './ports.ts';
import type { Principal } from './principals.ts';
import type { RecordedCall } from './record.ts';
import type { Service } from './service.ts';
import type { RecordedCheck, Trail, TrailEntry } from './trail.ts';

/** What the steps of the pipeline share and no call changes. */
export interface Environment {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly services: ReadonlyMap<string, Service>;
  readonly identities: Identities;
  readonly trail: Trail;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
  /** For errors that are bugs: the stack goes here, never to a client. */
  readonly logBug: (requestId: string, error: unknown) => void;
  /** What more the composition root knows of a refused call (the smallest fix, the wrong role). */
  readonly diagnose?: (exchange: Exchange) => TrailEntry['diagnosis'];
}

/** One call on its way through the pipeline. It fills as it travels. */
export interface Exchange {
  readonly environment: Environment;
  readonly requestId: string;
  readonly eventId: string;
  readonly now: number;
  readonly region: string;
  readonly endpoint: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly service: Service;
  readonly operation: string;
  /** Undefined for an operation of the API that is not served: authorized all the same, then refused by name. */
  readonly declaration: AnyOperation | undefined;
  readonly principal: Principal;
  readonly input: unknown;
  readonly stage: Stage | undefined;
  readonly taskArn: string | undefined;
  readonly calledVia: readonly string[];
  readonly callerContext: RequestContext;
  readonly abandoned: () => AbortSignal;
  readonly parentEventId: string | undefined;
  checks: RecordedCheck[];
  output: unknown;
  error: AwsError | undefined;
  /** Records of the calls that this one made, oldest first. */
  readonly children: RecordedCall[];
}
