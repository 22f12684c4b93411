import { namespaceRuntime } from '../subjects.ts';
import { attacksOn } from './suite.ts';

const { unavailable } = namespaceRuntime;
attacksOn(
  unavailable === undefined ? { name: 'namespace', image: 'program', node: process.execPath } : undefined,
  'namespace',
  unavailable,
);
