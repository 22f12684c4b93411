import { BARE_NUMBER_IS_EPOCH } from '../edges.ts';
import type { Operator, ValueTest } from './operator.ts';

/** Source for the family: IAM User Guide, reference_policies_elements_condition_operators, "Date condition operators". */

const ISO = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?)?)?$/i;

/** Milliseconds since the epoch of a W3C date (YYYY-MM-DDThh:mm:ssZ and its shorter forms) or of epoch seconds. */
export function parseDate(text: string): number | undefined {
  if (BARE_NUMBER_IS_EPOCH && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    found;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const back = new Date(date);
  if (back.getUTCMonth() !== Number(month) - 1 || back.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const time = (Number(hour) * 60 + Number(minute)) * 60 + Number(second) + Number(fraction || 0);
  return date + time * 1000 - zoneMinutes(zone) * 60_000;
}

function zoneMinutes(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone[0] === '-' ? -minutes : minutes;
}

/**
 * Whether IAM stores a policy with this date. It looks at less than the comparison needs: `01T` and `+23` as a zone pass,
 * and then match nothing. Source: observed from CreatePolicy, as recorded in public test suites.
 */
export function isStorableDate(text: string): boolean {
  if (!/[t-]/i.test(text)) return /^\d+$/.test(text) && BigInt(text) <= 9223372036854775807n;
  const found =
    /^(-?\d+)(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:t(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?(?:z|[+-](\d\d)(?::?(\d\d))?)?)?)?(?:z)?)?)?$/i.exec(
      text,
    );
  if (found === null) return false;
  const within = (part: string | undefined, low: number, high: number) =>
    part === undefined || (Number(part) >= low && Number(part) <= high);
  const [, year, month, day, hour, minute, second, , zoneHour, zoneMinute] = found;
  return (
    within(year, -292275054, 292278993) &&
    within(month, 1, 12) &&
    within(day, 1, 31) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59) &&
    within(zoneHour, 0, 23) &&
    within(zoneMinute, 0, 59)
  );
}

type Comparison = (asked: number, written: number) => boolean;

function compare(comparison: Comparison) {
  return (values: readonly string[]): ValueTest => {
    const instants = values.map(parseDate).filter((value) => value !== undefined);
    return (value) => {
      const asked = parseDate(value);
      return asked === undefined ? undefined : instants.some((written) => comparison(asked, written));
    };
  };
}

const equal: Comparison = (asked, written) => asked === written;

export const dateOperators: readonly Operator[] = [
  { name: 'DateEquals', negated: false, compile: compare(equal) },
  { name: 'DateNotEquals', negated: true, compile: compare(equal) },
  { name: 'DateLessThan', negated: false, compile: compare((asked, written) => asked < written) },
  { name: 'DateLessThanEquals', negated: false, compile: compare((asked, written) => asked <= written) },
  { name: 'DateGreaterThan', negated: false, compile: compare((asked, written) => asked > written) },
  { name: 'DateGreaterThanEquals', negated: false, compile: compare((asked, written) => asked >= written) },
];
