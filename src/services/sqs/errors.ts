import { AwsError } from '../../core/errors.ts';

/**
 * Errors of Amazon SQS, by the names of its JSON model (the wire layer adds the old query codes). Texts observed on AWS
 * unless marked.
 */

export function queueDoesNotExist(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
}

export function invalidAddress(queueUrl: string): AwsError {
  return new AwsError('InvalidAddress', `The address ${queueUrl} is not valid for this endpoint.`);
}

/** `Value V for parameter P is invalid. Reason: R.` */
export function invalidValue(value: string | number, parameter: string, reason: string): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

export function missingParameter(parameter: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

export function unknownAttribute(name: string): AwsError {
  return new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

export function invalidAttribute(name: string): AwsError {
  return new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
}

export function queueNameExists(attribute: string): AwsError {
  return new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
  );
}

export function notAReceiptHandle(handle: string): AwsError {
  return new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`);
}

export function receiptHandleExpired(handle: string): AwsError {
  return invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
}

export function messageNotAvailable(handle: string): AwsError {
  return invalidValue(
    handle,
    'ReceiptHandle',
    'Message does not exist or is not available for visibility timeout change.',
  );
}

export function notForThisQueueType(value: string | number, parameter: string): AwsError {
  return invalidValue(value, parameter, 'The request include parameter that is not valid for this queue type.');
}

/** What Rolecall does not carry out is refused by name, with AWS's own code for it. */
export function notSupported(what: string): AwsError {
  return new AwsError('UnsupportedOperation', `Rolecall does not support ${what}.`);
}
