import { type Node, scalar } from '../node.ts';

/** `AWS::NoValue`: the member or item it stands for is not there. Compared by identity. */
export const NO_VALUE: Node = scalar(null, { file: '', path: '', line: 0 });
