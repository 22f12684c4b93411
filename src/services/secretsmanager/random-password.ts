import type { Ids } from '../../core/ids.ts';
import { operation } from '../../gateway/operation.ts';
import { accountCheck } from './authorization.ts';
import { invalidParameter } from './errors.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

export const GetRandomPassword = operation('secretsmanager', 'GetRandomPassword', {
  authorize: () => [accountCheck('GetRandomPassword')],
  handle: ({ input, ids }) => {
    const length = input.PasswordLength ?? 32;
    const excluded = new Set(input.ExcludeCharacters ?? '');
    const types = [
      input.ExcludeLowercase === true ? '' : LOWER,
      input.ExcludeUppercase === true ? '' : LOWER.toUpperCase(),
      input.ExcludeNumbers === true ? '' : '0123456789',
      input.ExcludePunctuation === true ? '' : PUNCTUATION,
      input.IncludeSpace === true ? ' ' : '',
    ]
      .map((type) => [...type].filter((character) => !excluded.has(character)))
      .filter((type) => type.length > 0);
    if (types.length === 0) {
      // unverified: text
      throw invalidParameter('The password cannot be generated: every character is excluded.');
    }
    const required = input.RequireEachIncludedType === false ? [] : types;
    if (length < required.length) {
      // unverified: text
      throw invalidParameter(`The password length must be at least ${required.length} to include each character type.`);
    }
    const all = types.flat();
    const characters = required.map((type) => pick(ids, type));
    while (characters.length < length) characters.push(pick(ids, all));
    return { RandomPassword: shuffled(ids, characters).join('') };
  },
});

function pick(ids: Ids, from: readonly string[]): string {
  return from[below(ids, from.length)]!;
}

/** A whole number below `limit` (at most 65,536), each as likely as the others. */
function below(ids: Ids, limit: number): number {
  const fair = 65_536 - (65_536 % limit);
  for (;;) {
    const number = ids.bytes(2).readUInt16BE(0);
    if (number < fair) return number % limit;
  }
}

function shuffled(ids: Ids, characters: string[]): string[] {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = below(ids, last + 1);
    [characters[last], characters[other]] = [characters[other]!, characters[last]!];
  }
  return characters;
}
