import type { LaunchType } from '../roles/duty.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { mergeEnvironmentFiles } from './environment-files.ts';

/** How a container finds the endpoints of its task. */
export interface EndpointAccess {
  /** Base URL of the task's own listener, `http://127.0.0.1:PORT` or `http://169.254.170.2`. */
  readonly baseUrl: string;
  /** Id of the container in metadata URLs. */
  readonly endpointId: string;
  /** The task role's credentials; undefined when the task has no task role. */
  readonly credentials?: { readonly id: string; readonly token: string | undefined };
  /** Base URL of the instance metadata; undefined where there is none to be reached. */
  readonly instanceMetadata: string | undefined;
  /** The server itself: AWS_ENDPOINT_URL; undefined in transparent mode, where nothing tells an application. */
  readonly server: string | undefined;
}

export interface EnvironmentParts {
  readonly container: Ecs.ContainerDefinition;
  readonly files: readonly Readonly<Record<string, string>>[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly launchType: LaunchType;
  readonly region: string;
  readonly access: EndpointAccess;
}

/**
 * The environment that ECS gives to a container.
 * Order: environment files, `environment`, `secrets`, then what the agent sets whatever the definition says.
 * Sources: agent, task.go (credentials and metadata URIs; AWS_REGION since 1.104 unless set); Fargate: observed.
 */
export function containerEnvironment(parts: EnvironmentParts): Record<string, string> {
  const { container, access, region } = parts;
  const environment: Record<string, string> = {
    // An application can be pointed elsewhere by its own definition.
    ...(access.server === undefined ? {} : { AWS_ENDPOINT_URL: access.server }),
    ...mergeEnvironmentFiles(parts.files),
  };
  for (const { name, value } of container.environment ?? []) if (name !== undefined) environment[name] = value ?? '';
  Object.assign(environment, parts.secrets);
  if (environment.AWS_REGION === undefined && environment.AWS_DEFAULT_REGION === undefined) {
    environment.AWS_REGION = region;
    environment.AWS_DEFAULT_REGION = region;
  }
  environment.AWS_EXECUTION_ENV = `AWS_ECS_${parts.launchType}`;
  environment.ECS_CONTAINER_METADATA_URI = `${access.baseUrl}/v3/${access.endpointId}`;
  environment.ECS_CONTAINER_METADATA_URI_V4 = `${access.baseUrl}/v4/${access.endpointId}`;
  environment.ECS_AGENT_URI = `${access.baseUrl}/api/${access.endpointId}`;
  if (access.credentials !== undefined) addCredentials(environment, access.baseUrl, access.credentials);
  // The metadata of a real machine must never be asked in the task's name.
  if (access.instanceMetadata === undefined) environment.AWS_EC2_METADATA_DISABLED = 'true';
  else environment.AWS_EC2_METADATA_SERVICE_ENDPOINT = access.instanceMetadata;
  return environment;
}

/**
 * ECS sets the relative URI, which SDKs look up at 169.254.170.2. Where that address is not the task's own (processes),
 * the full URI says the same with a loopback address, and a token keeps others out.
 */
function addCredentials(
  environment: Record<string, string>,
  baseUrl: string,
  credentials: { readonly id: string; readonly token: string | undefined },
): void {
  const path = `/v2/credentials/${credentials.id}`;
  if (credentials.token === undefined) {
    environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = path;
    return;
  }
  // The relative URI would win over the full one.
  delete environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  environment.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${baseUrl}${path}`;
  environment.AWS_CONTAINER_AUTHORIZATION_TOKEN = credentials.token;
}
