import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { type PolicyCase, readCases, UnusableCase } from '../policy/cases/policy-case.ts';
import { type CaseResult, runCase } from '../policy/cases/run-case.ts';
import { explanationLines } from '../policy/explanation-text.ts';
import { JsonSyntaxError, lineAndColumn, readJson } from '../policy/json.ts';
import { awsManagedPolicy } from '../services/iam/managed-policies.ts';

const USAGE = `Usage: rolecall test FILE... [--json] [--junit FILE]

Runs policy tests kept as data: each case is a request, the policies it meets and the answer it must get.

  --json         print the results as JSON
  --junit FILE   write the results as JUnit XML to FILE

Exit status: 0 when all cases pass, 1 when some fail, 2 when a file cannot be used.
`;

const CASE_FORM =
  'A case has `name`, `request` (principal, action, resource, resourceAccount, context), `policies` (identity, resource, boundary, session, scp, rcp, vpce) and `expected` (response).';

interface Options {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly junit: string | undefined;
}

interface FileResult {
  readonly file: string;
  readonly results: readonly CaseResult[];
}

interface Output {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** `rolecall test`: returns the exit status. Starts no server. */
export async function testCommand(args: string[], io: Output): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(USAGE);
    return 0;
  }
  try {
    const options = readOptions(args);
    const results = options.files.map((file) => ({ file, results: casesOf(file).map(runCase) }));
    if (options.junit !== undefined) writeJunit(options.junit, results);
    io.stdout.write(options.json ? asJson(results) : asText(results));
    return results.every((each) => each.results.every(({ passed }) => passed)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    io.stderr.write(`error[${error.code}]: ${error.message}\n  help: ${error.help}\n`);
    return 2;
  }
}

function readOptions(args: readonly string[]): Options {
  const files: string[] = [];
  let json = false;
  let junit: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--json') json = true;
    else if (arg === '--junit') {
      junit = args[++at];
      if (junit === undefined) throw new UserError('test-usage', '--junit needs a file name', 'Write --junit FILE.');
    } else if (arg.startsWith('--junit=')) junit = arg.slice('--junit='.length);
    else if (arg.startsWith('-'))
      throw new UserError('test-usage', `there is no option ${arg}`, 'Run rolecall test --help.');
    else files.push(arg);
  }
  if (files.length === 0) throw new UserError('test-usage', 'no file is named', 'Run rolecall test FILE...');
  return { files, json, junit };
}

function casesOf(file: string): PolicyCase[] {
  const text = readText(file);
  try {
    return readCases(text, readJson(text), (name) => documentNamed(name, file));
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      const { line, column } = lineAndColumn(text, error.at);
      throw new UserError(
        'test-file-not-json',
        `${file}:${line}:${column}: ${error.path}: ${error.message}`,
        'Write the file as JSON.',
      );
    }
    if (error instanceof UnusableCase) {
      const place = `${file}:${error.line}:${error.column}: ${error.path}`;
      throw new UserError('test-case-unusable', `${place}: ${error.message}`, CASE_FORM);
    }
    throw error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(
      'test-file-unreadable',
      `${file} cannot be read: ${reasonOf(error)}`,
      'Name a file that exists and may be read.',
    );
  }
}

/** A document that a case names: the ARN of an AWS managed policy, or a path relative to the case's file. */
function documentNamed(name: string, file: string): string {
  if (name.startsWith('arn:')) {
    const managed = awsManagedPolicy(name);
    if (managed === undefined)
      throw new Error(`${name} is not an AWS managed policy that Rolecall knows; write the document out`);
    return managed.document;
  }
  const path = resolve(dirname(file), name);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission is missing';
  return error instanceof Error ? error.message : String(error);
}

function asJson(files: readonly FileResult[]): string {
  const results = files.flatMap(({ results }) => results);
  const passed = results.filter((result) => result.passed).length;
  const cases = results.map(({ id, name, expected, actual, decidedBy, why }) => ({
    ...(id === undefined ? {} : { id }),
    name,
    expected,
    actual,
    decidedBy,
    why,
  }));
  return `${JSON.stringify({ passed, failed: results.length - passed, cases }, undefined, 2)}\n`;
}

function asText(files: readonly FileResult[]): string {
  const lines: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const { file, results } of files) {
    for (const result of results) {
      if (result.passed) {
        passed++;
        continue;
      }
      failed++;
      lines.push(`FAILED ${file}: ${title(result)}`);
      lines.push(`  expected ${result.expected}, got ${result.actual}`);
      lines.push(...explanationLines(result.explanation).map((line) => `  ${line}`), '');
    }
  }
  lines.push(`${passed} passed, ${failed} failed`);
  return `${lines.join('\n')}\n`;
}

function title({ id, name }: CaseResult): string {
  return id === undefined || id === name ? name : `${id} ${name}`;
}

function writeJunit(path: string, files: readonly FileResult[]): void {
  const suites = files.map(({ file, results }) => {
    const failures = results.filter(({ passed }) => !passed).length;
    const cases = results.map((result) => {
      const open = `    <testcase classname="${xml(file)}" name="${xml(title(result))}"`;
      if (result.passed) return `${open}/>`;
      const message = `expected ${result.expected}, got ${result.actual}: ${result.why}`;
      const detail = explanationLines(result.explanation).join('\n');
      return `${open}>\n      <failure message="${xml(message)}">${xml(detail)}</failure>\n    </testcase>`;
    });
    const head = `  <testsuite name="${xml(file)}" tests="${results.length}" failures="${failures}">`;
    return [head, ...cases, '  </testsuite>'].join('\n');
  });
  const document = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join(
    '\n',
  );
  try {
    writeFileSync(path, document);
  } catch (error) {
    throw new UserError(
      'test-report-unwritable',
      `${path} cannot be written: ${reasonOf(error)}`,
      'Name a file in a folder that exists.',
    );
  }
}

/** Text for XML: the five characters escaped, and those that XML 1.0 cannot hold replaced. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
