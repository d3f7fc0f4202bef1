import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Call, GithubError, notFound, readPage } from './github-answer.ts';
import type { GithubRepositories, GithubRepository } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import { type GithubUser, userJson } from './github-users.ts';
import { repositoryJson, restTime } from './repository-json.ts';
import { type RepositoryRouteDependencies, repositoryOf } from './repository-routes.ts';
import type { Delivery, WebhookDeliveries } from './webhook-deliveries.ts';
import type { Hook, HookSettings, Hooks } from './webhook-hooks.ts';

/** GitHub's limit for one event of one repository. */
const HOOKS_PER_REPOSITORY = 20;

const events = z.array(z.enum(['push', '*'])).min(1);
const config = z.object({
  url: z.url({ protocol: /^https?$/ }),
  content_type: z.enum(['json', 'form']).default('form'),
  secret: z.string().min(1).optional(),
  insecure_ssl: z.union([z.literal('0'), z.literal(0)]).optional(),
});
const creation = z.object({
  name: z.literal('web').optional(),
  active: z.boolean().default(true),
  events: events.default(['push']),
  config,
});
const change = z.object({
  active: z.boolean().optional(),
  events: events.optional(),
  config: config.optional(),
});

export type HookRouteDependencies = RepositoryRouteDependencies & {
  readonly hooks: Hooks;
  readonly deliveries: WebhookDeliveries;
};

/** Webhooks of a repository. */
export function hookRoutes({ repositories, urls, hooks, deliveries }: HookRouteDependencies): GithubRoute[] {
  const show = (repository: GithubRepository, hook: Hook) =>
    hookJson(hook, urls().repository(repository), deliveries.list(hook.id, 1)[0]);

  const ping = (repository: GithubRepository, hook: Hook, sender: GithubUser) => {
    const payload = {
      zen: 'Keep it logically awesome.',
      hook_id: hook.id,
      hook: show(repository, hook),
      repository: repositoryJson(repository, sender, urls()),
      sender: userJson(sender, urls().api),
    };
    deliveries.queue(hook, 'ping', randomUUID(), JSON.stringify(payload));
    deliveries.wake(hook.id);
  };

  const refuseTwin = (repository: GithubRepository, settings: HookSettings, self?: Hook) => {
    const others = hooks.of(repository.id).filter((hook) => hook.id !== self?.id);
    if (others.some((hook) => isTwin(hook, settings))) {
      throw new GithubError(422, 'Validation Failed', [
        { resource: 'Hook', code: 'custom', message: 'Hook already exists on this repository' },
      ]);
    }
    if (others.length >= HOOKS_PER_REPOSITORY) {
      throw new GithubError(422, 'Validation Failed', [
        { resource: 'Hook', code: 'custom', message: `The "push" event cannot have more than 20 hooks` },
      ]);
    }
  };

  return [
    {
      method: 'POST',
      path: '/repos/:owner/:repo/hooks',
      answer(call) {
        const repository = repositoryOf(call, repositories);
        const wanted = validate(creation, call.body);
        const settings = { ...readConfig(wanted.config), events: wanted.events, active: wanted.active };
        refuseTwin(repository, settings);
        const hook = hooks.create(repository.id, settings);
        ping(repository, hook, call.user);
        return { status: 201, json: show(repository, hook) };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/hooks',
      answer(call) {
        const repository = repositoryOf(call, repositories);
        const { size, number } = readPage(call.query);
        const shown = hooks.of(repository.id).slice((number - 1) * size, number * size);
        return { status: 200, json: shown.map((hook) => show(repository, hook)) };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/hooks/:hook',
      answer(call) {
        const { repository, hook } = hookOf(call, repositories, hooks);
        return { status: 200, json: show(repository, hook) };
      },
    },
    {
      method: 'PATCH',
      path: '/repos/:owner/:repo/hooks/:hook',
      answer(call) {
        const { repository, hook } = hookOf(call, repositories, hooks);
        const wanted = validate(change, call.body);
        // GitHub replaces the whole configuration: without a secret in the request, the hook has none afterwards.
        const settings = {
          ...(wanted.config ? readConfig(wanted.config) : hook),
          events: wanted.events ?? hook.events,
          active: wanted.active ?? hook.active,
        };
        refuseTwin(repository, settings, hook);
        return { status: 200, json: show(repository, hooks.update(hook.id, settings)) };
      },
    },
    {
      method: 'DELETE',
      path: '/repos/:owner/:repo/hooks/:hook',
      answer(call) {
        hooks.remove(hookOf(call, repositories, hooks).hook.id);
        return { status: 204 };
      },
    },
  ];
}

/** Hooks may have the same address and events, e.g. with another secret: GitHub compares the whole configuration. */
const isTwin = (one: HookSettings, other: HookSettings) =>
  one.url === other.url &&
  one.contentType === other.contentType &&
  one.secret === other.secret &&
  one.events.some((event) => event === '*' || other.events.includes(event) || other.events.includes('*'));

/** The webhook a request names, with its repository. Throws 404. */
export function hookOf(call: Call, repositories: GithubRepositories, hooks: Hooks) {
  const repository = repositoryOf(call, repositories);
  const hook = hooks.find(repository.id, Number(call.param('hook')));
  if (!hook) throw notFound();
  return { repository, hook };
}

function validate<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    resource: 'Hook',
    code: 'invalid',
    field: path.join('.'),
    message,
  }));
  throw new GithubError(422, 'Validation Failed', errors);
}

const readConfig = ({ url, content_type, secret }: z.output<typeof config>) => ({
  url,
  contentType: content_type,
  secret,
});

const hookJson = (hook: Hook, repositoryUrl: string, last: Delivery | undefined) => ({
  type: 'Repository',
  id: hook.id,
  name: 'web',
  active: hook.active,
  events: hook.events,
  config: {
    url: hook.url,
    content_type: hook.contentType,
    insecure_ssl: '0',
    ...(hook.secret ? { secret: '********' } : {}),
  },
  created_at: restTime(hook.createdAt),
  updated_at: restTime(hook.updatedAt),
  url: `${repositoryUrl}/hooks/${hook.id}`,
  deliveries_url: `${repositoryUrl}/hooks/${hook.id}/deliveries`,
  last_response: last
    ? { code: last.statusCode || null, status: last.status === 'OK' ? 'active' : 'failed', message: last.status }
    : { code: null, status: 'unused', message: null },
});
