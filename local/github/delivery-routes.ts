import { type Answer, type Call, notFound, readPage } from './github-answer.ts';
import type { GithubRepository } from './github-repositories.ts';
import type { GithubRoute } from './github-rest-api.ts';
import type { GithubUrls } from './github-urls.ts';
import { type HookRouteDependencies, hookOf } from './hook-routes.ts';
import type { Delivery } from './webhook-deliveries.ts';

/** Webhook deliveries, and redelivering them. */
export function deliveryRoutes({ repositories, urls, hooks, deliveries }: HookRouteDependencies): GithubRoute[] {
  const deliveryOf = (call: Call) => {
    const { repository, hook } = hookOf(call, repositories, hooks);
    const delivery = deliveries.find(hook.id, Number(call.param('delivery')));
    if (!delivery) throw notFound();
    return { repository, hook, delivery };
  };

  return [
    {
      method: 'GET',
      path: '/repos/:owner/:repo/hooks/:hook/deliveries',
      answer(call): Answer {
        const { repository, hook } = hookOf(call, repositories, hooks);
        const { size } = readPage(call.query);
        const cursor = Number(call.query.get('cursor')) || undefined;
        const found = deliveries.list(hook.id, size + 1, cursor);
        const shown = found.slice(0, size);
        const address = `${urls().repository(repository)}/hooks/${hook.id}/deliveries`;
        const last = shown.at(-1);
        const next = found.length > size && last ? `${address}?per_page=${size}&cursor=${last.id}` : undefined;
        return {
          status: 200,
          json: shown.map((delivery) => deliveryJson(delivery, repository, urls())),
          headers: next ? { link: `<${next}>; rel="next"` } : {},
        };
      },
    },
    {
      method: 'GET',
      path: '/repos/:owner/:repo/hooks/:hook/deliveries/:delivery',
      answer(call) {
        const { repository, hook, delivery } = deliveryOf(call);
        return {
          status: 200,
          json: {
            ...deliveryJson(delivery, repository, urls()),
            url: hook.url,
            request: { headers: delivery.requestHeaders, payload: JSON.parse(delivery.payload) as unknown },
            response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/repos/:owner/:repo/hooks/:hook/deliveries/:delivery/attempts',
      answer(call) {
        const { hook, delivery } = deliveryOf(call);
        deliveries.queue(hook, delivery.event, delivery.guid, delivery.payload, true);
        deliveries.wake(hook.id);
        return { status: 202, json: {} };
      },
    },
  ];
}

const deliveryJson = (delivery: Delivery, repository: GithubRepository, urls: GithubUrls) => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: new Date(delivery.deliveredAt ?? 0).toISOString(),
  redelivery: delivery.redelivery,
  duration: delivery.durationSeconds,
  status: delivery.status,
  status_code: delivery.statusCode,
  event: delivery.event,
  action: null,
  installation_id: null,
  repository_id: repository.id,
  throttled_at: null,
  url: `${urls.repository(repository)}/hooks/${delivery.hookId}/deliveries/${delivery.id}`,
});
