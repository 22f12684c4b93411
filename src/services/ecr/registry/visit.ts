import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../../gateway/gateway.ts';
import { openExchange } from '../../../gateway/open-exchange.ts';
import type { Input, OperationName, Output } from '../../../gateway/operation.ts';
import { run, runChecks } from '../../../gateway/pipeline.ts';
import { type RepositoryRecord, THROUGH_REGISTRY } from '../records.ts';
import { existing, findRepository, type RepositoryAddress, repositoryCheck } from '../target.ts';
import type { Visitor } from './access.ts';
import type { BlobStore } from './blob-store.ts';
import type { PullsUnderWay } from './pulls-under-way.ts';

type Named<O extends OperationName<'ecr'>> = Omit<Input<'ecr', O>, 'repositoryName' | 'registryId'>;

/** One request about one repository, from somebody: every step of it is a call of ECR's API in that principal's name. */
export class Visit {
  readonly gateway: Gateway;
  readonly blobs: BlobStore;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly visitor: Visitor;
  readonly address: RepositoryAddress;
  /** The path of the repository as the client spells it: `/v2/NAME`. */
  readonly base: string;
  readonly #pulls: PullsUnderWay | undefined;

  constructor(of: {
    readonly gateway: Gateway;
    readonly blobs: BlobStore;
    readonly message: IncomingMessage;
    readonly response: ServerResponse;
    readonly query: URLSearchParams;
    readonly visitor: Visitor;
    readonly address: RepositoryAddress;
    readonly name: string;
    readonly pulls?: PullsUnderWay;
  }) {
    this.gateway = of.gateway;
    this.blobs = of.blobs;
    this.message = of.message;
    this.response = of.response;
    this.query = of.query;
    this.visitor = of.visitor;
    this.address = of.address;
    this.base = `/v2/${of.name}`;
    this.#pulls = of.pulls;
  }

  /** Whether the call for this manifest or layer was made already, by the pull that the visitor carries out. */
  isCalledFor(digest: string): boolean {
    const { token } = this.visitor;
    return token !== undefined && this.#pulls?.covers(token, this.address, digest) === true;
  }

  /** Calls an operation on the repository. @throws AwsError */
  async call<O extends OperationName<'ecr'>>(operation: O, input: Named<O>): Promise<Output<'ecr', O>> {
    const exchange = this.#open(operation, input, this.address);
    await run(exchange);
    await this.gateway.store.committed();
    if (exchange.error !== undefined) throw exchange.error;
    return exchange.output as Output<'ecr', O>;
  }

  /**
   * Authorizes and records an operation whose work is done here, because its content streams by. @throws AwsError
   * @param of another repository than the request's.
   */
  async authorize<O extends OperationName<'ecr'>>(
    operation: O,
    input: Partial<Named<O>>,
    of: RepositoryAddress = this.address,
  ): Promise<void> {
    const exchange = this.#open(operation, input, of);
    const target = { address: of, repository: findRepository(this.gateway.store, of) };
    runChecks(exchange, [repositoryCheck(operation, target)]);
    await this.gateway.store.committed();
    if (exchange.error !== undefined) throw exchange.error;
  }

  /** The repository, once the visitor may know of it. @throws RepositoryNotFoundException */
  repository(): RepositoryRecord {
    return existing({ address: this.address, repository: findRepository(this.gateway.store, this.address) });
  }

  get now(): number {
    return this.gateway.environment.clock.now();
  }

  #open(operation: string, input: object, { account, region, name }: RepositoryAddress) {
    return openExchange(this.gateway.environment, {
      service: 'ecr',
      operation,
      input: { registryId: account, repositoryName: name, ...input },
      principal: this.visitor.principal,
      region,
      endpoint: this.gateway.endpoint(),
      stage: this.visitor.stage,
      sourceIp: this.message.socket.remoteAddress ?? '127.0.0.1',
      userAgent: this.message.headers['user-agent'] ?? '',
      callerContext: { [THROUGH_REGISTRY]: 'true' },
      abandoned: () => this.gateway.environment.stopping,
    });
  }
}
