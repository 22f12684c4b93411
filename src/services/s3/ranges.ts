import { AwsError } from '../../core/errors.ts';

/** First and last byte. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The bytes that a Range header asks for; undefined for all of them. A header that is not one range of bytes counts for
 * nothing, as RFC 9110 has it. Source: API Reference, GetObject: one range in a request.
 */
export function chosenRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  const from = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (from >= size || (first === '' && Number(last) === 0)) {
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', {
      status: 416,
      members: { RangeRequested: header, ActualObjectSize: size },
    });
  }
  return { from, to };
}
