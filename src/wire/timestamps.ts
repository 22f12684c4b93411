import type { TimestampFormat } from './shapes.ts';

/** Writes epoch milliseconds in one of Smithy's timestamp formats. Source: Smithy 2.0, timestampFormat trait. */
export function writeTimestamp(milliseconds: number, format: TimestampFormat): string | number {
  switch (format) {
    case 'epoch-seconds':
      return milliseconds / 1000;
    case 'date-time':
      // AWS leaves out a fraction of zero: 2026-01-02T03:04:05Z.
      return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
    case 'http-date':
      return new Date(milliseconds).toUTCString();
  }
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/;

/** Reads a timestamp to epoch milliseconds; undefined when the text is none of the three formats. */
export function readTimestamp(text: string): number | undefined {
  if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (DATE_TIME.test(text)) {
    const zoned = /(?:[Zz]|[+-]\d{2}:?\d{2})$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`;
    return valid(Date.parse(zoned.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1')));
  }
  if (/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?:\.\d+)? GMT$/.test(text)) {
    return valid(Date.parse(text));
  }
  return undefined;
}

function valid(milliseconds: number): number | undefined {
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
