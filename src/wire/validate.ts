import type { ServiceId } from './model.ts';
import type { ListShape, MapShape, Member, NumberShape, Shape, StringShape, StructureShape } from './shapes.ts';
import { styleOf, type Violation, validationError } from './validation-styles.ts';

interface Check {
  readonly echo: boolean;
  readonly enums: boolean;
  readonly violations: Violation[];
}

/** AWS reports at most so many at once. unverified: the number. */
const MAX_VIOLATIONS = 10;

/**
 * Checks an input against the model's constraints: required members, lengths, patterns, ranges, enums. Throws the
 * service's own error with every violation, in the model's order.
 */
export function validateInput(
  service: ServiceId,
  shape: StructureShape | undefined,
  input: Readonly<Record<string, unknown>>,
): void {
  if (shape === undefined || !isConstrained(shape)) return;
  const style = styleOf(service);
  const check: Check = { echo: style.echo, enums: style.leavesEnums !== true, violations: [] };
  structure(check, shape, input, '');
  if (check.violations.length > 0) throw validationError(service, check.violations.slice(0, MAX_VIOLATIONS));
}

const constrained = new WeakMap<Shape, boolean>();

/** False for shapes that nothing inside can break; those are not walked. */
function isConstrained(shape: Shape): boolean {
  const known = constrained.get(shape);
  if (known !== undefined) return known;
  const answer = reachesConstraint(shape, new Set());
  constrained.set(shape, answer);
  return answer;
}

function reachesConstraint(shape: Shape, seen: Set<Shape>): boolean {
  if (seen.has(shape)) return false;
  seen.add(shape);
  switch (shape.kind) {
    case 'structure':
      return shape.required.length > 0 || shape.members.some((m) => reachesConstraint(m.shape, seen));
    case 'list':
      return shape.min !== undefined || shape.max !== undefined || reachesConstraint(shape.member.shape, seen);
    case 'map':
      return (
        shape.min !== undefined ||
        shape.max !== undefined ||
        reachesConstraint(shape.key.shape, seen) ||
        reachesConstraint(shape.value.shape, seen)
      );
    case 'string':
      return (
        shape.min !== undefined || shape.max !== undefined || shape.regex !== undefined || shape.enum !== undefined
      );
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
    case 'blob':
      return shape.min !== undefined || shape.max !== undefined;
    default:
      return false;
  }
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function structure(
  check: Check,
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  for (const name of shape.required) {
    if (value[name] === undefined) {
      add(check, `${prefix}${lowerFirst(name)}`, 'null', 'required', 'Member must not be null', name);
    }
  }
  for (const member of shape.members) {
    const element = value[member.name];
    if (element !== undefined && isConstrained(member.shape)) {
      one(check, member, element, `${prefix}${lowerFirst(member.name)}`);
    }
  }
}

function one(check: Check, member: Member, value: unknown, path: string): void {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure':
      structure(check, shape, value as Record<string, unknown>, `${path}.`);
      return;
    case 'list':
      list(check, member, shape, value as readonly unknown[], path);
      return;
    case 'map':
      map(check, member, shape, value as Readonly<Record<string, unknown>>, path);
      return;
    default:
      for (const [kind, constraint] of brokenBy(shape, value))
        add(check, path, echo(member, value), kind, constraint, member.name);
  }
}

function list(check: Check, member: Member, shape: ListShape, value: readonly unknown[], path: string): void {
  size(check, member, shape, value.length, value, path);
  const inner = shape.member.shape;
  if (!isConstrained(inner)) return;
  if (isSimple(inner)) {
    // One violation for the whole list, naming every rule of its members.
    const broken = value.map((element) => brokenBy(inner, element)[0]).find((b) => b !== undefined);
    if (broken !== undefined) {
      add(
        check,
        path,
        echo(member, value),
        broken[0],
        `Member must satisfy constraint: [${rules(inner)}]`,
        member.name,
      );
    }
    return;
  }
  value.forEach((element, i) => {
    one(check, shape.member, element, `${path}.${i + 1}.member`);
  });
}

function map(
  check: Check,
  member: Member,
  shape: MapShape,
  value: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const keys = Object.keys(value);
  size(check, member, shape, keys.length, value, path);
  const keyShape = shape.key.shape;
  if (isConstrained(keyShape)) {
    const broken = keys.map((key) => brokenBy(keyShape, key)[0]).find((b) => b !== undefined);
    if (broken !== undefined) {
      add(
        check,
        path,
        echo(member, value),
        broken[0],
        `Map keys must satisfy constraint: [${rules(keyShape)}]`,
        member.name,
      );
    }
  }
  const inner = shape.value.shape;
  if (!isConstrained(inner)) return;
  if (isSimple(inner)) {
    const broken = keys.map((key) => brokenBy(inner, value[key])[0]).find((b) => b !== undefined);
    if (broken !== undefined) {
      add(
        check,
        path,
        echo(member, value),
        broken[0],
        `Map value must satisfy constraint: [${rules(inner)}]`,
        member.name,
      );
    }
    return;
  }
  for (const key of keys) one(check, shape.value, value[key], `${path}.${key}.member`);
}

function size(
  check: Check,
  member: Member,
  shape: ListShape | MapShape,
  length: number,
  value: unknown,
  path: string,
): void {
  for (const constraint of lengthBroken(shape, length))
    add(check, path, echo(member, value), 'length', constraint, member.name);
}

function isSimple(shape: Shape): boolean {
  return shape.kind !== 'structure' && shape.kind !== 'list' && shape.kind !== 'map';
}

type Broken = readonly [kind: Violation['kind'], constraint: string];

function brokenBy(shape: Shape, value: unknown): Broken[] {
  switch (shape.kind) {
    case 'string':
      return stringBroken(shape, value as string);
    case 'blob':
      return lengthBroken(shape, (value as Uint8Array).length).map((text) => ['length', text]);
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return rangeBroken(shape, value as number);
    default:
      return [];
  }
}

function lengthBroken(
  shape: { readonly min: number | undefined; readonly max: number | undefined },
  length: number,
): string[] {
  const out: string[] = [];
  if (shape.max !== undefined && length > shape.max)
    out.push(`Member must have length less than or equal to ${shape.max}`);
  if (shape.min !== undefined && length < shape.min)
    out.push(`Member must have length greater than or equal to ${shape.min}`);
  return out;
}

/** Code points: AWS counts characters, not UTF-16 units. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) length--;
  }
  return length;
}

function stringBroken(shape: StringShape, value: string): Broken[] {
  const out: Broken[] = [];
  if (shape.min !== undefined || shape.max !== undefined) {
    for (const text of lengthBroken(shape, lengthOf(value))) out.push(['length', text]);
  }
  // A value over its length is not matched: some patterns are slow on long texts.
  const tooLong = shape.max !== undefined && value.length > shape.max * 2;
  if (shape.regex !== undefined && !tooLong && !shape.regex.test(value)) out.push(['pattern', patternRule(shape)]);
  if (shape.enum !== undefined && !shape.enum.includes(value)) out.push(['enum', enumRule(shape)]);
  return out;
}

function rangeBroken(shape: NumberShape, value: number): Broken[] {
  const out: Broken[] = [];
  if (shape.max !== undefined && value > shape.max)
    out.push(['range', `Member must have value less than or equal to ${shape.max}`]);
  if (shape.min !== undefined && value < shape.min) {
    out.push(['range', `Member must have value greater than or equal to ${shape.min}`]);
  }
  return out;
}

// The models escape slashes where AWS's own texts do not (seen with ECR).
const patternRule = (shape: StringShape): string =>
  `Member must satisfy regular expression pattern: ${shape.pattern?.replaceAll('\\/', '/')}`;
const enumRule = (shape: StringShape): string => `Member must satisfy enum value set: [${shape.enum?.join(', ')}]`;

/** Every rule of a member, in the order AWS lists them. Observed on IAM and Lambda. */
function rules(shape: Shape): string {
  const out: string[] = [];
  if (shape.kind === 'string' || shape.kind === 'blob') {
    if (shape.max !== undefined) out.push(`Member must have length less than or equal to ${shape.max}`);
    if (shape.min !== undefined) out.push(`Member must have length greater than or equal to ${shape.min}`);
  } else if ('min' in shape) {
    if (shape.max !== undefined) out.push(`Member must have value less than or equal to ${shape.max}`);
    if (shape.min !== undefined) out.push(`Member must have value greater than or equal to ${shape.min}`);
  }
  if (shape.kind === 'string' && shape.regex !== undefined) out.push(patternRule(shape));
  if (shape.kind === 'string' && shape.enum !== undefined) out.push(enumRule(shape));
  return [...out, 'Member must not be null'].join(', ');
}

/** The value as AWS echoes it: quoted, lists in brackets. Secret values are not echoed (observed: `Value at 'password'`). */
function echo(member: Member, value: unknown): string | undefined {
  if (member.traits.sensitive === 1 || holdsSecret(member.shape)) return undefined;
  return `'${plain(value)}'`;
}

function holdsSecret(shape: Shape): boolean {
  if (shape.kind === 'list') return shape.member.traits.sensitive === 1 || holdsSecret(shape.member.shape);
  if (shape.kind === 'map') return shape.value.traits.sensitive === 1 || holdsSecret(shape.value.shape);
  // Structures are not echoed whole: how AWS prints them differs from service to service.
  return shape.kind === 'structure' || shape.kind === 'document' || shape.kind === 'blob';
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, element]) => `${key}=${plain(element)}`)
      .join(', ')}}`;
  }
  return String(value);
}

function add(
  check: Check,
  path: string,
  value: string | undefined,
  kind: Violation['kind'],
  constraint: string,
  member: string,
): void {
  if (kind === 'enum' && !check.enums) return;
  check.violations.push({ path, value: check.echo ? value : undefined, kind, constraint, member });
}
