import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A project and the repository it was imported from. */
export interface Import {
  readonly id: string;
  readonly slug: string;
  readonly rootDirectory: string;
  readonly githubRepositoryId: number;
}

/** Which of the code host's repositories are already projects. */
export const importsRepository = (db: Queryable) => ({
  /** The projects of a user that were imported from these repositories, oldest first. */
  list(userId: string, githubRepositoryIds: readonly number[]): Promise<Import[]> {
    return db.query<Import>(sql`
      select id, slug, root_directory, github_repository_id from projects
       where user_id = ${userId} and deleting_at is null and github_repository_id = any (${githubRepositoryIds}::bigint[])
       order by id`);
  },
});
