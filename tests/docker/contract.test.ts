import { runtimeContract } from '../runtime/contract.ts';
import { dockerRuntime } from './subject.ts';

runtimeContract(dockerRuntime);
