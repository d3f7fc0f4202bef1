import { lifecycle } from '@miaobu/shared/model/deployment/deployment-lifecycle';

/** What a trigger raises when an invariant does not hold; the simulator recognises it however the product handles it. */
export const VIOLATION_SQLSTATE = 'MBINV';

/** Deliberately repeated: a move added to the product's table by mistake is noticed here. */
const ways = [
  'queued>cloning',
  'queued>uploading',
  'queued>failed',
  'queued>cancelled',
  'cloning>queued',
  'cloning>building',
  'cloning>uploading',
  'cloning>failed',
  'cloning>cancelled',
  'building>queued',
  'building>uploading',
  'building>failed',
  'building>cancelled',
  'uploading>queued',
  'uploading>deploying',
  'uploading>failed',
  'uploading>cancelled',
  'deploying>deployed',
  'deploying>failed',
  'deployed>purging',
  'purging>purged',
];

/** Moves that are in the product's lifecycle and not in the list above, or the other way round. */
export function lifecycleDifferences(): string[] {
  const theirs = Object.entries(lifecycle).flatMap(([from, to]) => Object.keys(to).map((each) => `${from}>${each}`));
  return [...theirs.filter((way) => !ways.includes(way)), ...ways.filter((way) => !theirs.includes(way))];
}

const trigger = (name: string, table: string, when: string, body: string) => `
  create function ${name}() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
  create trigger ${name} after ${when} on ${table} for each row execute function ${name}();`;

const unless = (holds: string, invariant: string, message: string) => `
  if not (${holds}) then
    raise exception '%', '${invariant}: ${message}: ' || to_jsonb(new)::text using errcode = '${VIOLATION_SQLSTATE}';
  end if;`;

/**
 * The invariants that hold after every statement, as triggers: a statement that breaks one fails, and the simulator hears of it
 * at that very step.
 */
export const databaseInvariants = [
  trigger(
    'chaos_environments',
    'environments',
    'update',
    unless(
      'new.next_seq >= old.next_seq and new.generation >= old.generation and new.activated_seq >= old.activated_seq',
      'I2',
      'a fence of an environment went back',
    ) +
      unless(
        'new.current_deployment_id is not distinct from old.current_deployment_id or new.generation > old.generation',
        'I3',
        'the pointer of an environment moved within a generation',
      ) +
      // A user may switch to any deployment; the actor that does so names it in its transaction.
      unless(
        `new.current_deployment_id is not distinct from old.current_deployment_id
         or case when new.current_deployment_id is null then new.disabled_at is not null
                 else coalesce(current_setting('chaos.person', true), '') = new.current_deployment_id::text
                      or old.auto_promote and old.disabled_at is null
                         and (select seq from deployments where id = new.current_deployment_id) > old.activated_seq end`,
        'I3',
        'an older deployment was switched to, or one that was held',
      ) +
      unless(
        `new.current_deployment_id is not distinct from old.current_deployment_id or new.current_deployment_id is null
         or exists (select 1 from deployments
                     where id = new.current_deployment_id and environment_id = new.id and status in ('deploying', 'deployed'))`,
        'I3',
        'what was switched to is no complete deployment of this environment',
      ),
  ),
  trigger(
    'chaos_deployments',
    'deployments',
    'update',
    unless('new.attempt >= old.attempt and new.status_version >= old.status_version', 'I2', 'an attempt went back') +
      unless(
        `new.status = old.status or old.status || '>' || new.status = any ('{${ways.join(',')}}')`,
        'I9',
        'a way that the lifecycle has not',
      ) +
      unless(
        `new.status <> 'purging' or old.status = 'purging' or not exists (
           select 1 from environments where current_deployment_id = new.id
           union all select 1 from routes where published_deployment_id = new.id)`,
        'I5',
        'what is live was marked for deletion',
      ) +
      unless(
        "new.status <> 'purging' or old.status = 'purging' or new.pinned_at is null",
        'I5',
        'what is pinned was marked for deletion',
      ),
  ),
  trigger(
    'chaos_outbox',
    'outbox',
    'update',
    unless(
      `new.state <> 'leased' or (select count(*) from outbox where lane = new.lane and state = 'leased') = 1`,
      'I6',
      'two leases in one lane',
    ) +
      unless(
        `new.state <> 'leased' or not exists (
           select 1 from outbox where lane = new.lane and id <> new.id and lease_token >= new.lease_token)`,
        'I6',
        'a lease without the newest token of its lane',
      ) +
      unless(`new.state <> 'done' or old.state in ('leased', 'done')`, 'I6', 'done without a lease'),
  ),
  trigger(
    'chaos_routes',
    'routes',
    'update',
    unless(
      `new.last_fence >= old.last_fence and new.desired_version >= old.desired_version
       and new.published_version >= old.published_version and new.published_generation >= old.published_generation`,
      'I2',
      'a fence of a route went back',
    ),
  ),
].join('\n');
