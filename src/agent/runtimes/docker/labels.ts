/** Labels on everything that is made in the Engine: by them a server that is started again finds what is its own. */
export const LABEL = {
  /** Which data directory it belongs to; see `serverId`. */
  server: 'dev.rolecall.server',
  /** Process that made it, `PID BOOT/START`. */
  process: 'dev.rolecall.process',
  /** Path of the data directory; empty for a server that keeps nothing. */
  home: 'dev.rolecall.home',
  /** Task id. */
  task: 'dev.rolecall.task',
  /** Name of the container in its task definition. */
  container: 'dev.rolecall.container',
  /** `container`, `namespace` (holds one for others) or `ready` (a namespace that waits for its task). */
  role: 'dev.rolecall.role',
  runtimeId: 'dev.rolecall.runtime-id',
} as const;

export type ObjectRole = 'container' | 'namespace' | 'ready';
