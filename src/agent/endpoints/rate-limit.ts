/**
 * A token bucket per key. Source: agent, ECS_TASK_METADATA_RPS_LIMIT `40,60`: 40 requests a second, bursts of 60,
 * counted for each path (and caller: a task's listener has only its own).
 */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond = 40, burst = 60) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Whether one more request is allowed now. `now` in milliseconds. */
  allow(key: string, now: number): boolean {
    // Ids that callers make up must not fill the memory.
    if (this.#buckets.size > 1000) this.#buckets.clear();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    const tokens = Math.min(this.#burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond);
    const allowed = tokens >= 1;
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed;
  }
}

/** Text of the limiter in the agent. Source: tollbooth, default message. */
export const TOO_MANY = 'You have reached maximum request limit.';
