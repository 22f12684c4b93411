import { readFileSync } from 'node:fs';
import { parseImagesFile, parseStandInOption, type StandIn } from '../agent/runtimes/stand-ins.ts';
import { UserError } from '../core/errors.ts';
import { jsonDocument } from '../sources/json-document.ts';
import { nearest } from '../sources/node.ts';
import { SourceError } from '../sources/origin.ts';
import type { AwsClient } from '../wire/client.ts';
import { askServer } from './connection.ts';

/** The stand-ins of the workload's images.json files and of `--stand-in`; options go before files. @throws UserError */
export function standInsOf(files: readonly string[], options: readonly string[], cwd: string): StandIn[] {
  const given = options.map((option) => parseStandInOption(option, cwd));
  const patterns = given.map(({ pattern }) => pattern);
  const twice = patterns.find((pattern, index) => patterns.indexOf(pattern) < index);
  if (twice !== undefined) throw new UserError('flag-twice', `--stand-in ${twice} is given twice`, 'Give it once.');
  return [...files.flatMap(standInsIn), ...given];
}

/** Of one images.json. @throws UserError, SourceError with the line */
function standInsIn(file: string): readonly StandIn[] {
  let standIns: readonly StandIn[];
  try {
    standIns = parseImagesFile(file);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'images-invalid') throw error;
    const root = jsonDocument(file, readFileSync(file, 'utf8'));
    const path = /^(\/.*): expected /s.exec(error.message.slice(`${file}: `.length))?.[1] ?? '';
    throw new SourceError(error.code, { ...nearest(root, path).origin, path }, error.message, error.help);
  }
  // An image named twice is refused here.
  jsonDocument(file, readFileSync(file, 'utf8'));
  return standIns;
}

/** Tells a running server of stand-ins, in the form of images.json. @throws UserError */
export async function sendStandIns(client: AwsClient, standIns: readonly StandIn[]): Promise<void> {
  if (standIns.length === 0) return;
  const images: Record<string, unknown> = {};
  for (const { pattern, program } of standIns) {
    if (program !== 'host' && program.command === undefined)
      throw new UserError(
        'stand-in-invalid',
        `a running server cannot be told to run the container's own command in a directory (${pattern})`,
        'Add a stand-in.json with a `command` to the directory, or name it in images.json.',
      );
    images[pattern] = program;
  }
  await askServer(client, 'POST', '/_rolecall/stand-ins', images);
}
