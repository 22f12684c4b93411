import { type Rule, violation } from './rule.ts';
import { parseTaskCpu, parseTaskMemory } from './task-size.ts';

/** Source of the cpu text and its code: observed; memory by analogy. */
export const taskSizes: Rule = function* ({ cpu, memory }) {
  if (cpu !== undefined && !((parseTaskCpu(cpu) ?? 0) > 0)) {
    yield violation('/cpu', "Invalid 'cpu' setting for task.", 'InvalidParameterException');
  }
  if (memory !== undefined && !((parseTaskMemory(memory) ?? 0) > 0)) {
    yield violation('/memory', "Invalid 'memory' setting for task.", 'InvalidParameterException'); // unverified
  }
};

/** Source of the texts: observed. */
export const ephemeralStorage: Rule = function* ({ ephemeralStorage: storage }) {
  const size = storage?.sizeInGiB;
  if (size === undefined) return;
  if (size < 21) yield violation('/ephemeralStorage/sizeInGiB', 'EphemeralStorage size should be at least 21');
  if (size > 200) yield violation('/ephemeralStorage/sizeInGiB', 'EphemeralStorage size should be at most 200');
};

/** Source: AWS ended Elastic Inference in April 2024: new accelerators cannot be asked for. unverified: text */
export const accelerators: Rule = function* ({ inferenceAccelerators, containerDefinitions }) {
  const message = 'Amazon Elastic Inference is no longer available.';
  if ((inferenceAccelerators ?? []).length > 0) yield violation('/inferenceAccelerators', message);
  for (const [index, container] of containerDefinitions.entries()) {
    if ((container.resourceRequirements ?? []).some((one) => one.type === 'InferenceAccelerator')) {
      yield violation(`/containerDefinitions/${index}/resourceRequirements`, message);
    }
  }
};
