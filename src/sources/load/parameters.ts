import type { ParameterSource, Workload } from '../workload.ts';
import { type Outcome, type Step, unless } from './step.ts';

export function parameterSteps(workload: Workload): Step[] {
  return workload.parameters.map(parameterStep);
}

interface Wanted {
  readonly Type: 'String' | 'StringList' | 'SecureString';
  readonly Value: string;
  readonly KeyId?: string;
}

function parameterStep(parameter: ParameterSource): Step {
  return {
    what: `parameter ${parameter.name}`,
    origin: parameter.origin,
    provides: [parameter.id, String(parameter.name)],
    from: parameter,
    async run(making): Promise<Outcome> {
      const { client } = making;
      const Name = making.text(parameter.name);
      const input = making.input(parameter.input) as unknown as Wanted;
      const Tags = making.tagList(parameter.tags);
      return unless<Outcome>(
        ['ParameterAlreadyExists'],
        async () => {
          await client.call('ssm', 'PutParameter', { ...input, Name, ...(Tags.length === 0 ? {} : { Tags }) });
          return 'created';
        },
        async () => {
          if (Tags.length > 0)
            await client.call('ssm', 'AddTagsToResource', { ResourceType: 'Parameter', ResourceId: Name, Tags });
          const { Parameter } = await client.call('ssm', 'GetParameter', { Name, WithDecryption: true });
          if (Parameter?.Value === input.Value && Parameter.Type === input.Type && input.KeyId === undefined)
            return 'unchanged';
          await client.call('ssm', 'PutParameter', { ...input, Name, Overwrite: true });
          return 'updated';
        },
      );
    },
  };
}
