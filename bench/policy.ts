import { pathToFileURL } from 'node:url';
import { decide } from '../src/policy/decide.ts';
import { explain } from '../src/policy/explain.ts';
import { type PreparedPolicies, preparePolicies } from '../src/policy/prepare.ts';
import type { AccessRequest } from '../src/policy/types.ts';
import { type BenchCase, heavyCase, inlinePolicy, lightCase, seeded } from './policy-cases.ts';
import { casbin, cedar } from './policy-rivals.ts';
import { median, type Row, table } from './table.ts';

const RUNS = 9;

/** Nanoseconds per question: the median over several runs through all requests, after one to warm up. */
function nanoseconds(
  requests: readonly AccessRequest[],
  rounds: number,
  ask: (request: AccessRequest) => unknown,
): number {
  const run = (times: number) => {
    const start = process.hrtime.bigint();
    for (let round = 0; round < times; round++) for (const request of requests) ask(request);
    return Number(process.hrtime.bigint() - start) / (times * requests.length);
  };
  run(Math.max(1, rounds >> 2));
  return median(Array.from({ length: RUNS }, () => run(rounds)));
}

const micro = (ns: number) => `${(ns / 1000).toFixed(ns < 10_000 ? 2 : 1)} µs`;

interface Goals {
  readonly decide: number;
  readonly explain: number;
}

async function caseRows(benchCase: BenchCase, goals: Goals | undefined): Promise<Row[]> {
  const { name, prepared, requests } = benchCase;
  const few = requests.slice(0, 256);
  const askCedar = cedar(benchCase);
  const askCasbin = await casbin(benchCase);
  for (const request of few) {
    const allowed = decide(request, prepared).effect === 'Allowed';
    if (askCedar(request) !== allowed)
      throw new Error(`cedar answers otherwise for ${request.action} on ${request.resource}`);
  }
  const decided = nanoseconds(requests, 50, (request) => decide(request, prepared));
  const explained = nanoseconds(requests, 5, (request) => explain(request, prepared));
  const cedarTook = nanoseconds(few, 1, askCedar);
  const casbinTook = nanoseconds(few, 1, askCasbin);
  const row = (what: string, took: number, beside: string, reference: number, goal?: number): Row => ({
    what: `${name}: ${what}`,
    figure: micro(took),
    beside: `${beside} ${micro(reference)}`,
    ratio: took / reference,
    ...(goal === undefined ? {} : { goal: `≤ ${goal / 1000} µs`, met: took <= goal }),
  });
  return [
    row('decide', decided, 'cedar-wasm', cedarTook, goals?.decide),
    row('decide', decided, 'casbin', casbinTook),
    row('explain', explained, 'cedar-wasm', cedarTook, goals?.explain),
  ];
}

/** Roles with ten policies each, in an account that stores ten of them or ten thousand. */
function accountRow(): Row {
  const requests = lightCase().requests;
  const account = (policies: number) => {
    const roles = new Map<string, PreparedPolicies>();
    for (let role = 0; role < policies / 10; role++) {
      const identity = Array.from({ length: 10 }, (_, index) => inlinePolicy(`role-${role}-${index}`));
      roles.set(`role-${role}`, preparePolicies({ identity }));
    }
    const random = seeded(3);
    return nanoseconds(requests, 50, (request) => {
      const role = `role-${Math.floor(random() * 10) % roles.size}`;
      return decide(request, roles.get(role)!);
    });
  };
  const ten = account(100);
  const many = account(10_000);
  return {
    what: 'decide in an account of 10,000 stored policies',
    figure: micro(many),
    beside: `100 stored policies ${micro(ten)}`,
    ratio: many / ten,
    goal: '≤ 1.5 ×',
    met: many / ten <= 1.5,
  };
}

/** A role with a thousand statements about other actions. */
function unrelatedRow(): Row {
  const { requests, prepared } = lightCase();
  const other = Array.from({ length: 50 }, (_, policy) => inlinePolicy(`other-${policy}`, 20, 'dynamodb'));
  const laden = preparePolicies({ identity: [...prepared.set.identity, ...other] });
  const alone = nanoseconds(requests, 50, (request) => decide(request, prepared));
  const with1000 = nanoseconds(requests, 50, (request) => decide(request, laden));
  return {
    what: 'decide with 1,000 statements about other actions attached',
    figure: micro(with1000),
    beside: `without them ${micro(alone)}`,
    ratio: with1000 / alone,
    goal: '≤ 1.5 ×',
    met: with1000 / alone <= 1.5,
  };
}

/** What the policy engine does, beside two others in the same run. */
export async function policyRows(): Promise<Row[]> {
  return [
    ...(await caseRows(lightCase(), { decide: 800, explain: 5000 })),
    ...(await caseRows(heavyCase(false), { decide: 5000, explain: 50_000 })),
    ...(await caseRows(heavyCase(true), { decide: 5000, explain: 50_000 })),
    accountRow(),
    unrelatedRow(),
  ];
}

// Run by itself, not as a part of the other benchmarks.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && /policy[^/]*$/.test(process.argv[1] ?? '')) {
  console.log(table(await policyRows()));
}
