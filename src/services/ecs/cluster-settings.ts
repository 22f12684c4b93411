import { arn } from '../../core/arn.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { invalidParameter, notSupported } from './errors.ts';
import type { ClusterName } from './identifiers.ts';
import { checkProvider, checkStrategy } from './launch-type.ts';

/** Source: ECS API, ClusterSetting.value. unverified: text */
export function checkSettings(settings: readonly Ecs.ClusterSetting[]): readonly Ecs.ClusterSetting[] {
  for (const { name, value } of settings) {
    if (name !== 'containerInsights') throw invalidParameter('Setting name should be one of [containerInsights]');
    if (value !== 'enabled' && value !== 'disabled' && value !== 'enhanced') {
      throw invalidParameter(`Invalid cluster setting value: ${value ?? ''}`);
    }
  }
  if (settings.length > 1) throw invalidParameter('Duplicate cluster setting name: containerInsights');
  return settings;
}

/** Source of the first text: observed (CreateCluster); of the rule: ECS API, ExecuteCommandConfiguration. */
export function checkConfiguration(configuration: Ecs.ClusterConfiguration | undefined): void {
  const exec = configuration?.executeCommandConfiguration;
  if (exec === undefined) return;
  const log = exec.logConfiguration;
  if (exec.logging === 'OVERRIDE' && log?.cloudWatchLogGroupName === undefined && log?.s3BucketName === undefined) {
    throw invalidParameter(
      'A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration',
    );
  }
  // unverified: text
  if (exec.logging !== 'OVERRIDE' && exec.logConfiguration !== undefined) {
    throw invalidParameter('A log configuration must not be specified unless logging is OVERRIDE.');
  }
}

export function checkProviders(
  providers: readonly string[],
  strategy: readonly Ecs.CapacityProviderStrategyItem[],
): void {
  for (const provider of providers) checkProvider(provider);
  if (strategy.length > 0) checkStrategy(strategy, providers);
}

export function refuseServiceConnect(defaults: unknown): void {
  if (defaults !== undefined) throw notSupported('serviceConnectDefaults (AWS Cloud Map is not served)');
}

/** ecs:capacity-provider: the ARNs of the providers named. Source: Service Authorization Reference. */
export function providerKey(cluster: ClusterName, providers: readonly string[]): Record<string, readonly string[]> {
  if (providers.length === 0) return {};
  return {
    'ecs:capacity-provider': providers.map((name) =>
      arn('ecs', cluster.region, cluster.account, `capacity-provider/${name}`),
    ),
  };
}

/** ecs:fargate-ephemeral-storage-kms-key. Source: Service Authorization Reference. */
export function storageKey(configuration: Ecs.ClusterConfiguration | undefined): Record<string, string> {
  const key = configuration?.managedStorageConfiguration?.fargateEphemeralStorageKmsKeyId;
  return key === undefined ? {} : { 'ecs:fargate-ephemeral-storage-kms-key': key };
}
