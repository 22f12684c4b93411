import { AwsError } from '../../core/errors.ts';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:prettyjws|json)$/;

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
}

/** What a manifest needs of the repository it is put into. */
export interface Manifest {
  readonly mediaType: string;
  readonly artifactMediaType: string | undefined;
  /** Config and layers. */
  readonly blobs: readonly Descriptor[];
  /** Manifests of an index. */
  readonly manifests: readonly Descriptor[];
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Reads a manifest of OCI or Docker schema 2. unverified: the texts of refusals. */
export function readManifest(text: string, declared: string | undefined): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('it is not valid JSON');
  }
  if (typeof json !== 'object' || json === null) throw invalid('it is not an object');
  const { mediaType: own, config, layers, manifests } = json as Record<string, unknown>;
  const mediaType = declared ?? (typeof own === 'string' ? own : Array.isArray(manifests) ? OCI_INDEX : OCI_MANIFEST);
  if (typeof own === 'string' && own !== mediaType) throw invalid(`its mediaType is ${own}, not ${mediaType}`);
  if (DOCKER_SCHEMA_1.test(mediaType)) throw invalid('Rolecall does not support Docker image manifests of schema 1');
  if (mediaType === OCI_INDEX || mediaType === DOCKER_LIST) {
    return { mediaType, artifactMediaType: undefined, blobs: [], manifests: descriptors(manifests, 'manifests') };
  }
  if (mediaType !== OCI_MANIFEST && mediaType !== DOCKER_MANIFEST)
    throw invalid(`its media type ${mediaType} is unknown`);
  const [described] = descriptors([config], 'config');
  return {
    mediaType,
    artifactMediaType: described?.mediaType,
    blobs: [described!, ...descriptors(layers, 'layers')],
    manifests: [],
  };
}

function descriptors(value: unknown, place: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${place} is missing`);
  return value.map((one: unknown) => {
    const { mediaType, digest, size } = (one ?? {}) as Record<string, unknown>;
    if (typeof digest !== 'string' || !DIGEST.test(digest) || typeof size !== 'number') {
      throw invalid(`${place} needs a digest and a size`);
    }
    return { digest, size, ...(typeof mediaType === 'string' ? { mediaType } : {}) };
  });
}

function invalid(problem: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax' (${problem})`,
  );
}
