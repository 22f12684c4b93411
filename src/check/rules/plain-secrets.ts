import { originAt } from '../model/registration.ts';
import { hasToken } from '../model/tokens.ts';
import { found, type Rule } from './rule.ts';

/** Names under which secrets go. A name that ends in what only points at a secret (…_ARN, …_FILE) is none. */
const SECRET_NAME =
  /(^|[_.-])(pass(word|wd|phrase)?|pwd|secrets?|(api|access|private|secret|encryption|signing)_?keys?|secret_?key_?base|tokens?|credentials?|client_?secret)$/i;
/** Forms that are secrets whatever they are called: access keys of AWS, tokens of GitHub and Slack, private keys, URLs with a password. */
const SECRET_VALUE =
  /^(AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,})$|-----BEGIN [A-Z ]*PRIVATE KEY-----|^[a-z][a-z0-9+.-]*:\/\/[^/:@\s]+:[^/:@\s]+@/;
const HARMLESS = /^(|true|false|none|null|\d{1,4}|\$\{.*\}|<.*>|arn:.*|\/.*)$/i;

/** Source: ECS Developer Guide, specifying-sensitive-data: environment is plain text to whoever may describe the task definition. */
export const plainSecrets: Rule = {
  id: 'RC307',
  title: 'Secret passed as plain environment',
  severity: 'warning',
  verdict: 'advice',
  *find(world, tasks) {
    const seen = new Set<string>();
    for (const task of tasks) {
      if (seen.has(task.family)) continue;
      seen.add(task.family);
      for (const [index, container] of task.view.registration.containerDefinitions.entries()) {
        if (!Array.isArray(container.environment)) continue;
        for (const [position, variable] of container.environment.entries()) {
          const { name = '', value = '' } = variable ?? {};
          if (typeof value !== 'string' || hasToken(value) || HARMLESS.test(value)) continue;
          // dbPassword is db_Password.
          if (!SECRET_NAME.test(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')) && !SECRET_VALUE.test(value)) continue;
          const because = `/containerDefinitions/${index}/environment/${position}`;
          yield found(world, plainSecrets, {
            task: { ...task },
            because,
            source: originAt(task.view.source, because),
            why: `The variable ${name} of container ${container.name} looks like a secret and stands in the task definition as plain text: whoever may call ecs:DescribeTaskDefinition reads it.`,
            remedy: 'Keep it in Secrets Manager or in a SecureString parameter, and name it under `secrets`.',
          });
        }
      }
    }
  },
};
