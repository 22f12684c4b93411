import { parseImagesFile, parseStandInOption } from '../agent/runtimes/stand-in-files.ts';
import type { StandIn } from '../agent/runtimes/stand-ins.ts';
import { UserError } from '../core/errors.ts';
import type { AwsClient } from '../wire/client.ts';
import { askServer } from './connection.ts';

/** The stand-ins of the workload's images.json files and of `--stand-in`; options go before files. @throws UserError */
export function standInsOf(files: readonly string[], options: readonly string[], cwd: string): StandIn[] {
  const given = options.map((option) => parseStandInOption(option, cwd));
  const patterns = given.map(({ pattern }) => pattern);
  const twice = patterns.find((pattern, index) => patterns.indexOf(pattern) < index);
  if (twice !== undefined) throw new UserError('flag-twice', `--stand-in ${twice} is given twice`, 'Give it once.');
  return [...files.flatMap((file) => parseImagesFile(file)), ...given];
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
