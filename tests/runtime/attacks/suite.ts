import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attack, type Attempt, MODES, type Mode, type Situation, Untried, verdictOf } from './attack.ts';
import { families } from './list.ts';
import type { Subject } from './server.ts';
import { World } from './world.ts';

/** Tries every attack on one runtime and compares what came of it with what the list says. */
export function attacksOn(subject: Subject | undefined, name: string, unavailable: string | undefined): void {
  describe.skipIf(subject === undefined)(
    `attacks, ${name} runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
    () => {
      let world: World;
      const made = new Map<string, ReturnType<World['attackFrom']>>();

      beforeAll(async () => {
        world = await World.open(subject as Subject);
      });
      afterAll(() => world?.close());

      /** Attacks from the same kind of task share one. */
      function answersFrom(situation: Situation, mode: Mode): ReturnType<World['attackFrom']> {
        const key = `${situation} ${mode}`;
        const programs = all().filter(
          (attack) =>
            attack.program !== undefined &&
            attack.from === situation &&
            isTried(attack, mode) &&
            attack.needs?.(world) === undefined,
        );
        const answers = made.get(key) ?? world.attackFrom(situation, mode, inOrder(programs));
        made.set(key, answers);
        return answers;
      }

      function isTried(attack: Attack, mode: Mode): boolean {
        const verdict = subject === undefined ? undefined : verdictOf(attack, subject.name, mode);
        return verdict !== undefined && verdict.verdict !== 'not applicable';
      }

      for (const { title, attacks } of families) {
        if (!attacks.some((attack) => MODES.some((mode) => isTried(attack, mode)))) continue;
        describe(title, () => {
          for (const attack of attacks) {
            for (const mode of MODES) {
              if (!isTried(attack, mode)) continue;
              const { verdict } = verdictOf(attack, (subject as Subject).name, mode) ?? {};
              it(`${attack.id}, ${mode}: ${verdict}`, async (context) => {
                const missing = attack.needs?.(world);
                if (missing !== undefined) context.skip(missing);
                const attempts =
                  attack.attempt === undefined
                    ? (await answersFrom(attack.from, mode)).answers.get(attack.id)
                    : await attack.attempt(world, mode).catch((error: unknown) => {
                        if (error instanceof Untried) return context.skip(error.message);
                        throw error;
                      });
                await judge(attack, attempts ?? [], verdict === 'holds');
                await attack.check?.(world, mode, attempts ?? []);
              });
            }
          }
        });
      }

      async function judge(attack: Attack, attempts: readonly Attempt[], holds: boolean): Promise<void> {
        const proof = await attack.proof?.(await world.secrets());
        // An attack that looks for nothing would find nothing.
        if (proof !== undefined) expect(proof.length).toBeGreaterThan(0);
        const obtained = attempts.filter(({ got, seen }) => {
          const text = `${got ?? ''}${seen ?? ''}`;
          return proof === undefined
            ? got !== undefined
            : proof.some((secret) => secret !== '' && text.includes(secret));
        });
        expect(attempts.length).toBeGreaterThan(0);
        if (!holds) {
          expect(obtained.length, JSON.stringify(shortened(attempts))).toBeGreaterThan(0);
          return;
        }
        expect(shortened(obtained)).toEqual([]);
        // What looks like no refusal that is known proves nothing.
        const unclear = attempts.filter(({ refused }) => refused !== undefined && !attack.refusal.test(refused));
        expect(shortened(unclear)).toEqual([]);
      }
    },
  );
}

function inOrder(attacks: readonly Attack[]): readonly Attack[] {
  return [...attacks.filter(({ last }) => last !== true), ...attacks.filter(({ last }) => last === true)];
}

function all(): readonly Attack[] {
  return families.flatMap(({ attacks }) => attacks);
}

function shortened(attempts: readonly Attempt[]) {
  return attempts.map(({ what, got, refused, seen }) => ({
    what,
    ...(got === undefined ? {} : { got: got.slice(0, 200) }),
    ...(refused === undefined ? {} : { refused }),
    ...(seen === undefined ? {} : { seen: `${seen.length} characters` }),
  }));
}
