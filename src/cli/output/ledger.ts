import { parseArn, roleNameOf } from '../../core/arn.ts';
import type { RecordedCheck, TrailEntry } from '../../gateway/trail.ts';
import { cut, harmless, type Style, shortened } from './style.ts';

/** One call, as the ledger says it. */
export interface LedgerRow {
  readonly stage: string;
  readonly role: string;
  readonly call: string;
  readonly resource: string;
  readonly outcome: TrailEntry['outcome'];
  /** Who decided, or why not. */
  readonly reason: string;
}

const ROLES = {
  'container-instance': 'instance',
  'task-execution': 'execution',
  task: 'task',
  'service-linked': 'service-linked',
} as const;

interface Widths {
  readonly stage: number;
  readonly role: number;
  readonly call: number;
  readonly resource: number;
}

const ROOMY: Widths = { stage: 14, role: 16, call: 33, resource: 44 };
const NARROW: Widths = { stage: 11, role: 11, call: 27, resource: 30 };
const OUTCOME = 9;

/** Narrow terminals give the decision its room first. */
function widthsFor(width: number | undefined): Widths {
  return width !== undefined && width < 160 ? NARROW : ROOMY;
}

/** The row of a call: the check that refused it, else the first that was made. */
export function ledgerRow(entry: TrailEntry): LedgerRow {
  const refused = entry.checks.find(({ effect }) => effect !== 'Allowed');
  const check = refused ?? entry.checks[0];
  const others = new Set(entry.checks.map(({ resource }) => resource)).size - 1;
  return {
    stage: entry.stage ?? '-',
    role: entry.role === undefined ? harmless(entry.principalName).replace(/\.amazonaws\.com$/, '') : ROLES[entry.role],
    call: check?.action ?? `${entry.service}:${entry.operation}`,
    resource:
      check === undefined
        ? '-'
        : `${shortResource(check.resource)}${refused === undefined && others > 0 ? ` +${others}` : ''}`,
    outcome: entry.outcome,
    reason: harmless(reasonOf(entry, check)),
  };
}

function reasonOf(entry: TrailEntry, check: RecordedCheck | undefined): string {
  if (entry.outcome === 'failed') return `${entry.error?.code ?? 'error'}: ${entry.error?.message ?? ''}`;
  if (entry.outcome === 'denied') return check?.why ?? entry.error?.message ?? '';
  return check?.decidedBy === undefined ? '' : statementName(check.decidedBy);
}

/** `policy / statement`; a statement without Sid is counted from 1. Policies without a name are called by their kind. */
export function statementName({ kind, policy, sid, index }: NonNullable<RecordedCheck['decidedBy']>): string {
  const arn = parseArn(policy);
  const managed = arn?.resource.startsWith('policy/') === true;
  const name = managed ? roleNameOf(policy) : arn === undefined ? policy : (KINDS[kind] ?? kind);
  return `${name} / ${sid ?? `statement ${index + 1}`}`;
}

const KINDS: Readonly<Record<string, string>> = {
  trust: 'trust policy',
  key: 'key policy',
  resource: 'resource policy',
};

/** An ARN without what is the same everywhere: its resource, task ids as `…`. */
export function shortResource(resource: string): string {
  const arn = parseArn(resource);
  const text = arn === undefined ? resource : arn.resource;
  return harmless(
    text
      .replace(/[0-9a-f]{32}/g, '…')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => `${id.slice(0, 8)}…`),
  );
}

/** The ledger's first line. */
export function ledgerHeader(style: Style): string {
  return style.dim(
    line(
      { stage: 'stage', role: 'role', call: 'call', resource: 'resource', outcome: 'decision', reason: '' },
      style.width,
    ),
  );
}

/** One line of the ledger. */
export function ledgerLine(row: LedgerRow, style: Style): string {
  const outcome = row.outcome === 'denied' ? 'DENIED' : row.outcome;
  const text = line({ ...row, outcome }, style.width);
  const { stage, role, call, resource } = widthsFor(style.width);
  const at = stage + role + call + resource;
  const paint = row.outcome === 'denied' ? style.red : row.outcome === 'failed' ? style.yellow : style.green;
  return text.length <= at
    ? text
    : `${text.slice(0, at)}${paint(text.slice(at, at + OUTCOME).trimEnd())}${text.slice(at + outcome.length)}`;
}

function line(row: Omit<LedgerRow, 'outcome'> & { readonly outcome: string }, width: number | undefined): string {
  const widths = widthsFor(width);
  const cells = [
    column(row.stage, widths.stage),
    column(row.role, widths.role),
    column(row.call, widths.call),
    column(row.resource, widths.resource),
    row.outcome.padEnd(OUTCOME),
    row.reason,
  ];
  const text = cells.join('').trimEnd();
  return width === undefined ? text : cut(text, width);
}

/** At least one space stays between columns. */
function column(text: string, width: number): string {
  return shortened(text, width - 1).padEnd(width);
}
