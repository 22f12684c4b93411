import { madeLater, type ResourceType } from '../properties.ts';

const nestedStack: ResourceType = {
  read(resource, workload) {
    const stack = resource.stack.nested(resource);
    if (typeof stack !== 'string') stack.readResources(workload);
    else
      workload.leftOut.push({
        what: `${resource.type} \`${resource.logicalId}\``,
        why: stack,
        origin: resource.origin,
      });
  },
  ref: madeLater('Ref'),
  attributes: {},
};

export const nestedStackTypes: Readonly<Record<string, ResourceType>> = { 'AWS::CloudFormation::Stack': nestedStack };
