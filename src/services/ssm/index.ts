import { defineService, type Service } from '../../gateway/service.ts';
import { LabelParameterVersion, UnlabelParameterVersion } from './labels.ts';
import { DescribeParameters, GetParametersByPath } from './listing.ts';
import { DeleteParameter, DeleteParameters, PutParameter } from './parameters.ts';
import { GetParameter, GetParameterHistory, GetParameters } from './reading.ts';
import { AddTagsToResource, ListTagsForResource, RemoveTagsFromResource } from './tags.ts';

/** AWS Systems Manager: Parameter Store. */
export const ssmService: Service = defineService({
  id: 'ssm',
  actionPrefix: 'ssm',
  eventSource: 'ssm.amazonaws.com',
  hiddenInTrail: ['Value'],
  operations: {
    AddTagsToResource,
    DeleteParameter,
    DeleteParameters,
    DescribeParameters,
    GetParameter,
    GetParameterHistory,
    GetParameters,
    GetParametersByPath,
    LabelParameterVersion,
    ListTagsForResource,
    PutParameter,
    RemoveTagsFromResource,
    UnlabelParameterVersion,
  },
});
