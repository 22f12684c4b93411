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
  return `${style.cyan(`${harmless(container)} |`)} ${harmless(line)}`;
}
