import type { Access } from '../sources/load/load.ts';
import type { Workload } from '../sources/workload.ts';
import { AwsClient } from '../wire/client.ts';
import type { StartedServer } from './io.ts';

/** Clients with the keys of other accounts, of a server of our own. */
export function otherAccounts(server: Pick<StartedServer, 'openAccount'>, endpoint: string) {
  const opened: AwsClient[] = [];
  return {
    accessTo: ({ account, region }: Workload): Access => {
      const address = { endpoint, region, credentials: server.openAccount(account) };
      const client = new AwsClient(address);
      opened.push(client);
      return { client, address };
    },
    close: () => {
      for (const client of opened) client.close();
    },
  };
}
