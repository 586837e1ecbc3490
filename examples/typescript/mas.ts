// The frames of the AIA MAS sockets. Made from /asyncapi.json; changes here are lost.

/** Take up the work; repeating it with the same lease changes nothing. */
export interface Accept {
  agent_id?: string;
  /** The fencing token that came with the task */
  lease: string;
  task_id: string;
}

/** Say that messages have arrived (`message_ids`: 1 to 1,000): they do not come again. */
export interface Acknowledge {
  /** 1 to 1,000 */
  message_ids: Array<string>;
}

/** What became of one acknowledgement. */
export interface AcknowledgedItem {
  /** The message. */
  message_id: string;
  /** The HTTP status that it would have had alone. */
  status: number;
  /** Why it was not taken, when it was not. */
  problem?: Problem | null;
}

/** What became of acknowledgements, in their order. */
export interface AcknowledgedItems {
  items: Array<AcknowledgedItem>;
  acknowledged: number;
  refused: number;
}

/** Tell how far the work is; it renews the lease. */
export interface Advance {
  /** Who reports. */
  agent_id?: string;
  /** The fencing token that came with the task. */
  lease: string;
  /** How far, 0..100. */
  percent?: number | null;
  /** For people. */
  message?: string;
  /** What there is of the result, any JSON of at most 64 KiB. */
  partial?: unknown;
  /** Lines of the log since the last report: at most 100, of at most 1,000 characters. */
  log?: Array<string>;
  task_id: string;
}

/** Take up the work; repeating it with the same lease changes nothing. */
export interface AgentAcceptFrame {
  type: "accept";
  id: string;
  idempotency_key?: string | null;
  data: Accept;
}

/** Deliver the result. */
export interface AgentCompleteFrame {
  type: "complete";
  id: string;
  idempotency_key?: string | null;
  data: Deliver;
}

/** How many agents are in each status, and what they could take. */
export interface AgentCounts {
  /** All but the unregistered. */
  registered: number;
  /** Those of them whose heartbeats arrive. */
  online: number;
  /** Those of them that are active and online, whether or not they have room. */
  available: number;
  /** Those of the available ones that hold fewer tasks than they take at once. */
  with_room: number;
  /** Agents that hold a task. */
  busy: number;
  /** How many are in each status. */
  by_status: Record<string, number>;
  /** Tasks that the available ones take at once. */
  places: number;
  /** Tasks that they hold. */
  in_use: number;
  /** The share of the places that is in use, 0..1, or more while agents hold what they no longer have places for; None: there are no places. */
  utilization: number | null;
}

/** Give the attempt up; the task is queued again while it has attempts left. */
export interface AgentFailFrame {
  type: "fail";
  id: string;
  idempotency_key?: string | null;
  data: GiveUp;
}

/** A sign of life. */
export interface AgentHeartbeatFrame {
  type: "heartbeat";
  id: string;
  idempotency_key?: string | null;
  data: Heartbeat;
}

/** Ask for input and wait; the answer comes as `task_input`. */
export interface AgentInputFrame {
  type: "input";
  id: string;
  idempotency_key?: string | null;
  data: Ask;
}

/** Tell how far the work is; it renews the lease. */
export interface AgentProgressFrame {
  type: "progress";
  id: string;
  idempotency_key?: string | null;
  data: Advance;
}

/** An agent among the best or the worst. */
export interface AgentRank {
  /** Its id. */
  agent_id: string;
  /** Its attempts that are over: completed, failed or lost. */
  finished: number;
  /** The share of the completed in them, 0..1. */
  success_rate: number;
}

/** How the agent stands. */
export interface AgentStanding {
  /** The agent. */
  agent_id: string;
  /** Active, draining or suspended. */
  status: string;
}

/** It was drained, suspended or activated. */
export interface AgentStatusFrame {
  type: "agent_status";
  data: AgentStanding;
}

/** The `data` of an `agent_update`; a member is there where the event tells it. */
export interface AgentUpdate {
  /** What happened, for example `task.assigned`. */
  event: string;
  /** Its place in the stream of the task or agent. */
  version: number;
  /** When it was recorded, UTC. */
  at: string;
  /** Who caused it. */
  actor: string;
  /** Which agent. */
  agent_id: string;
  /** Active, draining, suspended or unregistered. */
  status?: string | null;
  /** Whether its heartbeats are there. */
  online?: boolean | null;
  /** Whose it is. */
  owner?: string | null;
  /** Why it was suspended or left, or its endpoint was disabled. */
  reason?: string | null;
  /** Enabled or disabled. */
  endpoint_state?: string | null;
  /** The revision of what its client may edit. */
  revision?: number | null;
  /** What it is best at. */
  specializations?: unknown;
  /** Skill name to level, 0..1. */
  skills?: unknown;
  /** How many tasks it works on at once. */
  max_concurrent_tasks?: number | null;
  /** Its price, a decimal string. */
  cost_per_task?: string | null;
  /** Key to value, for placement. */
  labels?: unknown;
}

/** One event of an agent, in order and never twice. */
export interface AgentUpdateFrame {
  type: "agent_update";
  position: number;
  data: AgentUpdate;
  id: string;
}

/** Ask for input and wait; the answer comes as `task_input`. */
export interface Ask {
  /** Who asks. */
  agent_id?: string;
  /** The fencing token that came with the task. */
  lease: string;
  /** The question, for people or agents. */
  question: string;
  /** The answers that are taken; left out: any JSON. */
  choices?: Array<string>;
  /** What an answer must fit: JSON Schema 2020-12 or draft-07, at most 16 KiB. */
  schema?: unknown;
  task_id: string;
}

/** Budgets, in the periods that go on now. */
export interface BudgetFigures {
  /** How many there are. */
  total: number;
  /** How many have used more than they are to warn at. */
  warned: number;
  /** How many have used more than there is. */
  exceeded: number;
  /** What tasks that are not over may cost, tokens. */
  held: string;
  /** What tasks have cost, tokens. */
  spent: string;
  /** What payers pay a day for tasks, with or without a budget, at the rate of the last day. */
  burn_per_day: string;
}

/** The `data` of a `budget_update`; a member is there where the event tells it. */
export interface BudgetTold {
  /** What happened, for example `task.assigned`. */
  event: string;
  /** Its place in the stream of the task or agent. */
  version: number;
  /** When it was recorded, UTC. */
  at: string;
  /** Who caused it. */
  actor: string;
  /** Which budget. */
  budget_id: string;
  /** `active`, `warned`, `exceeded` or `removed`, where the event says so. */
  status?: string | null;
  /** What of a task is looked at: client, owner or tag. */
  scope?: string | null;
  /** What that must be. */
  match?: string | null;
  /** How much may be used of a period, tokens. */
  amount?: string | null;
  /** Whether it refuses what it does not leave enough for. */
  hard_stop?: boolean | null;
  /** Of which period the figures are. */
  period?: string | null;
  /** What is held of it, tokens. */
  held?: string | null;
  /** What is spent of it, tokens. */
  spent?: string | null;
  /** What is held and spent of it, tokens. */
  used?: string | null;
  /** The task that changed them. */
  task_id?: string | null;
  /** What that task was paid, tokens. */
  cost?: string | null;
}

/** One event of a budget, warnings among them, in order and never twice. */
export interface BudgetUpdateFrame {
  type: "budget_update";
  position: number;
  data: BudgetTold;
  id: string;
}

/** A task as its agent gets it; `TaskAnswer` and what is to be done. */
export interface ClaimedTask {
  /** Its id. */
  task_id: string;
  /** Always `assigned`. */
  status: string;
  /** The agent. */
  agent_id: string;
  /** Its class. */
  priority: string;
  /** The number of this attempt. */
  attempt: number;
  /** The fencing token of this attempt. */
  lease: string;
  /** How long the lease lasts without progress once started. */
  lease_seconds: number;
  /** The longest execution. */
  timeout_seconds: number;
  /** What kind of work it is. */
  task_type: string;
  /** For people. */
  description: string;
  /** What it asks of an agent. */
  requirements: Requirements;
  /** The input. */
  payload: unknown;
  /** The most that it may cost, tokens; None: no bound. */
  max_cost: string | null;
  /** When it expires, UTC. */
  deadline: string | null;
  /** Its client's words. */
  tags: Array<string>;
  /** Whom it belongs to. */
  owner: string;
  /** What this attempt earns from the reward pool beside its price; None where no rewards are offered. */
  reward: ToldReward | null;
}

/** How a label's value stands to what is asked for. */
export type Comparator = "!=" | "<" | "<=" | "=" | ">" | ">=" | "in";

/** Deliver the result. */
export interface Deliver {
  agent_id?: string;
  /** The fencing token that came with the task */
  lease: string;
  /** Any JSON */
  result?: unknown;
  /** The agent's own estimate, 0..1 */
  quality?: number | null;
  usage?: ReportedUsage | null;
  task_id: string;
}

/** What became of one delivery. */
export interface DeliveryTold {
  /** The position of the event by which the message was queued for the recipient. */
  queued_at: number;
  /** The recipient. */
  agent_id: string;
  /** Which delivery, from 1; 0: nobody knows; none: it was dropped. */
  attempt?: number | null;
  /** How it was delivered. */
  transport?: string;
  /** Why it failed. */
  reason?: string | null;
  /** When it is delivered again, UTC; none: never. */
  retry_at?: string | null;
}

/** Where a message goes; exactly one of these. */
export interface DestinationView {
  /** This agent. */
  to_agent?: string | null;
  /** These agents. */
  to_agents?: Array<string> | null;
  /** Everybody who subscribed to it. */
  topic?: string | null;
  /** Agents that have a skill or a specialization of this name. */
  capability?: string | null;
  /** Of these `all` or `any`, the least loaded one. */
  mode?: string | null;
  /** Agents whose label `role` says so. */
  role?: string | null;
  /** All agents. */
  broadcast?: boolean;
}

/** How long something took, in milliseconds. */
export interface DurationFigures {
  /** Of how many this is. */
  count: number;
  /** Milliseconds. */
  mean: number;
  /** What half of them did not exceed, milliseconds; at most an eighth too large. */
  p50: number;
  /** What 95 % of them did not exceed, milliseconds; at most an eighth too large. */
  p95: number;
  /** What 99 % of them did not exceed, milliseconds; at most an eighth too large. */
  p99: number;
  /** The longest one, milliseconds. */
  longest: number;
}

/** What was earned in a window. */
export interface Earned {
  /** When it begins, UTC: with a full hour, or with a full day where it is of days; None: it has no beginning. */
  since: string | null;
  /** By token, in tokens. */
  total: Record<string, string>;
  /** The same by what it was earned with: `tasks` (rewards), `payments` (prices), `staking`, `incentives`, `governance`, `reports` (of what was slashed). */
  by_kind: Record<string, Record<string, string>>;
}

/** Who earned most (`earned`: AIA, ever). */
export interface Earner {
  agent_id: string;
  /** AIA, ever */
  earned: string;
  tier: string | null;
}

/** The economy at a position of the log; what `economic_update` carries. */
export interface EconomicSummary {
  /** The last event in all this. */
  as_of: number;
  /** When that was recorded, UTC; None: there is none. */
  at: string | null;
  /** Supply and where it is, by token. */
  tokens: Record<string, TokenFigures>;
  /** How it is spread. */
  stake: StakeSpread;
  /** What all together earned, by window. */
  rewards: Record<string, Earned>;
  /** What rewards are paid from. */
  pools: Array<Pool>;
  /** Incentive programs. */
  programs: ProgramFigures;
  /** Budgets. */
  budgets: BudgetFigures;
  /** Proposals. */
  proposals: ProposalFigures;
  /** Who earned most AIA, ever; at most 10. */
  top_earners: Array<Earner>;
}

/** The figures of the economy, at once and when they change; only the latest counts. */
export interface EconomicUpdateFrame {
  type: "economic_update";
  as_of: number;
  data: EconomicSummary;
  id: string;
}

/** Why a message was refused; the connection goes on. */
export type ErrorCode = "binary_not_supported" | "duplicate_subscription" | "event_log_unavailable" | "invalid_filter" | "invalid_message" | "malformed_json" | "permission_denied" | "too_many_subscriptions" | "unknown_subscription" | "unknown_topic" | "unknown_type";

/** A message was refused; the connection goes on. */
export interface ErrorFrame {
  type: "error";
  data: Refusal;
}

/** What is wrong with one field of a request. */
export interface FieldError {
  /** The stable code of the mistake. */
  code: string;
  /** One sentence about it. */
  message: string;
  /** The field's dotted path, with numbers from 0 for entries of lists, for example `requirements.skills.python` or `specializations.1`; a dot within a name has a backslash before it. */
  field?: string;
  /** The same as a JSON pointer (RFC 6901), for fields of the body. */
  pointer?: string;
}

/** What a client asks for: all members must match, each by any of its values. A member that an event does not carry does not match: `task_types` selects submissions, whose later events are had by `task_ids`. */
export interface Filter {
  /** Events of these tasks. */
  task_ids?: Array<string> | null;
  /** Events in which one of these agents stands. */
  agent_ids?: Array<string> | null;
  /** Events that carry one of these types. */
  task_types?: Array<string> | null;
  /** Events that lead to one of these statuses. */
  statuses?: Array<string> | null;
  /** These events, for example `task.completed`. */
  events?: Array<string> | null;
  /** Events of these proposals, votes included. */
  proposal_ids?: Array<string> | null;
}

/** Give a message back: it comes again later, until its attempts are used up. */
export interface GiveBack {
  /** The recipient. */
  agent_id?: string;
  /** Why, for the record, at most 1,000 characters. */
  reason?: string;
  /** Which delivery, as the message said (1, when it said nothing). One that has failed already is not counted once more. Left out: the last one. */
  attempt?: number | null;
  /** When it is to be delivered again; left out: as the server's settings say. */
  retry_after_seconds?: number | null;
  /** Whether it is to be at all; else it is dead at once. */
  requeue?: boolean;
  /** Which. */
  message_id: string;
}

/** Give the attempt up; the task is queued again while it has attempts left. */
export interface GiveUp {
  agent_id?: string;
  /** The fencing token that came with the task */
  lease: string;
  error_code?: string;
  message?: string;
  /** Another one might do better */
  retryable?: boolean;
  task_id: string;
}

/** The answer to a question. */
export interface GivenInput {
  /** The task about which the agent asked. */
  task_id: string;
  /** Which question. */
  number: number;
  /** Any JSON. */
  answer: unknown;
  /** Who answered. */
  by: string;
}

/** A message as it is handed over. */
export interface HandedMessage {
  /** This agent. */
  to_agent?: string | null;
  /** These agents. */
  to_agents?: Array<string> | null;
  /** Everybody who subscribed to it. */
  topic?: string | null;
  /** Agents that have a skill or a specialization of this name. */
  capability?: string | null;
  /** Of these `all` or `any`, the least loaded one. */
  mode?: string | null;
  /** Agents whose label `role` says so. */
  role?: string | null;
  /** All agents. */
  broadcast?: boolean;
  /** Its id; whoever gets it twice knows it by this. */
  message_id: string;
  /** The sender. */
  from_agent: string;
  /** What it is. */
  message_type: string;
  /** Its class. */
  priority: Priority;
  /** Any JSON. */
  payload: unknown;
  /** The payload is stored encrypted. */
  encrypted?: boolean;
  /** What else is said about it. */
  headers?: Record<string, string>;
  /** What ties it to others. */
  correlation_id?: string | null;
  /** Where answers go. */
  reply_to?: string | null;
  /** It was not to be delivered before, UTC. */
  deliver_after?: string | null;
  /** When it expires, UTC. */
  expires_at?: string | null;
  /** Within how many seconds it is to be acknowledged. */
  ack_seconds: number;
  /** When it was sent, UTC. */
  sent_at: string;
  /** Which delivery it is, when it is not the first. */
  attempt?: number;
}

/** A sign of life. */
export interface Heartbeat {
  /** Those it is still working on; their leases are extended. */
  tasks?: Array<string>;
  /** The same by task with the lease that it has, so that it also learns when a task was taken from it and given to it once more. */
  leases?: Record<string, string>;
  /** How busy the agent is by its own account, 0..1. */
  load?: number | null;
  /** Figures of its own choice, at most 32 by name. */
  metrics?: Record<string, number>;
}

/** What an agent learns from its heartbeat. */
export interface HeartbeatAnswer {
  /** The agent. */
  agent_id: string;
  /** Active, draining or suspended. */
  status: string;
  /** Always true. */
  online: boolean;
  /** When the heartbeat came, UTC. */
  received_at: string;
  /** When the next one is expected. */
  next_within_seconds: number;
  /** What it holds. */
  tasks?: Array<HeldTask>;
  /** Of the tasks that it named, those that it does not hold, and should stop working on. */
  lost?: Array<LostTask>;
}

/** A task that the agent holds. */
export interface HeldTask {
  /** Which. */
  task_id: string;
  /** Assigned, running or input_required. */
  status: string;
  /** The number of the attempt. */
  attempt: number;
  /** Its fencing token. */
  lease: string | null;
  /** The number of the last question about the task, 0 before the first. */
  asked: number;
  /** The number of the last one that was answered; the answers stand in its `inputs`. */
  answered: number;
}

/** One thing that a task asks of an agent's labels. */
export interface LabelCondition {
  /** Which label. */
  key: string;
  /** How its value must stand to the operand. An agent without the label meets `!=` only. */
  op?: Comparator;
  /** The operand; None with `in`. */
  value?: string | null;
  /** The operands of `in`: one of them must be equal. */
  values?: Array<string>;
  /** Who does not meet it may get the task all the same, after those who do. */
  preferred?: boolean;
}

/** How far a read model, or what a process decides on, is behind the log as this node knows it. */
export interface Lag {
  /** What people call it. */
  name: string;
  /** `table`, `view` or `process`, as in `mas projections status`. */
  kind: "process" | "table" | "view";
  /** The last position in it. */
  position: number;
  /** How many events it is behind. */
  events: number;
  /** For how long the first of them has been recorded (or known to be); 0: there is none. */
  seconds: number;
}

/** A task that the agent named, and does not hold, or not under the lease that it named. */
export interface LostTask {
  /** Which. */
  task_id: string;
  /** Where it stands: cancelled, expired, completed, queued again or with somebody else, say; or `unknown`. */
  status: string;
  /** The number of its last attempt. */
  attempt: number;
}

/** Say that messages have arrived (`message_ids`: 1 to 1,000): they do not come again. */
export interface MailboxAckFrame {
  type: "ack";
  id?: string;
  idempotency_key?: string | null;
  data: Acknowledge;
}

/** A mailbox is open, and how it stands; messages follow. */
export interface MailboxFrame {
  type: "mailbox";
  data: OpenMailbox;
}

/** Give a message back: it comes again later, until its attempts are used up. */
export interface MailboxNackFrame {
  type: "nack";
  id?: string;
  idempotency_key?: string | null;
  data: GiveBack;
}

/** Send a message, from whom the socket is, unless it says otherwise. */
export interface MailboxSendFrame {
  type: "send";
  id: string;
  idempotency_key?: string | null;
  data: Send;
}

/** Have messages to topics come, too; that outlasts the connection. */
export interface MailboxSubscribeTopicsFrame {
  type: "subscribe_topics";
  id: string;
  idempotency_key?: string | null;
  data: SubscribeTopics;
}

/** Have them come no more. */
export interface MailboxUnsubscribeTopicsFrame {
  type: "unsubscribe_topics";
  id: string;
  idempotency_key?: string | null;
  data: UnsubscribeTopics;
}

/** A message; it comes again unless it is acknowledged in time. */
export interface MessageFrame {
  type: "message";
  position: number;
  data: HandedMessage;
}

/** Where a message stands at a recipient. */
export type MessageStatus = "acknowledged" | "dead" | "delivered" | "dropped" | "expired" | "failed" | "queued";

/** The `data` of a `message_update`; a member is there where the event tells it. Payloads are not told. An event about many deliveries tells of the first 500 of them. */
export interface MessageTold {
  /** What happened, for example `task.assigned`. */
  event: string;
  /** Its place in the stream of the task or agent. */
  version: number;
  /** When it was recorded, UTC. */
  at: string;
  /** Who caused it. */
  actor: string;
  /** Which message; none where it is about many. */
  message_id?: string | null;
  /** `queued`, `delivered`, `acknowledged`, `failed`, `dead`, `dropped` or `expired`. */
  status: string;
  /** The sender. */
  from_agent?: string | null;
  /** Where it was sent. */
  to?: DestinationView | null;
  /** Those who get it by name, or have it again. */
  recipients?: Array<string> | null;
  /** What it is. */
  message_type?: string | null;
  /** Its class. */
  priority?: string | null;
  /** What ties it to others. */
  correlation_id?: string | null;
  /** Bytes of its payload. */
  size?: number | null;
  /** For whom it was dropped. */
  agent_id?: string | null;
  /** What became of deliveries; of a message that is dead, for whom it is. */
  deliveries?: Array<DeliveryTold> | null;
  /** How many more deliveries the event is about; the log has them. */
  not_told?: number;
}

/** One event of a message, or of many deliveries, in order and never twice. */
export interface MessageUpdateFrame {
  type: "message_update";
  position: number;
  data: MessageTold;
  id: string;
}

/** The system at a position of the log; what `metrics_update` carries. */
export interface Metrics {
  /** The last event in all this. */
  as_of: number;
  /** When that was recorded, UTC; None: there is none. */
  at: string | null;
  /** Agents. */
  agents: AgentCounts;
  /** Tasks. */
  tasks: TaskCounts;
  /** What happens per minute. */
  throughput: Throughput;
  /** From being queued to being assigned. */
  waiting: DurationFigures;
  /** From being started (or assigned) to being completed. */
  execution: DurationFigures;
  /** From being submitted to being completed. */
  total: DurationFigures;
  /** As `waiting`, of the last fifteen minutes only, the current one included. */
  recent_waiting: DurationFigures;
  /** As `execution`, likewise. */
  recent_execution: DurationFigures;
  /** The registered agents with the highest share of completed attempts, at most 10, the best first; only those with at least 10 attempts that are over. */
  top_agents: Array<AgentRank>;
  /** Those with the lowest, likewise, the worst first; with few agents, the same. */
  bottom_agents: Array<AgentRank>;
  /** Read models and what processes decide on, on this node. */
  lag?: Array<Lag>;
}

/** The figures of the system, at once and when they change; only the latest counts. */
export interface MetricsUpdateFrame {
  type: "metrics_update";
  as_of: number;
  data: Metrics;
  id: string;
}

/** Who of a group gets a message: all, or the least loaded. */
export type Mode = "all" | "any";

/** How a mailbox stands when it is opened; messages follow. */
export interface OpenMailbox {
  /** Whose it is. */
  agent_id: string;
  /** How many messages wait there, those included that others have and did not acknowledge yet. */
  waiting: number;
  /** How many may be out over this connection. */
  prefetch: number;
}

/** A page of a snapshot. */
export interface Page {
  /** The snapshot begins; what was known of the topic is to be forgotten. */
  first: boolean;
  /** It ends; every fact behind its position follows. */
  done: boolean;
  /** There are more items, and they are not told. */
  truncated: boolean;
  /** How things stood at its position: tasks, agents, proposals or budgets. */
  items: Array<ToldTask | ToldAgent | ToldProposal | ToldBudget>;
}

/** Ask whether the other side is there; the answer tells how far each subscription is. */
export interface Ping {
  type: "ping";
  id?: string | null;
}

/** Each subscription of facts has been sent all up to its position. */
export interface PongFrame {
  type: "pong";
  id?: string | null;
  data: Positions;
}

/** What rewards are paid from. */
export interface Pool {
  /** `rewards`, `governance` or `staking`. */
  name: string;
  /** In which token. */
  token: string;
  /** What is left, tokens. */
  balance: string;
  /** What of that is reserved for tasks, or owed to stakers. */
  reserved: string;
  /** What was paid, by window. */
  spent: Record<string, string>;
  /** What is paid a day at the rate of the last day. */
  burn_per_day: string;
  /** For how long it lasts at that rate; None: nothing was paid in that time. */
  runway_seconds: number | null;
}

/** How far the subscriptions of a connection are. */
export interface Positions {
  /** A subscription of facts -> the position up to which it has been sent everything. */
  positions: Record<string, number>;
}

/** The class of a task: by how long others may go first. */
export type Priority = "critical" | "high" | "low" | "maintenance" | "normal";

/** What went wrong, as RFC 9457 has it, with a stable `code` to act on. */
export interface Problem {
  /** Names the kind of problem; it ends with the code. */
  type: string;
  /** The kind of problem in words; the same for every occurrence. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** The stable code. */
  code: string;
  /** This occurrence in words. */
  detail: string;
  /** The path that was asked for. */
  instance?: string;
  /** What our log knows the request by; not in items of a batch, which share that of the header X-Request-Id. */
  request_id?: string;
  /** The fields that are wrong. */
  errors?: Array<FieldError>;
  /** When it may be worth another try, whole seconds; with 429 and 503, as in the header Retry-After. */
  retry_after?: number | null;
}

/** Incentive programs. */
export interface ProgramFigures {
  /** How many there ever were. */
  total: number;
  /** How many run now. */
  running: number;
  /** What those that run have left, by token. */
  escrowed: Record<string, string>;
  /** What all of them have paid, by token. */
  paid: Record<string, string>;
}

/** Proposals (`by_status`: how many are in each status; `open`: that can still change). */
export interface ProposalFigures {
  total: number;
  /** That can still change */
  open: number;
  /** How many are in each status */
  by_status: Record<string, number>;
}

/** The `data` of a `proposal_update`; a member is there where the event tells it. Power is in tokens. What a proposal says and does is not told: who wants it asks for it. */
export interface ProposalTold {
  /** What happened, for example `task.assigned`. */
  event: string;
  /** Its place in the stream of the task or agent. */
  version: number;
  /** When it was recorded, UTC. */
  at: string;
  /** Who caused it. */
  actor: string;
  /** Which proposal. */
  proposal_id: string;
  /** Where the event leaves it. */
  status?: string | null;
  /** Its kind. */
  kind?: string | null;
  /** What is proposed, in a line. */
  title?: string | null;
  /** By whom. */
  proposer?: string | null;
  /** When voting begins, UTC. */
  starts_at?: string | null;
  /** When it ends unless all is decided before, UTC. */
  ends_at?: string | null;
  /** Voting ended because nothing could change the outcome any more. */
  early?: boolean | null;
  /** How the vote ended. */
  outcome?: string | null;
  /** Power for it. */
  yes?: string | null;
  /** Power against it. */
  no?: string | null;
  /** Power that counts for the quorum only. */
  abstain?: string | null;
  /** Power against it that wants it never to have been made. */
  veto?: string | null;
  /** All power at the snapshot. */
  total?: string | null;
  /** How many voted. */
  voters?: number | null;
  /** Who voted. */
  voter?: string | null;
  /** What that one said. */
  choice?: string | null;
  /** Its own power. */
  own?: string | null;
  /** What was delegated to it. */
  delegated?: string | null;
  /** When it is executed, UTC. */
  execute_after?: string | null;
  /** Until when that is tried, UTC. */
  expires_at?: string | null;
  /** Why it could not be executed. */
  code?: string | null;
  /** When that is tried again, UTC. */
  retry_at?: string | null;
  /** The orders that it was executed by. */
  orders?: Array<string> | null;
  /** What became of the deposit. */
  deposit?: string | null;
  /** Why it was cancelled or vetoed, or why somebody voted so. */
  reason?: string | null;
}

/** One event of a proposal, or one vote, in order and never twice. */
export interface ProposalUpdateFrame {
  type: "proposal_update";
  position: number;
  data: ProposalTold;
  id: string;
}

/** When an attempt was finished: within half of its time, within it, or after it. */
export type Punctuality = "early" | "in_time" | "late";

/** The answer to a message: what the request that says the same over HTTP is answered. */
export interface Receipt {
  type: "receipt";
  /** The message's; empty when it had none. */
  id: string;
  /** The HTTP status: 200, or that of the problem. */
  status: number;
  /** Where the command stands in the log. */
  position?: number | null;
  /** The message had been carried out before under its key. */
  replayed?: boolean;
  /** The body of that answer, or a problem (RFC 9457). */
  data: TaskAnswer | HeartbeatAnswer | Problem | SentMessage | AcknowledgedItems | Settled | Subscriptions;
}

/** Why a message was refused. */
export interface Refusal {
  /** The reason, stable. */
  code: ErrorCode;
  /** The reason in words. */
  detail: string;
  /** The message or subscription that it is about, if it named one. */
  id: string | null;
}

/** What an attempt consumed, by the agent's own account (`cost`: tokens). */
export interface ReportedUsage {
  model?: string | null;
  tokens_in?: number;
  tokens_out?: number;
  /** Tokens. A number of tokens: a string of plain digits with at most 18 decimals, or a number. */
  cost?: string | number;
}

/** Whom a task suits. */
export interface Requirements {
  /** Skill name to the least level, 0..1; at 0 a specialization of that name will do. */
  skills?: Record<string, number>;
  /** All of them must be declared. */
  specializations?: Array<string>;
  /** Keys and values that must all be equal, or conditions. */
  labels?: Record<string, string> | Array<LabelCondition>;
  /** All of them must be declared by an agent that declares any. */
  data_sources?: Array<string>;
  /** Agents to be taken first when they qualify. */
  preferred_agents?: Array<string>;
  /** Agents never to be taken. */
  excluded_agents?: Array<string>;
  /** How much of the agent's resources it takes while it is held, by name, 0..10^12. */
  resources?: Record<string, number>;
  /** The lowest staking tier of an agent that may get it. */
  min_tier?: string | null;
  /** Tasks with the same key go to the same agent when that is as good as others, or whenever it can by the policy `sticky`; None: there is no such tie. */
  sticky_key?: string | null;
}

/** When a failed attempt is followed by another; see `Retries` of a submission. */
export interface RetryPolicy {
  max_attempts: number;
  base_seconds: number;
  factor: number;
  cap_seconds: number;
  jitter: number;
  non_retryable_codes: Array<string>;
}

/** How far a reward is. */
export type RewardStatus = "forfeited" | "paid" | "promised" | "unfunded";

/** Send a message, from whom the socket is, unless it says otherwise. */
export interface Send {
  /** What it is, for whoever reads it, 1..128 characters. */
  message_type: string;
  /** Its id; the same message again under its id is not sent twice. A new one when it is left out. */
  message_id?: string | null;
  /** Who sends it; whoever asks, when it is left out. Only operators name others. */
  from_agent?: string | null;
  /** Its class. */
  priority?: Priority;
  /** Any JSON, at most `MAS_MESSAGE_MAX_PAYLOAD` (64 KiB). */
  payload?: unknown;
  /** What else is said about it, for rules and readers; at most 32. */
  headers?: Record<string, string>;
  /** What ties it to others; an answer has that of the question. */
  correlation_id?: string | null;
  /** Where answers go: an agent's id or a topic. */
  reply_to?: string | null;
  /** It is not delivered before, RFC 3339. */
  deliver_after?: string | null;
  /** Seconds after which it expires, counted from when it may be delivered; above 0. */
  ttl?: number | null;
  /** How long a delivery waits for its acknowledgement, seconds. */
  ack_seconds?: number | null;
  /** How many deliveries may fail. */
  max_attempts?: number | null;
  /** The payload is stored encrypted; messages to some topics are in any case. It takes a key on the server, `MAS_MESSAGE_KEYS`. */
  encrypt?: boolean;
  /** It goes to this agent. */
  to_agent?: string | null;
  /** It goes to these agents, at most 256. */
  to_agents?: Array<string> | null;
  /** It goes to everybody who subscribed to this, like `tasks.created`. */
  topic?: string | null;
  /** It goes to agents that have a skill or a specialization of this name. */
  capability?: string | null;
  /** Of these to `all`, or to `any`: the least loaded one. */
  mode?: Mode | null;
  /** It goes to agents whose label `role` says so. */
  role?: string | null;
  /** It goes to all agents. */
  broadcast?: boolean;
}

/** A message that was accepted. */
export interface SentMessage {
  /** This agent. */
  to_agent?: string | null;
  /** These agents. */
  to_agents?: Array<string> | null;
  /** Everybody who subscribed to it. */
  topic?: string | null;
  /** Agents that have a skill or a specialization of this name. */
  capability?: string | null;
  /** Of these `all` or `any`, the least loaded one. */
  mode?: string | null;
  /** Agents whose label `role` says so. */
  role?: string | null;
  /** All agents. */
  broadcast?: boolean;
  /** Its id. */
  message_id: string;
  /** `queued`. */
  status: string;
  /** The sender. */
  from_agent: string;
  /** What it is. */
  message_type: string;
  /** Its class, after the rules. */
  priority: Priority;
  /** Those who get it by name. */
  recipients: Array<string>;
  /** How it came to go where it goes. */
  why: Array<string>;
  /** What ties it to others. */
  correlation_id?: string | null;
  /** It is not delivered before, UTC. */
  deliver_after?: string | null;
  /** When it expires, UTC. */
  expires_at?: string | null;
  /** When it was accepted, UTC. */
  sent_at: string;
  /** It had been sent before; nothing was sent now. */
  duplicate?: boolean;
}

/** Where a message stands at a recipient, who has just said so. */
export interface Settled {
  /** The message. */
  message_id: string;
  /** The recipient. */
  agent_id: string;
  /** `acknowledged`; or `failed` when it is delivered again, `dead` when it is not. */
  status: MessageStatus;
  /** How many deliveries have failed. */
  attempts?: number;
  /** When it is delivered again, UTC. */
  retry_at?: string | null;
}

/** A page of how things stood at a position; every event behind that follows the last one. */
export interface SnapshotFrame {
  type: "snapshot";
  position: number;
  data: Page;
  id: string;
}

/** How stake is spread. */
export interface StakeSpread {
  /** Who has bonded any AIA. */
  stakers: number;
  /** Who has an effective stake below the lowest tier. */
  below_tiers: number;
  /** By rising stake. */
  tiers: Array<TierFigures>;
  /** The Gini coefficient of the bonded AIA of all stakers, 0 (all have the same) to 1, worked out in integers and rounded down to millionths; None: nobody has any. */
  gini: number | null;
}

/** Start a subscription. */
export interface Subscribe {
  type: "subscribe";
  /** `metrics`, `economy`, `agents`, `tasks`, `proposals`, `budgets` or `messages`. */
  topic: string;
  /** How its frames are marked; the topic's name when left out. */
  id?: string | null;
  /** The last position already known; everything behind it follows. Left out: from now. */
  after?: number | null;
  /** The epoch in which that position was given out. */
  epoch?: string | null;
  /** Begin with how things stand, unless everything behind `after` can follow. */
  snapshot?: boolean;
  /** Which facts. */
  filter?: Filter | null;
}

/** Have messages to topics come, too; that outlasts the connection. */
export interface SubscribeTopics {
  /** Topics, or patterns of them: `tasks.*`, `tasks.>`. */
  patterns: Array<string>;
}

/** A subscription begins; `recovered` tells whether everything behind `after` follows. */
export interface SubscribedFrame {
  type: "subscribed";
  id: string;
  recovered: boolean;
  snapshot: boolean;
  position: number | null;
  epoch: string;
  data: Topic;
}

/** What a recipient subscribed to. */
export interface Subscriptions {
  /** The recipient. */
  agent_id: string;
  /** Topics and patterns. */
  patterns: Array<string>;
  /** Whether messages are sent to its endpoint. */
  webhook?: boolean;
}

/** A task that the agent does not hold any more, by no doing of its own. */
export interface TakenTask {
  /** The task. */
  task_id: string;
  /** The attempt that is over. */
  lease: string;
  /** Where the task is now. */
  status: string;
}

/** A task right after a command. */
export interface TaskAnswer {
  /** Its id. */
  task_id: string;
  /** Where it stands. */
  status: string;
  /** Who holds it, or finished it. */
  agent_id: string | null;
  /** Its class. */
  priority: string;
  /** The number of the last attempt. */
  attempt: number;
  /** The fencing token of that attempt; the agent shows it with everything it delivers. */
  lease: string | null;
  /** What kind of work it is. */
  task_type: string;
  /** How long the lease lasts without progress. */
  lease_seconds: number;
  /** It was submitted before, under the same `dedup_key`. */
  deduplicated?: true;
}

/** Work for the agent. */
export interface TaskAssignedFrame {
  type: "task_assigned";
  data: ClaimedTask;
}

/** What the task cost, in tokens. */
export interface TaskCost {
  /** The price of its agent. */
  estimated: string;
  /** What the agent reported, else its price. */
  actual: string;
  /** By how much that is more than the estimate. */
  excess: string;
  /** It is more than the task's `max_cost`. */
  over_max_cost: boolean;
}

/** How many tasks there are. */
export interface TaskCounts {
  /** Ever. */
  submitted: number;
  /** Waiting for an agent. */
  queue_depth: number;
  /** Held by agents. */
  active: number;
  /** Completed. */
  completed: number;
  /** Ended as failed, dead or expired, and not tried again. */
  failed: number;
  /** Those of them that had no attempts left. */
  dead: number;
  /** Attempts that failed, ever. */
  failed_attempts: number;
  /** Attempts that were taken from their agents, ever. */
  released_attempts: number;
  /** Those of both after which the task was queued again, ever. */
  requeued_attempts: number;
  /** Tried again by hand, ever. */
  retried: number;
  /** The share of the completed in both, 0..1; None: nothing has ended. */
  success_rate: number | null;
  /** How many are in each status. */
  by_status: Record<string, number>;
  /** The same for each priority. */
  by_priority: Record<string, Record<string, number>>;
  /** Figures of the kinds of tasks submitted most, at most 50. */
  by_type: Record<string, TypeCounts>;
}

/** Why the last failed attempt failed. */
export interface TaskError {
  code: string;
  message: string;
  retryable: boolean;
  agent_id: string;
  attempt: number;
}

/** The answer to a question of the agent. */
export interface TaskInputFrame {
  type: "task_input";
  data: GivenInput;
}

/** Stop working on it: it is somebody else's, or over. */
export interface TaskLostFrame {
  type: "task_lost";
  data: TakenTask;
}

/** What the client thinks of the result (`rating`: 0..1; `at`: UTC). */
export interface TaskRating {
  /** 0..1 */
  rating: number;
  comment: string;
  by: string;
  /** UTC */
  at: string;
}

/** The `data` of a `task_update`; a member is there where the event tells it. A result may be large and a lease is between the system and one agent: who needs them asks for the task. */
export interface TaskUpdate {
  /** What happened, for example `task.assigned`. */
  event: string;
  /** Its place in the stream of the task or agent. */
  version: number;
  /** When it was recorded, UTC. */
  at: string;
  /** Who caused it. */
  actor: string;
  /** Which task. */
  task_id: string;
  /** Where the event leaves it. */
  status?: string | null;
  /** Who has it, had it, or tried to. */
  agent_id?: string | null;
  /** Which attempt. */
  attempt?: number | null;
  /** The kind of work. */
  task_type?: string | null;
  /** Its class. */
  priority?: string | null;
  /** Whose it is. */
  owner?: string | null;
  /** How far it is, 0..100. */
  percent?: number | null;
  /** What the agent says, for people. */
  message?: string | null;
  /** What the agent asks; whoever answers asks for the task. */
  question?: string | null;
  /** Which question was asked or answered. */
  number?: number | null;
  /** What the client thinks of the result, 0..1. */
  rating?: number | null;
  /** What the attempt is promised from the reward pool beside its price. */
  reward?: ToldReward | null;
  /** The result cost more than the task may. */
  over_max_cost?: boolean | null;
  /** The agent's own estimate, 0..1. */
  quality?: number | null;
  /** The agent's word for what went wrong. */
  error_code?: string | null;
  /** Why it was released, cancelled or refused. */
  reason?: string | null;
  /** What a refused agent wanted to do. */
  action?: string | null;
  /** When the next attempt may begin, UTC. */
  retry_at?: string | null;
}

/** One event of a task, in order and never twice. */
export interface TaskUpdateFrame {
  type: "task_update";
  position: number;
  data: TaskUpdate;
  id: string;
}

/** What the attempt consumed, by the agent's own account (`cost`: tokens). */
export interface TaskUsage {
  model: string | null;
  tokens_in: number;
  tokens_out: number;
  /** Tokens */
  cost: string;
}

/** What happens per minute, over the last five; and over one, five and fifteen minutes. */
export interface Throughput {
  /** Events. */
  events_per_minute: number;
  /** Tasks submitted. */
  submitted_per_minute: number;
  /** Tasks completed. */
  completed_per_minute: number;
  /** Tasks that ended as failed, dead or expired. */
  failed_per_minute: number;
  /** Figures of the last `1m`, `5m` and `15m`. */
  windows: Record<string, Window>;
}

/** A tier, how many are in it, and their effective stake together. */
export interface TierFigures {
  name: string;
  min_stake: string;
  multiplier: number;
  agents: number;
  stake: string;
}

/** Where a token is, in tokens. */
export interface TokenFigures {
  /** All that was issued and not burned. */
  supply: string;
  /** What agents and clients have: in wallets, staked, unbonding. */
  circulating: string;
  /** Bonded. */
  staked: string;
  /** On its way back to wallets. */
  unbonding: string;
  /** What pending transfers hold of wallets. */
  held: string;
  /** What the accounts of the system have, without what was burned; by purpose. */
  system: Record<string, string>;
  /** Out of the supply for good. */
  burned: string;
  /** The share of the circulating that is bonded, 0..1; None: nothing circulates. */
  staked_share: number | null;
}

/** An agent as everybody is told of it who watches. */
export interface ToldAgent {
  /** Its id. */
  agent_id: string;
  /** Active, draining, suspended or unregistered. */
  status: string;
  /** Its heartbeats arrive. */
  online: boolean;
  /** Its staking tier; None without a stake. */
  tier: string | null;
  /** What makes its tier: its stake that counts, tokens. */
  stake: string;
  /** Tasks that it holds. */
  active_tasks: number;
  /** How many it takes at once. */
  max_concurrent_tasks: number;
  /** What it is best at. */
  specializations: Array<string>;
  /** Skill name to level, 0..1. */
  skills: Record<string, number>;
  /** Key to value, for placement. */
  labels: Record<string, string>;
  /** What it has, by name. */
  resources: Record<string, number>;
  /** What it can read; none declared: everything. */
  data_sources: Array<string>;
  /** Where it can be called. */
  endpoint: string | null;
  /** Its address outside of this system. */
  wallet_address: string | null;
  /** Its price, tokens. */
  cost_per_task: string;
  /** What it wanted to stake when it registered, tokens. */
  initial_stake: string;
  /** Whom it belongs to. */
  owner: string;
  /** Attempts it was given, ever. */
  assigned: number;
  /** Attempts it completed. */
  completed: number;
  /** Attempts it gave up. */
  failed: number;
  /** Attempts that were taken from it. */
  released: number;
  /** Those of them that it was working on and nobody moved by hand. */
  lost: number;
  /** Those completed among those that it completed, gave up or lost, 0..1. */
  success_rate: number | null;
  /** Grows with every change of the editable fields; the ETag. */
  revision: number;
  /** The version of its stream. */
  version: number;
  /** When it registered last, UTC. */
  registered_at: string;
  /** When anything about it (but its tasks) changed last, UTC. */
  updated_at: string;
  /** Why it is suspended. */
  suspension: string | null;
  /** Why nothing is sent to its endpoint, and it gets no work: `failing` or `gone`; null: that is not so. */
  endpoint_disabled: string | null;
  /** The last event in all this. */
  position: number;
}

/** A budget as everybody is told of it who watches; amounts in tokens. */
export interface ToldBudget {
  /** Its id. */
  budget_id: string;
  /** Active; or warned or exceeded, when that was told of `period` since it was set so; or removed. */
  status: string;
  /** What of a task is looked at: client, owner or tag. */
  scope: string;
  /** What that must be. */
  match: string;
  /** How much may be used of a period. */
  amount: string;
  /** How long a period is: day, week, month or once. */
  lasts: string;
  /** At which part of the amount it warns, percent. */
  warn_percent: number;
  /** Whether it refuses what it does not leave enough for. */
  hard_stop: boolean;
  /** Grows with every change of what it says. */
  revision: number;
  /** When it was made, UTC. */
  created_at: string;
  /** When it was changed last, UTC. */
  updated_at: string;
  /** The latest period in which a task counts; None: none ever did. */
  period: string | null;
  /** What is held of that. */
  held: string;
  /** What is spent of it. */
  spent: string;
  /** What is held and spent of it. */
  used: string;
}

/** What the agent asked, and whether it was answered. */
export interface ToldInput {
  /** The number of the question among all of the task. */
  number: number;
  /** In which attempt it was asked. */
  attempt: number;
  /** The question. */
  question: string;
  /** When, UTC. */
  asked_at: string;
  /** Who gave the answer; null: nobody yet. */
  answered_by: string | null;
  /** When, UTC. */
  answered_at: string | null;
}

/** How far the attempt in force is. */
export interface ToldProgress {
  /** 0..100, if known. */
  percent: number | null;
  /** The last thing the agent said. */
  message: string;
  /** When it reported last, UTC. */
  at: string;
}

/** A proposal as everybody is told of it who watches; power in tokens. */
export interface ToldProposal {
  /** Its id. */
  proposal_id: string;
  /** How many events it has. */
  version: number;
  /** Where it stands. */
  status: string;
  /** Its kind. */
  kind: string;
  /** What is proposed, in a line. */
  title: string;
  /** By whom. */
  proposer: string;
  /** When it was made, UTC. */
  created_at: string;
  /** When voting begins, UTC. */
  starts_at: string;
  /** When it ends unless all is decided before, UTC; None: it has not begun. */
  ends_at: string | null;
  /** How the vote ended; None: it has not, or a guardian ended it. */
  outcome: string | null;
  /** Power for it, once it is counted; likewise the others. */
  yes: string | null;
  /** Power against it. */
  no: string | null;
  /** Power that counts for the quorum only. */
  abstain: string | null;
  /** Power against it that wants it never to have been made. */
  veto: string | null;
  /** All power at the snapshot. */
  total: string | null;
  /** How many voted. */
  voters: number | null;
  /** When it is executed, UTC; None: it is not. */
  execute_after: string | null;
  /** Why it was cancelled, or vetoed by a guardian. */
  reason: string;
}

/** What an attempt earns from the reward pool, beside its price. */
export interface ToldReward {
  /** `promised` when the attempt was given out; `paid` or `forfeited` (the stake that backed it is gone) when the completed task was settled; `unfunded`: it earns nothing. */
  status: RewardStatus;
  /** Why it earns nothing: `own_task`, `no_stake`, `stake_limit`, `pool_empty` or `stake_lost`. */
  reason?: string | null;
  /** The tier of the agent's stake when it got the attempt. */
  tier?: string | null;
  /** What that tier multiplies the base by. */
  multiplier?: string | null;
  /** The reward before multiplier and factor, tokens. */
  base?: string | null;
  /** What is kept for it: the most that it can come to, tokens. */
  reserved?: string | null;
  /** How long it may take from its assignment on; within half of that it is early. */
  seconds?: number | null;
  /** How the client rated the result, 0..1, in time. */
  rating?: number | null;
  /** `early`, `in_time` or `late`. */
  punctuality?: Punctuality | null;
  /** What rating and punctuality come to, 0.5..1.5. */
  factor?: string | null;
  /** What it earned, tokens: base x multiplier x factor. */
  amount?: string | null;
  /** AIA_GOV that it earned, tokens. */
  gov?: string | null;
  /** The transfer that paid it, together with others. */
  transfer_id?: string | null;
  /** When, UTC. */
  settled_at?: string | null;
}

/** A task as everybody is told of it who watches. */
export interface ToldTask {
  /** Its id. */
  task_id: string;
  /** Where it stands. */
  status: string;
  /** The kind of work. */
  task_type: string;
  /** For people. */
  description: string;
  /** Whom it suits. */
  requirements: Requirements;
  /** Its class. */
  priority: string;
  /** Who holds it, or finished it. */
  agent_id: string | null;
  /** The number of the last attempt, 0 before the first. */
  attempt: number;
  /** How long it may go unheard of, seconds. */
  lease_seconds: number;
  /** What that attempt costs, tokens. */
  price: string;
  /** How far it is. */
  progress: ToldProgress | null;
  /** Its last 20 questions, and what they were answered. */
  inputs: Array<ToldInput>;
  /** The agent's own estimate, 0..1. */
  quality: number | null;
  /** What it consumed. */
  usage: TaskUsage | null;
  /** What it cost, once it is completed. */
  cost: TaskCost | null;
  /** What its client thinks of the result. */
  rating: TaskRating | null;
  /** What the attempt earns from the reward pool beside its price; null while there is none, and where no rewards are offered. */
  reward: ToldReward | null;
  /** Why the last failed attempt failed. */
  error: TaskError | null;
  /** Why it was cancelled, or taken from its agent last. */
  reason: string | null;
  /** Agents that it was taken from for good; `requirements` are as submitted. */
  excluded_agents: Array<string>;
  /** Results that were refused. */
  refused: number;
  /** Whom it belongs to. */
  owner: string;
  /** Whose wallet pays. */
  payer: string | null;
  /** Whose budgets it counts in. */
  cost_tags: Array<string>;
  /** The highest price of an agent, tokens. */
  max_cost: string | null;
  /** What becomes of a result that cost more: flag or refuse. */
  cost_policy: string;
  /** For search. */
  tags: Array<string>;
  /** The task that this one is a part of. */
  parent: string | null;
  /** What ties it to others. */
  correlation: string | null;
  /** Its owner's word for the work. */
  dedup_key: string | null;
  /** Tasks with the same key share a limit. */
  concurrency_key: string | null;
  /** How many of them may be held at once, as far as this task is concerned. */
  concurrency_limit: number | null;
  /** How many attempts may fail. */
  max_attempts: number;
  /** When a failed attempt is followed by another. */
  retry: RetryPolicy;
  /** How long one attempt may run, seconds. */
  timeout_seconds: number;
  /** UTC, like the others. */
  submitted_at: string;
  /** When the first attempt might begin. */
  not_before: string | null;
  /** When the next attempt may begin. */
  retry_at: string | null;
  /** When it expires unfinished. */
  deadline: string | null;
  /** When the last attempt was given to an agent. */
  assigned_at: string | null;
  /** When that began. */
  started_at: string | null;
  /** When the task ended. */
  finished_at: string | null;
  /** When anything about it changed last. */
  updated_at: string;
  /** The version of its stream. */
  version: number;
  /** The last event in all this. */
  position: number;
}

/** What a subscription is to. */
export interface Topic {
  /** Its name. */
  topic: string;
}

/** One kind of task: how many were submitted, completed, and failed for good. */
export interface TypeCounts {
  submitted: number;
  completed: number;
  failed: number;
}

/** End a subscription. */
export interface Unsubscribe {
  type: "unsubscribe";
  id: string;
}

/** Have them come no more. */
export interface UnsubscribeTopics {
  /** As they were subscribed to. */
  patterns: Array<string>;
}

/** A subscription has ended; nothing with its id follows. */
export interface UnsubscribedFrame {
  type: "unsubscribed";
  id: string;
  data: Record<string, string>;
}

/** The first frame. */
export interface Welcome {
  /** The agent. */
  agent_id: string;
  /** Active, draining or suspended. */
  status: string;
  /** How often a sign of life is expected; answered pings and messages count. */
  heartbeat_seconds: number;
  /** What it holds and has begun; what it has not begun follows as `task_assigned`. */
  tasks: Array<HeldTask>;
}

/** The first frame: what the agent has begun. */
export interface WelcomeFrame {
  type: "welcome";
  data: Welcome;
}

/** What happened in the last minutes. */
export interface Window {
  /** Tasks submitted. */
  submitted: number;
  /** Tasks completed. */
  completed: number;
  /** Tasks that ended as failed, dead or expired. */
  failed: number;
  /** The same per minute ... */
  submitted_per_minute: number;
  /** ... and so on ... */
  completed_per_minute: number;
  /** ... and so on. */
  failed_per_minute: number;
}

/** Live metrics, and every event of tasks and agents. */
export type FrontendSays =
  | Subscribe
  | Unsubscribe
  | Ping;

/** Live metrics, and every event of tasks and agents. */
export type FrontendHears =
  | MetricsUpdateFrame
  | EconomicUpdateFrame
  | TaskUpdateFrame
  | AgentUpdateFrame
  | ProposalUpdateFrame
  | BudgetUpdateFrame
  | MessageUpdateFrame
  | SnapshotFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | PongFrame
  | ErrorFrame;

/** An agent's work: what it is given, and what it reports; with ?messages=true its messages. */
export type AgentSays =
  | Subscribe
  | Unsubscribe
  | Ping
  | AgentAcceptFrame
  | AgentProgressFrame
  | AgentCompleteFrame
  | AgentFailFrame
  | AgentInputFrame
  | AgentHeartbeatFrame
  | MailboxSendFrame
  | MailboxAckFrame
  | MailboxNackFrame
  | MailboxSubscribeTopicsFrame
  | MailboxUnsubscribeTopicsFrame;

/** An agent's work: what it is given, and what it reports; with ?messages=true its messages. */
export type AgentHears =
  | MetricsUpdateFrame
  | EconomicUpdateFrame
  | TaskUpdateFrame
  | AgentUpdateFrame
  | ProposalUpdateFrame
  | BudgetUpdateFrame
  | MessageUpdateFrame
  | SnapshotFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | PongFrame
  | ErrorFrame
  | WelcomeFrame
  | TaskAssignedFrame
  | TaskLostFrame
  | TaskInputFrame
  | AgentStatusFrame
  | Receipt
  | MailboxFrame
  | MessageFrame;

/** The messages of one recipient, and those that it sends. */
export type MailboxSays =
  | Ping
  | MailboxSendFrame
  | MailboxAckFrame
  | MailboxNackFrame
  | MailboxSubscribeTopicsFrame
  | MailboxUnsubscribeTopicsFrame;

/** The messages of one recipient, and those that it sends. */
export type MailboxHears =
  | PongFrame
  | ErrorFrame
  | Receipt
  | MailboxFrame
  | MessageFrame;

export const CloseCode = {
  GOING_AWAY: 1001,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
  TRY_AGAIN_LATER: 1013,
  UNAUTHENTICATED: 4001,
  FORBIDDEN: 4003,
  NOT_FOUND: 4004,
  SLOW_CONSUMER: 4008,
  IDLE: 4009,
  REPLACED: 4010,
  DISCONNECTED: 4011,
} as const;
