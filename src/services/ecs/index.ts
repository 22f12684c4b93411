import { defineService } from '../../gateway/service.ts';
import {
  DeleteAccountSetting,
  ListAccountSettings,
  PutAccountSetting,
  PutAccountSettingDefault,
} from './account-settings.ts';
import { DeleteAttributes, ListAttributes, PutAttributes } from './attributes.ts';
import {
  CreateCluster,
  DeleteCluster,
  DescribeClusters,
  ListClusters,
  PutClusterCapacityProviders,
  UpdateCluster,
  UpdateClusterSettings,
} from './clusters.ts';
import { RegisterContainerInstance } from './container-instance-registration.ts';
import {
  DeregisterContainerInstance,
  DescribeContainerInstances,
  DiscoverPollEndpoint,
  ListContainerInstances,
  UpdateContainerAgent,
  UpdateContainerInstancesState,
} from './container-instances.ts';
import { RunTask } from './run-task.ts';
import { StartTask } from './start-task.ts';
import { SubmitAttachmentStateChanges, SubmitContainerStateChange, SubmitTaskStateChange } from './state-changes.ts';
import { ListTagsForResource, TagResource, UntagResource } from './tagging.ts';
import { ListTaskDefinitionFamilies, ListTaskDefinitions } from './task-definition-lists.ts';
import {
  DeleteTaskDefinitions,
  DeregisterTaskDefinition,
  DescribeTaskDefinition,
  RegisterTaskDefinition,
} from './task-definitions.ts';
import { GetTaskProtection, UpdateTaskProtection } from './task-protection.ts';
import { DescribeTasks, ListTasks, StopTask } from './tasks.ts';
import { authorizeUnserved } from './unserved.ts';

export const ecsService = defineService({
  id: 'ecs',
  actionPrefix: 'ecs',
  eventSource: 'ecs.amazonaws.com',
  operations: {
    CreateCluster,
    DeleteAccountSetting,
    DeleteAttributes,
    DeleteCluster,
    DeleteTaskDefinitions,
    DeregisterContainerInstance,
    DeregisterTaskDefinition,
    DescribeClusters,
    DescribeContainerInstances,
    DescribeTaskDefinition,
    DescribeTasks,
    DiscoverPollEndpoint,
    GetTaskProtection,
    ListAccountSettings,
    ListAttributes,
    ListClusters,
    ListContainerInstances,
    ListTagsForResource,
    ListTaskDefinitionFamilies,
    ListTaskDefinitions,
    ListTasks,
    PutAccountSetting,
    PutAccountSettingDefault,
    PutAttributes,
    PutClusterCapacityProviders,
    RegisterContainerInstance,
    RegisterTaskDefinition,
    RunTask,
    StartTask,
    StopTask,
    SubmitAttachmentStateChanges,
    SubmitContainerStateChange,
    SubmitTaskStateChange,
    TagResource,
    UntagResource,
    UpdateCluster,
    UpdateClusterSettings,
    UpdateContainerAgent,
    UpdateContainerInstancesState,
    UpdateTaskProtection,
  },
  authorizeUnserved,
});
