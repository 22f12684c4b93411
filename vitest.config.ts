import { defineConfig } from 'vitest/config';

// `unit`: beside the sources, quick. `system`: whole servers, real clients, the examples, against the built program.
export default defineConfig({
  define: { ROLECALL_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    // Of `expect.poll`; how long something takes is no test's business.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'tests/{corpus,conformance,docs}/**/*.test.ts'],
          // Unit tests change nothing that outlives them: one module graph for all is much quicker.
          pool: 'threads',
          isolate: false,
          // All cores: they wait for nothing.
          maxWorkers: '100%',
          // Some start programs, all at once, on machines that may have one core.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          sequence: { groupOrder: 1 },
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/{corpus,conformance,docs}/**'],
          globalSetup: ['tests/build.ts'],
          // One file at a time: they share this machine's addresses, its Docker Engine and its cores.
          maxWorkers: 1,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
