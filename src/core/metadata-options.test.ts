import { expect, it } from 'vitest';
import { metadataOptionProblem, metadataOptionValue } from './metadata-options.ts';

it.each([
  ['HttpTokens', 'required'],
  ['HttpTokens', 'optional'],
  ['HttpEndpoint', 'enabled'],
  ['HttpEndpoint', 'disabled'],
  ['HttpPutResponseHopLimit', 1],
  ['HttpPutResponseHopLimit', 64],
])('%s takes %s', (name, value) => {
  expect(metadataOptionProblem(name, value)).toBeUndefined();
});

it.each([
  ['HttpTokens', 'v1', 'HttpTokens does not take `v1`', 'Values: required, optional.'],
  ['HttpEndpoint', true, 'HttpEndpoint does not take `true`', 'Values: enabled, disabled.'],
  ['HttpPutResponseHopLimit', 0, 'HttpPutResponseHopLimit does not take `0`', 'Give a number from 1 to 64.'],
  ['HttpPutResponseHopLimit', 65, 'HttpPutResponseHopLimit does not take `65`', 'Give a number from 1 to 64.'],
  ['HttpPutResponseHopLimit', 1.5, 'HttpPutResponseHopLimit does not take `1.5`', 'Give a number from 1 to 64.'],
  ['HttpPutResponseHopLimit', '1', 'HttpPutResponseHopLimit does not take `1`', 'Give a number from 1 to 64.'],
  [
    'HttpProtocolIpv6',
    'enabled',
    'there is no metadata option `HttpProtocolIpv6` here',
    'Metadata options: HttpTokens, HttpPutResponseHopLimit, HttpEndpoint.',
  ],
  [
    'toString',
    'x',
    'there is no metadata option `toString` here',
    'Metadata options: HttpTokens, HttpPutResponseHopLimit, HttpEndpoint.',
  ],
])('%s refuses %s', (name, value, what, help) => {
  expect(metadataOptionProblem(name, value)).toEqual({ what, help });
});

it('reads the hop limit from text', () => {
  expect(metadataOptionValue('HttpPutResponseHopLimit', '2')).toBe(2);
  expect(metadataOptionValue('HttpPutResponseHopLimit', 'two')).toBe('two');
  expect(metadataOptionValue('HttpTokens', '2')).toBe('2');
});
