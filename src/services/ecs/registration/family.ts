import { type Rule, violation } from './rule.ts';

/** Source of the pattern: observed. unverified: texts */
export const family: Rule = function* ({ family: name }) {
  if (name === '') yield violation('/family', 'Family should not be null or empty.');
  else if (name.length > 255) yield violation('/family', 'Family name should not be longer than 255 characters.');
  else if (!/^[a-zA-Z0-9_-]+$/.test(name)) yield violation('/family', 'Family contains invalid characters.');
};
