import type { Attack } from './attack.ts';
import { controlPlane } from './control-plane.ts';
import { credentials } from './credentials.ts';
import { files } from './files.ts';
import { images } from './images.ts';
import { kernel } from './kernel.ts';
import { metadata } from './metadata.ts';
import { network } from './network.ts';
import { processes } from './processes.ts';

/** Attacks of one kind. */
export interface Family {
  readonly title: string;
  readonly attacks: readonly Attack[];
}

/** All attacks. docs/isolation.md is made of this list, and the tests beside it try each of them on each runtime. */
export const families: readonly Family[] = [
  { title: 'Credentials', attacks: credentials },
  { title: 'The control plane', attacks: controlPlane },
  { title: 'Instance metadata', attacks: metadata },
  { title: 'The network', attacks: network },
  { title: 'Processes', attacks: processes },
  { title: 'Files', attacks: files },
  { title: 'Images', attacks: images },
  { title: 'The kernel', attacks: kernel },
];
