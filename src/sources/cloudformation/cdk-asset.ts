import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Node } from '../node.ts';
import { readDocument } from '../read-document.ts';

/**
 * The local file that the CDK will upload to this address, by the asset manifests beside a template.
 * Source: AWS CDK, cloud-assembly-schema, asset manifest (NAME.assets.json). @throws UserError, SourceError
 */
export function cdkAsset(folder: string, url: string): string | undefined {
  const key = basename(url);
  for (const name of readdirSync(folder === '' ? '.' : folder)) {
    if (!name.endsWith('.assets.json')) continue;
    const files = member(readDocument(join(folder, name)), 'files');
    for (const asset of files?.kind === 'map' ? files.members.values() : []) {
      const path = member(member(asset, 'source'), 'path');
      const destinations = member(asset, 'destinations');
      if (path?.kind !== 'scalar' || destinations?.kind !== 'map') continue;
      for (const destination of destinations.members.values()) {
        const object = member(destination, 'objectKey');
        if (object?.kind === 'scalar' && basename(String(object.value)) === key)
          return join(folder, String(path.value));
      }
    }
  }
  return undefined;
}

function member(node: Node | undefined, name: string): Node | undefined {
  return node?.kind === 'map' ? node.members.get(name) : undefined;
}
