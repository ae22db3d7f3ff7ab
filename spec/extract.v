(** Extraction: the definitions as data, for the engine that evaluates them.

    Writes one JSON file per module into the working directory, which the Makefile sets to
    [extracted/]. *)

From Coq Require Import NArith.
From Coq Require Extraction.
From Rejoin Require Import order sorted_map dot delta.
From Rejoin Require version_vector definition decisions.
From Rejoin Require g_counter lww_register or_set lww_map log replica.
From Rejoin Require pn_counter rw_set ew_flag dw_flag mv_register mv_map.
From Rejoin Require max_register min_register.
From Rejoin Require trace judge.
From Rejoin Require indexed_decisions executions sync sync_verdict state_hash wire wire_delta wire_keyed.
From Rejoin Require openings.

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
  definition.in_g_set definition.in_2p_set definition.in_rw_set definition.contains
  definition.concurrent_values_at
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
  pn_counter.well_formed pn_counter.bottom pn_counter.join pn_counter.increment
  pn_counter.decrement pn_counter.value pn_counter.part_since pn_counter.take_part
  pn_counter.meaning
  rw_set.well_formed rw_set.bottom rw_set.join rw_set.add rw_set.remove rw_set.seen
  rw_set.contains rw_set.value rw_set.merge_decisions rw_set.notices
  rw_set.part_since rw_set.take_part rw_set.meaning
  ew_flag.well_formed ew_flag.bottom ew_flag.join ew_flag.enable ew_flag.disable ew_flag.seen
  ew_flag.value ew_flag.merge_decisions ew_flag.notices
  ew_flag.part_since ew_flag.take_part ew_flag.meaning
  dw_flag.well_formed dw_flag.bottom dw_flag.join dw_flag.enable dw_flag.disable dw_flag.seen
  dw_flag.value dw_flag.merge_decisions dw_flag.notices
  dw_flag.part_since dw_flag.take_part dw_flag.meaning
  mv_register.well_formed mv_register.bottom mv_register.join mv_register.write
  mv_register.seen mv_register.value
  mv_register.part_since mv_register.take_part mv_register.meaning
  mv_map.well_formed mv_map.bottom mv_map.join mv_map.put mv_map.delete mv_map.seen mv_map.get
  mv_map.value mv_map.part_since mv_map.take_part mv_map.meaning
  max_register.well_formed max_register.bottom max_register.join max_register.write
  max_register.value max_register.part_since max_register.take_part max_register.meaning
  min_register.well_formed min_register.bottom min_register.join min_register.write
  min_register.seen min_register.value min_register.part_since min_register.take_part
  min_register.meaning
  replica.well_formed_object replica.well_formed replica.bottom_object replica.bottom
  replica.untouched replica.start replica.join_object replica.join replica.restore
  replica.seen_object replica.seen_of replica.perform_on replica.perform replica.value
  replica.vector_of replica.merge_decisions replica.object_notices replica.notices
  replica.part_since replica.take_part replica.deltas_since replica.accepts_all replica.apply
  replica.object_meaning replica.meaning
  judge.judge judge.verdict_of
  indexed_decisions.bottom indexed_decisions.decide indexed_decisions.compact
  indexed_decisions.delta_since indexed_decisions.receive indexed_decisions.content_at
  indexed_decisions.contents indexed_decisions.keys_with indexed_decisions.merge_decisions
  indexed_decisions.notices indexed_decisions.decisions_of indexed_decisions.winners_of
  executions.start executions.take_step executions.state_at executions.last_sent executions.keeping
  executions.reference_register executions.reference_set executions.reference_map
  executions.indexed_register executions.indexed_set executions.indexed_map
  executions.register_of executions.register_value executions.register_merge_decisions
  executions.register_notices
  executions.set_value executions.set_merge_decisions executions.set_notices
  executions.map_of executions.map_value executions.map_merge_decisions executions.map_notices
  sync_verdict.summary_of_class sync_verdict.side_of sync_verdict.turn_of
  sync_verdict.reply_of sync_verdict.take_of
  sync.turn sync.reply sync.take
  state_hash.records state_hash.select state_hash.encode_record
  state_hash.object_hash state_hash.replica_hash
  state_hash.build state_hash.update state_hash.replace state_hash.root
  state_hash.differing state_hash.differ_at state_hash.ends_at state_hash.within
  wire.encode_short wire.decode
  wire_delta.encode_counter_short wire_delta.decode_counter
  wire_delta.encode_integer_short wire_delta.decode_integer
  wire_delta.encode_log_short wire_delta.decode_log
  wire_keyed.encode_keyed_short wire_keyed.decode_keyed
  openings.untouched openings.agree openings.reconcile openings.goes_on openings.must_draw
  openings.perform openings.delta_for openings.apply.
