import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../core/clock.ts';
import { AwsError } from '../../../core/errors.ts';
import type { Gateway } from '../../../gateway/gateway.ts';
import type { Store } from '../../../store/store.ts';
import { bucketOfHost } from '../../../wire/s3-route.ts';
import { findLayerContent, LAYER_PATH } from '../layers.ts';
import { type Access, ecrAccess } from './access.ts';
import { asRegistryError, denied, RegistryError, send, sendError } from './answers.ts';
import type { BlobStore } from './blob-store.ts';
import { deleteBlob, getBlob, headBlob, sendLayer } from './blobs.ts';
import { deleteManifest, getManifest, listReferrers, listTags, putManifest } from './manifests.ts';
import { type Route, readRoute, registryOfHost } from './names.ts';
import type { PullsUnderWay } from './pulls-under-way.ts';
import { sweep } from './sweep.ts';
import { cancelUpload, finishUpload, startUpload, uploadChunk, uploadStatus } from './uploads.ts';
import { Visit } from './visit.ts';

export interface RegistryOptions {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly clock: Clock;
  /** The same that the ECR service has. */
  readonly blobs: BlobStore;
  /** Pulls whose calls somebody has made already. */
  readonly pulls?: PullsUnderWay;
  /** Default: with ECR's tokens and ECR's names. */
  readonly access?: Access;
}

/** The image registry over HTTP, for the listener. */
export interface Registry {
  /**
   * Whether a request is the registry's: then nobody else reads its body. By the path (without query) alone every path
   * below `/v2/` is; with the message, those of S3's buckets and of AWS's APIs are left out.
   */
  handles(path: string, message?: Pick<IncomingMessage, 'url' | 'headers'>): boolean;
  /** Answers a request. Never throws. */
  handle(message: IncomingMessage, response: ServerResponse): Promise<void>;
}

const SWEEP_EVERY = 3_600_000;

/**
 * The OCI distribution API, and docker's registry API v2 as docker speaks it, over the repositories of ECR. Every request
 * is the calls of ECR's API that it stands for, authorized and recorded in the name of whoever got the token.
 * Source of the calls: ECR User Guide, "Private registry authentication" and the permissions it lists for push and pull.
 */
export function createRegistry(options: RegistryOptions): Registry {
  const { gateway, store, clock, blobs, pulls, access = ecrAccess } = options;
  let sweptAt = Number.NEGATIVE_INFINITY;

  /** Before a request, not beside it: no push loses a layer that it was just told is there. */
  const sweepWhenDue = () => {
    const now = clock.now();
    if (now - sweptAt < SWEEP_EVERY) return;
    sweptAt = now;
    sweep(store, blobs, now);
  };

  const serve = async (path: string, query: string, message: IncomingMessage, response: ServerResponse) => {
    sweepWhenDue();
    if (path.startsWith(LAYER_PATH)) {
      await download(path.slice(LAYER_PATH.length), message, response);
      return;
    }
    const host = hostOf(message);
    const visitor = access.visitor(store, message.headers.authorization, host, clock.now());
    const route = readRoute(path);
    if (route === undefined) throw new RegistryError(404, 'UNSUPPORTED', 'The registry has nothing at this path.');
    if (route.kind === 'ping') {
      send(response, 200, { 'content-type': 'application/json; charset=utf-8' }, '{}');
      return;
    }
    if (route.kind === 'catalog') {
      throw new RegistryError(405, 'UNSUPPORTED', 'There is no catalog: ask ecr:DescribeRepositories.');
    }
    const address = access.repository(host, route.name);
    if (address === undefined) throw new RegistryError(400, 'NAME_INVALID', access.naming);
    if (visitor.region !== undefined && visitor.region !== address.region) {
      throw denied('Your Authorization Token is invalid.');
    }
    const { name } = route;
    const visit = new Visit({
      gateway,
      blobs,
      message,
      response,
      query: new URLSearchParams(query),
      visitor,
      address,
      name,
      ...(pulls === undefined ? {} : { pulls }),
    });
    await answer(route, visit, (other) => access.repository(host, other));
  };

  /** What GetDownloadUrlForLayer gave leads here: the path is the permission, as in a presigned URL. */
  const download = async (secret: string, message: IncomingMessage, response: ServerResponse) => {
    const found = findLayerContent(store, secret, clock.now());
    // Source: S3's answer to a presigned URL whose time is over.
    if (found === undefined) throw denied('Request has expired');
    if (message.method !== 'GET' && message.method !== 'HEAD') throw notAllowed('GET, HEAD');
    await sendLayer(blobs, found, message, response);
  };

  return {
    handles: isForRegistry,
    handle: async (message, response) => {
      const target = message.url ?? '/';
      const mark = target.indexOf('?');
      const [path, query] = mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
      try {
        await serve(path, query, message, response);
      } catch (error) {
        refuse(gateway, message, response, error);
      } finally {
        // What is left of a body that nobody wants is let through, so that the client gets to read the answer.
        message.resume();
      }
    },
  };
}

/**
 * Below `/v2/` are a registry's paths, but also keys of S3 buckets that stand in the host's name, and paths of AWS APIs.
 * No registry's client signs its requests as AWS's do.
 */
export function isForRegistry(path: string, message?: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  if (path.startsWith(LAYER_PATH)) return true;
  if (path !== '/v2' && !path.startsWith('/v2/')) return false;
  if (message === undefined) return true;
  const { url = '', headers } = message;
  const query = url.slice(path.length + 1);
  if (/^AWS/.test(headers.authorization ?? '') || /(^|&)X-Amz-(Signature|Credential)=/i.test(query)) return false;
  const host = headers.host ?? '';
  return registryOfHost(host) !== undefined || bucketOfHost(host) === undefined;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
type Named = Exclude<Route, { kind: 'ping' | 'catalog' }>;

function answer(route: Named, visit: Visit, locate: (name: string) => ReturnType<Access['repository']>): Promise<void> {
  const methods = methodsOf(route, visit, locate);
  const method = visit.message.method as Method;
  const serve = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (serve === undefined) throw notAllowed(Object.keys(methods).join(', '));
  return serve();
}

function methodsOf(
  route: Named,
  visit: Visit,
  locate: (name: string) => ReturnType<Access['repository']>,
): Partial<Record<Method, () => Promise<void>>> {
  switch (route.kind) {
    case 'tags':
      return { GET: () => listTags(visit) };
    case 'uploads':
      return { POST: () => startUpload(visit, locate) };
    case 'upload': {
      const status = () => uploadStatus(visit, route.reference);
      return {
        GET: status,
        HEAD: status,
        PATCH: () => uploadChunk(visit, route.reference),
        PUT: () => finishUpload(visit, route.reference),
        DELETE: () => cancelUpload(visit, route.reference),
      };
    }
    case 'blob':
      return {
        GET: () => getBlob(visit, route.reference),
        HEAD: () => headBlob(visit, route.reference),
        DELETE: () => deleteBlob(),
      };
    case 'manifest': {
      const get = () => getManifest(visit, route.reference);
      return {
        GET: get,
        HEAD: get,
        PUT: () => putManifest(visit, route.reference),
        DELETE: () => deleteManifest(visit, route.reference),
      };
    }
    case 'referrers':
      return { GET: () => listReferrers(visit, route.reference) };
  }
}

function notAllowed(allow: string): RegistryError {
  return new RegistryError(405, 'UNSUPPORTED', 'The registry does not serve this method here.', { allow });
}

/** A host that is no plain name is not repeated in any answer. */
function hostOf(message: IncomingMessage): string {
  const host = message.headers.host ?? '';
  return /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?$/i.test(host) ? host : 'localhost';
}

function refuse(gateway: Gateway, message: IncomingMessage, response: ServerResponse, error: unknown): void {
  // Half an answer cannot be taken back, and who has gone needs none.
  if (response.headersSent || message.socket.destroyed) {
    const expected = isBroken(error) || error instanceof AwsError || gateway.environment.stopping.aborted;
    if (!expected) gateway.environment.logBug('registry', error);
    response.destroy();
    return;
  }
  let known = asRegistryError(error);
  if (known === undefined) {
    const requestId = gateway.environment.ids.uuid();
    gateway.environment.logBug(requestId, error);
    known = new RegistryError(500, 'UNKNOWN', `The registry could not do it; its log says more (${requestId}).`);
  }
  sendError(response, known);
}

/** The connection broke, which is nobody's bug. */
function isBroken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'EPIPE';
}
