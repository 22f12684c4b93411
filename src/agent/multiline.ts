/** What each directive of `awslogs-datetime-format` matches. Source: dockerd, daemon/logger/awslogs, strftimeToRegex. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  a: '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
  A: '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)',
  w: '[0-6]',
  d: '(?:0[1-9]|[12][0-9]|3[01])',
  b: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
  B: '(?:January|February|March|April|May|June|July|August|September|October|November|December)',
  m: '(?:0[1-9]|1[0-2])',
  Y: '\\d{4}',
  y: '\\d{2}',
  H: '(?:[01][0-9]|2[0-3])',
  I: '(?:0[0-9]|1[0-2])',
  p: '[AP]M',
  M: '[0-5][0-9]',
  S: '[0-5][0-9]',
  f: '\\d{6}',
  z: '[+-]\\d{4}',
  Z: '[A-Z]{1,4}T',
  j: '(?:[0-2][0-9][0-9]|3[0-5][0-9]|36[0-6])',
  L: '\\.\\d{3}',
};

/** The regular expression of an `awslogs-datetime-format`; undefined when it holds a directive that is not known. */
export function datetimePattern(format: string): RegExp | undefined {
  let pattern = '';
  for (let index = 0; index < format.length; index++) {
    const character = format[index] as string;
    if (character !== '%') {
      pattern += character.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      continue;
    }
    const directive = format[++index] ?? '';
    if (directive === '%') pattern += '%';
    else if (DIRECTIVES[directive] === undefined) return undefined;
    else pattern += DIRECTIVES[directive];
  }
  return new RegExp(pattern);
}

/** A message for the log, with the time of its first line and where reading goes on after its last. */
export interface Message<P> {
  readonly message: string;
  readonly at: number;
  readonly position: P;
}

/** Joins lines into messages: a line that matches the pattern begins a new one. Source: dockerd, awslogs multiline. */
export class MessageJoiner<P> {
  readonly #pattern: RegExp | undefined;
  #lines: string[] = [];
  #at = 0;
  #position: P | undefined;

  constructor(pattern: RegExp | undefined) {
    this.#pattern = pattern;
  }

  /** Adds a line; answers the messages that are complete now. */
  add(line: string, at: number, position: P): Message<P>[] {
    if (this.#pattern === undefined) return [{ message: line, at, position }];
    const complete = this.#pattern.test(line) ? this.flush() : [];
    if (this.#lines.length === 0) this.#at = at;
    this.#lines.push(line);
    this.#position = position;
    return complete;
  }

  /** The message in the making, when the driver's interval is over or the container has ended. */
  flush(): Message<P>[] {
    if (this.#lines.length === 0) return [];
    const message = this.#lines.join('\n');
    this.#lines = [];
    return [{ message, at: this.#at, position: this.#position as P }];
  }
}
