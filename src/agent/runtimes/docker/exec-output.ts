/** Source: ECS agent, MaxHealthCheckOutputLength of the metadata endpoint: 4 KiB. */
const LIMIT = 4096;

/** What a command in a container printed, up to a limit. */
export class ExecOutput {
  #rest: Buffer = Buffer.alloc(0);
  #text = '';

  get text(): string {
    return this.#text.slice(0, LIMIT);
  }

  /** Source: Docker Engine API, ContainerAttach: kind of stream, three zeros, length, bytes. */
  add(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 8) {
      const end = 8 + data.readUInt32BE(4);
      if (data.length < end) break;
      if (this.#text.length < LIMIT) this.#text += data.toString('utf8', 8, end);
      data = data.subarray(end);
    }
    this.#rest = data;
  }
}
