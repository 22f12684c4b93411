import { containersOf, type Rule, violation } from './rule.ts';
import { isFargateSize, parseTaskCpu, parseTaskMemory } from './task-size.ts';

/** Source of the texts: observed. The quotation marks are curly. */
export const fargateNetwork: Rule = function* ({ networkMode }) {
  if (networkMode !== 'awsvpc') yield violation('/networkMode', 'Fargate only supports network mode ‘awsvpc’.');
};

/** Source of the texts: observed (the last one's wording varies slightly). */
export const fargateSize: Rule = function* ({ cpu, memory }) {
  if (cpu === undefined) yield violation('/cpu', "Fargate requires that 'cpu' be defined at the task level.");
  if (memory === undefined) yield violation('/memory', "Fargate requires that 'memory' be defined at the task level.");
  if (cpu === undefined || memory === undefined) return;
  const [units, mib] = [parseTaskCpu(cpu), parseTaskMemory(memory)];
  if (units !== undefined && mib !== undefined && !isFargateSize(units, mib)) {
    yield violation(
      '/cpu',
      `No Fargate configuration exists for given values: ${units} CPU, ${mib} memory. See the Amazon ECS documentation for the valid values.`,
    );
  }
};

/** `ACCOUNT.dkr.ecr.REGION.amazonaws.com/…`. Source: ECR User Guide, registries; public images are not pulled with a role. */
export function isEcrImage(image: string): boolean {
  return /^\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)\//.test(image);
}

/** Source of the texts: observed; environment files by the page's rule. */
export const fargateExecutionRole: Rule = function* (registration) {
  if (registration.executionRoleArn !== undefined) return;
  for (const { container, path } of containersOf(registration)) {
    if (isEcrImage(container.image ?? '')) {
      yield violation(
        `${path}/image`,
        'Fargate requires task definition to have execution role ARN to support ECR images.',
      );
    }
    const driver = container.logConfiguration?.logDriver;
    if (driver === 'awslogs') {
      yield violation(
        `${path}/logConfiguration/logDriver`,
        `Fargate requires task definition to have execution role ARN to support log driver ${driver}.`,
      );
    }
    if ((container.environmentFiles ?? []).length > 0) {
      // unverified: text, by analogy
      yield violation(
        `${path}/environmentFiles`,
        'Fargate requires task definition to have execution role ARN to support environment files.',
      );
    }
  }
};

const FARGATE_DRIVERS = ['awslogs', 'splunk', 'awsfirelens'];

/** Source of the texts: observed; the stream prefix's second half is from memory. */
export const fargateLogs: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const log = container.logConfiguration;
    if (log === undefined) continue;
    if (!FARGATE_DRIVERS.includes(log.logDriver)) {
      yield violation(
        `${path}/logConfiguration/logDriver`,
        `${log.logDriver} is not a valid log driver. Must be one of [${FARGATE_DRIVERS.join(', ')}]`,
      );
    }
    if (log.logDriver === 'awslogs' && (log.options?.['awslogs-stream-prefix'] ?? '') === '') {
      yield violation(
        `${path}/logConfiguration/options`,
        'Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.',
      );
    }
  }
};

const unsupported = (path: string, what: string) =>
  violation(path, `Fargate compatible task definitions do not support ${what}`);

/** What Fargate does not run. Source of the texts: observed, unless marked. */
export const fargateContainers: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const linux = container.linuxParameters;
    if (container.privileged === true) {
      yield violation(`${path}/privileged`, "Fargate requires that the 'privileged' setting be 'false'");
    }
    if ((container.dockerSecurityOptions ?? []).length > 0) {
      yield unsupported(`${path}/dockerSecurityOptions`, 'dockerSecurityOptions');
    }
    for (const capability of linux?.capabilities?.add ?? []) {
      if (capability !== 'SYS_PTRACE') {
        yield violation(`${path}/linuxParameters/capabilities/add`, `${capability} is not allowed on Fargate.`);
      }
    }
    if (linux?.sharedMemorySize !== undefined) {
      yield unsupported(`${path}/linuxParameters/sharedMemorySize`, 'sharedMemorySize');
    }
    if (linux?.maxSwap !== undefined) yield unsupported(`${path}/linuxParameters/maxSwap`, 'maxSwap');
    // unverified: texts of the next two, by analogy
    if (linux?.swappiness !== undefined) yield unsupported(`${path}/linuxParameters/swappiness`, 'swappiness');
    if ((linux?.devices ?? []).length > 0) yield unsupported(`${path}/linuxParameters/devices`, 'devices');
    if ((container.resourceRequirements ?? []).some((one) => one.type === 'GPU')) {
      yield violation(
        `${path}/resourceRequirements`,
        'Tasks using the Fargate launch type do not support GPU resource requirements',
      );
    }
    for (const member of ['startTimeout', 'stopTimeout'] as const) {
      // Source: ECS API, ContainerDefinition: at most 120 seconds on Fargate. unverified: text
      if ((container[member] ?? 0) > 120) {
        yield violation(`${path}/${member}`, `Fargate requires that '${member}' be at most 120`);
      }
    }
  }
};

/** Source of the texts: observed. */
export const fargateTask: Rule = function* (registration) {
  if (registration.pidMode === 'host') {
    yield violation(
      '/pidMode',
      `Tasks using the Fargate launch type do not support pidMode '${registration.pidMode}'. The supported value for pidMode is 'task'.`,
    );
  }
  if (registration.ipcMode !== undefined) yield unsupported('/ipcMode', 'ipcMode');
  if ((registration.placementConstraints ?? []).length > 0) yield unsupported('/placementConstraints', 'constraints');
  for (const [index, volume] of (registration.volumes ?? []).entries()) {
    if (volume.dockerVolumeConfiguration !== undefined) {
      yield unsupported(`/volumes/${index}/dockerVolumeConfiguration`, 'dockerVolumeConfiguration');
    }
    if (volume.host?.sourcePath !== undefined) yield unsupported(`/volumes/${index}/host/sourcePath`, 'sourcePath');
    if (volume.fsxWindowsFileServerVolumeConfiguration !== undefined) {
      // unverified: text, by analogy
      yield unsupported(`/volumes/${index}`, 'fsxWindowsFileServerVolumeConfiguration');
    }
  }
};
