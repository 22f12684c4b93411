import type { MetadataOptions } from '../core/metadata-options.ts';
import type { Origin } from './origin.ts';

/** A workload's own settings: what `rolecall.json` says. */
export interface Settings {
  readonly origin?: Origin;
  readonly launchTypes?: readonly ('FARGATE' | 'EC2' | 'EXTERNAL')[];
  readonly account?: string;
  readonly region?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Folders and files of other accounts, named from the folder of `rolecall.json`. */
  readonly accounts?: readonly AccountSetting[];
  /** Container instances for the tasks of the launch types EC2 and EXTERNAL. */
  readonly instances?: readonly InstanceSetting[];
  /** Findings of `rolecall check` to live with. */
  readonly silence?: readonly SilenceSetting[];
}

/** One entry of `accounts`. */
export interface AccountSetting {
  /** As it was written. */
  readonly path: string;
  readonly account: string;
  readonly origin: Origin;
}

/** One entry of `instances`: `count` container instances that are alike. */
export interface InstanceSetting {
  readonly origin: Origin;
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly count: number;
  readonly role?: string;
  readonly instanceType?: string;
  readonly availabilityZone?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly metadataOptions?: Partial<MetadataOptions>;
}

/** One entry of `silence`. */
export interface SilenceSetting {
  readonly id: string;
  readonly reason: string;
  /** Only in this file (its name or the end of its path), or at this JSON path. */
  readonly path?: string;
  readonly origin: Origin;
}
