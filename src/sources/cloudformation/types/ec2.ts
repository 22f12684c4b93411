import { arn } from '../../../core/arn.ts';
import { asMap, asText, type MapNode, type Node } from '../../node.ts';
import { concatenate, type Text } from '../../unknown.ts';
import type { LaunchSource, OpenWorkload } from '../../workload.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

type Kind = LaunchSource['kind'];

/** Of all these types. */
const READ = [
  'IamInstanceProfile',
  'LaunchConfigurationName',
  'LaunchTemplate',
  'LaunchTemplateData.IamInstanceProfile',
  'LaunchTemplateData.MetadataOptions',
  'LaunchTemplateData.UserData',
  'MetadataOptions',
  'MixedInstancesPolicy.LaunchTemplate',
  'UserData',
];

/** Of what starts instances only what decides about their role, and who can reach it, is read. */
function readLaunch(
  kind: Kind,
  resource: Declared,
  workload: OpenWorkload,
  name: (resource: Declared) => Text,
  parts: (properties: Properties) => {
    readonly profile?: Node | undefined;
    readonly template?: Node | undefined;
    readonly data?: Node | undefined;
    readonly metadata?: Node | undefined;
  },
): void {
  const { profile, template, data, metadata } = parts(new Properties(resource, READ, workload, 'irrelevant'));
  workload.launches.push({
    id: resourceId(resource),
    origin: resource.origin,
    kind,
    name: name(resource),
    ...(profile === undefined ? {} : { instanceProfile: asText(profile, 'the instance profile') }),
    ...(template === undefined ? {} : { launchTemplate: asText(template, 'the launch template') }),
    ...(data === undefined ? {} : { userData: plainText(asText(data, '`UserData`')) }),
    ...(metadata?.kind === 'map' ? { metadataOptions: metadata } : {}),
  });
}

/** User data is given as Base64; `Fn::Base64` of what is not wholly known stays plain. */
function plainText(text: Text): Text {
  return typeof text === 'string' && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)
    ? Buffer.from(text, 'base64').toString('utf8')
    : text;
}

function member(node: Node | undefined, ...names: readonly string[]): Node | undefined {
  if (node?.kind !== 'map') return undefined;
  for (const name of names) {
    const found = node.members.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TEMPLATE_NAMES = ['LaunchTemplateId', 'LaunchTemplateName'];

function templateData(properties: Properties): MapNode | undefined {
  const node = properties.node('LaunchTemplateData');
  return node === undefined || node.kind === 'unknown' ? undefined : asMap(node, '`LaunchTemplateData`');
}

const launchTemplate: ResourceType = {
  read(resource, workload) {
    readLaunch('launch-template', resource, workload, launchTemplateName, (properties) => {
      const data = templateData(properties);
      return {
        profile: member(data?.members.get('IamInstanceProfile'), 'Arn', 'Name'),
        data: data?.members.get('UserData'),
        metadata: data?.members.get('MetadataOptions'),
      };
    });
  },
  ref: madeLater('Ref'),
  attributes: {
    DefaultVersionNumber: () => '1',
    LatestVersionNumber: () => '1',
    LaunchTemplateId: madeLater('Ref'),
  },
};

function launchTemplateName(resource: Declared): Text {
  return namedBy(resource, 'LaunchTemplateName', madeUpName);
}

const launchConfiguration: ResourceType = {
  read(resource, workload) {
    readLaunch('launch-configuration', resource, workload, launchConfigurationName, (properties) => ({
      profile: properties.node('IamInstanceProfile'),
      data: properties.node('UserData'),
      metadata: properties.node('MetadataOptions'),
    }));
  },
  ref: launchConfigurationName,
  attributes: {},
};

function launchConfigurationName(resource: Declared): Text {
  return namedBy(resource, 'LaunchConfigurationName', madeUpName);
}

const instance: ResourceType = {
  read(resource, workload) {
    readLaunch(
      'instance',
      resource,
      workload,
      ({ logicalId }) => logicalId,
      (properties) => ({
        profile: properties.node('IamInstanceProfile'),
        template: member(properties.node('LaunchTemplate'), ...TEMPLATE_NAMES),
        data: properties.node('UserData'),
        metadata: properties.node('MetadataOptions'),
      }),
    );
  },
  ref: madeLater('Ref'),
  attributes: { InstanceId: madeLater('Ref') },
};

const autoScalingGroup: ResourceType = {
  read(resource, workload) {
    readLaunch('auto-scaling-group', resource, workload, groupName, (properties) => {
      const mixed = member(
        member(properties.node('MixedInstancesPolicy'), 'LaunchTemplate'),
        'LaunchTemplateSpecification',
      );
      return {
        template:
          properties.node('LaunchConfigurationName') ??
          member(properties.node('LaunchTemplate'), ...TEMPLATE_NAMES) ??
          member(mixed, ...TEMPLATE_NAMES),
      };
    });
  },
  ref: groupName,
  attributes: {
    AutoScalingGroupARN: (resource, at) =>
      concatenate([
        arn('autoscaling', resource.stack.region, resource.stack.account, 'autoScalingGroup:'),
        madeLater('AutoScalingGroupARN')(resource, at),
        ':autoScalingGroupName/',
        groupName(resource),
      ]),
  },
};

function groupName(resource: Declared): Text {
  return namedBy(resource, 'AutoScalingGroupName', madeUpName);
}

export const ec2Types: Readonly<Record<string, ResourceType>> = {
  'AWS::AutoScaling::AutoScalingGroup': autoScalingGroup,
  'AWS::AutoScaling::LaunchConfiguration': launchConfiguration,
  'AWS::EC2::Instance': instance,
  'AWS::EC2::LaunchTemplate': launchTemplate,
};
