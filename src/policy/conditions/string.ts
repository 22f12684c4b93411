import type { Glob } from '../glob.ts';
import type { PolicyVersion } from '../types.ts';
import { Template } from '../variables.ts';
import type { Operator, ValueTest } from './operator.ts';

/** Source for the family: IAM User Guide, reference_policies_elements_condition_operators, "String condition operators". */

function equals(values: readonly string[], version: PolicyVersion): ValueTest {
  const templates = values.map((value) => new Template(value, version, false));
  const fixed: string[] = [];
  for (const template of templates) if (template.fixed !== undefined) fixed.push(template.fixed.literal!);
  const open = templates.filter((template) => template.hasVariables);
  if (open.length === 0) return anyOf(fixed);
  const isFixed = anyOf(fixed);
  return (value, context) =>
    isFixed(value, context) === true || open.some((template) => template.glob(context)?.literal === value);
}

function anyOf(texts: readonly string[]): ValueTest {
  const [only] = texts;
  if (texts.length === 1) return (value) => value === only;
  if (texts.length <= 8) return (value) => texts.includes(value);
  const set = new Set(texts);
  return (value) => set.has(value);
}

function equalsIgnoreCase(values: readonly string[], version: PolicyVersion): ValueTest {
  const templates = values.map((value) => new Template(value, version, false));
  const fixed = new Set<string>();
  for (const template of templates) if (template.fixed !== undefined) fixed.add(template.fixed.literal!.toLowerCase());
  const open = templates.filter((template) => template.hasVariables);
  return (value, context) => {
    const lower = value.toLowerCase();
    return fixed.has(lower) || open.some((template) => template.glob(context)?.literal?.toLowerCase() === lower);
  };
}

function like(values: readonly string[], version: PolicyVersion): ValueTest {
  const templates = values.map((value) => new Template(value, version, true));
  const globs: Glob[] = [];
  for (const template of templates) if (template.fixed !== undefined) globs.push(template.fixed);
  const open = templates.filter((template) => template.hasVariables);
  const [only] = globs;
  if (open.length === 0 && only !== undefined && globs.length === 1) return (value) => only.matches(value);
  return (value, context) => {
    for (const glob of globs) if (glob.matches(value)) return true;
    return open.some((template) => template.glob(context)?.matches(value) ?? false);
  };
}

function variables(wildcards: boolean) {
  return (values: readonly string[], version: PolicyVersion) =>
    values.flatMap((value) => new Template(value, version, wildcards).keys());
}

export const stringOperators: readonly Operator[] = [
  { name: 'StringEquals', negated: false, compile: equals, variables: variables(false) },
  { name: 'StringNotEquals', negated: true, compile: equals, variables: variables(false) },
  { name: 'StringEqualsIgnoreCase', negated: false, compile: equalsIgnoreCase, variables: variables(false) },
  { name: 'StringNotEqualsIgnoreCase', negated: true, compile: equalsIgnoreCase, variables: variables(false) },
  { name: 'StringLike', negated: false, compile: like, variables: variables(true) },
  { name: 'StringNotLike', negated: true, compile: like, variables: variables(true) },
];
