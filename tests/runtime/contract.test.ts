import { runtimeContract } from './contract.ts';
import { namespaceRuntime, processRuntime } from './subjects.ts';

for (const subject of [processRuntime, namespaceRuntime]) runtimeContract(subject);
