import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { type BuiltImage, buildImage } from '../../registry/built-image.ts';
import { nodeFiles, shellFiles } from '../images.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** This machine's Node and `app.mjs`, in one file with the AWS SDK. */
export const nodeImage: () => BuiltImage = once(() => {
  const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  const bundled = buildSync({
    entryPoints: [join(HERE, 'app.mjs')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: banner },
    write: false,
    logLevel: 'error',
  });
  const app = { name: 'app.mjs', content: Buffer.from(bundled.outputFiles[0]!.contents), mode: 0o644 };
  return buildImage([nodeFiles(), [app]], {
    Env: ['PATH=/usr/bin:/bin', 'NODE_NO_WARNINGS=1'],
    Entrypoint: ['node'],
    Cmd: ['/app.mjs'],
    User: '1000',
  });
});

/** What boto3 is made of; `paths` of modules that it imports. */
interface Python {
  readonly executable: string;
  readonly library: string;
  readonly modules: readonly string[];
}

const ASK = `
import json, os, sys, sysconfig
import boto3, botocore, dateutil, jmespath, s3transfer, six, urllib3
modules = (boto3, botocore, dateutil, jmespath, s3transfer, six, urllib3)
place = lambda file: os.path.dirname(file) if os.path.basename(file) == "__init__.py" else file
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "library": sysconfig.get_paths()["stdlib"],
    "modules": [place(module.__file__) for module in modules],
}))
`;

function findPython(): Python | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', ASK], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Python) : undefined;
}

const python = findPython();

/** Why there can be no image with Python; undefined when there can. */
export const noPython: string | undefined =
  python === undefined ? 'there is no python3 with boto3 on this machine' : undefined;

/** Parts of the standard library that no program here needs, and extensions that bring a desktop's libraries along. */
const LEFT_OUT = new Set(['__pycache__', 'test', 'tests', 'idlelib', 'tkinter', 'turtledemo', 'lib2to3', 'ensurepip'])
  .add('site-packages')
  .add('dist-packages');
const EXTENSIONS_LEFT_OUT = /^(_tkinter|_curses|_curses_panel|readline|_dbm|_gdbm|_test|_xx|xx|nis)/;
/** Of botocore's descriptions of services. */
const SERVICES = new Set(['sqs', 'sts']);

/** This machine's Python with boto3, each file where it is on the machine, and `app.py`. */
export const pythonImage: () => BuiltImage = once(() => {
  if (python === undefined) throw new Error(noPython);
  const root = mkdtempSync(join(tmpdir(), 'rolecall-python-'));
  try {
    const copied: string[] = [];
    const copy = (file: string) => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      copyFileSync(realpathSync(file), join(root, file));
      copied.push(file);
    };
    copy(python.executable);
    for (const from of [python.library, ...python.modules]) {
      cpSync(from, join(root, from), {
        recursive: true,
        dereference: true,
        filter: (file) => {
          if (file !== from && !wanted(file)) return false;
          if (file.endsWith('.so')) copied.push(file);
          return true;
        },
      });
    }
    for (const library of librariesOf(copied)) copy(library);
    const archive = execFileSync('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', root, '-cf', '-', '.'], {
      maxBuffer: 1 << 30,
    });
    const app = { name: 'app.py', content: readFileSync(join(HERE, 'app.py')), mode: 0o644 };
    return buildImage([shellFiles(), archive, [app]], {
      Env: ['PATH=/usr/bin:/bin', 'PYTHONDONTWRITEBYTECODE=1'],
      Entrypoint: [python.executable],
      Cmd: ['/app.py'],
      User: '1000',
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

function wanted(file: string): boolean {
  const name = basename(file);
  if (LEFT_OUT.has(name) || name.startsWith('config-')) return false;
  if (file.endsWith('.so') && EXTENSIONS_LEFT_OUT.test(name)) return false;
  const inData = dirname(file).endsWith('botocore/data') && statSync(file).isDirectory();
  return !inData || SERVICES.has(name);
}

/** What the loader would look for, by the paths where it finds it. */
function librariesOf(files: readonly string[]): Set<string> {
  const { stdout } = spawnSync('ldd', files, { encoding: 'utf8', maxBuffer: 1 << 26 });
  const found = new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string));
  for (const library of [...found].filter((each) => each.includes('/libc.so')))
    for (const name of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'])
      if (statSync(join(dirname(library), name), { throwIfNoEntry: false })) found.add(join(dirname(library), name));
  return found;
}

/** The image is made when it is first asked for. */
function once(make: () => BuiltImage): () => BuiltImage {
  let made: BuiltImage | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
