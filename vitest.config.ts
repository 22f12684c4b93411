import { defineConfig } from 'vitest/config';

// `unit`: beside the sources, quick. `system`: whole servers, real clients, the examples, against the built program.
export default defineConfig({
  define: { ROLECALL_VERSION: JSON.stringify('0.0.0-test') },
  test: {
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
