import { attacksOn } from './suite.ts';

// What the process runtime keeps apart elsewhere, src/agent/endpoints tests.
const unavailable = process.platform === 'linux' ? undefined : 'the attacks are written for Linux';
attacksOn(
  unavailable === undefined ? { name: 'process', image: 'program', node: process.execPath } : undefined,
  'process',
  unavailable,
);
