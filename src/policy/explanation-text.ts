import type { Explanation, Missing, PolicyVerdict, Reason, StatementVerdict } from './explanation.ts';
import { KIND_WORDS, statementName, whySentence } from './why.ts';

/** An explanation as lines of text: the decision, every policy with its statements, and what is missing. */
export function explanationLines(explanation: Explanation): string[] {
  const { request, decision, policies, missing } = explanation;
  const lines = [
    `${request.action} on ${request.resource}: ${decision.effect}, ${whySentence(explanation)}`,
    ...policies.flatMap(policyLines),
  ];
  if (missing !== undefined) lines.push(...missingLines(missing));
  return lines;
}

function policyLines({ kind, name, level, notInForce, statements }: PolicyVerdict): string[] {
  const where = level === undefined ? '' : `, level ${level}`;
  const heading = `${KIND_WORDS[kind]} ${name}${where}`;
  if (notInForce !== undefined) return [`${heading}: ${notInForce}`];
  return [heading, ...statements.map((statement) => `  ${statementLine(statement)}`)];
}

function statementLine({ index, sid, effect, applies, reason }: StatementVerdict): string {
  const name = sid === undefined || sid === '' ? `${index + 1}` : `${index + 1} (${sid})`;
  if (applies || reason === undefined) return `statement ${name}: ${effect === 'Allow' ? 'allows' : 'denies'}`;
  return `statement ${name}, ${effect}: does not apply, ${reasonText(reason)}`;
}

/** The first reason a statement does not apply, as the end of a sentence. */
export function reasonText(reason: Reason): string {
  switch (reason.because) {
    case 'action':
      return 'it speaks about other actions';
    case 'principal':
      return 'it does not name this principal';
    case 'resource':
      return 'it speaks about other resources';
    case 'condition': {
      const asked = reason.asked.map((value) => JSON.stringify(value)).join(' or ');
      const found = reason.found === undefined ? 'not in the request' : JSON.stringify(reason.found);
      return `${reason.key} is ${found} and ${reason.operator} asks for ${asked}`;
    }
  }
}

/** What would turn a refusal into an allow. */
export function missingLines(missing: Missing): string[] {
  const lines = ownLines(missing);
  if (missing.kind !== 'not-by-identity' && missing.then !== undefined) lines.push(...missingLines(missing.then));
  return lines;
}

function ownLines(missing: Missing): string[] {
  switch (missing.kind) {
    case 'add-statement':
      return [`missing: add to an identity policy ${JSON.stringify(missing.statement)}`];
    case 'change-action':
    case 'change-resource': {
      const thing = missing.kind === 'change-action' ? 'is asked' : 'is the resource asked for';
      return [`near: ${statementName(missing.statementRef)} allows ${missing.from}; ${missing.to} ${thing}`];
    }
    case 'meet-condition':
      return [`near: ${statementName(missing.statementRef)} would allow it, but ${reasonText(missing.condition)}`];
    case 'not-by-identity': {
      const by =
        missing.statementRef === undefined
          ? `the ${KIND_WORDS[missing.policyKind]}`
          : statementName(missing.statementRef);
      const verb = missing.because === 'explicit-deny' ? 'denies it explicitly' : 'must allow it';
      const add = missing.statement === undefined ? '' : `: ${JSON.stringify(missing.statement)}`;
      return [`no identity policy can help: ${by} ${verb}${add}`];
    }
  }
}
