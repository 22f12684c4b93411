import type { AwsClient } from '../../wire/client.ts';
import { Unknown } from '../unknown.ts';
import type { AliasSource, KeySource, Workload } from '../workload.ts';
import type { Making, Outcome, Step } from './step.ts';
import { unless } from './step.ts';

/** Keys have no name; this tag tells on the next load which key a template's resource became. */
const MARK = 'rolecall:resource';

export function kmsSteps(workload: Workload): Step[] {
  return [...workload.keys.map((key) => keyStep(key, workload)), ...workload.aliases.map(aliasStep)];
}

function keyStep(key: KeySource, workload: Workload): Step {
  const aliases = workload.aliases.filter(
    ({ target }) => target instanceof Unknown && target.missing.some(({ deferred }) => deferred?.resource === key.id),
  );
  const name = aliases[0] === undefined ? (key.id ?? '') : String(aliases[0].name);
  return {
    what: `key ${name}`,
    origin: key.origin,
    provides: [key.id],
    from: [key.input, key.policy, key.tags],
    async run(making): Promise<Outcome> {
      const found = await findKey(making.client, key.id ?? '');
      const KeyId = found ?? (await createKey(making, key));
      making.keep(key.id, 'Ref', KeyId);
      if (found !== undefined) await updateKey(making, key, KeyId);
      if (key.rotation) await making.client.call('kms', 'EnableKeyRotation', { KeyId });
      await making.client.call('kms', key.enabled ? 'EnableKey' : 'DisableKey', { KeyId });
      return found === undefined ? 'created' : 'updated';
    },
  };
}

async function createKey(making: Making, key: KeySource): Promise<string> {
  const tags = [...making.tagList(key.tags), { Key: MARK, Value: key.id ?? '' }];
  const { KeyMetadata } = await making.client.call('kms', 'CreateKey', {
    ...making.input(key.input),
    ...(key.policy === undefined ? {} : { Policy: making.policy(key.policy) }),
    Tags: tags.map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
  });
  return KeyMetadata?.KeyId ?? '';
}

async function updateKey(making: Making, key: KeySource, KeyId: string): Promise<void> {
  const { client } = making;
  const { Description } = making.input(key.input);
  if (key.policy !== undefined)
    await client.call('kms', 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: making.policy(key.policy) });
  if (typeof Description === 'string') await client.call('kms', 'UpdateKeyDescription', { KeyId, Description });
  const tags = making.tagList(key.tags);
  if (tags.length > 0)
    await client.call('kms', 'TagResource', {
      KeyId,
      Tags: tags.map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
    });
}

async function findKey(client: AwsClient, id: string): Promise<string | undefined> {
  let marker: string | undefined;
  do {
    const page = await client.call('kms', 'ListKeys', marker === undefined ? {} : { Marker: marker });
    for (const { KeyId } of page.Keys ?? []) {
      if (KeyId === undefined) continue;
      const { KeyMetadata } = await client.call('kms', 'DescribeKey', { KeyId });
      if (KeyMetadata?.KeyManager !== 'CUSTOMER' || KeyMetadata.KeyState === 'PendingDeletion') continue;
      const { Tags } = await client.call('kms', 'ListResourceTags', { KeyId });
      if (Tags?.some(({ TagKey, TagValue }) => TagKey === MARK && TagValue === id)) return KeyId;
    }
    marker = page.Truncated === true ? page.NextMarker : undefined;
  } while (marker !== undefined);
  return undefined;
}

function aliasStep(alias: AliasSource): Step {
  return {
    what: `key alias ${alias.name}`,
    origin: alias.origin,
    provides: [alias.id, String(alias.name)],
    from: alias,
    async run(making): Promise<Outcome> {
      const input = { AliasName: making.text(alias.name), TargetKeyId: making.text(alias.target) };
      return unless<Outcome>(
        ['AlreadyExistsException'],
        async () => {
          await making.client.call('kms', 'CreateAlias', input);
          return 'created';
        },
        async () => {
          await making.client.call('kms', 'UpdateAlias', input);
          return 'updated';
        },
      );
    },
  };
}
