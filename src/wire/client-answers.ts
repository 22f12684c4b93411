import { AwsError } from '../core/errors.ts';
import { readJsonBody } from './json-codec.ts';
import type { OperationModel, ServiceModel } from './model.ts';
import { parseXml, type XmlElement } from './xml.ts';
import { readXmlStructure } from './xml-codec.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Reads a successful answer of the json or query protocol. */
export function readAnswer(model: OperationModel, answer: Answer): Record<string, unknown> {
  if (model.output === undefined) return {};
  if (model.service.protocol !== 'query') return readJsonBody(model.output, answer.body);
  const root = parseXml(answer.body.toString('utf8'));
  const result = root.children.find((child) => child.name === `${model.name}Result`);
  return result === undefined ? {} : readXmlStructure(model.output, result);
}

/** Reads an error answer; what is no AWS error at all becomes one named after its status. */
export function readFailure(service: ServiceModel, answer: Answer): AwsError {
  const { status } = answer;
  const fault = status >= 500 ? 'server' : 'client';
  const text = answer.body.toString('utf8');
  try {
    if (service.protocol === 'query') {
      const root = parseXml(text);
      const error = root.children.find((child) => child.name === 'Error');
      const code = error === undefined ? undefined : textIn(error, 'Code');
      if (error !== undefined && code !== undefined)
        return new AwsError(code, textIn(error, 'Message') ?? '', { status, fault });
    } else {
      const { __type, message, Message, ...members } = JSON.parse(text) as Record<string, unknown>;
      if (typeof __type === 'string') {
        const code = __type.slice(__type.indexOf('#') + 1).split(':', 1)[0]!;
        return new AwsError(code, String(message ?? Message ?? ''), { status, fault, members });
      }
    }
  } catch {
    // Falls through: not an answer of an AWS service.
  }
  return new AwsError(`Http${status}`, text.slice(0, 500), { status, fault });
}

function textIn(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}
