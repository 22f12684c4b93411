import type { Io, Screen } from '../io.ts';

/** Paints text, or leaves it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  /** Columns of the terminal; undefined when the output goes elsewhere. */
  readonly width: number | undefined;
}

/** Colour only on a terminal, and never where NO_COLOR is set (no-color.org) or the terminal is dumb. */
export function styleOf(io: Pick<Io, 'env'>, screen: Screen): Style {
  const noColor = io.env.NO_COLOR !== undefined && io.env.NO_COLOR !== '';
  const coloured = screen.isTTY === true && !noColor && io.env.TERM !== 'dumb';
  const paint = (code: number, end: number) => (text: string) =>
    coloured ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
    width: screen.isTTY === true ? screen.columns : undefined,
  };
}

/** Text of others (a container's output, a name) without what would move the cursor or change the terminal. */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]|\u001b(?!\[[0-9;]*m)/g, '');
}

/** The text in at most `width` columns, with `…` where something was taken out of its middle. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width <= 1) return '…';
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** The text cut at the end. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
