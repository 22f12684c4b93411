import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { callsOfText, callsOfTrail } from '../check/least-privilege/trail-calls.ts';
import type { ObservedCall } from '../check/model/world.ts';
import { UserError } from '../core/errors.ts';
import { connect, regionOf, unreachable } from './connection.ts';
import { readTrail } from './follow.ts';
import type { Io } from './io.ts';

/**
 * The calls in a trail: of a running server (URL), of `rolecall trail --json`, or CloudTrail's JSON as it lies in S3
 * (files, gzipped or not, or a folder of them). @throws UserError
 */
export async function observedCalls(source: string, io: Io): Promise<readonly ObservedCall[]> {
  if (/^https?:\/\//.test(source)) {
    const client = await connect(source, regionOf(io), io);
    try {
      return callsOfTrail((await readTrail(client, {})).map(({ value }) => value));
    } catch (error) {
      throw unreachable(source, error);
    } finally {
      client.close();
    }
  }
  return filesOf(source).flatMap((file) => {
    const bytes = readFileSync(file);
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const calls = callsOfText((zipped ? gunzipSync(bytes) : bytes).toString('utf8'));
    if (calls === undefined)
      throw new UserError(
        'not-a-trail',
        `${file} holds no trail`,
        'Give what `rolecall trail --json` prints, or CloudTrail’s JSON files.',
      );
    return calls;
  });
}

function filesOf(path: string): string[] {
  let folder: boolean;
  try {
    folder = statSync(path).isDirectory();
  } catch {
    throw new UserError('file-not-found', `--trail ${path} does not exist`, 'Check the path.');
  }
  if (!folder) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.json(l|\.gz)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
