import { notFound } from './github-answer.ts';
import type { GithubRoute } from './github-rest-api.ts';
import type { GithubUrls } from './github-urls.ts';
import { userJson } from './github-users.ts';

interface Dependencies {
  readonly urls: () => GithubUrls;
  /** Organisation → logins of its active members. */
  readonly organisations: Readonly<Record<string, readonly string[]>>;
}

/** The signed-in user's membership of an organisation: 404 both for one they are not in and for one that does not exist. */
export const membershipRoutes = ({ urls, organisations }: Dependencies): GithubRoute[] => [
  {
    method: 'GET',
    path: '/user/memberships/orgs/:org',
    answer({ user, param }) {
      const asked = param('org').toLowerCase();
      const [name, members] = Object.entries(organisations).find(([login]) => login.toLowerCase() === asked) ?? [];
      if (name === undefined || !members?.includes(user.login)) throw notFound();
      const { api } = urls();
      return {
        status: 200,
        json: {
          url: `${api}/orgs/${name}/memberships/${user.login}`,
          state: 'active',
          role: 'member',
          organization: { login: name, url: `${api}/orgs/${name}` },
          user: userJson(user, api),
        },
      };
    },
  },
];
