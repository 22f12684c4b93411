import { dockerRuntime } from '../../docker/subject.ts';
import { attacksOn } from './suite.ts';

const { unavailable, image, node } = dockerRuntime;
attacksOn(unavailable === undefined ? { name: 'docker', image, node } : undefined, 'docker', unavailable);
