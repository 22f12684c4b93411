import { containersOf, type Rule, violation } from './rule.ts';
import { parseTaskCpu, parseTaskMemory } from './task-size.ts';

/** Source of the texts: observed. */
export const containerList: Rule = function* ({ containerDefinitions }) {
  if (containerDefinitions.length === 0) {
    yield violation('/containerDefinitions', 'Container list cannot be empty.');
    return;
  }
  if (!containerDefinitions.some((container) => container.essential !== false)) {
    yield violation('/containerDefinitions', "Task definition doesn't have any essential container");
  }
};

/** Source of the texts: observed; of the pattern: ECS API, ContainerDefinition.name. */
export const containerNames: Rule = function* (registration) {
  const seen = new Set<string>();
  for (const { container, name, path } of containersOf(registration)) {
    if (name === '') yield violation(`${path}/name`, 'Container.name should not be null or empty.');
    else if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) {
      yield violation(`${path}/name`, 'Container.name contains invalid characters.'); // unverified: text
    }
    if (container.image === undefined || container.image === '') {
      yield violation(`${path}/image`, 'Container.image should not be null or empty.');
    }
    if (name !== '' && seen.has(name)) {
      yield violation(`${path}/name`, 'Container names must be unique within a task definition');
    }
    seen.add(name);
  }
};

/** Source of the texts: observed. Docker's own minimum is the agent's matter. */
export const containerMemory: Rule = function* (registration) {
  const task = registration.memory === undefined ? undefined : parseTaskMemory(registration.memory);
  for (const { container, name, path } of containersOf(registration)) {
    const { memory, memoryReservation } = container;
    if (registration.memory === undefined && (memory ?? 0) === 0 && (memoryReservation ?? 0) === 0) {
      yield violation(
        path,
        `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
      );
    }
    if (memory !== undefined && task !== undefined && memory > task) {
      yield violation(`${path}/memory`, `The 'memory' setting for container '${name}' is greater than for the task.`);
    }
    if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
      // unverified: the first half of the text; the second is observed
      yield violation(
        `${path}/memoryReservation`,
        `Invalid setting for container '${name}'. 'memory' must be greater than or equal to 'memoryReservation'.`,
      );
    }
  }
};

/** Source of the text: observed. */
export const containerCpu: Rule = function* (registration) {
  const task = registration.cpu === undefined ? undefined : parseTaskCpu(registration.cpu);
  if (task === undefined) return;
  const total = registration.containerDefinitions.reduce((sum, container) => sum + (container.cpu ?? 0), 0);
  if (total > task) {
    yield violation(
      '/containerDefinitions',
      "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value",
    );
  }
};

/** Source: ECS API, HealthCheck; the ranges are observed. unverified: texts */
export const healthChecks: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const check = container.healthCheck;
    if (check === undefined) continue;
    const kind = check.command[0];
    if (kind !== 'CMD' && kind !== 'CMD-SHELL' && kind !== 'NONE') {
      yield violation(
        `${path}/healthCheck/command`,
        'Health check command must start with CMD to run the command arguments directly, or CMD-SHELL to run the command with the default shell.',
      );
    }
    yield* range(`${path}/healthCheck`, 'interval', check.interval, 5, 300);
    yield* range(`${path}/healthCheck`, 'timeout', check.timeout, 2, 60);
    yield* range(`${path}/healthCheck`, 'retries', check.retries, 1, 10);
    yield* range(`${path}/healthCheck`, 'startPeriod', check.startPeriod, 0, 300);
  }
};

function* range(path: string, member: string, value: number | undefined, low: number, high: number) {
  if (value === undefined || (value >= low && value <= high)) return;
  yield violation(`${path}/${member}`, `Invalid health check '${member}': must be between ${low} and ${high}.`);
}

/** Source of the period's text: observed; of the limits: ECS API, ContainerRestartPolicy. */
export const restartPolicies: Rule = function* (registration) {
  for (const { container, name, path } of containersOf(registration)) {
    const policy = container.restartPolicy;
    const period = policy?.restartAttemptPeriod;
    if (period !== undefined && (period < 60 || period > 1800)) {
      yield violation(
        `${path}/restartPolicy/restartAttemptPeriod`,
        `the 'restartAttemptPeriod' setting for container '${name}' must be between 60 and 1800`,
      );
    }
    if ((policy?.ignoredExitCodes ?? []).length > 50) {
      // unverified: text
      yield violation(
        `${path}/restartPolicy/ignoredExitCodes`,
        `the 'ignoredExitCodes' setting for container '${name}' can have at most 50 items`,
      );
    }
  }
};
