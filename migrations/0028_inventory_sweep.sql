-- Up Migration

-- Where the comparison of the bucket with the database continues, when a round had no time for all of it: after this project's folder.
create table inventory_sweeps (
  listed_until text not null,
  only_one boolean primary key default true check (only_one)
);

-- Down Migration

drop table inventory_sweeps;
