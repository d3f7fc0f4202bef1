/** The code has a few hundred statements; those composed from lists of any length must not fill the connections. */
const AT_MOST = 500;

/** The names under which connections keep prepared statements. */
export interface KeptPlans {
  /** The same name for the same text; undefined: not prepared. */
  nameOf(text: string): string | undefined;
  /** Gives every statement a new name, because the prepared ones are unusable: a migration changed what a statement returns. */
  renew(): void;
}

/** Postgres parses and plans a named statement once per connection; unnamed, that costs more than running most of ours. */
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
