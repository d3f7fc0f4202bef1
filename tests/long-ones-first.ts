import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, most of it waiting: begun last, it would run alone at the end. */
const FIRST = [/\/upkeep\.e2e\.test\.ts$/, /\/chaos\.database\.test\.ts$/, /\.e2e\.test\.ts$/];

const rank = ({ moduleId }: TestSpecification) => {
  const place = FIRST.findIndex((pattern) => pattern.test(moduleId));
  return place === -1 ? FIRST.length : place;
};

/** The order in which Vitest begins the files: otherwise its own, which keeps those of a project together. */
export class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
