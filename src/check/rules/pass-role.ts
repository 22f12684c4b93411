import { found, type Rule } from './rule.ts';

/** A statement that lets its holder pass any role. Source: IAM User Guide, id_roles_use_passrole. */
export const wildcardPassRole: Rule = {
  id: 'RC304',
  title: 'iam:PassRole on every role',
  severity: 'warning',
  verdict: 'advice',
  *find(world) {
    for (const view of world.roles.all()) {
      for (const held of view.held) {
        if (held.awsManaged) continue;
        for (const statement of held.bounds.least.statements) {
          if (statement.effect !== 'Allow' || statement.notAction || !statement.matchesAction('iam:passrole')) continue;
          if (statement.actions.every(({ text }) => text === '*')) continue;
          if (!(statement.resources ?? []).some(({ text }) => /^\*$|:role\/\*$/.test(text))) continue;
          const narrowed = statement.conditions.some(({ key }) => /^iam:PassedToService$/i.test(key.name));
          yield found(world, wildcardPassRole, {
            view,
            action: 'iam:PassRole',
            source: held.origin,
            severity: narrowed ? 'note' : 'warning',
            why: `${held.name} lets ${view.arn} pass every role of the account${narrowed ? '' : ', to any service'}: whoever holds it can run code with the strongest role there is.`,
            remedy: 'Name the roles it must pass, with iam:PassedToService.',
            fix: [
              {
                role: view.arn,
                policy: {
                  Version: '2012-10-17',
                  Statement: [
                    {
                      Effect: 'Allow',
                      Action: 'iam:PassRole',
                      Resource: passed(world.workload.taskDefinitions.length === 0 ? [] : rolesOf(world)),
                      Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
                    },
                  ],
                },
              },
            ],
          });
        }
      }
    }
  },
};

function rolesOf(world: Parameters<Rule['find']>[0]): string[] {
  const arns = world.workload.taskDefinitions.flatMap(({ input }) =>
    ['executionRoleArn', 'taskRoleArn'].flatMap((member) => {
      const node = input.members.get(member);
      return node === undefined ? [] : [String(world.tokens.plain(node))];
    }),
  );
  return [...new Set(arns)];
}

function passed(arns: readonly string[]): string | readonly string[] {
  return arns.length === 1 ? arns[0]! : arns;
}
