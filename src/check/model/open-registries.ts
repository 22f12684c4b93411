/**
 * Registries in which AWS keeps images that every account may pull. Sources: aws/aws-for-fluent-bit README; App Mesh User
 * Guide, envoy; Deep Learning Containers, available_images; GuardDuty User Guide, runtime monitoring (sidecar of Fargate tasks).
 */
const OPEN: ReadonlySet<string> = new Set(['906394416424', '840364872350', '763104351884', '733349766148']);

export function isOpenRegistry(account: string): boolean {
  return OPEN.has(account);
}
