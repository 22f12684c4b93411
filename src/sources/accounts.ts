import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { SourceError } from './origin.ts';
import type { AccountSetting, Settings } from './setting-types.ts';
import { emptyWorkload, type OpenWorkload, type Sourced } from './workload.ts';

/** An entry of `accounts`, with its path as it is on this machine. */
interface AccountPath extends AccountSetting {
  readonly file: string;
}

/** Which folders and files `rolecall.json` says are of which account. */
export class AccountPaths {
  readonly #folder: string | undefined;
  readonly #paths: readonly AccountPath[];

  constructor(settings: Settings | undefined) {
    const folder = settings?.origin === undefined ? undefined : dirname(settings.origin.file);
    this.#folder = folder;
    this.#paths =
      folder === undefined ? [] : (settings?.accounts ?? []).map((one) => ({ ...one, file: join(folder, one.path) }));
  }

  /** The entry that a path is, or is below; the nearest of several. */
  of(path: string): AccountPath | undefined {
    const absolute = resolve(path);
    return this.#paths
      .filter(({ file }) => absolute === resolve(file) || absolute.startsWith(`${resolve(file)}${sep}`))
      .sort((a, b) => resolve(b.file).length - resolve(a.file).length)[0];
  }

  /** What is named beside the `rolecall.json` of a folder. @throws SourceError for what is not there */
  beside(folder: string): readonly AccountPath[] {
    if (this.#folder === undefined || resolve(this.#folder) !== resolve(folder)) return [];
    for (const { file, path, origin } of this.#paths)
      if (!existsSync(file))
        throw new SourceError(
          'file-not-found',
          origin,
          `\`${path}\` of \`accounts\` does not exist`,
          'Check the path.',
        );
    return this.#paths;
  }

  /** @throws SourceError where a document says itself that it is of another account */
  requireSame(file: string, account: string | undefined): void {
    const said = this.of(file);
    if (said === undefined || account === undefined || said.account === account) return;
    throw new SourceError(
      'account-mismatch',
      said.origin,
      `\`${said.path}\` is of account ${account}, by the ARNs in it`,
      `Write "${account}" here, or take the entry out: what says its account itself needs none.`,
    );
  }
}

/** The parts of a workload: its own account's, and one for each other account and Region. */
export class AccountParts {
  readonly own: OpenWorkload;

  constructor(own: OpenWorkload) {
    this.own = own;
  }

  /** Where things of an account belong. What is of no account that is known, or of ours, is ours. */
  part(account: string | undefined, region: string | undefined): OpenWorkload {
    const { own } = this;
    if (account === undefined || account === own.account) return own;
    const place = region ?? own.region;
    let part = own.otherAccounts.find((one) => one.account === account && one.region === place);
    if (part === undefined) {
      part = emptyWorkload(account, place);
      own.otherAccounts.push(part);
    }
    return part;
  }

  /** What other accounts run is not checked or run here; the rest is kept. @throws SourceError */
  finish(): void {
    const { own } = this;
    const elsewhere = own.otherAccounts.find(({ taskDefinitions }) => taskDefinitions.length > 0);
    if (own.taskDefinitions.length === 0 && elsewhere !== undefined)
      throw new SourceError(
        'account-mismatch',
        elsewhere.taskDefinitions[0]!.origin,
        `the task definitions of the input are of account ${elsewhere.account}, and it is read for account ${own.account}`,
        `Give --account ${elsewhere.account}.`,
      );
    for (const part of own.otherAccounts) {
      this.#leaveOut(part, 'task definition', part.taskDefinitions, ({ family }) => String(family));
      this.#leaveOut(part, 'service', part.services, ({ name }) => String(name));
      this.#leaveOut(part, 'task starter', part.taskStarters, ({ name }) => String(name));
      // What is to be told is told once, of all accounts.
      own.leftOut.push(...part.leftOut.splice(0));
      own.uncertain.push(...part.uncertain.splice(0));
      own.assumed.push(...part.assumed.splice(0));
    }
  }

  #leaveOut<T extends Sourced>(part: OpenWorkload, what: string, list: T[], name: (thing: T) => string): void {
    for (const thing of list.splice(0))
      this.own.leftOut.push({
        what: `${what} \`${name(thing)}\``,
        why: `it is of account ${part.account}; read it with --account ${part.account} --region ${part.region}`,
        origin: thing.origin,
      });
  }
}
