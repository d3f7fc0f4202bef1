import { sql } from '../../db/sql.ts';

/** Columns of `deployments d`. */
export const deploymentColumns = sql`
  d.id, d.project_id, d.environment_id, d.seq, d.trigger, d.branch, d.commit_sha, d.commit_message, d.commit_author,
  d.status, d.attempt, d.reason, d.reason_message, d.settings, d.variables, d.request_id, d.manifest_sha256, d.manifest_bytes,
  d.files, d.bytes, d.shards, d.spa, d.build_seconds, d.created_at, d.activated_at, d.published_at, d.live_everywhere_at,
  d.retired_at, d.finished_at, d.from_head, d.pinned_at`;
