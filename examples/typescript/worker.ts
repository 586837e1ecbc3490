// An agent in TypeScript: registers over HTTP, gets its work over the WebSocket, counts words.
//
//   node examples/typescript/worker.ts [http://127.0.0.1:8000]        (Node.js 22.18 or newer)
//
// MAS_TOKEN is its token, where the server asks for one; AGENT_ID is what it calls itself.
import { setTimeout as sleep } from "node:timers/promises";

import type { AgentHears, AgentSays, ClaimedTask, WelcomeFrame } from "./mas.ts";
import { CloseCode } from "./mas.ts";

const api = `${process.argv[2] ?? process.env.MAS_URL ?? "http://127.0.0.1:8000"}/mas/api/v1`;
const agentId = process.env.AGENT_ID ?? "word_counter_001";
const token = process.env.MAS_TOKEN;

/** The work itself: how often each word stands in a text. */
async function countWords(task: ClaimedTask, signal: AbortSignal): Promise<Record<string, number>> {
  const text = (task.payload as { text?: unknown } | null)?.text;
  if (typeof text !== "string") throw new Refused("invalid_payload", "payload.text is a string");
  const counts: Record<string, number> = {};
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    signal.throwIfAborted();
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

const stopping = new AbortController();

/** Wait longer after each failure; at random, so that a thousand agents do not come back at once. */
async function pause(failures: number): Promise<void> {
  const milliseconds = Math.random() * Math.min(30_000, 500 * 2 ** failures);
  await sleep(milliseconds, undefined, { signal: stopping.signal }).catch(() => undefined);
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Report = Extract<AgentSays, { data: { lease: string } }>;

/** Keeps one connection, and what has not been answered yet across connections. */
class Worker {
  #socket: WebSocket | undefined;
  #working = new Map<string, { taskId: string; abort: AbortController }>(); // by lease
  #unanswered = new Map<string, Report>(); // by the id of the message
  #failures = 0;
  #number = 0;

  async run(): Promise<void> {
    stopping.signal.addEventListener("abort", () => this.#socket?.close());
    while (!stopping.signal.aborted) {
      await register();
      const code = await this.#connected();
      if (code === CloseCode.REPLACED || code === CloseCode.FORBIDDEN) return;
      await pause(this.#failures++);
    }
  }

  #connected(): Promise<number> {
    const protocols = token === undefined ? ["mas.v1"] : ["mas.v1", `bearer.${token}`];
    const socket = new WebSocket(`${api.replace("http", "ws")}/agents/ws/agent/${agentId}`, protocols);
    this.#socket = socket;
    let heartbeat: ReturnType<typeof setInterval> | undefined;
    socket.onmessage = (event) => {
      const frame = JSON.parse(event.data as string) as AgentHears;
      switch (frame.type) {
        case "welcome":
          this.#failures = 0;
          heartbeat = setInterval(() => this.#beat(), (frame.data.heartbeat_seconds * 1000) / 2);
          this.#resume(frame);
          break;
        case "task_assigned":
          void this.#work(frame.data);
          break;
        case "task_lost":
          this.#working.get(frame.data.lease)?.abort.abort();
          break;
        case "receipt":
          this.#unanswered.delete(frame.id);
          if (frame.status >= 400) console.error("refused:", JSON.stringify(frame.data));
          break;
        case "error":
          console.error("not understood:", frame.data.detail);
          break;
      }
    };
    return new Promise((resolve) => {
      socket.onclose = (event) => {
        clearInterval(heartbeat);
        resolve(event.code);
      };
    });
  }

  /** Say again what was not answered: under its key it is carried out once. */
  #resume(welcome: WelcomeFrame): void {
    for (const message of this.#unanswered.values()) this.#send(message);
    const ours = new Set(welcome.data.tasks.map((task) => task.lease));
    for (const message of this.#unanswered.values()) ours.add(message.data.lease);
    for (const [lease, work] of this.#working) if (!ours.has(lease)) work.abort.abort();
  }

  async #work(task: ClaimedTask): Promise<void> {
    if (this.#working.has(task.lease)) return;
    const abort = new AbortController();
    this.#working.set(task.lease, { taskId: task.task_id, abort });
    const held = { task_id: task.task_id, lease: task.lease };
    this.#report({ type: "accept", id: this.#next(), data: held });
    try {
      const result = await countWords(task, abort.signal);
      this.#report({ type: "complete", id: this.#next(), data: { ...held, result } });
    } catch (error) {
      if (!abort.signal.aborted) {
        const code = error instanceof Refused ? error.code : "failed";
        const retryable = !(error instanceof Refused);
        const data = { ...held, error_code: code, message: String(error), retryable };
        this.#report({ type: "fail", id: this.#next(), data });
      }
    } finally {
      this.#working.delete(task.lease);
    }
  }

  #beat(): void {
    // What is named has its lease extended.
    const tasks = [...this.#working.values()].map((work) => work.taskId);
    this.#send({ type: "heartbeat", id: this.#next(), data: { tasks, load: tasks.length / 4 } });
  }

  #report(message: Report): void {
    const kept = { ...message, idempotency_key: crypto.randomUUID() };
    this.#unanswered.set(kept.id, kept);
    this.#send(kept);
  }

  #send(message: AgentSays): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #next(): string {
    return `m${++this.#number}`;
  }
}

async function register(): Promise<void> {
  for (let failures = 0; !stopping.signal.aborted; failures++) {
    try {
      const answer = await fetch(`${api}/agents/${agentId}`, {
        method: "PUT",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ skills: { word_count: 1 }, max_concurrent_tasks: 4 }),
        signal: stopping.signal,
      });
      if (answer.ok) return;
      const problem = await answer.text();
      if (answer.status < 500 && answer.status !== 429) throw new Refused("not_registered", problem);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await pause(failures);
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());
await new Worker().run();
