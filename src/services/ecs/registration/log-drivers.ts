import { containersOf, type Rule, violation } from './rule.ts';

/** Source of the text: observed, with one and with both options missing. */
export const awslogsOptions: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    if (container.logConfiguration?.logDriver !== 'awslogs') continue;
    const options = container.logConfiguration.options ?? {};
    const missing = ['awslogs-region', 'awslogs-group'].filter((name) => (options[name] ?? '') === '');
    if (missing.length > 0) {
      yield violation(`${path}/logConfiguration/options`, `Log driver awslogs requires options: ${missing.join(', ')}`);
    }
  }
};

/** Source of the text: observed. */
export const firelensRouter: Rule = function* (registration) {
  const containers = containersOf(registration);
  if (containers.some(({ container }) => container.firelensConfiguration !== undefined)) return;
  for (const { container, path } of containers) {
    if (container.logConfiguration?.logDriver !== 'awsfirelens') continue;
    yield violation(
      `${path}/logConfiguration/logDriver`,
      'When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified',
    );
  }
};
