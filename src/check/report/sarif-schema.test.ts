import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { checkCase, examples, goldenCases } from '../golden-cases.ts';
import { sarifReport } from './sarif.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The schema of OASIS. It is written in draft 4, of whose own keywords (`id`) it uses only one. */
const {
  $schema: _,
  id,
  ...schema
} = JSON.parse(readFileSync(`${ROOT}tests/schemas/sarif-2.1.0.json`, 'utf8')) as { $schema: string; id: string };

// Strict: a keyword or format that is not known would be a check that is never made.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
// biome-ignore lint/suspicious/noExplicitAny: a CommonJS module whose default export TypeScript sees one level too high
(formats as any)(ajv);
const valid = ajv.compile({ ...schema, $id: id });

/** What is wrong with a document, as it is after its way through JSON. */
function faults(document: object): (ErrorObject | string)[] {
  return valid(JSON.parse(JSON.stringify(document))) ? [] : (valid.errors ?? ['invalid']);
}

interface Log {
  readonly runs: {
    results: {
      level: string;
      message: object;
      locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
    }[];
  }[];
}

/** A correct log with results, changed by `change`. */
function broken(change: (log: Log) => void): (ErrorObject | string)[] {
  const log = JSON.parse(JSON.stringify(sarifReport(checkCase(examples.at(-1)!), '1.2.3'))) as Log;
  expect(log.runs[0]!.results.length).toBeGreaterThan(0);
  change(log);
  return faults(log);
}

describe('SARIF output against the schema of OASIS', () => {
  it('is that of SARIF 2.1.0', () => {
    expect(id).toBe('https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json');
  });

  it.each([...examples, ...goldenCases].map((folder) => relative(ROOT, folder)))('%s', (folder) => {
    // Files are named as the user named them: by absolute or by relative paths.
    for (const named of [`${ROOT}${folder}`, relative(process.cwd(), `${ROOT}${folder}`)])
      expect(faults(sarifReport(checkCase(named), '1.2.3'))).toEqual([]);
  });

  it('notices what is not SARIF', () => {
    const result = (log: Log) => log.runs[0]!.results[0]!;
    const path = (found: (ErrorObject | string)[]) =>
      found.map((fault) => (typeof fault === 'string' ? fault : `${fault.instancePath} ${fault.keyword}`));
    expect(
      path(
        broken((log) => {
          result(log).level = 'fatal';
        }),
      ),
    ).toEqual(['/runs/0/results/0/level enum']);
    expect(path(broken((log) => Object.assign(result(log), { severity: 'error' })))).toEqual([
      '/runs/0/results/0 additionalProperties',
    ]);
    expect(
      path(
        broken((log) => {
          result(log).locations[0]!.physicalLocation.region.startLine = 0;
        }),
      ),
    ).toEqual(['/runs/0/results/0/locations/0/physicalLocation/region/startLine minimum']);
    // Formats count, too.
    expect(
      path(
        broken((log) => {
          result(log).locations[0]!.physicalLocation.artifactLocation.uri = 'a file with spaces.json';
        }),
      ),
    ).toEqual(['/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri format']);
  });
});
