/** What differs from run to run, put the same: ids, ports, suffixes, the runtime of this machine. */
export function normalised(output: string): string {
  return output
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:PORT')
    .replace(/(secret:[\w/-]+)-[A-Za-z0-9]{6}(?=[\s"]|:|$)/gm, '$1-??????')
    .replace(/key\/[0-9a-f]{8}…/g, 'key/????????…')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'REQUEST-OR-KEY-ID')
    .replace(/\b[0-9a-f]{32}\b/g, 'TASK-ID')
    .replace(/^runtime .*\n/gm, '');
}

/** The different lines of an output, sorted: calls that run side by side come in any order, and some more than once. */
export function distinctLines(output: string): string[] {
  return [...new Set(normalised(output).split('\n'))].sort();
}
