import { timingSafeEqual } from 'node:crypto';

export interface GithubUser {
  readonly login: string;
  /** GitHub's numeric user id. */
  readonly id: number;
  /** A personal access token: the password for git, the bearer token for REST. */
  readonly token: string;
  readonly email?: string;
}

export interface GithubUsers {
  all(): readonly GithubUser[];
  withLogin(login: string): GithubUser | undefined;
  withToken(token: string): GithubUser | undefined;
  /** The account behind an author's or committer's address, if it is one. */
  withEmail(email: string): GithubUser | undefined;
}

const NOREPLY = /^(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com$/;

/** The address GitHub gives to an account that shows none. */
export const noreplyAddress = (user: GithubUser) => `${user.id}+${user.login}@users.noreply.github.com`;

/** `issuedTo` returns the user of a token issued to an application. */
export function createGithubUsers(
  users: readonly GithubUser[],
  issuedTo: (token: string) => string | undefined,
): GithubUsers {
  const withLogin = (login: string) => users.find((user) => user.login.toLowerCase() === login.toLowerCase());
  return {
    all: () => users,
    withLogin,
    withToken(token) {
      const own = users.find((user) => sameText(user.token, token));
      const login = own ? undefined : issuedTo(token);
      return login === undefined ? own : withLogin(login);
    },
    withEmail(email) {
      const login = NOREPLY.exec(email)?.[1];
      return login === undefined ? users.find((user) => user.email === email) : withLogin(login);
    },
  };
}

function sameText(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}

/** The shape of a user wherever GitHub mentions one. */
export const userJson = (user: GithubUser, apiUrl: string) => ({
  login: user.login,
  id: user.id,
  node_id: Buffer.from(`04:User${user.id}`).toString('base64'),
  url: `${apiUrl}/users/${user.login}`,
  type: 'User',
  site_admin: false,
});
