/**
 * Condition keys whose value exists only once a call is made: no input can say it. Keys in lower case.
 * Source: IAM User Guide, reference_policies_condition-keys.
 */
const ONLY_AT_RUN_TIME: ReadonlySet<string> = new Set([
  'aws:currenttime',
  'aws:epochtime',
  'aws:multifactorauthage',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:referer',
  'aws:resourceorgid',
  'aws:resourceorgpaths',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourcevpc',
  'aws:sourcevpcarn',
  'aws:sourcevpce',
  'aws:tokenissuetime',
  'aws:useragent',
  'aws:userid',
  'aws:vpceaccount',
  'aws:vpceorgid',
  'aws:vpceorgpaths',
  'aws:vpcsourceip',
  'ec2:sourceinstancearn',
]);

export function knownOnlyAtRunTime(key: string): boolean {
  return ONLY_AT_RUN_TIME.has(key.toLowerCase());
}

/** Keys of a resource's tags: known for the resources of the input only. */
export function isResourceTag(key: string): boolean {
  return /^(aws|ecr|ecs|secretsmanager|ssm|iam):resourcetag\//i.test(key);
}
