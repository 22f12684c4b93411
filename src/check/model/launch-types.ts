import type { LaunchType } from '../../roles/duty.ts';
import { compatibilitiesOf } from '../../services/ecs/registration/rules.ts';
import type { Workload } from '../../sources/workload.ts';
import type { RegistrationView } from './registration.ts';

const ALL: readonly LaunchType[] = ['FARGATE', 'EC2', 'EXTERNAL'];

/**
 * The launch types that a task definition is checked for: those asked for, else what `rolecall.json` names, else those of
 * the services that run it, else what it requires, else all that it would be valid for (EXTERNAL is asked for by name).
 */
export function launchTypesOf(
  view: RegistrationView,
  workload: Workload,
  asked: readonly LaunchType[] | undefined,
  ofServices: readonly LaunchType[],
): readonly LaunchType[] {
  if (asked !== undefined && asked.length > 0) return asked;
  if (workload.settings.launchTypes !== undefined) return workload.settings.launchTypes;
  if (ofServices.length > 0) return ofServices;
  const { requiresCompatibilities } = view.registration;
  const required = Array.isArray(requiresCompatibilities) ? requiresCompatibilities : [];
  const named = ALL.filter((type) => required.includes(type));
  if (named.length > 0) return named;
  if (required.length > 0) return [];
  const fits = compatibilitiesOf(view.plannable);
  return ALL.filter((type) => type !== 'EXTERNAL' && fits.includes(type));
}
