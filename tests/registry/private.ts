import { passwordAccess } from '../../src/services/ecr/registry/access.ts';
import { startTestRegistry, type TestRegistry } from '../../src/services/ecr/registry/testing.ts';
import { findRepository } from '../../src/services/ecr/target.ts';

/** A registry that is not ECR: one user with a password, plain names, repositories made by the first push. */
export interface PrivateRegistry extends TestRegistry {
  readonly user: string;
  readonly password: string;
}

export async function startPrivateRegistry(options: { user: string; password: string }): Promise<PrivateRegistry> {
  const { user, password } = options;
  const registry = await startTestRegistry((bench) => {
    const access = passwordAccess({ user, password, principal: bench.root, region: bench.gateway.region });
    return {
      ...access,
      repository: (host, name) => {
        const address = access.repository(host, name);
        if (address !== undefined && findRepository(bench.store, address) === undefined) {
          void bench.call('ecr', 'CreateRepository', { repositoryName: name });
        }
        return address;
      },
    };
  });
  return { ...registry, user, password };
}
