import type { ErrorCode } from '../kernel/app-error.ts';

interface ErrorEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** What the caller reads: what is wrong and what to do about it. */
  readonly text: string;
  /** Whether the same request may succeed later: asynchronous work is tried again only then. */
  readonly retryable: boolean;
}

/** The error table: one line per code, for every wire. */
export const errors = {
  invalid_request: { status: 422, text: 'The request is not valid; see details for each field.', retryable: false },
  invalid_json: { status: 400, text: 'The body is not valid JSON.', retryable: false },
  unsupported_media_type: { status: 415, text: 'Send the body as application/json.', retryable: false },
  payload_too_large: { status: 413, text: 'The body is too large.', retryable: false },
  request_timeout: { status: 408, text: 'The body did not arrive in time; send it again.', retryable: true },
  unauthorized: { status: 401, text: 'Authentication is missing or not valid.', retryable: false },
  forbidden: { status: 403, text: 'This credential may not do that.', retryable: false },
  sign_in_expired: {
    status: 400,
    text: 'This sign-in was not begun in this browser, was used already, or took too long; sign in again.',
    retryable: false,
  },
  sign_in_refused: {
    status: 403,
    text: 'This GitHub account may not use this platform; ask who runs it to let you in.',
    retryable: false,
  },
  // The four of RFC 8628 §3.5, by its names.
  authorization_pending: {
    status: 400,
    text: 'Nobody has approved this yet; ask again after the interval.',
    retryable: true,
  },
  slow_down: {
    status: 400,
    text: 'You ask too often; wait for the interval in details from now on.',
    retryable: true,
  },
  expired_token: {
    status: 400,
    text: 'This device code does not count, or no more; begin again.',
    retryable: false,
  },
  access_denied: { status: 400, text: 'The person who was asked said no.', retryable: false },
  not_found: { status: 404, text: 'There is no such thing here.', retryable: false },
  method_not_allowed: { status: 405, text: 'This method is not allowed here.', retryable: false },
  conflict: { status: 409, text: 'This contradicts the current state; read it again first.', retryable: false },
  precondition_failed: {
    status: 412,
    text: 'It has changed since you read it; read it again and decide anew.',
    retryable: false,
  },
  precondition_required: {
    status: 428,
    text: 'Say which state you mean: send the ETag that you read as If-Match.',
    retryable: false,
  },
  rate_limited: { status: 429, text: 'Too many requests; wait for the time in Retry-After.', retryable: true },
  idempotency_key_reused: {
    status: 422,
    text: 'This Idempotency-Key was used for another request; use a new one for each.',
    retryable: false,
  },
  idempotency_key_in_use: {
    status: 409,
    text: 'The first request with this Idempotency-Key is still under way; ask again for its answer.',
    retryable: true,
  },
  repository_not_found: {
    status: 404,
    text: 'The repository does not exist, or your account cannot see it.',
    retryable: false,
  },
  branch_not_found: {
    status: 422,
    text: 'The repository has no such branch yet; push to it first, or name another branch.',
    retryable: false,
  },
  commit_not_found: {
    status: 422,
    text: 'The repository has no such commit; push it first.',
    retryable: false,
  },
  branch_in_use: {
    status: 409,
    text: 'Another environment of this project follows that branch; choose another.',
    retryable: false,
  },
  repository_already_imported: {
    status: 409,
    text: 'A project with this name is already imported from this repository.',
    retryable: false,
  },
  project_not_ready: {
    status: 409,
    text: 'The project is not completely set up; import it again to finish.',
    retryable: true,
  },
  slug_unavailable: { status: 409, text: 'That name is taken or reserved; choose another.', retryable: false },
  limit_reached: {
    status: 403,
    text: 'A limit of your account is reached; details name it. The operator can raise it.',
    retryable: false,
  },
  variables_full: {
    status: 422,
    text: 'The environment cannot hold that many variables: 100, and of those for run time 4 KB with their names, because Function Compute allows no more. Details say how much is used.',
    retryable: false,
  },
  deployment_state_conflict: {
    status: 409,
    text: 'The deployment is in a state that does not allow this.',
    retryable: false,
  },
  deployment_purged: {
    status: 409,
    text: 'The files of this deployment were deleted; deploy its commit again.',
    retryable: false,
  },
  deployment_uploaded: {
    status: 409,
    text: 'This deployment was uploaded, so there is no commit to build again; upload its folder again, or promote it.',
    retryable: false,
  },
  environment_off: { status: 409, text: 'This environment is switched off; switch it on first.', retryable: false },
  resync: {
    status: 409,
    text: 'This place in the stream is not known here; begin again, without Last-Event-ID.',
    retryable: false,
  },
  attempt_closed: { status: 409, text: 'This build attempt is over; its token no longer counts.', retryable: false },
  ticket_already_redeemed: { status: 409, text: 'Another run has redeemed this ticket.', retryable: false },
  artifact_invalid: { status: 422, text: 'The build output was refused; see details.', retryable: false },
  servers_not_supported: {
    status: 501,
    text: 'This platform cannot run servers yet; only static sites go live.',
    retryable: false,
  },
  lease_lost: { status: 409, text: 'Another worker has taken over.', retryable: false },
  code_host_unavailable: { status: 503, text: 'GitHub does not answer; try again in a minute.', retryable: true },
  code_host_throttled: { status: 503, text: 'GitHub asks us to slow down; try again in a minute.', retryable: true },
  code_host_unauthorized: {
    status: 403,
    text: 'GitHub refuses the connected account; sign in again to connect it.',
    retryable: false,
  },
  object_store_unavailable: { status: 503, text: 'Object storage does not answer; try again.', retryable: true },
  edge_unavailable: { status: 503, text: 'The edge network does not answer; try again.', retryable: true },
  dns_unavailable: { status: 503, text: 'The DNS service does not answer; try again.', retryable: true },
  log_store_unavailable: { status: 503, text: 'The log store does not answer; try again.', retryable: true },
  compute_unavailable: { status: 503, text: 'Function Compute does not answer; try again.', retryable: true },
  vendor_rejected: { status: 502, text: 'A cloud service refused the request.', retryable: false },
  vendor_throttled: { status: 503, text: 'A cloud service asks us to slow down; try again.', retryable: true },
  alert_undeliverable: { status: 502, text: 'The alert was not taken by its receiver.', retryable: true },
  database_unavailable: { status: 503, text: 'The database does not answer; try again.', retryable: true },
  secret_unreadable: { status: 500, text: 'A stored secret cannot be read with this key.', retryable: false },
  internal: { status: 500, text: 'Something went wrong here; the request id leads to the log.', retryable: true },
} as const satisfies Record<ErrorCode, ErrorEntry>;
