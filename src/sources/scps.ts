import { type PolicySource, policyFile } from './policy-source.ts';

/** Service control policies of one level, each from a file of its own. @throws UserError, SourceError for what is none */
export function readScps(files: readonly string[]): PolicySource[] {
  return files.map((file) => policyFile(file, 'scp'));
}
