// Reports what is wrong with s.yaml and the variables it would be deployed with, including what `s deploy` would not notice:
// `node --env-file=.env scripts/check-s-yaml.ts`.
import { functionFolders } from './release/bundle-functions.ts';
import { parseYaml, readSYaml, readSYamlText } from './release/read-s-yaml.ts';
import { mostConnections, sYamlProblems } from './release/s-yaml-problems.ts';

try {
  const text = await readSYamlText();
  const resources = readSYaml(text, process.env);
  const problems = sYamlProblems(resources, parseYaml(text), await functionFolders());
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else
    console.log(`${resources.functions.size} functions, at most ${mostConnections(resources)} connections to Postgres`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
