(** Extraction: the definitions as data, for the engine that evaluates them.

    Writes one JSON file per module into the working directory, which the Makefile sets to
    [extracted/]. *)

From Coq Require Import NArith.
From Coq Require Extraction.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition decisions.
From Rejoin Require g_counter lww_register or_set lww_map log replica.
From Rejoin Require trace judge.

Extraction Language JSON.

Separate Extraction
  order.compare_by order.compare_pair order.compare_option order.compare_unit
  order.equal order.below order.greater order.greater_option
  sorted_map.rising sorted_map.or_empty sorted_map.if_any sorted_map.keys sorted_map.sorted
  sorted_map.find sorted_map.merge sorted_map.set sorted_map.restrict
  sorted_map.member sorted_map.merge_sets sorted_map.union sorted_map.insert sorted_map.set_of
  sorted_map.sort
  dot.compare_origin dot.compare_dot
  version_vector.well_formed version_vector.bottom version_vector.join version_vector.get
  version_vector.see version_vector.see_dot version_vector.contains version_vector.next
  version_vector.covers version_vector.of_dots version_vector.seen_of
  delta.accepts
  definition.read definition.vector definition.decisions definition.object_notices
  definition.all_notices definition.seen_of definition.of_object definition.sees
  definition.in_set definition.content definition.content_at definition.count
  definition.elements definition.entries definition.items
  definition.has_event definition.union_events
  decisions.well_formed decisions.covered decisions.bottom decisions.frontier decisions.join
  decisions.decide decisions.next decisions.merge_decisions decisions.notices
  decisions.part_since decisions.take_part decisions.meaning
  g_counter.well_formed g_counter.bottom g_counter.join g_counter.share g_counter.increment
  g_counter.value g_counter.part_since g_counter.take_part g_counter.meaning
  lww_register.well_formed lww_register.bottom lww_register.join lww_register.write
  lww_register.seen lww_register.value lww_register.merge_decisions lww_register.notices
  lww_register.part_since lww_register.take_part lww_register.meaning
  or_set.well_formed or_set.bottom or_set.join or_set.add or_set.remove or_set.seen
  or_set.contains or_set.value or_set.merge_decisions or_set.notices
  or_set.part_since or_set.take_part or_set.meaning
  lww_map.well_formed lww_map.bottom lww_map.join lww_map.put lww_map.delete lww_map.seen
  lww_map.get lww_map.value lww_map.merge_decisions lww_map.notices
  lww_map.part_since lww_map.take_part lww_map.meaning
  log.well_formed log.bottom log.join log.append log.value
  log.part_since log.take_part log.meaning
  replica.well_formed_object replica.well_formed replica.bottom_object replica.bottom
  replica.untouched replica.start replica.join_object replica.join replica.restore
  replica.seen_object replica.seen_of replica.perform_on replica.perform replica.value
  replica.vector_of replica.merge_decisions replica.object_notices replica.notices
  replica.part_since replica.take_part replica.deltas_since replica.accepts_all replica.apply
  replica.object_meaning replica.meaning
  judge.judge judge.verdict_of.
