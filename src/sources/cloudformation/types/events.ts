import { arn } from '../../../core/arn.ts';
import { asMap, asText, type MapNode, type Node, required } from '../../node.ts';
import { concatenate, type Text } from '../../unknown.ts';
import type { OpenWorkload, TaskStarterSource } from '../../workload.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

/** A target that starts tasks: its `Arn` is the cluster, its `EcsParameters` say what. */
function readTarget(
  resource: Declared,
  target: MapNode,
  of: Pick<TaskStarterSource, 'kind' | 'name' | 'arn'>,
  workload: OpenWorkload,
): void {
  const node = target.members.get('EcsParameters');
  if (node === undefined || node.kind === 'unknown') {
    if (node !== undefined) leftOutTarget(resource, node, workload);
    return;
  }
  const parameters = asMap(node, '`EcsParameters`');
  const optional = (name: string): Text | undefined => {
    const value = target.members.get(name);
    return value === undefined ? undefined : asText(value, `\`${name}\``);
  };
  const roleArn = optional('RoleArn');
  const input = optional('Input');
  workload.taskStarters.push({
    id: resourceId(resource),
    origin: target.origin,
    ...of,
    clusterArn: asText(required(target, 'Arn', 'a target'), '`Arn`'),
    ...(roleArn === undefined ? {} : { roleArn }),
    taskDefinition: asText(required(parameters, 'TaskDefinitionArn', '`EcsParameters`'), '`TaskDefinitionArn`'),
    parameters,
    ...(input === undefined ? {} : { input }),
  });
}

function leftOutTarget(resource: Declared, node: Node, workload: OpenWorkload): void {
  const what = `a target of ${resource.type} \`${resource.logicalId}\``;
  workload.leftOut.push({ what, why: 'what it starts cannot be known', origin: node.origin });
}

function ruleName(resource: Declared): Text {
  return namedBy(resource, 'Name', (unnamed) => madeUpName(unnamed, 64));
}

function ruleArn(resource: Declared): Text {
  const bus = namedBy(resource, 'EventBusName', () => 'default');
  const { region, account } = resource.stack;
  const name = ruleName(resource);
  return concatenate([arn('events', region, account, 'rule/'), ...(bus === 'default' ? [name] : [bus, '/', name])]);
}

const rule: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['Targets'], workload, 'irrelevant');
    const targets = properties.node('Targets');
    if (targets?.kind === 'unknown') leftOutTarget(resource, targets, workload);
    else
      for (const target of properties.list('Targets'))
        if (target.kind === 'unknown') leftOutTarget(resource, target, workload);
        else
          readTarget(
            resource,
            asMap(target, 'a target'),
            { kind: 'rule', name: ruleName(resource), arn: ruleArn(resource) },
            workload,
          );
  },
  ref: ruleName,
  attributes: { Arn: ruleArn },
};

function scheduleName(resource: Declared): Text {
  return namedBy(resource, 'Name', (unnamed) => madeUpName(unnamed, 64));
}

function scheduleArn(resource: Declared): Text {
  const group = namedBy(resource, 'GroupName', () => 'default');
  const { region, account } = resource.stack;
  return concatenate([arn('scheduler', region, account, 'schedule/'), group, '/', scheduleName(resource)]);
}

const schedule: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['Target'], workload, 'irrelevant');
    const target = properties.required('Target');
    if (target.kind === 'unknown') leftOutTarget(resource, target, workload);
    else
      readTarget(
        resource,
        asMap(target, '`Target`'),
        { kind: 'schedule', name: scheduleName(resource), arn: scheduleArn(resource) },
        workload,
      );
  },
  ref: scheduleName,
  attributes: { Arn: scheduleArn },
};

export const eventsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Events::Rule': rule,
  'AWS::Scheduler::Schedule': schedule,
};
