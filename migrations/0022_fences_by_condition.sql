-- Up Migration

-- The condition costs a hundredth of the call, which every push, switch and cleanup would make.
drop trigger environments_fences on environments;
create trigger environments_fences before update on environments
  for each row
  when (new.next_seq < old.next_seq or new.generation < old.generation or new.activated_seq < old.activated_seq)
  execute function refuse_lower_fences();

-- Down Migration

drop trigger environments_fences on environments;
create trigger environments_fences before update on environments
  for each row execute function refuse_lower_fences();
