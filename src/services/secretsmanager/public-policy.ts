/** Condition keys that say who or whence: a statement for everyone that is bound by one of them is not for everyone. */
const NARROWING = new Set(
  [
    'aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgPaths aws:userid aws:username',
    'aws:SourceArn aws:SourceAccount aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpce aws:SourceIp aws:VpcSourceIp',
    'aws:PrincipalServiceName aws:Ec2InstanceSourceVpc',
  ].flatMap((line) => line.toLowerCase().split(' ')),
);

const POSITIVE = /^(string(equals|like)(ignorecase)?|arn(equals|like)|ipaddress)$/i;

/**
 * Whether a resource policy allows everyone in: an Allow for the principal `*` that no condition binds to certain
 * principals, accounts or networks. A stand-in for AWS's own check (Zelkova), which is not public.
 */
export function isPublic(policyText: string): boolean {
  const { Statement } = JSON.parse(policyText) as { Statement: unknown };
  const statements = Array.isArray(Statement) ? Statement : [Statement];
  return statements.some((statement) => opensToAll(statement as Record<string, unknown>));
}

function opensToAll(statement: Record<string, unknown>): boolean {
  if (statement.Effect !== 'Allow') return false;
  if (statement.NotPrincipal !== undefined) return true;
  return namesEveryone(statement.Principal) && !isNarrowed(statement.Condition);
}

function namesEveryone(principal: unknown): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return false;
  const aws = (principal as Record<string, unknown>).AWS;
  return aws === '*' || (Array.isArray(aws) && aws.includes('*'));
}

function isNarrowed(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return false;
  return Object.entries(condition).some(([operator, keys]) => {
    if (!POSITIVE.test(operator) || typeof keys !== 'object' || keys === null) return false;
    return Object.entries(keys).some(([key, values]) => NARROWING.has(key.toLowerCase()) && isCertain(values));
  });
}

/** Values that leave something out: no lone wildcard, no network of everything. */
function isCertain(values: unknown): boolean {
  const list = (Array.isArray(values) ? values : [values]).map(String);
  return list.length > 0 && !list.some((value) => /^[*?]+$/.test(value) || /^(0\.0\.0\.0|::)\/0$/.test(value));
}
