/** A few hundred are all that the code says; what is put together from a list of any length must not fill the connections. */
const AT_MOST = 500;

/** The names by which connections keep statements they have parsed and planned. */
export interface KeptPlans {
  /** The same for the same text; undefined: it is not kept. */
  nameOf(text: string): string | undefined;
  /** New names for all, because what was kept has become useless: a migration has changed what a statement returns. */
  renew(): void;
}

/** Postgres parses and plans a named statement once a connection; without a name that costs more than most of ours take to run. */
export function keptPlans(): KeptPlans {
  const names = new Map<string, string>();
  let generation = 1;
  return {
    nameOf(text) {
      let name = names.get(text);
      if (name === undefined && names.size < AT_MOST) {
        name = `plan_${generation}_${names.size + 1}`;
        names.set(text, name);
      }
      return name;
    },
    renew() {
      names.clear();
      generation += 1;
    },
  };
}
