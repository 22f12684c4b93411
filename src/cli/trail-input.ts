import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { brokenTrailLine, callsOfText, callsOfTrail } from '../check/least-privilege/trail-calls.ts';
import type { ObservedCall } from '../check/model/world.ts';
import { UserError } from '../core/errors.ts';
import { jsonDocument } from '../sources/json-document.ts';
import { SourceError } from '../sources/origin.ts';
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
  const files = filesOf(source);
  if (files.length === 0) throw notATrail(`${source} holds no file whose name ends in .json, .jsonl or .json.gz`);
  return files.flatMap((file) => {
    const text = textOf(file);
    const calls = callsOfText(text);
    if (calls === undefined) throw whyNoTrail(file, text);
    return calls;
  });
}

function whyNoTrail(file: string, text: string): UserError {
  const line = brokenTrailLine(text);
  if (line !== undefined)
    return new SourceError('not-a-trail', { file, path: '', line }, 'this line is no record of a trail', WHAT_TO_GIVE);
  try {
    jsonDocument(file, text);
  } catch (error) {
    if (error instanceof SourceError)
      return new SourceError('not-a-trail', error.origin, `${file} holds no trail: ${error.message}`, WHAT_TO_GIVE);
  }
  return notATrail(`${file} holds no trail`);
}

const WHAT_TO_GIVE = 'Give what `rolecall trail --json` prints, or CloudTrail’s JSON files.';

function notATrail(what: string): UserError {
  return new UserError('not-a-trail', what, WHAT_TO_GIVE);
}

function textOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError('file-not-readable', `--trail ${file} cannot be read (${code})`, 'Check the path.');
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch (error) {
    throw notATrail(`${file} is a damaged gzip file: ${(error as Error).message}`);
  }
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
