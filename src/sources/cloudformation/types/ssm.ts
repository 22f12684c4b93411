import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { mapNode } from '../../node.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, nameSuffix, resourceId } from '../scope.ts';

function parameterName(resource: Declared): Text {
  return namedBy(resource, 'Name', ({ stack, logicalId }) => `CFN-${logicalId}-${nameSuffix(stack.name, logicalId)}`);
}

/** `…:parameter/a/b` for `/a/b`, `…:parameter/a` for `a`. */
function parameterArn(resource: Declared): Text {
  const name = parameterName(resource);
  const slash = String(name).startsWith('/') ? '' : '/';
  return concatenate([arn('ssm', resource.stack.region, resource.stack.account, `parameter${slash}`), name]);
}

/**
 * As CloudFormation has it, and beyond it: `Type: SecureString` with `KeyId`, which CloudFormation refuses
 * because the value would stand in the template. Here that is what is wanted.
 */
const parameter: ResourceType = {
  read(resource, workload) {
    const used = [
      'AllowedPattern',
      'DataType',
      'Description',
      'KeyId',
      'Name',
      'Policies',
      'Tags',
      'Tier',
      'Type',
      'Value',
    ];
    const properties = new Properties(resource, used, workload);
    properties.required('Type');
    properties.required('Value');
    const members = [...properties.map.members].filter(
      ([name]) => used.includes(name) && name !== 'Tags' && name !== 'Name',
    );
    const name = parameterName(resource);
    workload.parameters.push({
      id: resourceId(resource),
      origin: resource.origin,
      name,
      arn: parameterArn(resource),
      input: inputOf(
        'ssm',
        'PutParameter',
        mapNode(members, properties.map.origin),
        'template',
        `\`${resource.logicalId}\``,
      ),
      tags: properties.tags(),
    });
  },
  ref: parameterName,
  attributes: {
    Type: (resource) => namedBy(resource, 'Type', () => 'String'),
    Value: (resource) => namedBy(resource, 'Value', () => ''),
  },
};

export const ssmTypes: Readonly<Record<string, ResourceType>> = { 'AWS::SSM::Parameter': parameter };
