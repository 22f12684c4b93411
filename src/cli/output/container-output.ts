import { harmless, type Style } from './style.ts';

/** One line that a container wrote. */
export interface OutputLine {
  readonly taskArn: string;
  readonly container: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** `app | text`. */
export function containerLine({ container, line }: OutputLine, style: Style): string {
  const text = harmless(line);
  // A colour that the line leaves on would run into the next one.
  return `${style.cyan(`${harmless(container)} |`)} ${text}${text.includes('\u001b') ? '\u001b[0m' : ''}`;
}
