/**
 * Why the Engine could not start a container, as the launch type's texts take it: they add what stands around runc's
 * own message themselves.
 */
export function startReason(error: unknown, fargate: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const runc = message.indexOf('OCI runtime');
  if (runc >= 0) return message.slice(runc);
  return fargate ? message : `Error response from daemon: ${message}`;
}
